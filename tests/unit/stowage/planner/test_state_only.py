# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration of nothing but a state acts on the container that is there, and changes nothing else of it."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, killed, mode, state, stranger
from tests.unit.stowage.support.hosts import Host

WEB = {"image": "app:1", "mem_limit": "64m", "networks": ["edge"], "environment": {"MODE": "live"}}


def only(wanted):
    return {"containers": {"web": {"state": wanted}}, "networks": {"edge": {}}}


@pytest.fixture
def host():
    host = Host((1, 51))
    host.deploy({"networks": {"edge": {}}, "containers": {"web": WEB}})
    return host


@pytest.mark.parametrize(
    ("wanted", "plan"),
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
def test_a_running_container(host, wanted, plan):
    before = host.container("web")["Id"]
    assert str(host.plan(only(wanted))) == plan
    host.apply(only(wanted))
    assert host.container("web")["Id"] == before


def test_a_stopped_one_is_started(host):
    host.deploy(only("stopped"))
    assert host.states() == {"web": "exited"}
    host.deploy(only("started"))
    assert host.states() == {"web": "running"}


def test_its_network_stays(host):
    assert "RemoveNetwork" not in str(host.plan({"containers": {"web": {"state": "started"}}}))


@pytest.mark.parametrize("wanted", ["present", "started", "stopped", "restarted"])
def test_one_that_is_not_there_is_refused(wanted):
    words = "the container web is not on the host, and without an image it cannot be created"
    assert Host().refusals(only(wanted)) == {"$.containers.web": words}


def test_one_that_is_dead_is_refused(host):
    state("web", Status="dead")(host)
    words = "the container web is dead, and without an image it cannot be created"
    assert host.refusals(only("started")) == {"$.containers.web": words}


STARTED, STOPPED, PRESENT = (containers(web={"state": value}) for value in ("started", "stopped", "present"))
POOLS = [{"config": [{"subnet": subnet}]} for subnet in ("10.7.0.0/16", "10.8.0.0/16")]


@cases(
    Case("somebody's", None, STOPPED, """
            #1 StopContainer web (declared stopped)
        """, stranger("web")),
    Case("what was outside of its declaration stays so", containers(web=mode("a", restart="always")), STARTED, ""),
    Case("a successor that was not proven goes, and the old one runs again", containers(web=mode("a")), STARTED, """
            #1 RemoveContainer web.next (its replacement is not wanted any more)
            #2 StartContainer web <- #1 (has exited with code 143)
            #3 WaitContainer web ready <- #2 (it was started)
        """, killed(containers(web=mode("b")), 4)),
    Case("none of both runs when stopped", containers(web=mode("a")), STOPPED, """
            #1 RemoveContainer web.next (its replacement is not wanted any more)
        """, killed(containers(web=mode("b")), 4)),
    Case("present asks for nothing, so what is half done is left", containers(web=mode("a")), PRESENT, "",
         killed(containers(web=mode("b")), 4)),
    Case("a successor that was proven gets the name", containers(web=mode("a")), PRESENT, """
            #1 RenameContainer web.next to web (a replacement was not finished)
        """, killed(containers(web=mode("b")), 5)),
    Case("back on a network that is made anew, as it was",
         {"networks": {"edge": {"ipam": POOLS[0]}}, **containers(web=app(networks={"edge": {"aliases": ["w"]}}))},
         {"networks": {"edge": {"ipam": POOLS[1]}}, **STARTED}, """
            #1 CreateVolume edge.cc2a97783b9d.next (keeps the place of web)
            #2 DisconnectNetwork web from edge <- #1 (network edge is made anew)
            #3 RemoveNetwork edge <- #2 (ipam changed)
            #4 CreateNetwork edge <- #3 (ipam changed)
            #5 ConnectNetwork web to edge <- #4 (network edge is made anew)
            #6 RemoveVolume edge.cc2a97783b9d.next <- #5 (web has its place)
            undo #2, #3, #4, #5: DisconnectNetwork web from edge, RemoveNetwork edge, CreateNetwork edge, ConnectNetwork web to edge
        """),
    Case("its image stays, and others wait for it", containers(web=app()),
         containers(web={"state": "restarted"}, db=app(depends_on={"web": {"condition": "service_started", "restart": True}})), """
            #1 RestartContainer web (restart is declared)
            #2 WaitContainer web ready <- #1 (it was started)
            #3 CreateContainer db (container is missing)
            #4 StartContainer db <- #1, #3 (it was created)
            #5 WaitContainer db ready <- #4 (it was started)
        """, again=True),
    Case("stopped, it hands its port on", containers(web=app(ports=["80:80"])),
         containers(web={"state": "stopped"}, new=app(ports=["80:80"])), """
            #1 StopContainer web (declared stopped)
            #2 CreateContainer new (container is missing)
            #3 StartContainer new <- #1, #2 (it was created)
            #4 WaitContainer new ready <- #3 (it was started)
        """),
)  # fmt: skip
def test_only_its_state_changes(case):
    check(case)


def test_started_it_keeps_its_port():
    host = Host()
    host.deploy(containers(web=app(ports=["80:80"])))
    assert host.refusals(containers(web={"state": "started"}, new=app(ports=["80:80"]))) == {
        "$.containers.new.ports": "port 80/tcp is held by the container web, whose ports are not declared here"
    }


def test_it_cannot_go_for_its_volumes_sake():
    host = Host()
    host.deploy({"volumes": {"data": {}}, **containers(web=app(volumes=["data:/d"]))})
    anew = {"volumes": {"data": {"driver_opts": {"type": "tmpfs"}, "recreate": True}}}
    assert host.refusals({**anew, **STARTED}) == {
        "$.volumes.data": "the volume data cannot be made anew: in use by web, not described here"
    }


def test_another_scopes_is_refused():
    host = Host()
    host.deploy({"scope": "other", **containers(web=app())})
    assert "belongs to the scope other" in host.refusals(STOPPED)["$.containers.web"]
