# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host: the least that the Engine API needs for each scenario, over 4 connections.

Usage: ``python3 floor.py SCENARIO [NAME] < BODIES.json``: create bodies by container name, and the name of the
one that changed. Prints as JSON the seconds that the calls took, without the interpreter's start. No checks,
no waiting: a floor, not a tool.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from calls import Engine, create_and_start  # type: ignore[import-not-found]  # lies beside this on the host

CONNECTIONS = 4
NETWORK = "bench"


def side_by_side(work: Callable[[Engine, Any], object], items: Sequence[Any]) -> None:
    """Do the work for each item on as many threads as there are connections."""
    waiting = list(reversed(items))

    def run() -> None:
        engine = Engine()
        while True:
            try:
                item = waiting.pop()
            except IndexError:
                return
            work(engine, item)

    threads = [threading.Thread(target=run) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def create(engine: Engine, item: tuple[str, object]) -> None:
    """Create and start one: its name and body."""
    create_and_start(engine, *item)


def first(bodies: dict[str, object]) -> None:
    """Make the network, create and start all."""
    Engine().call("POST", "/networks/create", {"Name": NETWORK})
    side_by_side(create, list(bodies.items()))


def nothing(_bodies: dict[str, object]) -> None:
    """List, and inspect each."""
    listed = Engine().call("GET", "/containers/json?all=1")
    side_by_side(lambda engine, entry: engine.call("GET", f"/containers/{entry['Id']}/json"), listed)


def changed(bodies: dict[str, object]) -> None:
    """Look, then stop, remove, create and start the one that changed."""
    nothing(bodies)
    engine, name = Engine(), sys.argv[2]
    engine.call("POST", f"/containers/{name}/stop")
    engine.call("DELETE", f"/containers/{name}?v=1")
    create(engine, (name, bodies[name]))


def wipe(_bodies: dict[str, object]) -> None:
    """Remove all containers and the network: between two contestants, not measured."""
    listed = Engine().call("GET", "/containers/json?all=1")
    side_by_side(lambda engine, entry: engine.call("DELETE", f"/containers/{entry['Id']}?force=1&v=1"), listed)
    Engine().call("POST", "/networks/prune")


document = json.load(sys.stdin)
scenario = {"first": first, "nothing": nothing, "changed": changed, "wipe": wipe}[sys.argv[1]]
began = time.perf_counter()
scenario(document)
print(json.dumps({"seconds": time.perf_counter() - began}))
