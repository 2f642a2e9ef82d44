# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One figure of the planner: ``python -m bench.planning COUNT empty|full|changed [memory]`` prints it as JSON.

Needs the runtime on ``PYTHONPATH``. Seconds are of CPU: on one thread, the time that a machine without other
work takes. Knows how to make a snapshot of any size: one container's answers, recorded from an engine, under
other names.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from stowage.converge import Accounts
from stowage.manifest import parse_manifest
from stowage.observer import observe_host
from stowage.planner import plan_changes

from . import workload

_RECORDED = Path(__file__).parent / "recorded.json"


def _figure(count: int, kind: str, memory: bool) -> dict[str, Any]:
    document = {"version": 1, **workload.manifest(count)}
    began = time.process_time()
    parts = parse_manifest(document)
    parsed = time.process_time() - began
    specs = {container.name: container.spec for container in parts[0].desired.containers}
    if kind == "changed":
        parts = parse_manifest({"version": 1, **workload.manifest(count, "test", everywhere=True)})
    engine: Any = _Recorded({} if kind == "full" else specs)
    observed = observe_host(engine, parts[0].desired, Accounts(parts[0].desired).login)
    if memory:
        tracemalloc.start()
    began = time.process_time()
    plan = plan_changes(parts, observed)
    seconds = time.process_time() - began
    operations = len(plan.steps)
    if (kind == "empty") != (operations == 0):
        raise SystemExit(
            f"{kind} at {count}: the plan has {operations} operations: {plan.steps[0] if plan.steps else ''}"
        )
    return {
        "seconds": seconds,
        "parse_seconds": parsed,
        "operations": operations,
        "planning_bytes": tracemalloc.get_traced_memory()[1] if memory else 0,
        "process_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


class _Recorded:
    """Answers as the engine did, for as many containers as there are specs; only what the observer asks."""

    def __init__(self, specs: dict[str, str]) -> None:
        recorded = json.loads(_RECORDED.read_text(encoding="utf-8"))
        self._text = json.dumps([recorded["entry"], recorded["inspect"]])
        self._first = recorded["inspect"]["Id"]
        made = [self._make(number, name, spec) for number, (name, spec) in enumerate(specs.items(), 1)]
        self.api_version = (1, 45)
        self.containers = _Listing([entry for entry, _ in made], {inspect["Id"]: inspect for _, inspect in made})
        self.images = _Listing(recorded["images"], {recorded["image_inspect"]["Id"]: recorded["image_inspect"]})
        self.networks = _Listing(recorded["networks"] if specs else [], {})
        self.volumes = _Listing([], {})

    def _make(self, number: int, name: str, spec: str) -> Any:
        identity = f"{number:064x}"
        text = (
            self._text.replace("web0001", name).replace(self._first, identity).replace(self._first[:12], identity[:12])
        )
        text = text.replace(str(workload.port(1)), str(workload.port(number))).replace("WORKER=1", f"WORKER={number}")
        entry, inspect = json.loads(text)
        entry["Labels"]["io.stowage.spec"] = inspect["Config"]["Labels"]["io.stowage.spec"] = spec
        return entry, inspect


class _Listing:
    """One group of endpoints: list and inspect."""

    def __init__(self, listed: list[Any], inspected: dict[str, Any]) -> None:
        self._listed = listed
        self._inspected = inspected

    def list(self, **_options: object) -> list[Any]:
        """Return the recorded entries."""
        return self._listed

    def inspect(self, identity: str) -> Any:
        """Return one recorded answer."""
        return self._inspected[identity]


if __name__ == "__main__":
    print(json.dumps(_figure(int(sys.argv[1]), sys.argv[2], memory="memory" in sys.argv[3:])))
