# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role engine against apt alone: from an empty host to an engine that answers, and its run with nothing to do.

Each round takes two fresh hosts, one for each, in turns the other one first: no mirror is equally fast at all times.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests import hosts
from tests.hosts import Host

from .ground import BenchError
from .table import align, spread

FLAVOUR = "trixie-bare"
PACKAGES = "docker.io docker-cli apparmor ca-certificates"
_ALONE = (
    "export DEBIAN_FRONTEND=noninteractive; apt-get update -q &&"
    f" apt-get install -q -y --no-install-recommends {PACKAGES}"
)
_ROLE = {"ansible.builtin.import_role": {"name": "stowage.docker.engine"}}
Say = Callable[[str], None]
Targets = Iterator[tuple[str, float, float, str, int]]


def measure(rounds: int, say: Say) -> dict[str, Any]:
    """Install both ways on fresh hosts; seconds by what was done."""
    seconds: dict[str, list[float]] = {"apt": [], "role": [], "again": [], "facts": []}
    for number in range(rounds):
        ways = [("apt", _by_apt), ("role", _by_role)]
        for name, way in ways[:: 1 if number % 2 == 0 else -1]:
            say(f"an empty {FLAVOUR} host, round {number + 1} of {rounds}: {name}")
            with hosts.up(FLAVOUR) as host:
                host.run("true")
                for what, took in way(host).items():
                    seconds[what].append(took)
                    say(f"  {what}: {took:.1f} s")
    return {"flavour": FLAVOUR, "packages": PACKAGES, "seconds": seconds}


def _by_apt(host: Host) -> dict[str, float]:
    began = time.perf_counter()
    host.run(_ALONE, timeout=900)
    return {"apt": time.perf_counter() - began}


def _by_role(host: Host) -> dict[str, float]:
    """The role on an empty host and again; then facts alone and with the role, whose difference is the role's own."""
    first = _play(host, facts=False, tasks=[_ROLE])
    facts = _play(host, facts=True, tasks=[])
    again = _play(host, facts=True, tasks=[_ROLE])
    version = host.engine("GET", "/version")["Version"]
    if not version.startswith("26.1."):
        raise BenchError(f"the role was to install 26.1, and there is {version}")
    return {"role": first, "facts": facts, "again": again - facts}


def _play(host: Host, *, facts: bool, tasks: list[dict[str, Any]]) -> float:
    play = [{"hosts": "all", "become": True, "gather_facts": facts, "tasks": tasks}]
    with tempfile.TemporaryDirectory() as folder:
        inventory, playbook = Path(folder, "inventory.json"), Path(folder, "play.yml")
        inventory.write_text(json.dumps({"all": {"hosts": {host.name: host.inventory_vars()}}}), encoding="utf-8")
        playbook.write_text(yaml.safe_dump(play), encoding="utf-8")
        began = time.perf_counter()
        done = subprocess.run(
            ["ansible-playbook", "-i", str(inventory), str(playbook)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        took = time.perf_counter() - began
    if done.returncode:
        raise BenchError(f"a playbook failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return took


def targets_of(figures: Mapping[str, Any]) -> Targets:
    """The figures that targets are about: name, target, what was reached, unit, digits."""
    seconds = figures["seconds"]
    ratio = median(seconds["role"]) / median(seconds["apt"])
    yield "role engine: empty host to a running engine / apt alone", 1.2, ratio, "", 2
    yield "role engine: second run, beyond fact gathering", 5, median(seconds["again"]), " s", 1


def text_of(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    seconds = figures["seconds"]
    rows = [[f"an empty {figures['flavour']} host, seconds", "wall"]]
    rows.append([f"apt alone: update, install {figures['packages']}", spread(seconds["apt"], digits=1)])
    rows.append(["role engine, the whole playbook, until the engine answers", spread(seconds["role"], digits=1)])
    rows.append(["role engine, second run, beyond fact gathering", spread(seconds["again"], digits=1)])
    return align(rows)
