# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks this host's store whose things are. Decides nothing.

A label tells of what a run has made. What was there before and was adopted, what is external, and what is declared by
its state alone have none: these are known by the names that declarations have for them.
"""

from __future__ import annotations

import os
from typing import Iterator, Mapping, Sequence, Set, Tuple

from .. import reference
from ..errors import Problem, StowageError
from ..manifest import read_manifest
from ..model.desired import ABSENT, Container, Desired
from ..places import runtime_at, socket_folder
from ..service.references import parents
from ..store import Store, Version, state_directory
from .deciding import CONTAINER, NETWORK, VOLUME
from .stock import Name, Owners

_STATE = "/var/lib/stowage"
_STAY = "all but build cache stays"


def owners_at(address: str, environ: Mapping[str, str]) -> Owners:
    """What the scopes that were declared on this host name, as the store has it.

    Former versions count as far as they can be read: they may be brought back, with what they name.
    """
    places = {state_directory(environ)}
    about = runtime_at(socket_folder(environ))
    if about.get("engine") == address:
        places.add(about["state"])
    if os.path.isdir(_STATE) and not os.access(_STATE, os.R_OK | os.X_OK):
        return Owners(unknown=f"{_STATE} cannot be read, so what is declared is not known: {_STAY}")
    projects: Set[str] = set()
    images: Set[str] = set()
    names: Set[Name] = set()
    for place in sorted(places):
        store = Store(place, address)
        for scope, standing in store.standings().items():
            current = standing.version
            problems: Sequence[Problem] = ()
            if current is not None:
                found, problems = _names(current)
                names |= found
            if current is None or problems:
                why = standing.damage or str(problems[0])
                return Owners(unknown=f"what is declared in {scope} is not known ({why}): {_STAY}")
            projects.add(scope)
            for name, image in current.images.items():
                images |= {image.id, _familiar(name)}
            for former in store.versions(scope):
                names |= _names(former)[0]
    return Owners(frozenset(projects), frozenset(images), frozenset(names))


def _names(version: Version) -> Tuple[Set[Name], Sequence[Problem]]:
    parts, problems = read_manifest(version.manifest)
    return {name for desired, _policy in parts for name in _named(desired)}, problems


def _named(desired: Desired) -> Iterator[Name]:
    for kind, section in ((NETWORK, desired.networks), (VOLUME, desired.volumes), (CONTAINER, desired.containers)):
        for declared in section:  # type: Any
            if declared.state != ABSENT:
                yield kind, declared.name
    for container in desired.containers:
        if container.state != ABSENT:
            for each in (container, *container.pre_start):
                yield from _needed(each)


def _needed(container: Container) -> Iterator[Name]:
    """What a container is made with and may be declared nowhere: it is enough that the host has it."""
    definition = container.definition
    names = [(NETWORK, network) for network in (*(definition.get("networks") or ()), definition.get("network_mode"))]
    names += [(VOLUME, mount.get("source")) for mount in definition.get("volumes") or () if mount["type"] == "volume"]
    yield from ((kind, str(name)) for kind, name in names if name)
    for other in parents(definition):
        yield CONTAINER, other


def _familiar(name: str) -> str:
    try:
        return reference.parse(name).with_default_tag().familiar
    except StowageError:
        return name
