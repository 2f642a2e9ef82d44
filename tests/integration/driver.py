# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies a manifest to an engine in a process of its own, which dies at a given Engine API call.

The N-th call that changes something counts; what only reads leaves nothing half done. Knows nothing of
what the manifest declares.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from stowage.converge import converge_host
from stowage.engine.client import Engine
from stowage.manifest import parse_manifest
from stowage.render import render_run

PHASES = ("before", "after")


class Killer:
    """Ends this process with SIGKILL before or after its N-th changing call; 0: never."""

    def __init__(self, number: int, phase: str) -> None:
        self._number, self._phase = number, phase
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(PHASES, 0)

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


def apply(socket: str, manifest: Mapping[str, Any], number: int = 0, phase: str = "before") -> dict[str, Any] | None:
    """Apply the manifest and return the answer, with ``calls``, how many changing calls there were.

    None when the process was killed. A fork, because a start of Python costs more than the run.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as file:
            file.write(json.dumps(_answer(socket, manifest, Killer(number, phase))))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return None
    return dict(json.loads(text))


def _answer(socket: str, manifest: Mapping[str, Any], killer: Killer) -> dict[str, Any]:
    try:
        parts = parse_manifest(manifest)
        with Engine.connect(f"unix://{socket}") as engine:
            engine.on_call = killer
            return {**render_run(converge_host(engine, parts)), "calls": killer.count}
    except Exception:  # noqa: BLE001  the parent tells
        return {"failed": True, "msg": traceback.format_exc(), "calls": killer.count}
