# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration of nothing but a state acts on the container that is there, and changes nothing else of it."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.hosts import Host

WEB = {"image": "app:1", "mem_limit": "64m", "networks": ["edge"], "environment": {"MODE": "live"}}


def only(state):
    return {"containers": {"web": {"state": state}}, "networks": {"edge": {}}}


@pytest.fixture
def host():
    host = Host((1, 51))
    host.deploy({"networks": {"edge": {}}, "containers": {"web": WEB}})
    return host


@pytest.mark.parametrize(
    ("state", "plan"),
    [
        ("present", ""),
        ("started", ""),
        ("stopped", "#1 StopContainer web (declared stopped)"),
        (
            "restarted",
            "#1 RestartContainer web (restart is declared)\n#2 WaitContainer web ready <- #1 (it was started)",
        ),
    ],
)
def test_a_running_container(host, state, plan):
    before = host.container("web")["Id"]
    assert str(host.plan(only(state))) == plan
    host.apply(only(state))
    assert host.container("web")["Id"] == before


def test_a_stopped_one_is_started(host):
    host.deploy(only("stopped"))
    assert host.states() == {"web": "exited"}
    host.deploy(only("started"))
    assert host.states() == {"web": "running"}


def test_its_network_stays(host):
    assert "RemoveNetwork" not in str(host.plan({"containers": {"web": {"state": "started"}}}))


def test_one_that_is_not_there_is_refused():
    (path, message) = next(iter(Host().refusals(only("stopped")).items()))
    assert path == "$.containers.web"
    assert "is not on the host" in message
