# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies a manifest to an engine, and kills itself at a given Engine API call.

    python -m tests.integration.driver SOCKET MANIFEST [N before|after]

Prints the answer as JSON when it lives to the end. The N-th call that changes something counts; what only
reads leaves nothing half done. Knows nothing of what the manifest declares.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from stowage.converge import converge_host
from stowage.engine.client import Engine
from stowage.manifest import parse_manifest
from stowage.render import render_run


class Killer:
    """Ends this process with SIGKILL before or after its N-th changing call."""

    def __init__(self, number: int, phase: str) -> None:
        self._number, self._phase = number, phase
        self._lock = threading.Lock()
        self._counts = {"before": 0, "after": 0}

    def __call__(self, phase: str, method: str, path: str) -> None:
        del path
        if method == "GET":
            return
        with self._lock:
            self._counts[phase] += 1
            if phase == self._phase and self._counts[phase] == self._number:
                os.kill(os.getpid(), signal.SIGKILL)

    @property
    def count(self) -> int:
        return self._counts["before"]


def main(socket: str, manifest: str, number: str = "0", phase: str = "before") -> int:
    """Apply the manifest; the answer gains ``calls``, how many changing calls there were."""
    desired, policy = parse_manifest(json.loads(Path(manifest).read_text(encoding="utf-8")))
    killer = Killer(int(number), phase)
    with Engine.connect(f"unix://{socket}") as engine:
        engine.on_call = killer
        answer = render_run(converge_host(engine, desired, policy))
    print(json.dumps({**answer, "calls": killer.count}))
    return 1 if answer["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
