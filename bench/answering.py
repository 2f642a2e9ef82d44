# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server to be crowded: ``python -m bench.answering FOLDER`` opens both sockets there until its input ends.

Needs the runtime on ``PYTHONPATH``. Answers as the runtime does to a question for its status: a document from
memory, rendered for each caller. Says on its output when it listens, and at the end what it took.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

from stowage.agent.server import Door, Server
from stowage.agent.wire import Call, Feed, Reply

CONTAINERS = 100
LARGE = 1 << 20


def main(folder: Path) -> None:
    """Serve until nobody holds the other end of the input."""
    status, feeds = _status(), list[Feed]()
    large = "x" * LARGE

    def answer(call: Call) -> Reply:
        if call.path == "/v1/events":
            feeds.append(Feed())
            return Reply(feed=feeds[-1])
        if call.path == "/v1/metrics":
            return Reply(text=large)
        return Reply(200, {**status, "asked": call.document})

    def tell() -> None:
        number = 0
        while not stopped.wait(0.1):
            number += 1
            event = {"number": number, "kind": "drift", "text": "a container is missing", "plan": ["+ web"] * 20}
            feeds[:] = [feed for feed in feeds if feed.push(event)]

    doors = (
        Door(str(folder / "read.sock"), 0o660, os.getegid()),
        Door(str(folder / "write.sock"), 0o600, os.getegid(), writes=True),
    )
    server, stopped = Server(doors, answer), threading.Event()
    server.start()
    teller = threading.Thread(target=tell)
    teller.start()
    print(json.dumps({"resident_bytes": _resident()}), flush=True)
    sys.stdin.read()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"peak_bytes": used.ru_maxrss * 1024, "cpu_seconds": used.ru_utime + used.ru_stime}), flush=True)
    stopped.set()
    teller.join()
    server.stop()


def _status() -> dict[str, Any]:
    objects = [
        {"kind": "container", "name": f"web{number:04}", "status": "running", "health": "healthy", "held": None}
        for number in range(CONTAINERS)
    ]
    return {"version": "1", "scopes": {"default": {"version": 3, "state": "as declared", "objects": objects}}}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
