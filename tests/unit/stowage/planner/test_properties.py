# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of every plan, whatever is declared, and wherever a run fails or is killed.

The model engine is told to fail, or to be gone, at its n-th change.
"""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from stowage.model.operations import Destructive, RemoveVolume
from tests.unit.stowage.support.declarations import documents
from tests.unit.stowage.support.examples import examples
from tests.unit.stowage.support.hosts import Host

APIS = st.sampled_from([(1, 41), (1, 45)])
REMOVALS = ("not declared any more", "declared absent", "an earlier build")


def host_with_strangers(api):
    """A host on which others live too: unowned, of another scope, with names and ids that look alike."""
    host = Host(api, "app:1", "app:2")
    for name in ("anon:1", "anon:2"):
        host.engine.images.have(name, {"Volumes": {"/var/anon": {}}, "Labels": {"of": name}})
    engine = host.engine
    other = {"scope": "other", "networks": {"theirs": {}}, "volumes": {"theirs": {}}}
    other["containers"] = {"web-other": {"image": "app:1", "networks": ["theirs"], "volumes": ["theirs:/data"]}}
    host.deploy(other)
    for name in ("web2", "webnext", "5"):
        engine.containers.make(name, {"Image": "anon:1", "Labels": {"a": "b"}})
        engine.containers.start(name)
    engine.volumes.make("mine", {})
    engine.networks.make("mine", {})
    engine.revive()
    return host


def invite(host):
    """Somebody joins a network of ours, under a name and an address."""
    if "edge" in host.engine.networks.all:
        endpoint = {"Aliases": ["friend"], "IPAMConfig": {"IPv4Address": "10.7.0.99"}}
        host.engine.networks.connect("edge", "webnext", endpoint)
        host.engine.revive()


def strangers(host):
    """What others have, as it is now."""
    engine = host.engine
    ours = "host"
    seen = {}
    for container in engine.containers.all.values():
        if container["Config"]["Labels"].get("io.stowage.scope") != ours:
            seen[container["Id"]] = copy.deepcopy(container)
    for kind, objects in (("network", engine.networks.all), ("volume", engine.volumes.all)):
        for name, found in objects.items():
            labels = found["Labels"] or {}
            anonymous = len(name) == 64
            if labels.get("io.stowage.scope") != ours and not anonymous:
                seen[kind, name] = copy.deepcopy(found)
    return seen


def anonymous_contents(host):
    """(container, target) -> what is in the anonymous volume there."""
    return {
        (container["Name"], mount["Destination"]): host.engine.contents[mount["Name"]]
        for container in host.engine.containers.all.values()
        if not container["HostConfig"].get("VolumesFrom")
        for mount in container["Mounts"]
        if len(mount.get("Name") or "") == 64
    }


def check_contents(before, host):
    after = anonymous_contents(host)
    for place, content in before.items():
        assert after.get(place, content) == content, f"{place} lost what was in it"


def check_converged(host, document):
    assert str(host.plan(document)) == ""
    assert not [name for name in host.names() if name.endswith(".next")]


def _can_go_back(options):
    # Whose namespace was another's cannot, once that other one has been replaced.
    return options.get("state", "started") == "started" and "scale" not in options and "network_mode" not in options


def expected_to_stay(first, second):
    """Containers declared to run in both."""

    def up(document):
        return {name for name, options in document["containers"].items() if _can_go_back(options)}

    return up(first) & up(second)


@examples(50)
@given(APIS, documents(), documents())
def test_applying_leaves_nothing_to_do_and_touches_nobody_else(api, first, second):
    host = host_with_strangers(api)
    others = strangers(host)
    for document in (first, second):
        checked = str(host.plan(document))
        plan = host.plan(document)
        assert str(plan) == checked
        contents = anonymous_contents(host)
        report = host.carry_out(plan)
        assert not report.failures, [f"{f.step}: {f.message}" for f in report.failures]
        check_converged(host, document)
        check_contents(contents, host)
        host.engine.revive()
    assert strangers(host) == others


@examples(60)
@given(APIS, documents(), documents(), st.integers(1, 40))
def test_a_killed_run_is_finished_by_the_next(api, first, second, call):
    host = host_with_strangers(api)
    host.deploy(first)
    invite(host)
    others, contents = strangers(host), anonymous_contents(host)
    host.engine.die_at = call
    plan = host.plan(second)
    # A container that goes for its volume's sake is there under no name for a while: what it had besides
    # is not lost, but nobody knows any more whose it was.
    if any(isinstance(step.operation, RemoveVolume) for step in plan):
        contents = {}
    host.carry_out(plan)
    host.engine.revive()
    plan = host.plan(second)
    report = host.carry_out(plan)
    assert not report.failures, (str(plan), [f"{f.step}: {f.message}" for f in report.failures])
    check_converged(host, second)
    check_contents(contents, host)
    assert strangers(host) == others
    assert not [name for name in host.engine.volumes.all if name.endswith(".next")]


@examples(60)
@given(APIS, documents(), documents(), st.integers(1, 40))
def test_a_failed_run_takes_nothing_away(api, first, second, call):
    host = host_with_strangers(api)
    host.deploy(first)
    invite(host)
    others, contents = strangers(host), anonymous_contents(host)
    volumes = set(host.engine.volumes.all)
    plan = host.plan(second)
    host.engine.fail_at = call
    report = host.carry_out(plan)
    assert strangers(host) == others
    kept = {step.operation.name for step in plan if isinstance(step.operation, RemoveVolume)}
    contents = {} if kept else contents  # as above
    assert not [name for name in volumes - set(host.engine.volumes.all) if len(name) < 64 and name not in kept]
    done = {outcome.step.number for outcome in report.outcomes if outcome.status == "done"}
    if report.failures:
        removals = [
            step for step in plan if isinstance(step.operation, Destructive) and step.operation.cause in REMOVALS
        ]
        if any(failure.step.operation.cause not in REMOVALS for failure in report.failures):
            assert not [step for step in removals if step.number in done]
        states = host.states()
        gone = {s.operation.name for s in plan if s.number in done and s.operation.cause.endswith("is made anew")}
        for name in expected_to_stay(first, second) - gone:
            if (first["containers"][name].get("ports") or []) == (second["containers"][name].get("ports") or []):
                assert "running" in (states.get(name), states.get(name + ".next")), (name, str(plan), report.failures)
    host.engine.revive()
    report = host.apply(second)
    assert not report.failures, [f"{f.step}: {f.message}" for f in report.failures]
    check_converged(host, second)
    check_contents(contents, host)
