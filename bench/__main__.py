# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m bench``, from an environment with requirements/bench.txt (``make bench`` makes one).

Starts a test host, lets everybody run on it, prints the figures and removes the host. The exit status
says whether the figures could be had, not whether they please.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import hosts

from . import controller, ground, isolation, loading, planner, provision, report, resident, soaking, sockets, workload
from .contestants import SCENARIOS, contestants
from .phases import measure_payload, measure_phases
from .report import Result
from .rounds import Wanted, run_rounds

FLAVOUR = "trixie"
PARTS = ("planner", "loading", "sockets", "phases", "peers", "runtime", "isolation", "provision", "soak")
PLANNER, LOADING, SOCKETS, PHASES, PEERS, RUNTIME, ISOLATION, PROVISION, SOAK = PARTS
ON_HOST = {PHASES, PEERS, RUNTIME, ISOLATION, SOAK}
# Seconds of a mirror say little of the rest; and a soak takes long.
USUAL = [part for part in PARTS if part not in {PROVISION, SOAK}]


def main() -> int:
    """Measure what was asked for and print it."""
    options = _options()
    about = {
        "containers": options.containers,
        "rounds": options.rounds,
        "flavour": FLAVOUR,
        "python": platform.python_version(),
    }
    result = Result(about)
    if PLANNER in options.part:
        result.planner = _measure_planner()
    if LOADING in options.part:
        _say(f"loading a compose file of {loading.COUNT:,} services")
        result.loading = loading.measure()
    if SOCKETS in options.part:
        _say(f"sockets: {sockets.READERS} readers beside {sockets.SLOW} slow callers")
        result.sockets = sockets.measure()
    if PROVISION in options.part:
        result.provision = provision.measure(options.rounds, _say)
    if not ON_HOST & set(options.part):
        return _tell(result, options.json)
    with _host(options.host) as host, tempfile.TemporaryDirectory() as folder:
        ground.prepare(host, Path(folder))
        place = ground.Ground(host, Path(folder))
        try:
            _measure_on_host(place, options, result)
        finally:  # rounds take minutes: what was measured is told, even if the last one failed
            _tell(result, options.json)
            place.wipe()
    return 0


def _measure_on_host(place: ground.Ground, options: argparse.Namespace, result: Result) -> None:
    """Those without a runtime first: it would take part in what the others do."""
    if {PHASES, PEERS} & set(options.part):
        _say(f"host {place.host.name}: installing what the peers need")
        ground.prepare_for_peers(place.host)
    if PHASES in options.part:
        _say("phases of a run, on the host and on the controller")
        result.phases = measure_phases(place, options.containers, runs=5)
        result.payload = measure_payload(options.containers)
        result.controller = controller.measure(place.project(workload.compose_text(options.containers)), runs=5)
    if PEERS in options.part:
        everybody = [entry for entry in contestants() if any(text in entry.name for text in options.only)]
        wanted = Wanted(options.rounds, options.containers, options.scenario)
        run_rounds(place, everybody, wanted, _say, result.measured)
    if RUNTIME in options.part:
        result.runtime = resident.measure(place, options.containers, _say)
    if ISOLATION in options.part:
        result.isolation = isolation.measure(place, _say)
    if SOAK in options.part:
        result.soak = soaking.measure(place, options.minutes, options.seed, _say)


def _measure_planner() -> list[dict[str, Any]]:
    figures = []
    for kind, count in itertools.product(planner.KINDS, planner.SIZES):
        _say(f"planner alone: {planner.KINDS[kind]}, {count:,} containers")
        figures.append(planner.measure(count, kind))
    return figures


def _tell(result: Result, path: Path | None) -> int:
    document = result.document()
    if path:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(report.text_of(document))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against the peers and the floors.")
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default: 3)")
    parser.add_argument("--containers", type=int, default=30, help="how many are deployed (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to this file")
    parser.add_argument(
        "--part",
        action="append",
        choices=PARTS,
        help="only this; may be repeated. Planner, loading, sockets: no host; provision, soak: only where named",
    )
    parser.add_argument("--minutes", type=float, default=soaking.MINUTES, help="of the soak (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the soak, to have the same once more")
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="of the peers only those with this in the name; may be repeated"
    )
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="of the peers only this; may be repeated"
    )
    parser.add_argument("--host", metavar="NAME", help="use this running test host and leave it running")
    options = parser.parse_args()
    options.part = options.part or ([PEERS] if options.only or options.scenario else USUAL)
    options.only = options.only or [""]
    options.scenario = options.scenario or SCENARIOS
    if options.containers < workload.CHANGED:
        parser.error(f"at least {workload.CHANGED} containers: that one is changed")
    return options


@contextlib.contextmanager
def _host(name: str | None) -> Iterator[hosts.Host]:
    if name:
        yield hosts.get(name)
        return
    with hosts.up(FLAVOUR) as host:
        yield host


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
