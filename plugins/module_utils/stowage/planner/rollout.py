# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the replicas of one service are replaced: in batches, with a pause, and what a failure means.

Knows ``deploy.update_config`` of the compose specification (parallelism, delay, failure_action).
"""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

from ..model.desired import Container
from ..model.operations import Operation, Pause
from ..service.units import parse_duration
from .draft import Draft

TakeOver = Callable[[Sequence[Optional[int]]], None]


class Rollout:
    """The replacements of one service's replicas, in the order they are planned."""

    def __init__(self, container: Container, draft: Draft) -> None:
        config = (container.definition.get("deploy") or {}).get("update_config") or {}
        self._service = container.service
        self._draft = draft
        # One at a time unless said otherwise, so that the other replicas go on serving; 0 is all.
        self._parallelism = int(config.get("parallelism", 1))
        self._delay = parse_duration(str(config["delay"])) / 1e9 if config.get("delay") else 0.0
        self._action = str(config.get("failure_action") or "pause")
        self._count = 0
        self._batch: List[Optional[int]] = []
        self._gate: List[Optional[int]] = []
        self._deferred: List[TakeOver] = []
        self._steps: List[Optional[int]] = []
        self._undo: List[Operation] = []

    @property
    def defers(self) -> bool:
        """Whether every old replica is kept until all new ones are proven."""
        return self._action == "rollback"

    def gate(self) -> Tuple[List[Optional[int]], List[Optional[int]]]:
        """What the next replacement waits for: steps that must succeed, and steps that must end."""
        full = self._parallelism and self._count and self._count % self._parallelism == 0
        if full and self._batch:
            self._gate, self._batch = self._batch, []
            if self._delay:
                pause = Pause(self._service, "delay between two batches", seconds=self._delay)
                settled = self._gate if self._action == "continue" else []
                after = [] if self._action == "continue" else self._gate
                self._gate = [self._draft.add(pause, after, settled)]
                return self._gate, []
        if self._action == "continue" and not self._delay:
            return [], self._gate
        return self._gate, []

    def replaced(self, steps: Sequence[Optional[int]], undo: Sequence[Operation]) -> None:
        """Note the steps of one replacement and what undoes it."""
        if self.defers:
            self._steps += steps
            self._undo += undo
        else:
            self._draft.guard(steps, undo)

    def defer(self, take_over: TakeOver) -> None:
        self._deferred.append(take_over)

    def done(self, final: Optional[int]) -> None:
        """The last step of a replacement; the batch after next waits for it."""
        self._count += 1
        self._batch.append(final)

    def finish(self) -> None:
        """All replicas are planned: the deferred ones take over once the last is proven."""
        if not self._deferred:
            return
        self._draft.guard(self._steps, self._undo)
        proven = list(self._steps)
        for take_over in self._deferred:
            take_over(proven)
