# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for tests of deciding: a model engine, and the real manifest, observer, planner and executor on it."""

from __future__ import annotations

import textwrap
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest

from stowage import walk
from stowage.errors import DeclarationError
from stowage.executor import Executor
from stowage.converge import as_one
from stowage.manifest import parse_manifest
from stowage.model.observed import Observed
from stowage.model.plan import Plan
from stowage.model.report import Report
from stowage.observer import observe_host
from stowage.planner import plan_changes
from stowage.walk import Walk
from tests.unit.stowage.support.model_engine import ModelEngine

Document = Mapping[str, Any]


class OneByOne(Walk):
    """One thread for all steps, so that the n-th call is the same call in every run."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        both: List[int] = []
        self._ready = {False: both, True: both}

    def run(self) -> Report:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(walk, "WAITERS", 0)
            return super().run()


class Host:
    """One engine and what can be done to it with a declaration. Nothing waits for real time."""

    def __init__(self, api_version: Tuple[int, int] = (1, 45), *images: str) -> None:
        self.engine = ModelEngine(api_version)
        for name in images or ("app:1", "app:2", "db:1"):
            self.engine.images.have(name)

    def observe(self, document: Document) -> Observed:
        return observe_host(self.engine, as_one(parse_manifest(document)), lambda reference: None)  # type: ignore[arg-type]

    def plan(self, document: Document) -> Plan:
        parts = parse_manifest({"monitor": 0, **document})
        observed = observe_host(self.engine, as_one(parts), lambda reference: None)  # type: ignore[arg-type]
        return plan_changes(parts, observed)

    def refusals(self, document: Document) -> Dict[str, str]:
        """The problems that planning finds, by path; fails where it finds none."""
        with pytest.raises(DeclarationError) as caught:
            self.plan(document)
        problems = caught.value.problems
        assert len({problem.path for problem in problems}) == len(problems), str(caught.value)
        return {problem.path: problem.message for problem in problems}

    def carry_out(self, plan: Plan, workers: int = 1, files: Optional[Mapping[str, str]] = None) -> Report:
        executor = Executor(self.engine, lambda reference: None, {}, files or {}, lambda operation, event: None)  # type: ignore[arg-type]
        kind = OneByOne if workers == 1 and plan.changes else Walk
        return kind(plan, executor.perform, executor.explain, lambda event: None, str, workers).run()

    def apply(self, document: Document, **more: Any) -> Report:
        return self.carry_out(self.plan(document), **more)

    def deploy(self, document: Document) -> None:
        """Apply, which must work, and leave nothing to do."""
        report = self.apply(document)
        assert not report.failures, [f"{failure.step}: {failure.message}" for failure in report.failures]
        assert str(self.plan(document)) == ""
        self.engine.revive()

    def container(self, name: str) -> Dict[str, Any]:
        found = self.engine.containers.named(name)
        assert found is not None, f"no container {name}"
        return found

    def names(self) -> Tuple[str, ...]:
        return tuple(sorted(container["Name"][1:] for container in self.engine.containers.all.values()))

    def states(self) -> Dict[str, str]:
        return {c["Name"][1:]: c["State"]["Status"] for c in self.engine.containers.all.values()}


def golden(text: str) -> str:
    """A plan's text as a test writes it: indented, and broken after ``\\`` where a line is long."""
    return textwrap.dedent(text).strip().replace("\\\n", "")
