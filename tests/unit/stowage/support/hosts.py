# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for tests of deciding: a model engine, and the real manifest, observer, planner and executor on it.

Stacks have their files in a real folder, which stands for ``/srv`` in documents and in plans' texts. What changes
a file counts as a change of the engine's, so that a run can fail or be killed there as well.
"""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

import pytest

from stowage import walk
from stowage.converge import as_one
from stowage.errors import DeclarationError
from stowage.executor import Executor
from stowage.manifest import parse_manifest
from stowage.model.desired import Part
from stowage.model.observed import Observed
from stowage.model.plan import Plan
from stowage.model.report import Report
from stowage.observer import observe_host, observe_trees
from stowage.planner import plan_changes
from stowage.tree import Tree
from stowage.walk import Walk
from tests.unit.stowage.support.model_engine import ModelEngine
from tests.unit.stowage.support.stacks import BROUGHT, PLACE

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
    """One engine, a folder, and what can be done to them with a declaration. Nothing waits for real time."""

    def __init__(self, api_version: Tuple[int, int] = (1, 45), *images: str, root: Optional[Path] = None) -> None:
        self.engine = ModelEngine(api_version)
        self.root = root
        for name in images or ("app:1", "app:2", "db:1"):
            self.engine.images.have(name)

    def here(self, document: Document) -> Document:
        """The document with the folder of this test, and none that waits for real time."""
        found: Dict[str, Any] = {"monitor": 0, **document}
        if "stacks" in found:
            found["stacks"] = {name: {"monitor": 0, **stack} for name, stack in found["stacks"].items()}
        return json.loads(json.dumps(found).replace(f"{PLACE}/", f"{self.root}/")) if self.root else found

    def observe(self, document: Document) -> Observed:
        return self._observe(parse_manifest(self.here(document)))

    def _observe(self, parts: Tuple[Part, ...]) -> Observed:
        observed = observe_host(self.engine, as_one(parts), lambda reference: None)  # type: ignore[arg-type]
        return replace(observed, trees=observe_trees([part.desired for part in parts]))

    def plan(self, document: Document) -> Plan:
        parts = parse_manifest(self.here(document))
        return plan_changes(parts, self._observe(parts))

    def content_of(self, document: Document) -> str:
        """The hash of the files that the only container of a declaration mounts."""
        (container,) = as_one(parse_manifest(self.here(document))).containers
        return container.content

    def refusals(self, document: Document) -> Dict[str, str]:
        """The problems that planning finds, by path; fails where it finds none."""
        with pytest.raises(DeclarationError) as caught:
            self.plan(document)
        problems = caught.value.problems
        assert len({problem.path for problem in problems}) == len(problems), str(caught.value)
        return {problem.path: problem.message for problem in problems}

    def carry_out(self, plan: Plan, workers: int = 1, files: Optional[Mapping[str, str]] = None) -> Report:
        executor = HostExecutor(self.engine, {**BROUGHT, **(files or {})})
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


class HostExecutor(Executor):
    """The real one, but for the engine that counts what is done to files too."""

    def __init__(self, engine: ModelEngine, files: Mapping[str, Union[str, bytes]]) -> None:
        super().__init__(engine, lambda reference: None, {}, files, lambda operation, event: None)  # type: ignore[arg-type]

    def _tree(self, directory: str) -> Tree:
        return self._trees.setdefault(directory, CountedTree(self._engine, directory))  # type: ignore[arg-type]


class CountedTree(Tree):
    """The real one, of which every change is one of the engine's: its turn to fail or to be the last may come."""

    def __init__(self, engine: ModelEngine, directory: str) -> None:
        super().__init__(directory)
        self._engine = engine

    def _change(self, doing: str, path: Optional[str], change: Callable[..., None], *, make: bool = False) -> None:
        call = f"{doing} {self._directory}/{path or ''}"
        self._engine.change(call, lambda: super(CountedTree, self)._change(doing, path, change, make=make))


def golden(text: str) -> str:
    """A plan's text as a test writes it: indented, and broken after ``\\`` where a line is long."""
    return textwrap.dedent(text).strip().replace("\\\n", "")
