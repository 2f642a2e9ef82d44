# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What isolation costs: containers under runc, crun and gVisor on one host in one run, as ratios to runc.

Knows what the host needs for it and how the figures are told; how they are taken is on_host's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from . import workload
from .ground import Ground
from .table import align, spread

Say = Callable[[str], None]
BASE = "runc"
RUNTIMES = (BASE, "crun", "runsc")
ROUNDS = 12
# Enough to take much longer than a start, for each in its own pace.
CALLS = {BASE: 2_000_000, "crun": 2_000_000, "runsc": 100_000}
# gVisor of August 2024 and before does not start with a network stack of its own on kernels from 6.11 on.
_SETTINGS = {
    "runtimes": {
        "crun": {"path": "/usr/bin/crun"},
        "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--network=none"]},
    }
}
_INSTALL = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get update -q &&"
    " apt-get install -q -y --no-install-recommends crun runsc"
)
_VERSIONS = "runc --version | head -n1; crun --version | head -n1; runsc --version | head -n1"
_KINDS = {
    "start_seconds": ("from create to the end of `true`, ms", 1000.0, 0),
    "start_cpu_seconds": ("the same, CPU of the host with its engine, ms", 1000.0, 0),
    "memory_bytes": ("memory at rest, shim and sandbox included, MB", 1e-6, 1),
    "call_seconds": ("a system call, us", 1e6, 2),
}


def measure(ground: Ground, say: Say) -> dict[str, Any]:
    """Return all samples."""
    say(f"host {ground.host.name}: installing runtimes")
    ground.host.run(_INSTALL)
    ground.host.run(f"mkdir -p /etc/docker && echo '{json.dumps(_SETTINGS)}' >/etc/docker/daemon.json")
    ground.host.run("systemctl restart docker")
    ground.host.wait_for_engine()
    say(f"isolation: {ROUNDS} rounds of {', '.join(RUNTIMES)}")
    document = {"runtimes": RUNTIMES, "image": workload.IMAGE, "rounds": ROUNDS, "calls": CALLS}
    try:
        taken = ground.script("isolation.py", document=document, timeout=1800)
    finally:
        ground.host.run("rm /etc/docker/daemon.json && systemctl restart docker")
        ground.host.wait_for_engine()
    return {**taken, "versions": ground.host.run(_VERSIONS).stdout.split("\n")[:3]}


def ratios(samples: Sequence[Mapping[str, Any]], runtime: str, kind: str) -> list[float]:
    """Return a runtime's figure of each round as a multiple of runc's in the same round."""
    rounds: dict[int, dict[str, float]] = {}
    for sample in samples:
        rounds.setdefault(sample["round"], {})[sample["runtime"]] = sample[kind]
    return [each[runtime] / each[BASE] for each in rounds.values() if each[BASE]]


def text_of(measured: Mapping[str, Any]) -> str:
    """Return the figures as text."""
    samples = measured["samples"]
    return "\n\n".join([*(_table(samples, kind) for kind in _KINDS), "; ".join(measured["versions"])])


def _table(samples: Sequence[Mapping[str, Any]], kind: str) -> str:
    return align(_rows(samples, kind))


def _rows(samples: Sequence[Mapping[str, Any]], kind: str) -> Iterator[list[str]]:
    name, unit, digits = _KINDS[kind]
    yield [name, "median (least-most)", f"/ {BASE}, median"]
    for runtime in RUNTIMES:
        own = [sample[kind] for sample in samples if sample["runtime"] == runtime]
        if own:
            yield [runtime, spread(own, unit, digits), f"{median(ratios(samples, runtime, kind)):.2f}"]
