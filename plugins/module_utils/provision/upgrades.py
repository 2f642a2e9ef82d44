# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an engine may be upgraded now, and whether all is as it was afterwards.

Pure: compares what ``inspection`` observed, and says in sentences what is in the way, or other than before. Knows what
a restart does to containers, and nothing of packages or services.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

from .inspection import engine_of, runs_another

Document = Dict[str, Any]
_UNWELL = ("unhealthy",)


@dataclass(frozen=True)
class Bounds:
    """What somebody who upgrades an engine allows."""

    stop_containers: bool = False  # without live-restore, the restart stops them
    unhealthy: bool = False
    free: int = 0  # bytes of the data root's file system
    no_return: bool = False  # the former version may be one that cannot be had any more
    moves: bool = False  # packages are to change


def problems(found: Mapping[str, Any], bounds: Bounds) -> List[str]:
    """Say what is in the way of restarting this engine into another version."""
    if not found.get("running"):
        return ["the engine does not answer: see what is wrong with it first, as afterwards nobody could tell"]
    said: List[str] = []
    disk = found["disk"]
    if disk["free"] < bounds.free:
        said.append(
            f"{disk['path']} has {disk['free'] >> 20} MiB free, and {bounds.free >> 20} MiB are asked for "
            "(upgrade_disk_free): make room, for example by stowage.docker.engine_prune"
        )
    stopped = will_stop(found)
    if stopped and not bounds.stop_containers:
        names = ", ".join(container["name"] for container in stopped)
        said.append(
            f"live-restore is not in force, so that the restart would stop {names}: set engine_live_restore: true and "
            "run the role first, or allow it by upgrade_stop_containers: true"
        )
    unwell = [container["name"] for container in own(found) if container["health"] in _UNWELL]
    if unwell and not bounds.unhealthy:
        said.append(
            f"unhealthy before anything was done: {', '.join(unwell)}; mend them first, or leave them aside by "
            "upgrade_allow_unhealthy: true"
        )
    lost = _lost(found, bounds)
    if lost and not bounds.no_return:
        said.append(
            f"{lost} is not offered by this host's sources, so that there would be no way back to it: add a source "
            "that has it, or go without a way back by upgrade_without_return: true"
        )
    restless = [container["name"] for container in own(found) if container["status"] == "restarting"]
    if restless and not bounds.unhealthy:
        said.append(f"restarting over and over: {', '.join(restless)}; see upgrade_allow_unhealthy")
    return said


def _lost(found: Mapping[str, Any], bounds: Bounds) -> str:
    """Name the engine that runs where its package could not be installed again."""
    name = engine_of(found["packages"])
    if not name or name in found["returnable"]:
        return ""
    if runs_another(found):  # a run that was killed before the restart left it so
        return f"{name} {found['version']}, which runs while {found['packages'][name]} is installed,"
    return f"{name} {found['packages'][name]}" if bounds.moves else ""


def own(found: Mapping[str, Any]) -> List[Document]:
    """Return the containers that are this host's: a swarm's tasks run elsewhere while their node is drained."""
    return [container for container in found.get("containers") or () if not container["task"]]


def will_stop(found: Mapping[str, Any]) -> List[Document]:
    """Return the containers that do not outlive a restart of the engine."""
    return [] if found.get("live_restore") else own(found)


def differences(before: Mapping[str, Any], after: Mapping[str, Any], stopped: bool = False) -> List[Document]:
    """Say what ran before and does not run as it did.

    ``stopped``: the restart was allowed to stop containers, so that a new start is none. Each difference names the
    container, says in ``what`` how it stands, and in ``pending`` whether waiting may help.
    """
    if not after.get("running"):
        return [{"name": "", "what": "the engine does not answer", "pending": True}]
    now = {container["id"]: container for container in after.get("containers") or ()}
    restarted = stopped or not before.get("live_restore")
    found = (_difference(container, now.get(container["id"]), restarted) for container in own(before))
    return [difference for difference in found if difference]


def _difference(was: Mapping[str, Any], now: Any, restarted: bool) -> Document:
    if now is None:
        if restarted and was["removed_when_stopped"]:
            return {}
        return _said(was, "does not run any more", True)
    if was["status"] == "restarting":
        return {}  # over and over: it is started anew all the time, and was not well before
    woken = restarted and (was["status"], now["status"]) == ("paused", "running")
    if now["status"] != was["status"] and not woken:
        return _said(was, f"is {now['status']}, and was {was['status']}", True)
    if not restarted and now["started_at"] != was["started_at"]:
        return _said(was, f"was started anew at {now['started_at']}, in spite of live-restore", False)
    if now["health"] in ("none", "healthy") or was["health"] in _UNWELL:
        return {}
    if now["health"] == "starting" and was["health"] == "starting" and not restarted:
        return {}
    return _said(was, f"is {now['health']}, and was {was['health']}", True)


def _said(was: Mapping[str, Any], what: str, pending: bool) -> Document:
    return {"name": was["name"], "id": was["id"], "what": what, "pending": pending}


def to_start(before: Mapping[str, Any], after: Mapping[str, Any]) -> List[str]:
    """Name what a restart stopped and the engine does not start again by itself."""
    now = {container["id"] for container in after.get("containers") or ()}
    lost = [container for container in own(before) if container["id"] not in now]
    return [str(c["name"]) for c in lost if not c["removed_when_stopped"]]


def sentences(found: Sequence[Mapping[str, Any]]) -> List[str]:
    """Return differences as sentences."""
    return [f"{difference['name']} {difference['what']}".strip() for difference in found]
