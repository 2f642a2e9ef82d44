# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of the task ``stack``: how long it takes, and the request that comes of it.

Starts controlling.py, each time in a new process, as Ansible does for each task. Knows nothing of hosts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from .ground import BenchError
from .runtime import ROOT


def measure(folder: Path, runs: int) -> list[dict[str, Any]]:
    """Return, for each run, the seconds of each phase and the bytes of each part that is sent."""
    figures = [_figure(folder) for _ in range(runs + 1)][1:]  # the first may have packed the runtime
    return [{key: figure[key] for key in ("seconds", "bytes")} for figure in figures]


def request_of(folder: Path) -> Any:
    """Return what the task ``stack`` asks a host for, for the project in a folder."""
    return json.loads(_request_text(folder, (folder / "compose.yaml").read_text(encoding="utf-8")))


@cache
def _request_text(folder: Path, _content: str) -> str:
    return json.dumps(_figure(folder)["request"])


def _figure(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.controlling", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the controller's part failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout))
