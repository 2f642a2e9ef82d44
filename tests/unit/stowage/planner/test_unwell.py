# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container that runs as declared but is not well: running the same again must not call it a success."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.hosts import Host

CHECKED = {"image": "app:1", "healthcheck": {"test": ["CMD", "x"]}}


def test_a_failed_health_check_fails_again():
    host = Host((1, 51))
    document = {"containers": {"web": {**CHECKED, "environment": {"BEHAVE": "sick"}}}}
    assert host.apply(document).failures
    plan = host.plan(document)
    assert str(plan) == "#1 WaitContainer web ready (its health check says unhealthy)"
    assert not plan.changes
    assert host.carry_out(plan).failures


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ({"Health": {"Status": "starting"}}, "its health check says starting"),
        ({"Status": "restarting"}, "keeps restarting"),
    ],
)
def test_what_may_yet_become_well_is_waited_for(state, cause):
    host = Host((1, 51))
    document = {"containers": {"web": CHECKED}}
    host.deploy(document)
    host.container("web")["State"].update(state)
    assert str(host.plan(document)) == f"#1 WaitContainer web ready ({cause})"
    assert str(host.plan({**document, "wait": False})) == ""


def test_a_first_start_is_watched_for_a_moment():
    host = Host()
    for monitor, watched in ((2, 0.3), (0.1, 0.1), (0, 0)):
        plan = host.plan({"monitor": monitor, "containers": {"web": {"image": "app:1"}}})
        assert [step.operation.monitor for step in plan if step.operation.waits] == [watched]
