# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is measured, and how each one is run in each scenario.

Knows how to start a contestant and how to see that it did what the scenario asks. Measures nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import controller, workload
from .ground import FOLDER, BenchError, Ground
from .runtime import squeezed

FIRST, NOTHING, CHANGED, UNWATCHED = "first deploy", "nothing to change", "one changed", "one changed, monitor: 0"
SCENARIOS = (FIRST, NOTHING, CHANGED, UNWATCHED)
# What the recap of a playbook has to say.
_IS_CHANGE = {FIRST: True, NOTHING: False, CHANGED: True, UNWATCHED: True}
_MODES = {FIRST: "live", NOTHING: "live", CHANGED: "test", UNWATCHED: "live"}

PING, HOST, STACK, STACK_ALONE, LOOP, COMPOSE_V2, COMPOSE, FLOOR = (
    "ansible.builtin.ping",
    "stowage.docker.host",
    "stowage.docker.stack",
    "stowage.docker.stack *",
    "docker_container loop",
    "docker_compose_v2",
    "docker compose up -d *",
    "raw Engine API *",
)


@dataclass(frozen=True)
class Contestant:
    """One way to deploy. ``run`` returns what a playbook printed, or the seconds measured on the host.

    ``repeats``: how often each round has nothing to change; ``playbook``: whether a ping goes before each run.
    """

    name: str
    scenarios: tuple[str, ...]
    run: Callable[[Ground, str, int], Mapping[str, Any] | str]
    repeats: int = 1
    playbook: bool = True


def contestants() -> list[Contestant]:
    """Return everybody but ping, in the order of the table."""
    three = (FIRST, NOTHING, CHANGED)
    return [
        Contestant(HOST, SCENARIOS, _host, repeats=3),
        Contestant(STACK, SCENARIOS, _stack, repeats=3),
        Contestant(STACK_ALONE, three, _stack_alone, repeats=3, playbook=False),
        Contestant(LOOP, three, _loop),
        Contestant(COMPOSE_V2, three, _compose_v2, repeats=2),
        Contestant(COMPOSE, three, _compose, repeats=3, playbook=False),
        Contestant(FLOOR, three, _floor, repeats=3, playbook=False),
    ]


def ping(ground: Ground) -> str:
    """Run the floor of a playbook."""
    return ground.play(workload.ping_playbook())


def _host(ground: Ground, scenario: str, count: int) -> str:
    options = {"monitor": 0} if scenario == UNWATCHED else {}
    return _checked(ground.play(workload.host_playbook(count, _MODES[scenario], **options)), scenario)


def _stack(ground: Ground, scenario: str, count: int) -> str:
    folder = ground.project(workload.compose_text(count, _MODES[scenario]))
    options = {"monitor": 0} if scenario == UNWATCHED else {}
    return _checked(ground.play(workload.stack_playbook(folder, **options)), scenario)


def _stack_alone(ground: Ground, scenario: str, count: int) -> Mapping[str, Any]:
    """What the task stack has done on the host, as a command there: like docker compose, with its own start."""
    folder = ground.project(workload.compose_text(count, _MODES[scenario]))
    path = f"{FOLDER}/stack-{_MODES[scenario]}.json"
    ground.write(path, json.dumps(controller.request_of(folder)))
    expected = "changed" if _IS_CHANGE[scenario] else "unchanged"
    words = [f"{FOLDER}/sources", squeezed().digest, path, expected]
    return ground.script("timed.py", "python3", f"{FOLDER}/converge.py", *words)


def _loop(ground: Ground, scenario: str, count: int) -> str:
    return _checked(ground.play(workload.loop_playbook(count, _MODES[scenario])), scenario)


def _compose_v2(ground: Ground, scenario: str, count: int) -> str:
    return _checked(ground.play(workload.compose_playbook(count, _MODES[scenario])), scenario)


def _compose(ground: Ground, scenario: str, count: int) -> Mapping[str, Any]:
    path = f"{FOLDER}/compose-{_MODES[scenario]}.yaml"
    ground.write(path, workload.compose_text(count, _MODES[scenario]))
    return ground.script("timed.py", "docker", "compose", "-f", path, "up", "-d")


def _floor(ground: Ground, scenario: str, count: int) -> Mapping[str, Any]:
    words = {FIRST: ["first"], NOTHING: ["nothing"], CHANGED: ["changed", workload.names(count)[workload.CHANGED - 1]]}
    return ground.script("floor.py", *words[scenario], document=workload.create_bodies(count, _MODES[scenario]))


def _checked(printed: str, scenario: str) -> str:
    """Pass on what a playbook printed, if its recap says what the scenario is about."""
    changed = re.search(r"changed=(\d+)", printed)
    if changed is None or bool(int(changed.group(1))) != _IS_CHANGE[scenario]:
        raise BenchError(f"{scenario}: the recap says otherwise:\n{printed[-2000:]}")
    return printed
