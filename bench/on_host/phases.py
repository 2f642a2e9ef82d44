# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host, in a process of its own: how long each phase of a run without changes takes there.

Usage: ``python3 phases.py SOURCES DIGEST [keep] < MANIFEST.json``, beside the collection's bootstrap.py: with what
a parcel brings, and code kept under the digest where there is some; with ``keep``, keeps it afterwards. Prints
JSON: seconds by phase, Engine API calls, peak memory. Does what the runtime's converge does, step by step, with a
clock in between.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from bootstrap import Runtime  # type: ignore[import-not-found]  # lies beside this on the host

document = json.load(sys.stdin)
marks = [("start", time.perf_counter())]
with open(sys.argv[1], "rb") as file:  # noqa: PTH123  what pathlib costs is not to be measured
    runtime = Runtime(file.read(), sys.argv[2])
    sys.meta_path.insert(0, runtime)

# All that the bootstrap imports for a request.
from stowage import request  # noqa: E402, I001  the import is what is measured
from stowage.converge import Accounts, as_one  # noqa: E402
from stowage.manifest import parse_manifest  # noqa: E402
from stowage.observer import observe_host, observe_trees  # noqa: E402
from stowage.planner import plan_changes  # noqa: E402
from dataclasses import replace  # noqa: E402  first imported by the runtime, which pays for it

marks.append(("import", time.perf_counter()))
parts = parse_manifest({"version": 1, **document})
marks.append(("parse", time.perf_counter()))

calls: list[str] = []
engine, _address = request.connect({})
engine.on_call = lambda phase, method, path: calls.append(f"{method} {path}") if phase == "before" else None
desired = as_one(parts)
accounts = Accounts(desired)
trees = observe_trees([part.desired for part in parts])
observed = replace(observe_host(engine, desired, accounts.login), trees=trees)
marks.append(("observe", time.perf_counter()))
plan = plan_changes(parts, observed)
marks.append(("plan", time.perf_counter()))
engine.close()

seconds = {name: at - before for (name, at), (_, before) in zip(marks[1:], marks)}
figures = {
    "seconds": seconds,
    "cpu_seconds": time.process_time(),
    "operations": [str(step) for step in plan],
    "calls": calls,
    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "modules": sum(name.partition(".")[0] == "stowage" for name in sys.modules),
}
print(json.dumps(figures))
if sys.argv[3:] == ["keep"]:
    runtime.keep()
