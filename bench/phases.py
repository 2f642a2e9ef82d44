# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""This collection from the inside: the phases of one run on the host, and the parts of what is sent there.

Packs the runtime as the action plugins do. Knows nothing of the contestants.
"""

from __future__ import annotations

import importlib.util
import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

from . import workload
from .ground import FOLDER, BenchError, Ground

_PLUGINS = Path(__file__).resolve().parent.parent / "plugins" / "plugin_utils"


def measure_phases(ground: Ground, count: int, runs: int) -> list[dict[str, Any]]:
    """Deploy, and then time each phase of a run without changes: with the code the host kept, and without."""
    runtime = _zipapp().squeeze_runtime()
    with tempfile.NamedTemporaryFile() as file:
        file.write(runtime.content)
        file.flush()
        ground.host.put(file.name, f"{FOLDER}/sources")
    ground.host.put(_PLUGINS / "bootstrap.py", f"{FOLDER}/bootstrap.py")
    ground.wipe()
    ground.play(workload.host_playbook(count))
    manifest = workload.manifest(count)
    ground.script("phases.py", f"{FOLDER}/sources", "kept", "keep", document=manifest)
    figures = []
    for _ in range(runs):
        for code, digest in (("kept", "kept"), ("from source", "none")):
            answer = ground.script("phases.py", f"{FOLDER}/sources", digest, document=manifest)
            figures.append({"code": code, **answer})
    return figures


def measure_payload(count: int) -> dict[str, int]:
    """Return the bytes of each part of one request for ``host``, as they are sent."""
    zipapp = _zipapp()
    request = {"version": 1, "do": "converge", "manifest": {"version": 1, **workload.manifest(count)}}
    parts = {
        "bootstrap": len(zipapp.strip((_PLUGINS / "bootstrap.py").read_text(encoding="utf-8"))),
        "runtime": len(zipapp.squeeze_runtime().content),
        "request": len(zlib.compress(json.dumps(request).encode())),
    }
    return {**parts, "in all": sum(parts.values())}


def _zipapp() -> Any:
    """The packer, from its file: it needs nothing of Ansible."""
    spec = importlib.util.spec_from_file_location("zipapp", _PLUGINS / "zipapp.py")
    if spec is None or spec.loader is None:
        raise BenchError(f"{_PLUGINS}/zipapp.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
