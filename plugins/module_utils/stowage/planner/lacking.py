# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers refer to that is neither declared nor on the host: networks, volumes, other containers."""

from __future__ import annotations

from typing import Iterator, Set

from ..errors import Problem
from ..model.desired import ABSENT, Container, Desired
from ..model.observed import Observed
from ..service.create import unsupported
from ..service.references import parents


def find_lacking(desired: Desired, observed: Observed) -> Iterator[Problem]:
    """A problem for each reference this host cannot meet, and each key its engine is too old for."""
    networks = {network.name for network in desired.networks if network.state != ABSENT} | set(observed.networks)
    volumes = {volume.name for volume in desired.volumes if volume.state != ABSENT} | set(observed.volumes)
    containers = set(observed.containers)
    for container in desired.containers:
        if container.state != ABSENT:
            containers.update((container.name, container.service))
    for container in desired.containers:
        if container.state == ABSENT:
            continue
        yield from unsupported(container.definition, observed.api_version, container.path)
        for name in container.definition.get("networks") or ():
            if name not in networks:
                yield _lacks(f"{container.path}.networks", f"the network {name}")
        yield from _lacking_volumes(container, volumes)
        for name, key in parents(container.definition).items():
            if name not in containers:
                yield _lacks(f"{container.path}.{key}", f"the container {name}")


def _lacking_volumes(container: Container, volumes: Set[str]) -> Iterator[Problem]:
    for index, mount in enumerate(container.definition.get("volumes") or ()):
        source = mount.get("source")
        if mount.get("type") == "volume" and source and source not in volumes:
            yield _lacks(f"{container.path}.volumes[{index}]", f"the volume {source}")


def _lacks(path: str, what: str) -> Problem:
    return Problem(path, f"{what} is not declared and not on the host")
