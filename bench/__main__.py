# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m bench``, from an environment with requirements/bench.txt (``make bench`` makes one).

Starts a test host, lets everybody run on it, prints the figures and removes the host. The exit status
says whether the figures could be had, not whether they please.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import hosts

from . import ground, planner, report, workload
from .contestants import contestants
from .phases import measure_payload, measure_phases
from .rounds import Measured, run_rounds

FLAVOUR = "trixie"


def main() -> int:
    """Measure what was asked for and print it."""
    options = _options()
    measured, phases, payload = Measured(), [], {}
    began = time.monotonic()
    if not options.planner_only:
        with _host(options.host) as host, tempfile.TemporaryDirectory() as folder:
            _say(f"host {host.name}: installing what the peers need")
            ground.prepare(host, Path(folder))
            place = ground.Ground(host, Path(folder))
            everybody = [entry for entry in contestants() if not options.only or options.only in entry.name]
            try:
                measured = run_rounds(place, everybody, options.containers, options.rounds, _say)
                if not options.only:
                    _say("phases of a run, on the host")
                    phases = measure_phases(place, options.containers, runs=5)
                    payload = measure_payload(options.containers)
            finally:
                place.wipe()
    figures: list[dict[str, Any]] = []
    if not options.only:
        for kind in planner.KINDS:
            for count in planner.SIZES:
                _say(f"planner alone: {planner.KINDS[kind]}, {count} containers")
                figures.append(planner.measure(count, kind))
    about = {
        "containers": options.containers,
        "rounds": options.rounds,
        "flavour": FLAVOUR,
        "python": platform.python_version(),
        "seconds": round(time.monotonic() - began),
    }
    result = report.document_of(measured, figures, phases, payload, about)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(report.text_of(result))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against the peers and the floors.")
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds (default: 3)")
    parser.add_argument("--containers", type=int, default=30, help="how many are deployed (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to this file")
    parser.add_argument("--only", metavar="TEXT", help="only contestants whose name has this in it")
    parser.add_argument("--planner-only", action="store_true", help="no host: the planner alone")
    parser.add_argument("--host", metavar="NAME", help="use this running test host and leave it running")
    options = parser.parse_args()
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
