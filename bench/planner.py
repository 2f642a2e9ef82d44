# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner alone: from a parsed manifest and a snapshot to the plan, in processes of their own.

Starts planning.py for each figure and keeps the best. Knows nothing of the planner.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = (100, 1000, 5000)
KINDS = {"empty": "nothing to change", "full": "first deploy", "changed": "all replaced"}
_ROOT = Path(__file__).resolve().parent.parent
_RUNS = 3


def measure(count: int, kind: str) -> dict[str, Any]:
    """Return seconds, parse_seconds, memory and operations: the best of some runs, each in a new process.

    The best, because a shared machine only ever adds time. planning_bytes is what planning allocates
    at its peak, beyond manifest and snapshot; process_bytes the peak of the process with everything in it.
    """
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'plugins' / 'module_utils'}"}
    command = [sys.executable, "-m", "bench.planning", str(count), kind]
    runs = [
        json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(_RUNS)
    ]
    command.append("memory")
    traced = json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    best: dict[str, Any] = min(runs, key=lambda run: float(run["seconds"]))
    return {**best, "planning_bytes": traced["planning_bytes"], "count": count, "kind": kind}
