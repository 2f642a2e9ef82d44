# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the contestants take turns, round by round, so that noise of the machine hits all alike.

Knows the order of runs and keeps their samples. Knows nothing of how they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from . import workload
from .contestants import FIRST, NOTHING, PING, Contestant, ping
from .ground import BenchError, Ground, Sample, kinds_of

Key = tuple[str, str]  # contestant, scenario
Say = Callable[[str], None]


@dataclass
class Measured:
    """All samples, and how many Engine API calls of each kind one run made.

    ``pings`` holds, for each sample of a playbook, the seconds of the ping playbook right before it: on a busy
    machine the two differ less than runs that are minutes apart.
    """

    samples: dict[Key, list[Sample]] = field(default_factory=dict)
    pings: dict[Key, list[float]] = field(default_factory=dict)
    calls: dict[Key, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """How much is measured: how often, of how many containers, and what."""

    rounds: int
    containers: int
    scenarios: Collection[str]


def run_rounds(ground: Ground, everybody: Sequence[Contestant], wanted: Wanted, say: Say, measured: Measured) -> None:
    """One round that counts calls and warms up, then the rounds whose samples go into ``measured``."""
    say("round 0 of calls: counting Engine API calls, not measured")
    for contestant in everybody:
        say(f"  {contestant.name}")
        _count_calls(ground, contestant, wanted, measured)
    for number in range(1, wanted.rounds + 1):
        for contestant in everybody:
            say(f"round {number} of {wanted.rounds}: {contestant.name}")
            _take_turn(ground, contestant, wanted, measured)


def _take_turn(ground: Ground, contestant: Contestant, wanted: Wanted, measured: Measured) -> None:
    ground.wipe()
    for scenario, counts in _scenarios(contestant, wanted):
        run = partial(contestant.run, ground, scenario, wanted.containers)
        if not counts:
            run()
        for _ in range((contestant.repeats if scenario == NOTHING else 1) * counts):
            before = ground.measure(partial(ping, ground)) if contestant.playbook else None
            sample = ground.measure(run)
            # Kept together: a run that fails leaves no ping without a sample.
            measured.samples.setdefault((contestant.name, scenario), []).append(sample)
            if before:
                measured.samples.setdefault((PING, NOTHING), []).append(before)
                measured.pings.setdefault((contestant.name, scenario), []).append(before.wall)
        if scenario == FIRST:
            _check_all_run(ground, contestant, wanted.containers)


def _count_calls(ground: Ground, contestant: Contestant, wanted: Wanted, measured: Measured) -> None:
    ground.wipe()
    for scenario, counts in _scenarios(contestant, wanted):
        run = partial(contestant.run, ground, scenario, wanted.containers)
        if counts:
            measured.calls[contestant.name, scenario] = kinds_of(ground.count_calls(run))
        else:
            run()


def _scenarios(contestant: Contestant, wanted: Wanted) -> Iterator[tuple[str, bool]]:
    """What the contestant runs, in order, and whether that counts: some are there only for what follows them."""
    last = max((number for number, name in enumerate(contestant.scenarios) if name in wanted.scenarios), default=-1)
    for scenario in contestant.scenarios[: last + 1]:
        if scenario in wanted.scenarios or scenario != NOTHING:
            yield scenario, scenario in wanted.scenarios


def _check_all_run(ground: Ground, contestant: Contestant, count: int) -> None:
    """A contestant that leaves something out is fast, and not measured."""
    listed = ground.host.engine("GET", "/containers/json")
    running = {name.lstrip("/") for entry in listed for name in entry["Names"]}
    missing = set(workload.names(count)) - running
    if missing:
        raise BenchError(f"{contestant.name} left out {', '.join(sorted(missing))}")
