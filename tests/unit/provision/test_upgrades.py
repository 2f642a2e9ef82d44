# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the way of an upgrade, and what is other than before after it."""

from __future__ import annotations

import pytest

from provision import upgrades
from provision.upgrades import Bounds

GIB = 1 << 30


def container(name, **more):
    return {
        "name": name,
        "id": f"id-{name}",
        "status": "running",
        "started_at": "then",
        "health": "none",
        "restarts": 0,
        "restart_policy": "no",
        "removed_when_stopped": False,
        "task": "",
        **more,
    }


def found(*containers, **more):
    return {
        "running": True,
        "live_restore": True,
        "containers": list(containers),
        "disk": {"path": "/var/lib/docker", "free": 2 * GIB, "size": 9 * GIB},
        "packages": {"docker.io": "26.1.5-1"},
        "version": "26.1.5",
        "returnable": {"docker.io": "26.1.5-1"},
        **more,
    }


@pytest.mark.parametrize(
    ("seen", "bounds", "said"),
    [
        (found(), Bounds(), []),
        (found(container("web")), Bounds(free=GIB), []),
        ({"running": False}, Bounds(), ["the engine does not answer"]),
        (found(), Bounds(free=3 * GIB), ["/var/lib/docker has 2048 MiB free, and 3072 MiB are asked for"]),
        (found(container("web"), container("db"), live_restore=False), Bounds(), ["the restart would stop web, db"]),
        (found(container("web"), live_restore=False), Bounds(stop_containers=True), []),
        (found(live_restore=False), Bounds(), []),
        (found(container("web", task="t"), live_restore=False), Bounds(), []),
        (found(container("web", health="unhealthy")), Bounds(), ["unhealthy before anything was done: web"]),
        (found(container("web", status="restarting")), Bounds(), ["restarting over and over: web"]),
        (found(container("a", health="unhealthy"), container("b", status="restarting")), Bounds(unhealthy=True), []),
        (found(returnable={}), Bounds(moves=True), ["docker.io 26.1.5-1 is not offered by this host's sources"]),
        (found(returnable={}), Bounds(moves=True, no_return=True), []),
        (found(), Bounds(moves=True), []),
        (found(returnable={}), Bounds(), []),
        # Packages that a killed run left: what runs is older than what is installed.
        (
            found(returnable={}, version="25.0.1"),
            Bounds(),
            ["docker.io 25.0.1, which runs while 26.1.5-1 is installed"],
        ),
        (found(returnable={"docker.io": "25.0.1-2"}, version="25.0.1"), Bounds(), []),
        (found(packages={}, returnable={}), Bounds(), []),
    ],
)
def test_what_is_in_the_way(seen, bounds, said):
    problems = upgrades.problems(seen, bounds)
    assert len(problems) == len(said)
    for problem, part in zip(problems, said):
        assert part in problem


@pytest.mark.parametrize(
    ("was", "now", "stopped", "said"),
    [
        ({}, {}, False, []),
        ({}, None, False, ["web does not run any more"]),
        ({}, None, True, ["web does not run any more"]),
        ({"removed_when_stopped": True}, None, True, []),
        ({"removed_when_stopped": True}, None, False, ["web does not run any more"]),
        ({"task": "t"}, None, False, []),
        ({}, {"started_at": "later"}, False, ["web was started anew at later, in spite of live-restore"]),
        ({}, {"started_at": "later"}, True, []),
        ({}, {"status": "restarting"}, False, ["web is restarting, and was running"]),
        # What was restarted over and over before is not asked to do anything else.
        ({"status": "restarting"}, {"status": "restarting", "started_at": "later"}, False, []),
        ({"status": "restarting"}, {"status": "running", "started_at": "later"}, False, []),
        ({"status": "restarting"}, None, False, ["web does not run any more"]),
        # A start wakes what was paused.
        ({"status": "paused"}, {"status": "running", "started_at": "later"}, True, []),
        ({"status": "paused"}, {"status": "running"}, False, ["web is running, and was paused"]),
        ({"health": "healthy"}, {"health": "healthy"}, False, []),
        ({"health": "healthy"}, {"health": "starting"}, False, ["web is starting, and was healthy"]),
        ({"health": "healthy"}, {"health": "unhealthy"}, False, ["web is unhealthy, and was healthy"]),
        ({"health": "starting"}, {"health": "starting"}, False, []),
        ({"health": "starting"}, {"health": "starting"}, True, ["web is starting, and was starting"]),
        ({"health": "unhealthy"}, {"health": "unhealthy"}, False, []),
    ],
)
def test_what_is_other_than_before(was, now, stopped, said):
    before = found(container("web", **was))
    after = found(*([container("web", **{**was, **now})] if now is not None else []))
    assert upgrades.sentences(upgrades.differences(before, after, stopped)) == said


def test_without_live_restore_a_new_start_is_none_either():
    before = found(container("web"), live_restore=False)
    assert upgrades.differences(before, found(container("web", started_at="later"))) == []


def test_what_came_anew_is_no_difference():
    assert upgrades.differences(found(container("web")), found(container("web"), container("more"))) == []


def test_waiting_helps_but_not_against_a_new_start():
    before = found(container("web", health="healthy"))
    [health] = upgrades.differences(before, found(container("web", health="starting")))
    [start] = upgrades.differences(before, found(container("web", health="healthy", started_at="later")))
    [silent] = upgrades.differences(before, {"running": False})
    assert (health["pending"], start["pending"], silent["pending"]) == (True, False, True)


def test_what_the_engine_does_not_start_again_is_named():
    before = found(container("web"), container("once", removed_when_stopped=True), container("task", task="t"))
    assert upgrades.to_start(before, found()) == ["web"]
    assert upgrades.to_start(before, before) == []
