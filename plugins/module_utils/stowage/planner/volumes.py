# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which volumes to create. Data is never thrown away unless the declaration says so in words."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from ..model.desired import ABSENT, Volume
from ..model.observed import ObservedContainer, ObservedVolume
from ..model.operations import CreateVolume, RemoveContainer, RemoveVolume, StartContainer, StopContainer
from ..service.digest import document_hash
from ..service.labels import DECLARED, SCOPE, SPEC, own_labels
from .world import World


def plan_volumes(worlds: Sequence[World]) -> None:
    """Add what brings every declared volume about; absent ones go at the plan's end."""
    declared = [(volume, world) for world in worlds for volume in world.desired.volumes if volume.state != ABSENT]
    # What is external to one scope may be what another one makes.
    for volume, world in sorted(declared, key=lambda pair: pair[0].external):
        found = world.observed.volumes.get(volume.name)
        if found is None:
            _plan_missing(volume, world)
        elif not volume.external and not world.refuse_foreign(volume.path, f"the volume {volume.name}", found.labels):
            _plan_present(volume, found, world)
    for world in worlds:
        if world.policy.implicit_volumes:
            _plan_implicit(world)


def create_request(volume: Volume, scope: str) -> Dict[str, Any]:
    """The create request with the labels by which the volume is known as ours."""
    labels = {**volume.body.get("Labels", {}), SCOPE: scope, SPEC: document_hash(volume.body)}
    labels[DECLARED] = " ".join(sorted(volume.body))
    return {**volume.body, "Labels": labels}


def _plan_missing(volume: Volume, world: World) -> None:
    if volume.external and volume.name not in world.volume_ready:
        world.draft.refuse(volume.path, f"the external volume {volume.name} is not on the host")
    if volume.external:
        return
    operation = CreateVolume(volume.name, "volume is missing", create_request(volume, world.desired.scope))
    world.volume_ready[volume.name] = world.draft.add(operation)


def _plan_implicit(world: World) -> None:
    """Make what containers mount and nobody has yet. The engine would, too, but no plan would show it."""
    known = {*world.observed.volumes, *(volume.name for volume in world.desired.volumes)}
    for container in world.declared.values():
        for mount in container.definition.get("volumes") or ():
            name = mount.get("source")
            if mount.get("type") != "volume" or not name or name in known:
                continue
            known.add(name)
            labels = (mount.get("volume") or {}).get("labels") or {}  # which the engine would give it, too
            body = {"Name": name, "Driver": "local", "Labels": dict(labels)}
            _plan_missing(Volume(name, container.path, body), world)


def _plan_present(volume: Volume, found: ObservedVolume, world: World) -> None:
    causes = _differences(volume, found)
    if not causes:
        return
    if not volume.recreate:
        world.draft.refuse(
            volume.path,
            f"the volume {volume.name} has other options ({', '.join(causes)}), and the engine cannot change them; "
            "declare it as it is, use another name, or set recreate: true to throw its data away and make it anew",
        )
        return
    users = world.volume_users.get(volume.name, [])
    strangers = [user.name for user in users if world.is_stranger(user.name)]
    if strangers:
        world.draft.refuse(
            volume.path,
            f"the volume {volume.name} cannot be made anew: in use by {', '.join(strangers)}, not described here",
        )
        return
    _recreate(volume, users, ", ".join(causes), world)


def _differences(volume: Volume, found: ObservedVolume) -> List[str]:
    wanted, have = volume.body, found.inspect
    if found.labels.get(SPEC) == document_hash(wanted):
        return []  # nothing about a volume can change after its creation
    causes: List[str] = []
    if wanted["Driver"] != have.get("Driver"):
        causes.append(f"driver {have.get('Driver')} -> {wanted['Driver']}")
    if wanted.get("DriverOpts", {}) != (have.get("Options") or {}):
        causes.append("driver_opts changed")
    # Labels alone are not worth anybody's data: a volume that is otherwise right stays.
    if causes and own_labels(have.get("Labels")) != own_labels(wanted.get("Labels")):
        causes.append("labels changed")
    return causes


def _recreate(volume: Volume, users: List[ObservedContainer], cause: str, world: World) -> None:
    draft = world.draft
    why = f"volume {volume.name} is made anew"
    going = [user for user in users if user.name not in world.gone]
    images = [_image_step(user.name, world) for user in going]
    running = [user for user in going if user.status == "running"]
    stops = [draft.add(StopContainer(user.name, why), images) for user in running]
    for user in going:
        world.gone[user.name] = draft.add(RemoveContainer(user.name, why), [*images, *stops])
    away = [world.gone[user.name] for user in users]
    # Until the first of them is gone, all can go on.
    draft.guard([*stops, *away], [StartContainer(user.name, f"{why}, which failed") for user in running])
    removed = draft.add(RemoveVolume(volume.name, cause), away)
    body = create_request(volume, world.desired.scope)
    world.volume_ready[volume.name] = draft.add(CreateVolume(volume.name, cause, body), [removed])


def _image_step(name: str, world: World) -> Optional[int]:
    """The step that brings the image of the container's next self: without it, better leave all as it is."""
    declared = world.declared.get(name)
    standing = world.images.get(str(declared.definition.get("image"))) if declared is not None else None
    return standing.step if standing is not None else None
