# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan: operations, what each waits for, and what undoes them when one fails.

Everything shown to a user is a view of this value; ``str(plan)`` is its text in logs, diffs and golden
tests. Knows nothing of how the operations came about or are carried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Tuple

from .operations import Operation


@dataclass(frozen=True)
class Step:
    """An operation, and the numbers of the steps it comes after.

    Those in ``after`` must have succeeded; those in ``settled`` must have ended, however they did.
    """

    number: int
    operation: Operation
    after: Tuple[int, ...] = ()
    settled: Tuple[int, ...] = ()

    @property
    def earlier(self) -> List[int]:
        """The numbers of all steps it waits for."""
        return sorted({*self.after, *self.settled})

    def __str__(self) -> str:
        earlier = ", ".join(f"#{number}" for number in self.earlier)
        waits = f" <- {earlier}" if earlier else ""
        operation = self.operation
        return f"#{self.number} {operation.kind} {operation.target}{waits} ({operation.cause})"


@dataclass(frozen=True)
class Rollback:
    """What brings back the former state when one of the ``guards`` (step numbers) fails.

    The operations run in order, each on its own: one that finds its work done, or its object gone,
    counts as done.
    """

    guards: Tuple[int, ...]
    operations: Tuple[Operation, ...]


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which each comes after all that it waits for.

    ``notes`` say what was left alone although the declaration could be read to want it changed.
    """

    scope: str
    steps: Tuple[Step, ...] = ()
    rollbacks: Tuple[Rollback, ...] = ()
    notes: Tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        return "\n".join(str(step) for step in self.steps)

    @property
    def changes(self) -> bool:
        """Whether applying the plan changes anything; waiting alone does not."""
        return any(not step.operation.waits for step in self.steps)

    def summary(self) -> Dict[str, int]:
        """How many operations of each kind."""
        counts: Dict[str, int] = {}
        for step in self.steps:
            counts[step.operation.kind] = counts.get(step.operation.kind, 0) + 1
        return counts
