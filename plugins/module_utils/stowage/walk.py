# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks a plan: starts each step as soon as what it comes after has ended, a few side by side.

Steps that only wait have threads of their own: a container that takes its time must not keep others
from being started. Knows order, outcomes and rollbacks. What an operation does is the ``perform`` it is given.
"""

from __future__ import annotations

import threading
import time
from heapq import heappop, heappush
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set

from .errors import StowageError
from .model.operations import Operation
from .model.plan import Plan, Rollback, Step
from .model.report import DONE, FAILED, SKIPPED, Failure, Outcome, Report

Perform = Callable[[Operation], str]
# Called for each change: {"step", "event": "started" | "done" | "failed" | "skipped" | "undone", "text"}.
Progress = Callable[[Mapping[str, Any]], None]
Explain = Callable[[Operation], Sequence[str]]


WAITERS = 32  # at most; waiting costs the engine no more than a look now and then


class Walk:
    """One plan being carried out: ``workers`` operations that change something at a time."""

    def __init__(
        self,
        plan: Plan,
        perform: Perform,
        explain: Explain,
        progress: Progress,
        redact: Callable[[str], str],
        workers: int,
    ) -> None:
        self._plan = plan
        self._perform = perform
        self._explain = explain
        self._progress = progress
        self._redact = redact
        self._workers = workers
        self._steps = {step.number: step for step in plan}
        self._outcomes: Dict[int, Outcome] = {}
        self._failures: List[Failure] = []
        self._dependents: Dict[int, List[int]] = {}
        self._open: Dict[int, int] = {}
        # Numbers of the steps that can begin, those that only wait apart; heaps, for the plan's order.
        self._ready: Dict[bool, List[int]] = {False: [], True: []}
        self._running: Set[int] = set()
        # The number of a step -> which of the plan's rollbacks it belongs to.
        self._guards: Dict[int, List[int]] = {}
        self._tripped: Set[int] = set()
        self._changed = threading.Condition()

    def run(self) -> Report:
        """Carry the plan out. Failures end up in the report, never as an exception."""
        began = time.monotonic()
        for step in self._plan:
            earlier = {*step.after, *step.settled}
            self._open[step.number] = len(earlier)
            for number in earlier:
                self._dependents.setdefault(number, []).append(step.number)
        for index, rollback in enumerate(self._plan.rollbacks):
            for number in rollback.guards:
                self._guards.setdefault(number, []).append(index)
        for step in self._plan:
            if not self._open[step.number]:
                self._ready[step.operation.waits].append(step.number)
        waiting = sum(step.operation.waits for step in self._plan)
        kinds = [False] * min(self._workers, len(self._steps) - waiting) + [True] * min(WAITERS, waiting)
        threads = [threading.Thread(target=self._work, args=(waits,), daemon=True) for waits in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes = tuple(self._outcomes[step.number] for step in self._plan)
        failures = tuple(sorted(self._failures, key=lambda failure: failure.step.number))
        return Report(self._plan, outcomes, failures, time.monotonic() - began)

    def _work(self, waits: bool) -> None:
        while True:
            step = self._next(waits)
            if step is None:
                return
            self._settle(self._attempt(step))

    def _next(self, waits: bool) -> Optional[Step]:
        ready = self._ready[waits]
        with self._changed:
            while len(self._outcomes) < len(self._steps):
                if not ready:
                    self._changed.wait()
                    continue
                step = self._steps[heappop(ready)]
                if not self._is_undone(step):
                    self._running.add(step.number)
                    return step
                self._skip(step, "what it belongs to was rolled back")
            return None

    def _is_undone(self, step: Step) -> bool:
        return not self._tripped.isdisjoint(self._guards.get(step.number, ()))

    def _skip(self, step: Step, why: str) -> None:
        self._tell(step, SKIPPED, "")
        self._record(Outcome(step, SKIPPED, message=why))

    def _settle(self, outcome: Outcome) -> None:
        with self._changed:
            self._running.discard(outcome.step.number)
            self._record(outcome)

    def _record(self, outcome: Outcome) -> None:
        """Note an outcome, and those of all steps that cannot come any more. Holds the lock."""
        pending = [outcome]
        while pending:
            ended = pending.pop()
            self._outcomes[ended.step.number] = ended
            for number in self._dependents.get(ended.step.number, ()):
                self._open[number] -= 1
                if self._open[number]:
                    continue
                step = self._steps[number]
                if all(self._outcomes[earlier].status == DONE for earlier in step.after):
                    heappush(self._ready[step.operation.waits], step.number)
                else:
                    pending.append(Outcome(step, SKIPPED, message="a step it comes after failed"))
                    self._tell(step, SKIPPED, "")
        self._changed.notify_all()

    def _attempt(self, step: Step) -> Outcome:
        self._tell(step, "started", "")
        began = time.monotonic()
        try:
            message = self._redact(self._perform(step.operation))
        except Exception as error:  # a fault in one step must not take the walk down  # noqa: BLE001
            return self._failed(step, error, time.monotonic() - began)
        self._tell(step, DONE, message)
        return Outcome(step, DONE, time.monotonic() - began, message)

    def _failed(self, step: Step, error: Exception, seconds: float) -> Outcome:
        known = isinstance(error, (StowageError, OSError))
        message = self._redact(str(error) if known else f"{type(error).__name__}: {error}")
        log = tuple(self._redact(line) for line in self._last_words(step.operation))
        self._tell(step, FAILED, message)
        undone = [text for rollback in self._trip(step) for text in self._roll_back(step, rollback)]
        with self._changed:
            self._failures.append(Failure(step, message, log, tuple(undone)))
        return Outcome(step, FAILED, seconds, message)

    def _last_words(self, operation: Operation) -> Sequence[str]:
        try:
            return self._explain(operation)
        except Exception:  # noqa: BLE001  what failed is known already; this is only more about it
            return ()

    def _trip(self, step: Step) -> List[Rollback]:
        """The rollbacks that are this step's to carry out, once nothing they undo is still going on.

        From here on no step that one of them guards is begun. Another that fails finds them taken.
        """
        with self._changed:
            self._running.discard(step.number)
            self._changed.notify_all()
            indexes = [index for index in self._guards.get(step.number, ()) if index not in self._tripped]
            self._tripped.update(indexes)
            mine = [self._plan.rollbacks[index] for index in indexes]
            guarded = {number for rollback in mine for number in rollback.guards}
            while guarded & self._running:
                self._changed.wait()
            return mine

    def _roll_back(self, step: Step, rollback: Rollback) -> List[str]:
        """Undo what the failed step belongs to; each part on its own, so that one fault stops none."""
        undone: List[str] = []
        for operation in rollback.operations:
            text = f"{operation.kind} {operation.target}"
            try:
                self._perform(operation)
            except Exception as error:  # noqa: BLE001  told, and the next part tried
                text = f"{text} failed: {self._redact(str(error))}"
            self._tell(step, "undone", text)
            undone.append(text)
        return undone

    def _tell(self, step: Step, event: str, text: str) -> None:
        try:
            self._progress({"step": step.number, "event": event, "text": text})
        except Exception:  # noqa: BLE001  who watches (a closed terminal) must not hold the work up
            self._progress = _to_nobody


def _to_nobody(_event: Mapping[str, Any]) -> None:
    """Takes the place of a listener that failed."""
