# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers refer to that is neither declared nor on the host: networks, volumes, other containers."""

from __future__ import annotations

from typing import Collection, Iterator, Sequence, Set, Union

from ..errors import Problem
from ..model.desired import ABSENT, Desired, Network, Part, Policy, Volume
from ..model.observed import Observed
from ..service.create import unsupported
from ..service.references import parents


def find_lacking(parts: Sequence[Part], observed: Observed) -> Iterator[Problem]:
    """A problem for each reference this host cannot meet, and each key its engine is too old for."""
    containers = set(observed.containers)
    for desired, _policy in parts:
        containers.update(container.name for container in desired.containers if container.state != ABSENT)
    for desired, policy in parts:
        yield from _lacking_in(desired, policy, parts, containers, observed)


def _lacking_in(
    desired: Desired, policy: Policy, parts: Sequence[Part], names: Set[str], observed: Observed
) -> Iterator[Problem]:
    others = [part.desired for part in parts if part.desired is not desired]
    networks = _Known(desired.networks, [*observed.networks, *(n.name for other in others for n in other.networks)])
    known_volumes = [*observed.volumes, *(v.name for other in others for v in other.volumes)]
    volumes = _Known(desired.volumes, known_volumes, implicit=policy.implicit_volumes)
    containers = names | {container.service for container in desired.containers if container.state != ABSENT}
    for container in desired.containers:
        if container.state == ABSENT:
            continue
        yield from unsupported(container.definition, observed.api_version, container.path)
        for name in container.definition.get("networks") or ():
            if networks.lacks(name):
                yield Problem(f"{container.path}.networks", f"the network {name} {networks.lacks(name)}")
        for index, mount in enumerate(container.definition.get("volumes") or ()):
            source = mount.get("source")
            if mount.get("type") == "volume" and source and volumes.lacks(source):
                yield Problem(f"{container.path}.volumes[{index}]", f"the volume {source} {volumes.lacks(source)}")
        for name, key in parents(container.definition).items():
            if name not in containers:
                yield Problem(f"{container.path}.{key}", f"the container {name} {_NOWHERE}")


_NOWHERE = "is not declared and not on the host"


class _Known:
    """The networks, or the volumes, that will be there when the plan has run.

    Those that are ``implicit`` are made for whoever names them.
    """

    def __init__(
        self, declared: Sequence[Union[Network, Volume]], observed: Collection[str], *, implicit: bool = False
    ) -> None:
        self._declared = {entry.name: entry.state != ABSENT for entry in declared}
        self._observed = frozenset(observed)
        self._implicit = implicit

    def lacks(self, name: str) -> str:
        """Why there is none of that name to be used; empty where there is one."""
        if name in self._declared:
            return "" if self._declared[name] else "is declared absent"
        return "" if self._implicit or name in self._observed else _NOWHERE
