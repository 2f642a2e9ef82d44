# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of a plan what is not to be touched now, with all that cannot be done without it.

Knows which object a step is about, and how steps hang together. Who is held back, and why, is decided above.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Iterable, List, NamedTuple, Set, Tuple

from ..model import operations as op
from ..model.desired import Part
from ..model.plan import Plan, Rollback, Step
from ..service.labels import NEXT

_IMAGES = (op.PullImage, op.BuildImage, op.LoadImage, op.TagImage, op.PushImage, op.RemoveImage)
_NETWORKS = (op.CreateNetwork, op.RemoveNetwork)
_VOLUMES = (op.CreateVolume, op.RemoveVolume)
_FILES = (op.FileOperation, op.SettleFiles, op.RemoveFiles)
# What keeps a container that runs from running on as it is.
_DISTURBING = (op.StopContainer, op.RestartContainer, op.RemoveContainer, op.RenameContainer)


class Key(NamedTuple):
    """An object of a host: its kind (container, network, volume, image, file) and its name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def key_of(operation: op.Operation) -> Key:
    """The object that an operation is about; what stands ready to replace a container counts as that container."""
    if isinstance(operation, _IMAGES):
        return Key("image", operation.name)
    if isinstance(operation, _NETWORKS):
        return Key("network", operation.name)
    if isinstance(operation, _VOLUMES):
        return Key("volume", operation.name)
    if isinstance(operation, _FILES):
        return Key("file", operation.target)
    if isinstance(operation, (op.ConnectNetwork, op.DisconnectNetwork)):
        return Key("container", operation.container)
    return Key("container", operation.name.removesuffix(NEXT))


def concerns(part: Part, operation: op.Operation) -> bool:
    """Whether an operation is about an object that this scope declares."""
    key, desired = key_of(operation), part.desired
    names = {
        "container": [container.name for container in desired.containers],
        "network": [network.name for network in desired.networks],
        "volume": [volume.name for volume in desired.volumes],
        "image": [image.reference for image in desired.images],
    }
    if key.kind == "file":
        return bool(desired.directory) and (key.name + "/").startswith(desired.directory + "/")
    return key.name in names[key.kind]


def disturbed(plan: Plan) -> Set[Key]:
    """The containers that a plan stops, restarts or replaces, rather than just bringing them up."""
    return {key_of(step.operation) for step in plan if isinstance(step.operation, _DISTURBING)}


def hold_back(plan: Plan, held: Collection[Key]) -> Plan:
    """The plan without the steps of the objects ``held``, and without those that come after one of them.

    What would bring back a former state together with such a step is left out as a whole, for half of a
    replacement is none. Steps keep their numbers.
    """
    dropped = {step.number for step in plan if key_of(step.operation) in held}
    if not dropped:
        return plan
    grown = -1
    while grown != len(dropped):
        grown = len(dropped)
        for rollback in plan.rollbacks:
            if not dropped.isdisjoint(rollback.guards):
                dropped.update(rollback.guards)
        for step in plan:
            if not dropped.isdisjoint(step.after):
                dropped.add(step.number)
    return replace(plan, steps=_kept(plan, dropped), rollbacks=tuple(_left(plan, dropped)))


def without_waits(plan: Plan) -> Plan:
    """The plan without the steps that only wait, and that no change comes after and no replacement is proven by."""
    needed = {number for rollback in plan.rollbacks for number in rollback.guards}
    for step in reversed(plan.steps):
        if step.number in needed or not step.operation.waits:
            needed.add(step.number)
            needed.update(step.earlier)
    return replace(plan, steps=tuple(step for step in plan if step.number in needed))


def start_again(plan: Plan, names: Iterable[str]) -> Plan:
    """The plan, and the start of containers that are left as they are otherwise."""
    last = max((step.number for step in plan), default=0)
    steps = [
        Step(last + number, op.StartContainer(name, "does not run, and is not replaced"))
        for number, name in enumerate(names, 1)
    ]
    return replace(plan, steps=(*plan.steps, *steps))


def _kept(plan: Plan, dropped: Set[int]) -> Tuple[Step, ...]:
    return tuple(
        replace(step, settled=tuple(number for number in step.settled if number not in dropped))
        for step in plan
        if step.number not in dropped
    )


def _left(plan: Plan, dropped: Set[int]) -> List[Rollback]:
    return [rollback for rollback in plan.rollbacks if dropped.isdisjoint(rollback.guards)]
