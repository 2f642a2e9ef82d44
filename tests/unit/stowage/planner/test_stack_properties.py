# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of every plan for a stack beside the host's own scope, wherever a run fails or is killed.

As test_properties.py, with files. Every other example begins with a project that docker compose made.
"""

from __future__ import annotations

import copy
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage.model.operations import Destructive, RemoveVolume
from tests.unit.stowage.planner.test_properties import (
    APIS,
    REMOVALS,
    anonymous_contents,
    check_contents,
    check_converged,
    invite,
)
from tests.unit.stowage.support.examples import examples
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stack_declarations import SECRET, declarations
from tests.unit.stowage.support.stacks import BROUGHT, PROJECT, as_compose_made

SCOPE = "io.stowage.scope"
MINE = "www/mine"


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch):
    """Nobody pulls a plug here."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@contextmanager
def host_with_strangers(api):
    """A host on which others live too: of another scope, of another project, with names that look alike."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host(api, "app:1", "app:2", root=Path(folder))
        for name in ("anon:1", "anon:2"):
            host.engine.images.have(name, {"Volumes": {"/var/anon": {}}, "Labels": {"of": name}})
        engine = host.engine
        host.deploy({"scope": "other", "containers": {"shop-web": {"image": "app:1"}}, "networks": {"theirs": {}}})
        for name, labels in (
            ("webnext", {}),
            ("blog-web-1", {PROJECT: "blog", "com.docker.compose.service": "web"}),
            ("shop-db-run-1", {PROJECT: "shop", "com.docker.compose.oneoff": "True"}),
        ):
            engine.containers.make(name, {"Image": "anon:1", "Labels": labels})
            engine.containers.start(name)
        engine.volumes.make("blog_data", {"Labels": {PROJECT: "blog"}})
        engine.networks.make("blog_default", {"Labels": {PROJECT: "blog"}})
        place = host.root / "shop" / MINE
        place.parent.mkdir(parents=True)
        place.write_text("mine")
        engine.revive()
        yield host


def is_ours(labels):
    one_off = labels.get("com.docker.compose.oneoff") == "True"
    return labels.get(SCOPE) in ("host", "shop") or (
        SCOPE not in labels and labels.get(PROJECT) == "shop" and not one_off
    )


def strangers(host, *documents):
    """What others have, as it is now. What docker compose ran once goes with the whole project, and only then."""
    absent = any(document["stacks"]["shop"].get("state") == "absent" for document in documents)
    seen = {}
    for container in host.engine.containers.all.values():
        labels = container["Config"]["Labels"]
        if not is_ours(labels) and not (absent and labels.get(PROJECT) == "shop"):
            seen[container["Id"]] = copy.deepcopy(container)
    for kind, objects in (("network", host.engine.networks.all), ("volume", host.engine.volumes.all)):
        for name, found in objects.items():
            if not is_ours(found["Labels"] or {}) and len(name) < 64:
                seen[kind, name] = copy.deepcopy(found)
    seen[MINE] = (host.root / "shop" / MINE).read_text()
    return seen


def is_last(operation):
    """Whether it is about what is declared no more, or needed no more, which goes in the end."""
    return (
        operation.kind == "SettleFiles"
        or operation.cause in (*REMOVALS, "not needed any more")
        or operation.cause.startswith("goes with")
    )


def begin(host, document, adopted):
    host.deploy(document)
    if adopted:
        as_compose_made(host)
    invite(host)


def check_files(host, document, adopted):
    """The project's files are there as declared. What is more was there before, or is docker compose's."""
    base = host.root / "shop"
    declared = document["stacks"]["shop"].get("files") or {}
    services = document["stacks"]["shop"]["services"].values()
    wanted = any("secrets" in service and service.get("scale") != 0 for service in services)
    for path, entry in declared.items():
        if path == SECRET and (adopted or not wanted):
            continue  # docker compose copies it into its containers, and nobody else would read it
        if entry["digest"]:
            assert (base / path).read_bytes() == BROUGHT[entry["digest"]], path
            assert (base / path).stat().st_mode & 0o7777 == entry["mode"], path
        assert (base / path).exists(), path
    there = {p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file()}
    more = {path for path in there if path not in declared and path != ".stowage/files.json"}
    assert adopted or more == {MINE}, more


@examples(40)
@given(APIS, declarations(), declarations(), st.booleans())
def test_applying_leaves_nothing_to_do_and_touches_nobody_else(api, first, second, adopted):
    with host_with_strangers(api) as host:
        begin(host, first, adopted)
        assert str(host.plan(first)) == ""
        others, contents = strangers(host, second), anonymous_contents(host)
        if second["stacks"]["shop"].get("remove_volumes"):
            contents = {}
        plan = host.plan(second)
        report = host.carry_out(plan)
        assert not report.failures, (str(plan), [f"{f.step}: {f.message}" for f in report.failures])
        check_converged(host, second)
        check_contents(contents, host)
        check_files(host, second, adopted)
        assert strangers(host, second) == others


@examples(60)
@given(APIS, declarations(), declarations(), st.booleans(), st.integers(1, 60))
def test_a_killed_run_is_finished_by_the_next(api, first, second, adopted, call):
    with host_with_strangers(api) as host:
        begin(host, first, adopted)
        others, contents = strangers(host, second), anonymous_contents(host)
        plan = host.plan(second)
        if any(isinstance(step.operation, RemoveVolume) for step in plan):
            contents = {}
        host.engine.die_at = call
        host.carry_out(plan)
        host.engine.revive()
        before, plan = str(plan), host.plan(second)
        report = host.carry_out(plan)
        assert not report.failures, (before, str(plan), [f"{f.step}: {f.message}" for f in report.failures])
        check_converged(host, second)
        check_contents(contents, host)
        check_files(host, second, adopted)
        assert strangers(host, second) == others


@examples(60)
@given(APIS, declarations(), declarations(), st.booleans(), st.integers(1, 60))
def test_a_failed_run_takes_nothing_away(api, first, second, adopted, call):
    with host_with_strangers(api) as host:
        begin(host, first, adopted)
        others = strangers(host, second)
        plan = host.plan(second)
        host.engine.fail_at = call
        report = host.carry_out(plan)
        assert strangers(host, second) == others
        done = {outcome.step.number for outcome in report.outcomes if outcome.status == "done"}
        if not all(is_last(failure.step.operation) for failure in report.failures):
            removals = [s for s in plan if isinstance(s.operation, Destructive) and is_last(s.operation)]
            assert not [step for step in removals if step.number in done]
        host.engine.revive()
        report = host.apply(second)
        assert not report.failures, [f"{f.step}: {f.message}" for f in report.failures]
        check_converged(host, second)
        check_files(host, second, adopted)
        assert strangers(host, second) == others
