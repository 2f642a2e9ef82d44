# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dependent waits for (that the other one runs, not just that it is there), and with whom it restarts."""

from __future__ import annotations

from typing import Any, Mapping

import pytest

from stowage.model.plan import Plan
from tests.unit.stowage.support.hosts import Host

DEPENDENT = {"image": "app:1", "depends_on": ["db"]}


def plan_with_db(host: Host, db: Mapping[str, Any]) -> Plan:
    return host.plan({"wait": False, "containers": {"db": db, "web": DEPENDENT}})


def step_of(plan: Plan, text: str) -> int:
    (number,) = [step.number for step in plan if text in str(step)]
    return number


def waited_for(plan: Plan, number: int) -> set[int]:
    """All steps that must have succeeded before this one, however far back."""
    steps = {step.number: step for step in plan}
    pending, found = [number], set()
    while pending:
        for earlier in steps[pending.pop()].after:
            found.add(earlier)
            pending.append(earlier)
    return found


@pytest.mark.parametrize(
    ("deployed", "wanted", "awaited"),
    [
        pytest.param(None, {"image": "db:1"}, "StartContainer db ", id="a new one"),
        pytest.param(
            {"image": "db:1"}, {"image": "db:1", "environment": {"A": "1"}}, "db.next to db", id="a successor"
        ),
        pytest.param(
            {"image": "db:1"}, {"image": "db:1", "mem_limit": "64m"}, "StartContainer db ", id="updated first"
        ),
    ],
)
def test_started_means_running(deployed, wanted, awaited):
    host = Host()
    if deployed is not None:
        host.deploy({"containers": {"db": deployed}})
        host.engine.containers.stop("db")
    plan = plan_with_db(host, wanted)
    assert step_of(plan, awaited) in waited_for(plan, step_of(plan, "StartContainer web"))


SIDECARS = {
    "service": {"image": "app:1", "network_mode": "service:db"},
    "container": {"image": "app:1", "network_mode": "container:db"},
    "pid": {"image": "app:1", "pid": "service:db"},
}


@pytest.mark.parametrize("sidecar", [pytest.param(value, id=key) for key, value in SIDECARS.items()])
@pytest.mark.parametrize("down", [False, True], ids=["restarted", "started again"])
def test_who_lives_in_a_restarted_containers_namespace_restarts_with_it(sidecar, down):
    host = Host()
    host.deploy({"containers": {"db": {"image": "db:1"}, "side": sidecar}})
    if down:
        host.engine.containers.stop("db")
    state = "started" if down else "restarted"
    plan = host.plan({"containers": {"db": {"image": "db:1", "state": state}, "side": sidecar}})
    restart = step_of(plan, "RestartContainer side")
    assert step_of(plan, "StartContainer db" if down else "RestartContainer db") in waited_for(plan, restart)
    assert "(db is restarted)" in str(next(step for step in plan if step.number == restart))


def test_volumes_of_a_restarted_container_stay_as_they_are():
    host = Host()
    borrower = {"image": "app:1", "volumes_from": ["db"]}
    host.deploy({"containers": {"db": {"image": "db:1", "volumes": ["/data"]}, "side": borrower}})
    plan = host.plan(
        {"containers": {"db": {"image": "db:1", "volumes": ["/data"], "state": "restarted"}, "side": borrower}}
    )
    assert "side" not in str(plan)
