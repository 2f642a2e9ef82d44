# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime on a host, put there by its role: how soon it repairs, what it takes, and playbooks through it.

Knows what is measured in which order, and what each sample says. How moments and meters are read is on_host's.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from . import workload
from .contestants import ping
from .ground import BenchError, Ground

Say = Callable[[str], None]
REPAIRS = 25  # of a third of a minute each: what is measured beside it, and quiet in between
PAIRS = 10
MANY = 100  # containers that memory and CPU are told for
RESYNC, USUAL_RESYNC = 60, 300  # seconds: where CPU is measured, and what a host has unless told otherwise
SETTLED = 15.0  # seconds after the last change until nothing happens any more
LOOK = 0.005  # CPU seconds of a slot in which the runtime looked at the host, rather than just being there
NETWORK = "bench-beside"
NOTHING = "with nothing declared"


@contextlib.contextmanager
def deployed(ground: Ground, resync: int = USUAL_RESYNC) -> Iterator[None]:
    """Have an empty host with the runtime on it, and neither of its containers nor of its store anything left."""
    ground.wipe()
    ground.play(workload.runtime_playbook(resync=resync))
    try:
        yield
    finally:
        ground.play(workload.runtime_playbook(state="absent", purge=True))
        ground.wipe()


def measure(ground: Ground, count: int, say: Say) -> dict[str, Any]:
    """Return all samples. ``count`` containers are repaired and declared again; memory and CPU are of MANY."""
    with deployed(ground):
        say(f"runtime: {PAIRS} pairs of playbooks, {count} containers, nothing to change")
        ground.play(workload.host_playbook(count))
        pairs = measure_pairs(ground, count)
        say(f"runtime: {REPAIRS} removed containers")
        repaired = measure_repairs(ground, count, REPAIRS)
    with deployed(ground, RESYNC):
        return {"pairs": pairs, **repaired, **measure_process(ground, say)}


def measure_pairs(ground: Ground, count: int) -> list[dict[str, float]]:
    """The playbook that changes nothing and the ping playbook, either of them first in turn."""
    before = meters(ground)["applies"]
    runs = {"ping": partial(ping, ground), "host": partial(_unchanged, ground, count)}
    pairs = []
    for number in range(PAIRS):
        order = list(runs) if number % 2 else list(reversed(runs))
        pairs.append({name: ground.measure(runs[name]).wall for name in order})
    went_through = meters(ground)["applies"] - before
    if went_through != PAIRS:
        raise BenchError(f"{went_through} of {PAIRS} playbooks went through the runtime")
    return pairs


def _unchanged(ground: Ground, count: int) -> str:
    printed = ground.play(workload.host_playbook(count))
    if not re.search(r"changed=0\b", printed):
        raise BenchError(f"there was something to change:\n{printed[-2000:]}")
    return printed


def measure_repairs(ground: Ground, count: int, repairs: int) -> dict[str, Any]:
    """Remove containers at random, each at most once: one that goes twice in ten seconds is held back for a while."""
    names = random.sample(workload.names(count), min(repairs, count))
    return ground.script("repairs.py", document={"names": names, "beside": workload.beside(NETWORK)})


def measure_process(ground: Ground, say: Say) -> dict[str, Any]:
    """Memory of a new process after each of its tasks, and its CPU while nothing happens."""
    memory = {NOTHING: meters(ground)}
    say(f"runtime: {MANY} containers")
    ground.play(workload.host_playbook(MANY))
    memory[f"after the deploy of {MANY} containers"] = meters(ground, SETTLED)
    say("runtime: 20 removed containers")
    measure_repairs(ground, MANY, 20)
    say(f"runtime: {2 * RESYNC} seconds in which nothing happens")
    memory["after 20 repairs"] = repaired = meters(ground, SETTLED)
    idle = meters(ground, 2 * RESYNC)
    looks = idle["looks"] - repaired["looks"]
    if idle["states"] != {"bench": "as declared"} or not looks:
        raise BenchError(f"the runtime did not look at an idle host: {looks} looks, {idle['states']}")
    memory[f"after {looks} looks more"] = idle
    return {"memory": memory, "idle": {**idle_of(idle["slots"], idle["slot"], RESYNC, looks), "looks": looks}}


def meters(ground: Ground, seconds: float = 0.0) -> dict[str, Any]:
    """What the runtime's process takes, after so many seconds of looking on."""
    return ground.script("meters.py", *([str(seconds)] if seconds else []))


def idle_of(slots: Sequence[float], slot: float, resync: float, looks: int) -> dict[str, float]:
    """CPU seconds of an idle minute without looks, those of what each ``resync`` brings, and the share of a core.

    ``slots`` are the CPU seconds of slots of ``slot`` seconds. Each look is in one of them, or in two: so many of those
    with more than LOOK in them are not counted as idle, and no more.
    """
    ordered = sorted(slots, reverse=True)
    looking = sum(used >= LOOK for used in ordered[: 2 * looks])
    minute = sum(ordered[looking:]) / ((len(slots) - looking) * slot) * 60
    look = sum(ordered[:looking]) / (len(slots) * slot / resync)
    share = minute / 60 + look / USUAL_RESYNC
    return {"seconds": len(slots) * slot, "minute_seconds": minute, "resync_seconds": look, "core_share": share}


def beyond(measured: Mapping[str, Any]) -> float:
    """How much longer a container is away than it takes to make one, by the medians."""
    away, made = (median(float(each["all"]) for each in measured[kind]) for kind in ("repairs", "beside"))
    return away - made


def ratios(pairs: Sequence[Mapping[str, float]]) -> list[float]:
    """Each playbook as a multiple of the ping it was run beside."""
    return [pair["host"] / pair["ping"] for pair in pairs]
