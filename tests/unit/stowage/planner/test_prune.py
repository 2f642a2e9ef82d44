# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes for good: last of all, and only what is ours."""

from __future__ import annotations

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, mode, state, stranger, together
from tests.unit.stowage.support.hosts import Host

ALL = {
    "networks": {"n1": {}},
    "volumes": {"v1": {}},
    **containers(web=app(networks=["n1"], volumes=["v1:/d", "/anon"])),
}


def guest(host):
    stranger("guest")(host)
    host.engine.networks.connect("n1", "guest")


@cases(
    Case("after everything else", {"networks": {"n1": {}}, **containers(old=app(networks=["n1"]), web=mode("a"))},
         containers(web=mode("b"), new=app()), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            #7 CreateContainer new (container is missing)
            #8 StartContainer new <- #7 (it was created)
            #9 WaitContainer new ready <- #8 (it was started)
            #10 StopContainer old <- #6, #9 (not declared any more)
            #11 RemoveContainer old <- #10 (not declared any more)
            #12 RemoveNetwork n1 <- #11 (not declared any more)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """),
    Case("all of it", ALL, {}, """
            #1 StopContainer web (not declared any more)
            #2 RemoveContainer web <- #1 (not declared any more)
            #3 RemoveNetwork n1 <- #2 (not declared any more)
        """),
    Case("nothing of it", ALL, {"prune": False}, ""),
    Case("declared absent, one by one", ALL,
         {"prune": False, "networks": {"n1": {"state": "absent"}}, "volumes": {"v1": {"state": "absent"}},
          "images": {"app:1": {"state": "absent"}}, **containers(web={"state": "absent"})}, """
            #1 StopContainer web (declared absent)
            #2 RemoveContainer web <- #1 (declared absent)
            #3 RemoveNetwork n1 <- #2 (declared absent)
            #4 RemoveVolume v1 <- #2 (declared absent)
            #5 RemoveImage app:1 <- #2 (declared absent)
        """),
    Case("with its anonymous volumes", ALL, containers(web={"state": "absent", "remove_volumes": True}), """
            #1 StopContainer web (declared absent)
            #2 RemoveContainer web <- #1 (declared absent)
            #3 RemoveVolume <anonymous> <- #2 (goes with web)
            #4 RemoveNetwork n1 <- #2 (not declared any more)
        """),
    Case("not running any more", ALL, {}, """
            #1 RemoveContainer web (not declared any more)
            #2 RemoveNetwork n1 <- #1 (not declared any more)
        """, state("web", Status="exited")),
    Case("paused", containers(web=app()), {}, """
            #1 StopContainer web (not declared any more)
            #2 RemoveContainer web <- #1 (not declared any more)
        """, state("web", Status="paused")),
    Case("a network with a guest is kept", ALL, {}, """
            #1 StopContainer web (not declared any more)
            #2 RemoveContainer web <- #1 (not declared any more)
            note network n1: not declared any more, kept for guest
        """, guest),
    Case("a network that its container leaves", ALL, {"volumes": {"v1": {}}, **containers(web=app(volumes=["v1:/d", "/anon"]))}, """
            #1 ConnectNetwork web to bridge (network bridge added)
            #2 DisconnectNetwork web from n1 (network n1 removed)
            #3 RemoveNetwork n1 <- #1, #2 (not declared any more)
        """),
    Case("somebody's, whom the declaration names", None, containers(web={"state": "absent"}), """
            #1 StopContainer web (declared absent)
            #2 RemoveContainer web <- #1 (declared absent)
        """, stranger("web")),
    Case("not there anyway", None, {"networks": {"n1": {"state": "absent"}}, **containers(web={"state": "absent"})}, ""),
    Case("another scope's stay", {"scope": "other", **ALL}, {}, ""),
    Case("look-alikes stay", ALL, ALL, "",
         together(stranger("web1"), stranger("web.next2"), stranger("we", Labels={"io.stowage.scope": "host2"}))),
)  # fmt: skip
def test_removals(case):
    check(case)


def test_volumes_that_moved_along_go_with_their_container_where_it_is_said():
    host = Host()
    document = containers(web=mode("a", volumes=["/anon"]))
    host.deploy(document)
    host.deploy(containers(web=mode("b", volumes=["/anon"])))
    host.deploy(containers(web={"state": "absent", "remove_volumes": True}))
    assert host.engine.volumes.all == {}


def test_a_failure_before_keeps_everything():
    host = Host()
    host.deploy(ALL)
    report = host.apply(containers(new={"image": "nowhere:1"}))
    assert [failure.step.operation.kind for failure in report.failures] == ["PullImage"]
    assert host.states() == {"web": "running"}
    assert "n1" in host.engine.networks.all


def test_in_use():
    host = Host()
    host.deploy(ALL)
    absent = {"prune": False, "networks": {"n1": {"state": "absent"}}, "volumes": {"v1": {"state": "absent"}}}
    assert host.refusals(absent) == {
        "$.networks.n1": "the network n1 is in use by web",
        "$.volumes.v1": "the volume v1 is in use by web",
    }
