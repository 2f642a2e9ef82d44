# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine holds, as far as it decides about what may go: who uses what, since when, how large, and whose it is.

Frozen values, and the reading of the engine's documents into them. Decides nothing, asks nothing.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from typing import Any, FrozenSet, Mapping, Tuple

Labels = Mapping[str, str]
Name = Tuple[str, str]  # a kind of object, and the name of one
_ANONYMOUS = "com.docker.volume.anonymous"
_NONE = "<none>"
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Container:
    """A container, and what it keeps others for."""

    id: str
    name: str
    status: str
    labels: Labels
    image_id: str
    image: str
    networks: FrozenSet[str]  # names and ids
    volumes: FrozenSet[str]
    since: float = 0.0  # when it stopped, or was made where it never ran
    size: int = 0


@dataclass(frozen=True)
class Image:
    """An image. ``layers`` are its shared layers, each by all that lies below it, with its size."""

    id: str
    names: Tuple[str, ...]
    labels: Labels
    since: float = 0.0  # when it was made, or got its last name here
    size: int = 0  # what no other image shares
    layers: Tuple[Tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Network:
    """A network that somebody made."""

    id: str
    name: str
    labels: Labels
    since: float = 0.0


@dataclass(frozen=True)
class Volume:
    """A volume."""

    name: str
    labels: Labels
    anonymous: bool
    since: float = 0.0
    size: int = 0


@dataclass(frozen=True)
class Cache:
    """A record of the build cache, and those it builds upon."""

    id: str
    description: str
    parents: Tuple[str, ...]
    in_use: bool
    shared: bool
    since: float = 0.0
    size: int = 0


@dataclass(frozen=True)
class Owners:
    """What is declared on this host. ``unknown`` says why that cannot be told."""

    projects: FrozenSet[str] = frozenset()
    images: FrozenSet[str] = frozenset()  # ids and references
    names: FrozenSet[Name] = frozenset()  # of containers, networks and volumes
    unknown: str = ""


@dataclass(frozen=True)
class Stock:
    """All of it at one time."""

    now: float
    containers: Tuple[Container, ...] = ()
    images: Tuple[Image, ...] = ()
    networks: Tuple[Network, ...] = ()
    volumes: Tuple[Volume, ...] = ()
    caches: Tuple[Cache, ...] = ()
    owners: Owners = field(default_factory=Owners)


def read_container(listed: Mapping[str, Any], size: int = 0, since: float = 0.0) -> Container:
    """Read an entry of the list of containers."""
    networks = ((listed.get("NetworkSettings") or {}).get("Networks")) or {}
    ids = {str((endpoint or {}).get("NetworkID") or "") for endpoint in networks.values()} - {""}
    mounts = listed.get("Mounts") or ()
    names = listed.get("Names") or ()
    return Container(
        id=str(listed.get("Id")),
        # Links give a container more names, each with a slash in it.
        name=next((name[1:] for name in names if name.count("/") == 1), str(listed.get("Id"))[:12]),
        status=str(listed.get("State") or ""),
        labels=listed.get("Labels") or {},
        image_id=str(listed.get("ImageID") or ""),
        image=str(listed.get("Image") or ""),
        networks=frozenset(networks) | ids,
        volumes=frozenset(
            str(mount["Name"]) for mount in mounts if mount.get("Type") == "volume" and mount.get("Name")
        ),
        since=since or float(listed.get("Created") or 0),
        size=size,
    )


def read_image(
    listed: Mapping[str, Any], size: int = 0, since: float = 0.0, layers: Tuple[Tuple[str, int], ...] = ()
) -> Image:
    """Read an entry of the list of images."""
    return Image(
        id=str(listed.get("Id")),
        names=image_names(listed),
        labels=listed.get("Labels") or {},
        since=max(since, float(listed.get("Created") or 0)),
        size=size,
        layers=layers,
    )


def image_names(listed: Mapping[str, Any]) -> Tuple[str, ...]:
    """Return the names that an image is held by: tags first, then digests."""
    names = [*(listed.get("RepoTags") or ()), *(listed.get("RepoDigests") or ())]
    return tuple(str(name) for name in names if _NONE not in name)


def read_network(listed: Mapping[str, Any]) -> Network:
    """Read an entry of the list of networks."""
    identity, name = str(listed.get("Id")), str(listed.get("Name"))
    return Network(identity, name, listed.get("Labels") or {}, moment(listed.get("Created")))


def is_ordinary(listed: Mapping[str, Any]) -> bool:
    """Tell whether a network is one that was made here: neither the engine's own, nor a swarm's, nor a template."""
    if listed.get("Name") in ("bridge", "host", "none", "docker_gwbridge") or listed.get("Ingress"):
        return False
    return listed.get("Scope", "local") == "local" and not listed.get("ConfigOnly")


def read_volume(listed: Mapping[str, Any], size: int = 0) -> Volume:
    """Read an entry of the list of volumes."""
    name, labels = str(listed.get("Name")), listed.get("Labels") or {}
    made_by_engine = len(name) == 64 and not name.strip("0123456789abcdef")
    return Volume(name, labels, _ANONYMOUS in labels or made_by_engine, moment(listed.get("CreatedAt")), max(0, size))


def read_cache(listed: Mapping[str, Any]) -> Cache:
    """Read an entry of the build cache's disk use."""
    parents = listed.get("Parents") or ([listed["Parent"]] if listed.get("Parent") else [])
    return Cache(
        id=str(listed.get("ID")),
        description=str(listed.get("Description") or listed.get("Type") or ""),
        parents=tuple(str(parent) for parent in parents),
        in_use=bool(listed.get("InUse")),
        shared=bool(listed.get("Shared")),
        since=max(moment(listed.get("LastUsedAt")), moment(listed.get("CreatedAt"))),
        size=max(0, int(listed.get("Size") or 0)),
    )


def moment(text: Any) -> float:
    """Return the Unix time of an RFC 3339 text to the second; 0.0 where there is none, or it is the engine's zero."""
    found = _TIME.match(str(text or ""))
    if found is None or found.group(1) == "0001":
        return 0.0
    fields = [int(part) for part in found.groups()[:6]]
    seconds = float(calendar.timegm((fields[0], fields[1], fields[2], fields[3], fields[4], fields[5])))
    zone = found.group(7)
    if zone == "Z":
        return seconds
    shift = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
    return seconds - shift if zone[0] == "+" else seconds + shift
