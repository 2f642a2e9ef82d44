# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server behind the sockets: opens the doors, has requests answered, ends it all.

One thread does all input and output (traffic.py); a few workers parse bodies and call ``answer``, which returns a
Reply or raises. An answer that takes long must not keep a worker: it returns ``Reply(feed=Feed(single=True))`` at once
and pushes its one document from a thread of its own, whenever that is there; the caller sees no difference. A stream
is ``Reply(feed=Feed())`` likewise. Knows no route.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import List, Optional, Sequence, Tuple

from ..errors import BusyError, DeclarationError, EngineError, StowageError
from .connection import CLOSED, Connection
from .documents import render_document
from .doors import Door, OpenDoor
from .heads import JSON, render_answer, render_refusal
from .traffic import Traffic, report
from .wire import Answer, Feed, HttpProblem, Limits, Reply

__all__ = ["Door", "Server"]

WORKERS = 4
_PATIENCE = 2.0  # seconds for threads to end; what an answer waits for may take longer, and nobody waits for it
_STATUSES = (
    (DeclarationError, 400, "declaration"),
    (BusyError, 409, "busy"),
    (EngineError, 502, "engine"),
    (StowageError, 400, "refused"),
)


class Server:
    """Answers what comes by the doors, each at its path with its mode and group, from ``start`` to ``stop``."""

    def __init__(self, doors: Sequence[Door], answer: Answer, limits: Limits = Limits()) -> None:  # noqa: B008
        self._doors = doors
        self._answer = answer
        self._limits = limits
        self._jobs: queue.SimpleQueue[Optional[Connection]] = queue.SimpleQueue()
        self._traffic: Optional[Traffic] = None
        self._threads: List[threading.Thread] = []

    def start(self) -> None:
        """Open all doors, or none and raise StowageError."""
        self._traffic = traffic = Traffic(self._open(), self._limits, self._jobs.put)
        self._threads = [threading.Thread(target=traffic.run, name="sockets", daemon=True)]
        for number in range(WORKERS):
            worker = threading.Thread(target=self._work, args=(traffic,), name=f"answers-{number}", daemon=True)
            self._threads.append(worker)
        for thread in self._threads:
            thread.start()

    def _open(self) -> List[OpenDoor]:
        opened: List[OpenDoor] = []
        with contextlib.ExitStack() as undo:
            for door in self._doors:
                opened.append(OpenDoor(door, self._limits.clients))
                undo.callback(opened[-1].close)
            undo.pop_all()
        return opened

    def stop(self) -> None:
        """Close the doors, give answers under way a moment, and end."""
        if self._traffic is None:
            return
        self._traffic.end()
        self._traffic = None
        deadline = time.monotonic() + _PATIENCE
        sockets, *workers = self._threads
        sockets.join(_PATIENCE)
        for _worker in workers:
            self._jobs.put(None)
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def _work(self, traffic: Traffic) -> None:
        while True:
            connection = self._jobs.get()
            if connection is None:
                return
            if connection.phase != CLOSED:  # else whoever asked did not wait for its turn
                data, feed = self._outcome(connection)
                traffic.post(connection, data, feed)

    def _outcome(self, connection: Connection) -> Tuple[bytes, Optional[Feed]]:
        try:
            return _rendered(self._answer(connection.take_call()))
        except HttpProblem as problem:
            return render_refusal(problem), None
        except StowageError as error:
            status, code = next((status, code) for kind, status, code in _STATUSES if isinstance(error, kind))
            return render_refusal(HttpProblem(status, code, str(error))), None
        except Exception as error:  # noqa: BLE001  whoever asked must hear of it, and the next one be answered
            report(error)
            return render_refusal(HttpProblem(500, "internal", "the runtime failed at this; its log says more")), None


def _rendered(reply: Reply) -> Tuple[bytes, Optional[Feed]]:
    if reply.feed is not None:
        return b"", reply.feed
    if reply.text is not None:
        return render_answer(reply.status, reply.content_type, reply.text.encode("utf-8", "backslashreplace")), None
    return render_answer(reply.status, JSON, render_document(reply.document)), None
