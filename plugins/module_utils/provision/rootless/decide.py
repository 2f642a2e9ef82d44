# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done so that the named users, and no others of ours, have an engine without root. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ..errors import ProvisionError
from ..steps import Step
from . import texts
from .ground import Ground
from .ids import COUNT, Range, free
from .people import Person

ALLOCATE = "AllocateIds"
LINGER = "EnableLinger"
WRITE_UNIT = "WriteUnit"
WRITE_CONTEXT = "WriteContext"
ENABLE = "EnableEngine"
START = "StartEngine"
RESTART = "RestartEngine"
STOP = "StopEngine"
REMOVE_UNIT = "RemoveUnit"
REMOVE_CONTEXT = "RemoveContext"
UNLINGER = "DisableLinger"
FORGET = "ForgetUser"

_GONE = "not declared any more"


@dataclass(frozen=True)
class Action:
    """A step, whom it is about, and what it needs to be carried out."""

    step: Step
    person: Person
    value: str = ""


@dataclass(frozen=True)
class Decision:
    """All that is to be done, in its order, and what is to be remembered afterwards."""

    actions: Sequence[Action]
    remembered: Dict[str, Any]
    warnings: Sequence[str] = field(default_factory=list)


def decide(
    ground: Ground,
    people: Mapping[str, Person],
    declared: Sequence[str],
    remembered: Mapping[str, Any],
    taken: Sequence[Range],
    within: tuple[int, int],
    restart: bool = True,
) -> Decision:
    """Plan. ``people`` has everybody who is declared or remembered; ``taken`` all subordinate ids that are given."""
    actions: List[Action] = []
    warnings: List[str] = []
    notes: Dict[str, Any] = {}
    given = list(taken)
    for name in dict.fromkeys(declared):
        person = people[name]
        if person.exists and person.uid == 0:
            raise ProvisionError("root cannot have an engine without root: take root out of engine_rootless_users")
        if not (person.has_uids and person.has_gids):
            actions.append(_allocate(person, given, within))
        actions += _have(ground, person, restart, warnings)
        former = remembered.get(name, {})
        notes[name] = {
            "unit": texts.is_ours(person.unit or texts.MARK),
            "linger": bool(former.get("linger")) or not person.lingers,
            "context": bool(former.get("context")) or person.context is None,
        }
    for name in remembered:
        if name not in notes:
            actions += _have_not(people[name], remembered[name])
    return Decision(actions, notes, warnings)


def _allocate(person: Person, given: List[Range], within: tuple[int, int]) -> Action:
    """Give ids that overlap with nothing, nor with what this plan gives to others."""
    start = free(given, within)
    if start < 0:
        raise ProvisionError(
            f"there are no {COUNT} subordinate ids left for {person.name} between {within[0]} and {within[1]}: "
            "raise SUB_UID_MAX and SUB_GID_MAX in /etc/login.defs, or take ids of users who are gone out of "
            "/etc/subuid and /etc/subgid"
        )
    entry = Range(person.name, start, COUNT)
    given.append(entry)
    lacking = {(False, False): "users and groups", (False, True): "users", (True, False): "groups"}
    cause = f"has no subordinate ids of {lacking[person.has_uids, person.has_gids]}"
    return Action(Step(ALLOCATE, f"{person.name} {entry}", cause), person, str(entry))


def _have(ground: Ground, person: Person, restart: bool, warnings: List[str]) -> Iterator[Action]:
    name = person.name
    if not person.lingers:
        yield Action(Step(LINGER, name, "the engine would end with the user's last session"), person)
    unit = texts.unit_text(ground.script)
    stale = ""
    if person.unit is None:
        yield Action(Step(WRITE_UNIT, _unit(name), "is missing"), person, unit)
    elif texts.is_ours(person.unit):
        if person.unit != unit and ground.script:
            stale = "its unit changed"
            yield Action(Step(WRITE_UNIT, _unit(name), "is out of date"), person, unit)
    elif not texts.is_an_engine(person.unit):
        raise ProvisionError(
            f"{_unit(name)} is a unit of {name}'s own, and runs no engine: rename it, so that the engine can have it"
        )
    if not texts.leads_to(person.context or "", person.docker_host):
        cause = "is missing" if person.context is None else "leads elsewhere"
        context = texts.context_text(person.docker_host)
        yield Action(Step(WRITE_CONTEXT, f"{texts.CONTEXT} of {name}", cause), person, context)
    if not person.enabled:
        yield Action(Step(ENABLE, f"of {name}", "is not started at boot"), person)
    if not person.version:
        yield Action(Step(START, f"of {name}", "does not answer"), person)
        return
    if ground.version and person.version != ground.version:
        stale = f"runs {person.version}, installed is {ground.version}"
    if stale and restart:
        yield Action(Step(RESTART, f"of {name}", stale), person)
    elif stale:
        warnings.append(f"the engine of {name} waits for a restart: {stale}")


def _have_not(person: Person, former: Mapping[str, Any]) -> Iterator[Action]:
    """Take back what was set; a user's data stays."""
    name = person.name
    if not person.exists:
        yield Action(Step(FORGET, name, "there is no such user any more"), person)
        return
    ours = bool(former.get("unit")) and (person.unit is None or texts.is_ours(person.unit))
    if ours and (person.version or person.enabled):
        yield Action(Step(STOP, f"of {name}", _GONE), person)
    if ours and person.unit is not None:
        yield Action(Step(REMOVE_UNIT, _unit(name), _GONE), person)
    if former.get("context") and texts.leads_to(person.context or "", person.docker_host):
        yield Action(Step(REMOVE_CONTEXT, f"{texts.CONTEXT} of {name}", _GONE), person)
    if former.get("linger") and person.lingers and ours and not person.others:
        yield Action(Step(UNLINGER, name, "it was for the engine alone"), person)


def _unit(name: str) -> str:
    return f"~{name}/{texts.UNITS}/{texts.UNIT}"
