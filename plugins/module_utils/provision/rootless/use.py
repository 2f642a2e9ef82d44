# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: observe, decide, and unless it only checks, act and remember."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory
from ..service import ask
from ..steps import Step
from . import ground, ids
from .act import Hands
from .decide import Decision, decide
from .people import Person, observe_person, observe_ranges
from .texts import CONTEXT

PART = "rootless"


class Result(NamedTuple):
    """What a run found, planned, and unless it only checked, did."""

    plan: Sequence[Step]
    engines: List[Dict[str, Any]]
    warnings: List[str]


def have_engines(
    declared: Sequence[str],
    check: bool,
    restart: bool = True,
    timeout: float = 60.0,
    files: Files | None = None,
    commands: Commands | None = None,
) -> Result:
    """See to it that these users, and no others of ours, have an engine.

    Raises ProvisionError, before anything is changed, for what the host does not allow.
    """
    files, commands = files or Files(), commands or Commands()
    memory = Memory(files, PART)
    remembered = memory.recall().get("users", {})
    if not declared and not remembered:
        return Result([], [], [])
    found = ground.observe_ground(files, commands)
    people = {name: observe_person(name, files, commands) for name in (*declared, *remembered)}
    warnings = _refuse(found, [people[name] for name in declared], check)
    uids, gids = observe_ranges(files)
    within = ids.bounds(files.read("/etc/login.defs") or "")
    decision = decide(found, people, declared, remembered, [*uids, *gids], within, restart)
    warnings += [*decision.warnings, *_shared([people[name] for name in declared], uids)]
    if not check:
        _carry_out(decision, remembered, memory, Hands(commands, timeout))
    engines = [_engine(people[name], check) for name in dict.fromkeys(declared) if people[name].exists]
    return Result([action.step for action in decision.actions], engines, warnings)


def _refuse(found: ground.Ground, people: Sequence[Person], check: bool) -> List[str]:
    """Raise for what stands in the way; return what is only worth a warning."""
    if not people:
        return []
    obstacles = ground.kernel_obstacles(found)
    missing = [person.name for person in people if not person.exists]
    if not check:
        obstacles += ground.program_obstacles(found)
        obstacles += [f"there is no user {name} on this host: make it first" for name in missing]
    if obstacles:
        raise ProvisionError("engines without root cannot be had on this host:\n- " + "\n- ".join(obstacles))
    warnings = [f"there is no user {name} on this host yet" for name in missing]
    limits = ground.limits_warning(found)
    return [*warnings, limits] if limits else warnings


def _shared(people: Sequence[Person], uids: Sequence[ids.Range]) -> List[str]:
    return [
        f"{person.name} shares subordinate ids with {entry.owner} ({entry}): each can reach into the other's containers"
        for person in people
        for entry in ids.shared(uids, person.name, person.uid)
    ]


def _carry_out(decision: Decision, remembered: Dict[str, Any], memory: Memory, hands: Hands) -> None:
    # Before the first change: what a killed run has set is ours, and can be taken back.
    memory.keep({"users": {**remembered, **decision.remembered}})
    for action in decision.actions:
        hands.do(action)
    memory.keep({"users": decision.remembered} if decision.remembered else {})


def _engine(person: Person, check: bool) -> Dict[str, Any]:
    answer = None if check or not person.exists else ask(person.socket)
    version = answer.version if answer else person.version
    return {
        "user": person.name,
        "uid": person.uid,
        "socket": person.socket,
        "docker_host": person.docker_host,
        "context": CONTEXT,
        "version": version,
    }
