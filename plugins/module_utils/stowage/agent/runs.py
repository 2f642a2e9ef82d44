# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that somebody asked for and waits for: each in a thread of its own, with what it tells on the way.

Knows events, results and who may come back for them later. What the work is, the handlers say.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional

from ..converge import Listener
from ..errors import StowageError
from ..model.operations import Operation
from ..model.plan import Plan

Document = Dict[str, Any]
Work = Callable[[Listener], Document]
Push = Callable[[Document], bool]

MOST_EVENTS = 5000  # of one run; what the engine says within a step is left out first
KEPT_RUNS, KEPT_SECONDS = 8, 600.0  # of runs that ended, for those who come back for them
DETAIL_PAUSE = 0.5  # seconds between two details of one step that are told


class Run:
    """One piece of work. Events are numbered from 1; ``answer`` is None until it has ended."""

    def __init__(self, push: Optional[Push] = None) -> None:
        self.id = os.urandom(8).hex()
        self.answer: Optional[Document] = None
        self.ended_at = 0.0
        self._push = push
        self._events: List[Document] = []
        self._changed = threading.Condition()
        self._steps: Dict[int, Operation] = {}
        self._told: Dict[str, float] = {}

    @property
    def listener(self) -> Listener:
        """Hears of the work's progress."""
        return Listener(self._planned, self._progress, self._detail)

    def end(self, answer: Document) -> None:
        """The result is there."""
        with self._changed:
            self.answer, self.ended_at = answer, time.monotonic()
            self._changed.notify_all()
        if self._push is not None:
            self._push({"event": "result", "answer": answer})

    def wait(self, after: int, seconds: float) -> Document:
        """The answer; or the events beyond number ``after``, as soon as there are any or the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.answer is None and len(self._events) <= after:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            events = self._events[after:]
            told: Document = {"run": self.id, "next": after + len(events), "events": events}
            return told if self.answer is None else {**told, "answer": self.answer}

    def _planned(self, plan: Plan) -> None:
        self._steps = {step.number: step.operation for step in plan}
        operations = [
            {"number": step.number, "operation": step.operation.kind, "target": step.operation.target} for step in plan
        ]
        self._tell({"event": "plan", "operations": operations})

    def _progress(self, event: Mapping[str, Any]) -> None:
        operation = self._steps.get(event["step"])
        about = {"operation": operation.kind, "target": operation.target} if operation else {}
        self._tell({**event, **about})

    def _detail(self, operation: Operation, event: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if now - self._told.get(operation.target, 0.0) < DETAIL_PAUSE or len(self._events) > MOST_EVENTS:
            return
        self._told[operation.target] = now
        words = [str(event.get(key) or "") for key in ("id", "status", "progress", "stream")]
        text = " ".join(word.strip() for word in words if word.strip())
        if text:
            self._tell({"event": "detail", "operation": operation.kind, "target": operation.target, "text": text})

    def _tell(self, event: Document) -> None:
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()
        if self._push is not None and not self._push(event):
            self._push = None  # whoever listened is gone; the work goes on


class Runs:
    """The runs going on, and those that ended not long ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: Dict[str, Run] = {}
        self._going = 0

    def start(self, work: Work, push: Optional[Push] = None) -> Run:
        """Begin work in a thread of its own. It must not raise; what it does raise becomes a failed answer.

        One whose events are pushed to somebody is not remembered: nobody has to come back for it.
        """
        run = Run(push)
        with self._lock:
            self._forget()
            self._going += 1
            if push is None:
                self._runs[run.id] = run
        threading.Thread(target=self._carry_out, args=(run, work), name=f"run-{run.id}", daemon=True).start()
        return run

    def forget(self, run: Run) -> None:
        """Its answer was handed over: nobody comes back for it."""
        with self._lock:
            self._runs.pop(run.id, None)

    def get(self, identity: str) -> Optional[Run]:
        """A run by its id, while it is remembered."""
        with self._lock:
            return self._runs.get(identity)

    def busy(self) -> int:
        """How many are going on."""
        with self._lock:
            return self._going

    def _forget(self) -> None:
        ended = sorted((run.ended_at, run.id) for run in self._runs.values() if run.answer is not None)
        old = time.monotonic() - KEPT_SECONDS
        surplus = len(ended) - KEPT_RUNS
        for index, (ended_at, identity) in enumerate(ended):
            if index < surplus or ended_at < old:
                del self._runs[identity]

    def _carry_out(self, run: Run, work: Work) -> None:
        try:
            answer = work(run.listener)
        except StowageError as error:
            answer = {"changed": False, "failed": True, "msg": str(error)}
        except Exception as error:  # noqa: BLE001  whoever waits must hear of it
            text = f"the runtime failed: {type(error).__name__}: {error}"
            answer = {"changed": False, "failed": True, "msg": text}
        with self._lock:
            self._going -= 1
        run.end(answer)
