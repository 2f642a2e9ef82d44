# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared for one scope on one host.

Knows the shape of a declaration after parsing: names resolved, short syntaxes gone, replicas
spelled out. Knows neither the documents it came from nor the engine it will meet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, FrozenSet, Mapping, NamedTuple, Optional, Tuple

# States an object may be declared in. A container is also "started", "stopped" or "restarted".
PRESENT = "present"
ABSENT = "absent"
STARTED = "started"
STOPPED = "stopped"
RESTARTED = "restarted"


@dataclass(frozen=True)
class Credentials:
    """How to log in to one registry; secret, so never shown by ``repr``."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Build:
    """How an image is built: the ``build`` section of the compose specification, canonical.

    ``options`` holds the section itself (context, dockerfile, args, target …). ``digest`` is the
    hash of everything that goes into the image, or None for a context on the host, which the
    observer hashes there. ``archive`` is the path, on the host, of the packed context once it has
    been brought there.
    """

    options: Mapping[str, Any]
    builder: str = "classic"
    remote_src: bool = False
    digest: Optional[str] = None
    archive: Optional[str] = None


@dataclass(frozen=True)
class Archive:
    """An image archive (``docker save``) to load; ``layers`` are its diff ids, in order.

    ``layers`` is None for an archive on the host, which the observer reads there.
    """

    path: str
    remote_src: bool = False
    digest: Optional[str] = None
    layers: Optional[Tuple[str, ...]] = None
    archive: Optional[str] = None


@dataclass(frozen=True)
class Image:
    """An image by name, and at most one way to come by it: pull, build, load or tag.

    ``pull`` is ``missing``, ``always`` or ``never``. With ``always``, ``every`` is the number of seconds for which an
    answer of the registry holds. ``path`` says where in the document it stands.
    """

    reference: str
    path: str
    state: str = PRESENT
    pull: str = "missing"
    every: float = 0.0
    platform: str = ""
    build: Optional[Build] = None
    load: Optional[Archive] = None
    tag_of: str = ""
    push: bool = False


@dataclass(frozen=True)
class Network:
    """A network. ``body`` is the create request of ``POST /networks/create``, without our labels."""

    name: str
    path: str
    body: Mapping[str, Any]
    state: str = PRESENT
    external: bool = False


@dataclass(frozen=True)
class Volume:
    """A volume. ``body`` is the request of ``POST /volumes/create``, without our labels.

    ``recreate`` is the user's word that the data may go when the options change.
    """

    name: str
    path: str
    body: Mapping[str, Any]
    state: str = PRESENT
    external: bool = False
    recreate: bool = False


@dataclass(frozen=True)
class ComposeMark:
    """What docker compose knows a container by, so that its commands work on it.

    ``service`` is the service as ``docker compose config`` prints it, which its config-hash is taken of; None
    for what has no such hash. ``labels`` are those of its labels that are known before the container is,
    ``granted`` the places where its configs and secrets are mounted, which docker compose has its own ways for.
    """

    service: Optional[Mapping[str, Any]] = field(repr=False)
    labels: Mapping[str, str]
    granted: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Container:
    """One container: a canonical compose service under a name of its own.

    ``service`` names the declaration it is a replica of; other containers' ``depends_on``,
    ``service:x`` and links refer to that. ``spec`` is the hash of ``definition``.
    ``remove_volumes`` lets an absent container's anonymous volumes go with it. ``state_only``: nothing but
    the state of a container that is there already is declared; ``definition`` and ``spec`` are empty then.
    ``content`` is the hash of the stack's files that it mounts; ``reads`` are the files and folders it mounts of them.
    ``pre_start`` are containers that run to their end before a new one of this service is started.
    """

    name: str
    service: str
    path: str
    definition: Mapping[str, Any]
    spec: str = ""
    state: str = STARTED
    remove_volumes: bool = False
    recreate: bool = False
    state_only: bool = False
    compose: Optional[ComposeMark] = None
    content: str = ""
    reads: Tuple[str, ...] = ()
    pre_start: Tuple[Container, ...] = ()


@dataclass(frozen=True)
class File:
    """A file, or a folder where ``digest`` is empty, of a stack's directory on the host.

    ``path`` is relative to that directory. None leaves the owner to be whoever runs this.
    """

    path: str
    digest: str
    mode: int
    uid: Optional[int] = None
    gid: Optional[int] = None


@dataclass(frozen=True)
class Desired:
    """Everything one scope declares on one host. ``registries`` is keyed by the registry's host.

    ``project`` is the compose project that a stack is: what docker compose made under that name is the
    scope's own. ``left`` are services of it that are declared, but not what this run is about.
    ``named_volumes`` are the keys of volumes that its files name, be it for services that are not enabled.
    ``directory`` is where its ``files`` lie.
    """

    scope: str
    registries: Mapping[str, Credentials] = field(default_factory=dict)
    images: Tuple[Image, ...] = ()
    networks: Tuple[Network, ...] = ()
    volumes: Tuple[Volume, ...] = ()
    containers: Tuple[Container, ...] = ()
    project: str = ""
    left: FrozenSet[str] = frozenset()
    named_volumes: FrozenSet[str] = frozenset()
    directory: str = ""
    files: Tuple[File, ...] = ()


@dataclass(frozen=True)
class Policy:
    """How to go about it; says nothing of what is wanted. Times are in seconds.

    ``prune`` removes what the scope owns and no longer names. ``wait`` holds every start until
    the container is healthy (or running), ``wait_timeout`` at the longest. ``monitor`` is how long
    a replacement without a health check must stay up before the old container goes.
    ``implicit_volumes`` makes named volumes that are neither declared nor there, as ``docker run`` does.
    ``remove_volumes`` lets ``prune`` take volumes as well, ``remove_images`` every image that what it removes ran,
    and ``one_offs`` what ``docker compose run`` left. ``surplus`` removes replicas of a stack's service beyond those
    that are declared, whether the rest is pruned or not.
    """

    prune: bool = True
    wait: bool = True
    wait_timeout: float = 300.0
    monitor: float = 2.0
    implicit_volumes: bool = False
    remove_volumes: bool = False
    remove_images: bool = False
    one_offs: bool = False
    surplus: bool = True


class Part(NamedTuple):
    """One scope of a declaration, and how to go about it. A declaration may have several."""

    desired: Desired
    policy: Policy
