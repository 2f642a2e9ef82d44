# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.service.verdict import judge


def container(status, code=0, health=None, restart="no", count=0, output=""):
    state = {"Status": status, "ExitCode": code}
    if health is not None:
        state["Health"] = {"Status": health, "Log": [{"Output": "old"}, {"Output": output}] if output else None}
    return {"State": state, "RestartCount": count, "HostConfig": {"RestartPolicy": {"Name": restart}}}


# condition, container, seconds waited, monitor -> (verdict, why)
TABLE = [
    # ready without a health check: up for as long as it is watched
    ("ready", container("running"), 0.0, 0.0, (True, "is running")),
    ("ready", container("running"), 1.9, 2.0, (None, "is watched")),
    ("ready", container("running"), 2.0, 2.0, (True, "is running")),
    ("running", container("running"), 2.0, 2.0, (True, "is running")),
    ("ready", container("created"), 9.0, 2.0, (None, "is created")),
    ("ready", container("paused"), 9.0, 2.0, (None, "is paused")),
    ("ready", container("running", 3, restart="always", count=1), 1.0, 2.0,
     (False, "did not stay up: it exited with code 3 and was restarted")),
    ("ready", container("running", restart="always", count=1), 2.0, 2.0, (True, "is running")),
    ("ready", container("restarting", 3, restart="always", count=1), 0.0, 2.0,
     (False, "keeps failing: it exited with code 3 and is restarted")),
    # ready, exited: done, or down
    ("ready", container("exited", 0), 0.0, 2.0, (True, "has done its work")),
    ("ready", container("exited", 0, restart="on-failure"), 0.0, 2.0, (True, "has done its work")),
    ("ready", container("exited", 0, health="unhealthy"), 0.0, 2.0, (True, "has done its work")),
    ("ready", container("exited", 1), 0.0, 2.0, (False, "exited with code 1")),
    ("ready", container("exited", 1, restart="on-failure", count=3), 0.0, 2.0, (False, "exited with code 1")),
    ("ready", container("exited", 0, restart="always"), 0.0, 2.0, (None, "restarts")),
    ("ready", container("exited", 137, restart="unless-stopped"), 0.0, 2.0, (None, "restarts")),
    ("ready", container("dead", 0), 0.0, 2.0, (False, "exited with code 0")),
    ("running", container("exited", 0), 0.0, 2.0, (False, "exited with code 0")),
    # ready and healthy, with a health check
    ("ready", container("running", health="starting"), 9.0, 2.0, (None, "its health check has not passed yet")),
    ("ready", container("running", health="healthy"), 0.0, 2.0, (True, "is healthy")),
    ("healthy", container("running", health="healthy"), 0.0, 2.0, (True, "is healthy")),
    ("healthy", container("running", health="unhealthy"), 0.0, 0.0, (False, "is unhealthy")),
    ("healthy", container("running", health="unhealthy", output=" no route\n"), 0.0, 0.0, (False, "is unhealthy: no route")),
    ("healthy", container("running", health="unhealthy", output="x" * 600), 0.0, 0.0, (False, f"is unhealthy: {'x' * 500}")),
    ("healthy", container("running"), 0.0, 0.0, (False, "has no health check, so it can never be healthy")),
    ("healthy", container("running", health="none"), 0.0, 0.0, (False, "has no health check, so it can never be healthy")),
    ("ready", container("running", health="none"), 0.0, 0.0, (True, "is running")),
    ("healthy", container("exited", 0), 0.0, 0.0, (False, "exited with code 0")),
    # completed
    ("completed", container("exited", 0), 0.0, 0.0, (True, "has completed")),
    ("completed", container("exited", 0, restart="always"), 0.0, 0.0, (True, "has completed")),
    ("completed", container("exited", 2), 0.0, 0.0, (False, "exited with code 2")),
    ("completed", container("exited", 2, restart="on-failure"), 0.0, 0.0, (False, "exited with code 2")),
    ("completed", container("exited", 2, restart="always"), 0.0, 0.0, (None, "restarts")),
    ("completed", container("restarting", 2, restart="on-failure", count=1), 0.0, 0.0, (None, "is restarting")),
    ("completed", container("running"), 900.0, 0.0, (None, "is running")),
    ("completed", container("dead"), 0.0, 0.0, (False, "is dead")),
    # answers with hardly anything in them
    ("ready", {}, 0.0, 0.0, (None, "is ")),
    ("completed", {"State": {"Status": "exited"}, "HostConfig": {"RestartPolicy": None}}, 0.0, 0.0, (True, "has completed")),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "inspect", "seconds", "monitor", "expected"), TABLE)
def test_judge(condition, inspect, seconds, monitor, expected):
    assert judge(condition, inspect, seconds, monitor) == expected


@pytest.mark.parametrize(
    ("streak", "retries", "verdict"),
    [(0, None, None), (2, None, None), (3, None, False), (4, 5, None), (5, 5, False), (1, 0, None), (3, 0, False)],
)
def test_unhealthy_means_nothing_before_as_many_probes_have_failed(streak, retries, verdict):
    state = {"Status": "running", "Health": {"Status": "unhealthy", "FailingStreak": streak}}
    inspect = {"State": state, "Config": {"Healthcheck": {"Retries": retries}}}
    assert judge("ready", inspect, 0.0, 0.0)[0] is verdict
