# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: how long a removed container is away, and beside it what the engine takes to make one.

Usage: ``python3 repairs.py < DOCUMENT.json``: the ``names`` to remove in turn, and the body of the container that is
made ``beside`` each, on a network of its own. Prints JSON: of each the seconds between its steps. All moments but
the first of each are the engine's own, from its events.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import Any

from calls import Engine, create_and_start  # type: ignore[import-not-found]  # lies beside this on the host

NETWORK, BESIDE = "bench-beside", "bench-beside"
PATIENCE = 60.0  # seconds for a container to come back
# Between two of them it gets quiet: what the runtime does after a repair is not to meet the next measurement.
QUIET = 2.0

events: queue.Queue[dict[str, Any]] = queue.Queue()


def follow() -> None:
    """Note each event of containers."""
    for event in Engine().events(type=["container"]):
        events.put(event)


def moments(name: str, wanted: tuple[str, ...]) -> list[float]:
    """When these happened to a container of the name, in this order."""
    found: list[float] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < len(wanted):
        try:
            event = events.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            sys.exit(f"{name}: no {wanted[len(found)]} within {PATIENCE:g} s")
        if event["Action"] == wanted[len(found)] and event["Actor"]["Attributes"].get("name") == name:
            found.append(event["timeNano"] / 1e9)
    return found


def repair(engine: Engine, name: str) -> dict[str, float]:
    """Remove one, as ``docker rm -f`` does, and wait until another one runs in its place."""
    began = time.time()
    engine.call("DELETE", f"/containers/{name}?force=1")
    gone, created, started = moments(name, ("destroy", "create", "start"))
    return {"removed": gone - began, "created": created - gone, "started": started - created, "all": started - began}


def make(engine: Engine, body: dict[str, Any]) -> dict[str, float]:
    """Create and start one, and nothing else."""
    began = time.time()
    create_and_start(engine, BESIDE, body)
    created, started = moments(BESIDE, ("create", "start"))
    engine.call("DELETE", f"/containers/{BESIDE}?force=1")
    return {"created": created - began, "started": started - created, "all": started - began}


def main() -> None:
    """One after the other, in turn."""
    document, engine = json.load(sys.stdin), Engine()
    threading.Thread(target=follow, daemon=True).start()
    engine.call("POST", "/networks/create", {"Name": NETWORK})
    repairs, beside = [], []
    for name in document["names"]:
        time.sleep(QUIET)
        beside.append(make(engine, document["beside"]))
        time.sleep(QUIET)
        repairs.append(repair(engine, name))
    engine.call("DELETE", f"/networks/{NETWORK}")
    print(json.dumps({"repairs": repairs, "beside": beside}))


if __name__ == "__main__":
    main()
