# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden plans: a host brought into a state, a declaration, and the text of the plan that follows.

The text has the plan's steps, then ``undo`` lines for its rollbacks and ``note`` lines. Ids of images
stand as ``<name>``, for they differ from run to run. The plan is then carried out, and nothing may be
left to do.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Tuple

import pytest

from stowage.model.plan import Plan
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import PLACE

Prepare = Callable[[Host], None]
NEWEST = (1, 51)


@dataclass(frozen=True)
class Case:
    """``before`` is deployed, ``prepare`` does what no declaration does, ``after`` is planned."""

    name: str
    before: Optional[Mapping[str, Any]]
    after: Mapping[str, Any]
    text: str
    prepare: Optional[Prepare] = None
    api: Tuple[int, int] = NEWEST
    again: bool = False  # whether a second run has the same to do
    files: Mapping[str, str] = field(default_factory=dict)


def cases(*table: Case) -> Any:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in table])


def check(case: Case, root: Optional[Path] = None) -> Host:
    """``root`` is the folder for the files of stacks."""
    host = Host(case.api, root=root)
    if case.before is not None:
        host.deploy(case.before)
    if case.prepare is not None:
        case.prepare(host)
        host.engine.revive()
    plan = host.plan(case.after)
    assert text_of(host, plan) == textwrap.dedent(case.text).strip()
    report = host.carry_out(plan, files=case.files)
    assert not report.failures, [f"{failure.step}: {failure.message}" for failure in report.failures]
    again = str(host.plan(case.after))
    assert bool(again) == case.again, again
    return host


def text_of(host: Host, plan: Plan) -> str:
    lines = [str(step) for step in plan]
    for rollback in plan.rollbacks:
        guards = ", ".join(f"#{number}" for number in rollback.guards)
        lines.append(f"undo {guards}: " + ", ".join(f"{op.kind} {op.target}" for op in rollback.operations))
    lines += [f"note {note}" for note in plan.notes]
    text = "\n".join(lines)
    if host.root:
        text = text.replace(f"{host.root}/", f"{PLACE}/")
    for identity, image in host.engine.images.all.items():
        name = f"<{(image['RepoTags'] or ['untagged'])[0]}>"
        text = text.replace(identity, name).replace(identity[:19], name)
    return re.sub(r"\b[0-9a-f]{64}\b", "<anonymous>", text)


# -- words for declarations and preparations ---------------------------------------------------------


def app(**keys: Any) -> Mapping[str, Any]:
    """A container of the image that every host has."""
    return {"image": "app:1", **keys}


def containers(**named: Any) -> Mapping[str, Any]:
    return {"containers": named}


def mode(value: str, **keys: Any) -> Mapping[str, Any]:
    """A container whose environment alone tells it from its former self."""
    return app(environment={"MODE": value}, **keys)


def together(*prepares: Prepare) -> Prepare:
    def prepare(host: Host) -> None:
        for one in prepares:
            one(host)
            host.engine.revive()

    return prepare


def state(name: str, **changes: Any) -> Prepare:
    """Bring a container into a state by hand."""
    return lambda host: host.container(name)["State"].update(changes)


def stranger(name: str, **body: Any) -> Prepare:
    """Somebody's running container."""

    def prepare(host: Host) -> None:
        host.engine.containers.make(name, {"Image": "app:1", **body})
        host.engine.containers.start(name)

    return prepare


def killed(document: Mapping[str, Any], call: int) -> Prepare:
    """A run of a declaration that is killed before its n-th change."""

    def prepare(host: Host) -> None:
        host.engine.die_at = call
        host.apply(document)

    return prepare
