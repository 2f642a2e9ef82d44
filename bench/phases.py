# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""This collection from the inside: the phases of one run on the host, and the parts of what is sent there.

Knows the host's half of ``host`` and of ``stack``. Knows nothing of the contestants.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from . import controller, workload
from .ground import FOLDER, Ground
from .runtime import BOOTSTRAP, squeezed, zipapp


def measure_phases(ground: Ground, count: int, runs: int) -> list[dict[str, Any]]:
    """Deploy, and then time each phase of a run without changes: with the code the host kept, and without."""
    folder = ground.project(workload.compose_text(count))
    ways = {
        "host": (workload.host_playbook(count), workload.manifest(count)),
        "stack": (workload.stack_playbook(folder), controller.request_of(folder)["manifest"]),
    }
    figures = []
    for module, (playbook, manifest) in ways.items():
        ground.wipe()
        ground.play(playbook)
        ground.script("phases.py", f"{FOLDER}/sources", squeezed().digest, "keep", document=manifest)
        for _ in range(runs):
            for code, digest in (("kept", squeezed().digest), ("from source", "none")):
                answer = ground.script("phases.py", f"{FOLDER}/sources", digest, document=manifest)
                figures.append({"module": module, "code": code, **answer})
    return figures


def measure_payload(count: int) -> dict[str, int]:
    """Return the bytes of each part of one request for ``host``, as they are sent."""
    request = {"version": 1, "do": "converge", "manifest": {"version": 1, **workload.manifest(count)}}
    parts = {
        "bootstrap": len(zipapp().strip(BOOTSTRAP.read_text(encoding="utf-8"))),
        "runtime": len(squeezed().content),
        "request": len(zlib.compress(json.dumps(request).encode())),
    }
    return {**parts, "in all": sum(parts.values())}
