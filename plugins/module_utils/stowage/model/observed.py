# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine was seen to hold just before planning.

Knows the shape of a snapshot; how it is taken is the observer's business. ``inspect`` fields keep
the engine's own documents (Engine API spelling), because the planner compares field by field
along the paths of that API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, FrozenSet, Mapping, Optional, Tuple


@dataclass(frozen=True)
class ObservedContainer:
    """A container. ``inspect`` is None where nobody asked for more than the list shows.

    ``networks`` are names, ``addresses`` its address in each of them, ``mounts`` MountPoints, ``ports``
    the host's ports it holds, as (address, port, protocol), and ``targets`` the container's port for each.
    ``status`` is created, running, paused, restarting, removing, exited or dead; ``health`` is
    starting, healthy or unhealthy, and empty without a health check.
    """

    id: str
    name: str
    image_id: str
    labels: Mapping[str, str]
    status: str
    networks: Tuple[str, ...] = ()
    mounts: Tuple[Mapping[str, Any], ...] = ()
    ports: Tuple[Tuple[str, int, str], ...] = ()
    targets: Tuple[int, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    inspect: Optional[Mapping[str, Any]] = None
    health: str = ""
    exit_code: int = 0

    @property
    def is_up(self) -> bool:
        """Whether it runs, be it paused, or will in a moment, since its policy restarts it."""
        return self.status in ("running", "restarting", "paused")


@dataclass(frozen=True)
class ObservedImage:
    """An image. ``inspect`` is None unless the planner will need the image's own configuration.

    ``kept``: a tag that is nobody's name for it holds it, for a version that might be gone back to.
    """

    id: str
    tags: Tuple[str, ...] = ()
    digests: Tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    inspect: Optional[Mapping[str, Any]] = None
    kept: bool = False


@dataclass(frozen=True)
class ObservedNetwork:
    """A network; ``inspect`` is its entry of ``GET /networks``, which names no containers."""

    id: str
    name: str
    labels: Mapping[str, str]
    inspect: Mapping[str, Any]


@dataclass(frozen=True)
class ObservedVolume:
    """A volume; ``inspect`` is its entry of ``GET /volumes``."""

    name: str
    labels: Mapping[str, str]
    inspect: Mapping[str, Any]


@dataclass(frozen=True)
class ObservedTree:
    """A stack's directory on the host.

    ``files`` holds, by relative path and only for what is declared, ``{"kind", "digest", "mode", "uid", "gid"}``.
    ``placed`` are the paths that were brought there, ``formers`` those whose former content is still kept.
    """

    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    placed: FrozenSet[str] = frozenset()
    formers: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Observed:
    """The snapshot. Containers and volumes are keyed by name, images by id, networks by name.

    ``image_ids`` leads from every familiar name (``nginx:1``, ``nginx@sha256:…``) and id to the
    image's id. ``registry_digests`` holds the registry's answer for the references that were asked
    for. ``content_digests`` holds the hash of each build context on the host, keyed by the image it
    builds, and ``archive_layers`` the diff ids of each archive on the host, keyed by its path. ``trees``
    is keyed by the directory.
    """

    api_version: Tuple[int, int] = (1, 41)
    containers: Mapping[str, ObservedContainer] = field(default_factory=dict)
    images: Mapping[str, ObservedImage] = field(default_factory=dict)
    image_ids: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, ObservedNetwork] = field(default_factory=dict)
    volumes: Mapping[str, ObservedVolume] = field(default_factory=dict)
    registry_digests: Mapping[str, str] = field(default_factory=dict)
    content_digests: Mapping[str, str] = field(default_factory=dict)
    archive_layers: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    trees: Mapping[str, ObservedTree] = field(default_factory=dict)
