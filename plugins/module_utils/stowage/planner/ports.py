# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the host's ports, and when a holder lets go of one for another container.

Knows published ports of declarations and of the snapshot. Adds the stop of a holder that gives its
port up in this same plan, and refuses ports that a stranger holds.
"""

from __future__ import annotations

from typing import Iterator, List, Optional, Sequence

from ..model.desired import STOPPED, Container
from ..model.observed import ObservedContainer
from ..model.operations import StartContainer, StopContainer
from ..service.labels import NEXT
from ..service.ports import HostPort, fixed_ports, overlap
from . import hooks
from .world import World


def release_ports(container: Container, world: World, after: Sequence[Optional[int]]) -> List[int]:
    """The steps after which the host's ports this container publishes are free for it.

    A holder stops only ``after`` everything else that the container needs is there.
    """
    steps: List[int] = []
    for port in fixed_ports(container.definition):
        for holder in _holders(port, container.name, world):
            step = _release(holder, port, container, world, after)
            if step is not None:
                steps.append(step)
    return steps


def restart_holders(container: Container, world: World) -> List[StartContainer]:
    """What brings the former holders back should this container fail: those that go for good."""
    cause = f"{container.name} failed"
    names = {
        holder.name
        for port in fixed_ports(container.definition)
        for holder in _holders(port, container.name, world)
        if holder.name in world.plan.dropped and holder.name in world.stops
    }
    return [StartContainer(name, cause) for name in sorted(names)]


def _holders(port: HostPort, name: str, world: World) -> Iterator[ObservedContainer]:
    for holder in world.port_holders.get(port[1:], ()):
        own = holder.name in (name, name + NEXT)
        if not own and any(held[1:] == port[1:] and overlap(held[0], port[0]) for held in holder.ports):
            yield holder


def _release(
    holder: ObservedContainer, port: HostPort, container: Container, world: World, after: Sequence[Optional[int]]
) -> Optional[int]:
    if holder.name in world.gone:
        return world.gone[holder.name]
    if holder.name in world.stops:
        return world.stops[holder.name]
    declared = world.plan.declared.get(holder.name)
    leaves = holder.name in world.plan.dropped or (declared is not None and not _keeps(declared, port))
    if not leaves and world.is_nobodys(holder.name):
        whose = "not declared here" if declared is None else "whose ports are not declared here"
        world.draft.refuse(
            f"{container.path}.ports", f"port {port[1]}/{port[2]} is held by the container {holder.name}, {whose}"
        )
    if not leaves:
        return None
    cause = f"hands port {port[1]}/{port[2]} to {container.name}"
    before = (
        hooks.pre_stop(declared, holder.name, holder, cause, after, world.draft.add) if declared is not None else ()
    )
    world.stops[holder.name] = world.draft.add(StopContainer(holder.name, cause), after, before[-1:])
    return world.stops[holder.name]


def _keeps(declared: Container, port: HostPort) -> bool:
    if declared.state == STOPPED:
        return False
    return declared.state_only or any(p[1:] == port[1:] for p in fixed_ports(declared.definition))
