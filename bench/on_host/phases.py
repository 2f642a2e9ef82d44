# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host, in a process of its own: how long each phase of a run without changes takes there.

Usage: ``python3 phases.py RUNTIME.zip < MANIFEST.json``. Prints JSON: seconds by phase, Engine API
calls, peak memory. Does what the runtime's converge does, step by step, with a clock in between.
"""

from __future__ import annotations

import json
import resource
import sys
import time

sys.path[0] = sys.argv[1]
document = json.load(sys.stdin)
marks = [("start", time.perf_counter())]

# All that the bootstrap imports for a request.
from stowage import request  # noqa: E402  the import is what is measured
from stowage.converge import Accounts  # noqa: E402
from stowage.manifest import parse_manifest  # noqa: E402
from stowage.observer import observe_host  # noqa: E402
from stowage.planner import plan_changes  # noqa: E402

marks.append(("import", time.perf_counter()))
desired, policy = parse_manifest({"version": 1, **document})
marks.append(("parse", time.perf_counter()))

calls: list[str] = []
engine, _address = request.connect({})
engine.on_call = lambda phase, method, path: calls.append(f"{method} {path}") if phase == "before" else None
accounts = Accounts(desired)
observed = observe_host(engine, desired, accounts.login)
marks.append(("observe", time.perf_counter()))
plan = plan_changes(desired, observed, policy)
marks.append(("plan", time.perf_counter()))
engine.close()

seconds = {name: at - before for (name, at), (_, before) in zip(marks[1:], marks)}
inspects = sum(call.endswith("/json") and call.count("/") == 3 for call in calls)
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpu_seconds": time.process_time(),
            "operations": [str(step) for step in plan],
            "calls": len(calls),
            "inspects": inspects,
            "lists": sum(
                call.split("?")[0].endswith(("/containers/json", "/images/json", "/networks", "/volumes"))
                for call in calls
            ),
            "other_calls": len(calls) - inspects,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "files": sum(name.startswith("stowage") for name in sys.modules),
        }
    )
)
