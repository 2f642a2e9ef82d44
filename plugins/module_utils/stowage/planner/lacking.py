# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers refer to that is neither declared nor on the host: networks, volumes, other containers."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence, Union

from ..errors import Problem
from ..model.desired import ABSENT, Desired, Network, Policy, Volume
from ..model.observed import Observed
from ..service.create import unsupported
from ..service.references import parents


def find_lacking(desired: Desired, observed: Observed, policy: Policy) -> Iterator[Problem]:
    """A problem for each reference this host cannot meet, and each key its engine is too old for."""
    networks = _Known(desired.networks, observed.networks)
    volumes = _Known(desired.volumes, observed.volumes, implicit=policy.implicit_volumes)
    containers = set(observed.containers)
    for container in desired.containers:
        if container.state != ABSENT:
            containers.update((container.name, container.service))
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
        self, declared: Sequence[Union[Network, Volume]], observed: Mapping[str, Any], *, implicit: bool = False
    ) -> None:
        self._declared = {entry.name: entry.state != ABSENT for entry in declared}
        self._observed = observed
        self._implicit = implicit

    def lacks(self, name: str) -> str:
        """Why there is none of that name to be used; empty where there is one."""
        if name in self._declared:
            return "" if self._declared[name] else "is declared absent"
        return "" if self._implicit or name in self._observed else _NOWHERE
