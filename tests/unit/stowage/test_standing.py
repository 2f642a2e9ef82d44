# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands of a declaration between two runs, and what is done about it with nobody watching."""

from __future__ import annotations

import pytest

from stowage.errors import DeclarationError
from stowage.executor import Executor
from stowage.manifest import parse_manifest
from stowage.observer import observe_host
from stowage.standing import as_left, pin, plan_around, split_manifest, to_repair, with_subset
from stowage.walk import Walk
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import service, stack


def part_of(host, manifest):
    [part] = parse_manifest(host.here(manifest))
    return as_left(part)


def repair(host, part):
    observed = observe_host(host.engine, part.desired, lambda reference: None)
    plan, left, problems = plan_around(to_repair(part), observed)
    executor = Executor(host.engine, lambda reference: None, {}, {}, lambda operation, event: None)
    Walk(plan, executor.perform, executor.explain, lambda event: None, str, 1).run()
    return plan, left, problems


def web(**keys):
    return {"containers": {"web": {"image": "app:1", **keys}}}


@pytest.mark.parametrize("keys", [{"state": "restarted"}, {"recreate": True}], ids=str)
def test_what_was_asked_for_once_is_not_asked_for_again(keys):
    host = Host()
    host.deploy(web())
    assert str(repair(host, part_of(host, web(**keys)))[0]) == ""


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({"containers": {}}, id="not named any more"),
        pytest.param({"containers": {"web": {"state": "absent"}}}, id="declared absent"),
        pytest.param(
            {"containers": {"web": {"state": "absent"}}, "networks": {"edge": {"state": "absent"}}}, id="both"
        ),
    ],
)
def test_a_repair_takes_nothing_away(after):
    host = Host()
    host.deploy({**web(networks={"edge": None}), "networks": {"edge": {}}})
    plan, _left, _problems = repair(host, part_of(host, after))
    assert (str(plan), host.names()) == ("", ("web",))


def test_an_image_that_was_moved_is_put_back():
    host = Host()
    host.deploy(web())
    held = host.engine.images.get("app:1")["Id"]
    host.engine.images.tag("app:2", "app", "1")
    part = part_of(host, web())
    assert str(repair(host, pin(part, {"app:1": held}, host.observe({}).image_ids))[0]).startswith("#1 TagImage")
    assert host.engine.images.get("app:1")["Id"] == held
    assert host.container("web")["Image"] == held


def test_an_image_that_is_lost_is_pulled_again():
    [image] = pin(part_of(Host(), web()), {"app:1": "sha256:gone"}, ["app:2"]).desired.images
    assert (image.pull, image.tag_of) == ("missing", "")


def test_one_that_was_built_is_lost_for_good():
    manifest = {"images": {"made:1": {"build": {"context": "/src", "remote_src": True}}}}
    [image] = pin(part_of(Host(), manifest), {"made:1": "sha256:gone"}, ["app:2"]).desired.images
    assert (image.pull, image.build) == ("never", None)


@pytest.mark.parametrize("reference", ["app@sha256:" + "a" * 64, "sha256:" + "a" * 64])
def test_what_is_named_by_its_content_needs_no_holding(reference):
    part = part_of(Host(), {"containers": {"web": {"image": reference}}})
    assert pin(part, {reference: "sha256:" + "a" * 64}) == part


def test_what_cannot_be_done_for_one_object_is_done_for_the_others():
    host = Host()
    manifest = {
        "containers": {
            "web": {"image": "app:1"},
            "lost": {"image": "app:1", "networks": {"gone": None}},
        },
        "networks": {"gone": {"external": True}},
    }
    part = part_of(host, manifest)
    _plan, left, problems = repair(host, part)
    assert host.names() == ("web",)
    assert [container.name for container in left.desired.containers] == ["web"]
    assert problems
    assert all("gone" in str(problem) for problem in problems)


def test_where_nothing_is_to_blame_the_reason_is_told():
    host = Host()
    host.deploy(web())
    part = part_of(host, {"scope": "other", **web()})
    plan, left, problems = plan_around(to_repair(part), host.observe({}))
    assert (str(plan), left.desired.containers) == ("", ())
    assert "belongs to the scope host" in str(problems[0])


def test_a_manifest_falls_apart_into_scopes_without_logins():
    manifest = {"version": 1, "registries": {"r": {"password": "x"}}, **web(), "stacks": {"shop": {"services": {}}}}
    parts = split_manifest(manifest)
    assert parts == {"host": {"version": 1, **web()}, "shop": {"version": 1, "stacks": {"shop": {"services": {}}}}}
    assert set(split_manifest({"stacks": {"shop": {}}})) == {"shop"}
    assert set(split_manifest({})) == {"host"}


def test_a_subset_of_a_stack_leaves_the_other_services_as_they_were_declared():
    before = stack(services={"web": service(), "db": service()})
    later = stack(services={"web": service(command=["new"]), "db": service(command=["new"])}, left=["db"])
    [merged] = with_subset(before, later)["stacks"].values()
    assert merged["services"]["web"]["command"] == ["new"]
    assert "command" not in merged["services"]["db"]
    assert merged["left"] == []


def test_a_subset_of_a_stack_that_is_not_known_is_all_that_is_known():
    later = stack(services={"web": service(), "db": service()}, left=["db"])
    assert with_subset({}, later) == later


def test_a_declaration_that_cannot_be_met_at_all_is_refused():
    host = Host()
    part = part_of(host, {"containers": {"web": {"image": "nowhere:1", "pull_policy": "never"}}})
    plan, left, _problems = plan_around(to_repair(part), host.observe({}))
    assert (str(plan), left.desired.images) == ("", ())


def test_a_refusal_without_a_culprit_is_raised(monkeypatch):
    def refuse(parts, observed):
        raise DeclarationError([])

    monkeypatch.setattr("stowage.standing.plan_changes", refuse)
    host = Host()
    with pytest.raises(DeclarationError):
        plan_around(part_of(host, web()), host.observe({}))
