# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a plan: each step's outcome, what was rolled back, and why it failed.

Knows the shape only; texts for people are made by the layers above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from .plan import Plan, Step

DONE = "done"
FAILED = "failed"
SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """One step: done, failed or skipped (a step it waits for failed); seconds it took."""

    step: Step
    status: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Failure:
    """A failed step: the engine's words, the last log lines of the container it concerns."""

    step: Step
    message: str
    log: Tuple[str, ...] = ()
    rolled_back: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The plan with its outcomes, in the order of the plan's steps."""

    plan: Plan
    outcomes: Tuple[Outcome, ...] = ()
    failures: Tuple[Failure, ...] = ()
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether anything was changed, finished or not."""
        return any(outcome.status == DONE and not outcome.step.operation.waits for outcome in self.outcomes)
