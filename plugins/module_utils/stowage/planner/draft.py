# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan under construction: steps are added in an order in which each comes after what it needs.

Knows numbers and their order only. Who adds which step, and why, is the other files' business.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Set, Tuple

from ..errors import DeclarationError, Problem
from ..model.operations import Operation
from ..model.plan import Plan, Rollback, Step


class Draft:
    """Collects steps, rollbacks, notes and problems; ``plan()`` ends it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.problems: List[Problem] = []
        self.notes: List[str] = []
        self._steps: List[Step] = []
        self._rollbacks: List[Rollback] = []
        self._waited_for: Set[int] = set()

    def add(
        self, operation: Operation, after: Iterable[Optional[int]] = (), settled: Iterable[Optional[int]] = ()
    ) -> int:
        """Append a step and return its number.

        ``after`` must have succeeded before, ``settled`` must only have ended. None stands for
        something that needs no step, so that callers need not ask.
        """
        before = self._reduced(_numbers(after))
        step = Step(len(self._steps) + 1, operation, before, _numbers(settled))
        self._waited_for.update(before)
        self._steps.append(step)
        return step.number

    def _reduced(self, numbers: Tuple[int, ...]) -> Tuple[int, ...]:
        """Leave out what another of these steps waits for itself: it would only clutter the plan."""
        implied = {earlier for number in numbers for earlier in self._steps[number - 1].after}
        return tuple(number for number in numbers if number not in implied)

    def guard(self, guards: Iterable[Optional[int]], operations: Iterable[Operation]) -> None:
        """Should one of these steps fail, the operations bring the former state back."""
        self._rollbacks.append(Rollback(_numbers(guards), tuple(operations)))

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def ends(self) -> Tuple[int, ...]:
        """The steps that no other waits for: when they have succeeded, all have."""
        return tuple(step.number for step in self._steps if step.number not in self._waited_for)

    def plan(self) -> Plan:
        """The finished plan. Raises DeclarationError where the declaration was refused."""
        if self.problems:
            # Replicas share their declaration, and so what is wrong with it.
            raise DeclarationError(dict.fromkeys(self.problems))
        return Plan(self.scope, tuple(self._steps), tuple(self._rollbacks), tuple(self.notes))


def _numbers(numbers: Iterable[Optional[int]]) -> Tuple[int, ...]:
    unique: Dict[int, None] = {number: None for number in numbers if number is not None}
    return tuple(sorted(unique))
