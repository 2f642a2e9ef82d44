# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: what the runtime's process takes. ``python3 meters.py [SECONDS]`` prints it as JSON.

With SECONDS it looks on for so long, and tells of each slot of ``SLOT`` seconds the CPU seconds that the process
used in it. Reads the process's own clock, which is exact to the nanosecond and counts threads that are gone.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from calls import RUNTIME, ask_runtime  # type: ignore[import-not-found]  # lies beside this on the host

SLOT = 0.5
# What of the metrics is told: looks at the host, and applies.
_COUNTS = {"looks": "stowage_plan_duration_seconds_count", "applies": "stowage_apply_duration_seconds_count"}


def process() -> int:
    """The runtime's process."""
    return int(Path(f"{RUNTIME}/pid").read_text(encoding="ascii"))


def cpu_seconds(pid: int) -> float:
    """What the process has used so far, user and system."""
    return time.clock_gettime((~pid << 3) | 2)  # the clock's number, as clock_getcpuclockid(3) has it


def memory(pid: int) -> dict[str, int]:
    """Bytes that are in memory now, and that were at most."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = dict(re.findall(r"^(VmRSS|VmHWM|RssAnon):\s+(\d+) kB$", text, re.MULTILINE))
    names = {"resident_bytes": "VmRSS", "peak_bytes": "VmHWM", "anonymous_bytes": "RssAnon"}
    return {name: int(found[key]) * 1024 for name, key in names.items()}


def main() -> None:
    """Memory, after the slots if there are any; the questions come last, for they cost something themselves."""
    pid, told = process(), dict[str, Any]()
    if len(sys.argv) > 1:
        time.sleep(1.0)
        slots, before = [], cpu_seconds(pid)
        for _ in range(int(float(sys.argv[1]) / SLOT)):
            time.sleep(SLOT)
            now = cpu_seconds(pid)
            slots.append(now - before)
            before = now
        told = {"slot": SLOT, "slots": slots}
    told |= {"pid": pid, **memory(pid), "cpu_seconds": cpu_seconds(pid)}
    metrics = ask_runtime("/v1/metrics")
    for name, metric in _COUNTS.items():
        counts = re.findall(rf"^{metric} (\d+)", metrics, re.MULTILINE)
        told[name] = int(counts[0]) if counts else 0
    scopes = json.loads(ask_runtime("/v1/status"))["scopes"]
    told["states"] = {name: scope["state"] for name, scope in scopes.items()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
