# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the host that change hands."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, stranger
from tests.unit.stowage.support.hosts import Host

BYE = {"pre_stop": [{"command": ["bye"]}]}


@cases(
    Case("another name", containers(web=app(ports=["80:80"])), containers(www=app(ports=["80:80"])), """
            #1 CreateContainer www (container is missing)
            #2 StopContainer web <- #1 (hands port 80/tcp to www)
            #3 StartContainer www <- #2 (it was created)
            #4 WaitContainer www ready <- #3 (it was started)
            #5 RemoveContainer web <- #2, #4 (not declared any more)
            undo #3, #4: StopContainer www, StartContainer web
        """),
    Case("another name, and the one before is declared absent", containers(web=app(ports=["80:80"])),
         containers(www=app(ports=["80:80"]), web=app(state="absent")), """
            #1 CreateContainer www (container is missing)
            #2 StopContainer web <- #1 (hands port 80/tcp to www)
            #3 StartContainer www <- #2 (it was created)
            #4 WaitContainer www ready <- #3 (it was started)
            #5 RemoveContainer web <- #2, #4 (declared absent)
            undo #3, #4: StopContainer www, StartContainer web
        """),
    Case("swapped", containers(aa=app(ports=["80:80"]), bb=app(ports=["81:80"])),
         containers(aa=app(ports=["81:80"]), bb=app(ports=["80:80"])), """
            #1 CreateContainer aa.next (port 80:80/tcp removed, port 81:80/tcp added)
            #2 StopContainer bb <- #1 (hands port 81/tcp to aa)
            #3 StopContainer aa <- #2 (port 80:80/tcp removed, port 81:80/tcp added)
            #4 StartContainer aa.next <- #3 (takes over: port 80:80/tcp removed, port 81:80/tcp added)
            #5 WaitContainer aa.next ready <- #4 (it was started)
            #6 RemoveContainer aa <- #5 (port 80:80/tcp removed, port 81:80/tcp added)
            #7 RenameContainer aa.next to aa <- #6 (it takes over)
            #8 CreateContainer bb.next (port 81:80/tcp removed, port 80:80/tcp added)
            #9 StartContainer bb.next <- #3, #8 (takes over: port 81:80/tcp removed, port 80:80/tcp added)
            #10 WaitContainer bb.next ready <- #9 (it was started)
            #11 RemoveContainer bb <- #10 (port 81:80/tcp removed, port 80:80/tcp added)
            #12 RenameContainer bb.next to bb <- #11 (it takes over)
            undo #3, #4, #5: RemoveContainer aa.next, StartContainer aa
            undo #2, #8, #9, #10: RemoveContainer bb.next, StartContainer bb
        """),
    Case("handed to one that comes later", containers(aa=app(ports=["80:80"]), bb=app()),
         containers(aa=app(), bb=app(ports=["80:80"])), """
            #1 CreateContainer aa.next (port 80:80/tcp removed)
            #2 StopContainer aa <- #1 (port 80:80/tcp removed)
            #3 StartContainer aa.next <- #2 (takes over: port 80:80/tcp removed)
            #4 WaitContainer aa.next ready <- #3 (it was started)
            #5 RemoveContainer aa <- #4 (port 80:80/tcp removed)
            #6 RenameContainer aa.next to aa <- #5 (it takes over)
            #7 CreateContainer bb.next (port 80:80/tcp added)
            #8 StopContainer bb <- #2, #7 (port 80:80/tcp added)
            #9 StartContainer bb.next <- #8 (takes over: port 80:80/tcp added)
            #10 WaitContainer bb.next ready <- #9 (it was started)
            #11 RemoveContainer bb <- #10 (port 80:80/tcp added)
            #12 RenameContainer bb.next to bb <- #11 (it takes over)
            undo #2, #3, #4: RemoveContainer aa.next, StartContainer aa
            undo #8, #9, #10: RemoveContainer bb.next, StartContainer bb
        """),
    Case("handed to one that comes before, hooks included", containers(aa=app(), bb=app(ports=["80:80"], **BYE)),
         containers(aa=app(ports=["80:80"]), bb=app(ports=["81:80"], **BYE)), """
            #1 CreateContainer aa.next (port 80:80/tcp added)
            #2 RunHook pre_stop in bb <- #1 (hands port 80/tcp to aa)
            #3 StopContainer bb <- #1, #2 (hands port 80/tcp to aa)
            #4 StopContainer aa <- #3 (port 80:80/tcp added)
            #5 StartContainer aa.next <- #4 (takes over: port 80:80/tcp added)
            #6 WaitContainer aa.next ready <- #5 (it was started)
            #7 RemoveContainer aa <- #6 (port 80:80/tcp added)
            #8 RenameContainer aa.next to aa <- #7 (it takes over)
            #9 CreateContainer bb.next (port 80:80/tcp removed, port 81:80/tcp added)
            #10 StartContainer bb.next <- #3, #9 (takes over: port 80:80/tcp removed, port 81:80/tcp added)
            #11 WaitContainer bb.next ready <- #10 (it was started)
            #12 RemoveContainer bb <- #11 (port 80:80/tcp removed, port 81:80/tcp added)
            #13 RenameContainer bb.next to bb <- #12 (it takes over)
            undo #4, #5, #6: RemoveContainer aa.next, StartContainer aa
            undo #3, #9, #10, #11: RemoveContainer bb.next, StartContainer bb
        """),
    Case("one that shall be stopped lets go, planned before", containers(aa=app(ports=["80:80"])),
         containers(aa=app(ports=["80:80"], state="stopped"), bb=app(ports=["80:80"])), """
            #1 StopContainer aa (declared stopped)
            #2 CreateContainer bb (container is missing)
            #3 StartContainer bb <- #1, #2 (it was created)
            #4 WaitContainer bb ready <- #3 (it was started)
        """),
    Case("one that shall be stopped lets go, planned later", containers(aa=app(ports=["80:80"])),
         containers(bb=app(ports=["80:80"]), aa=app(ports=["80:80"], state="stopped")), """
            #1 CreateContainer bb (container is missing)
            #2 StopContainer aa <- #1 (hands port 80/tcp to bb)
            #3 StartContainer bb <- #2 (it was created)
            #4 WaitContainer bb ready <- #3 (it was started)
        """),
    Case("whoever had it by chance takes another", containers(aa=app(ports=["80"])),
         containers(aa=app(ports=["80"]), bb=app(ports=["32768:80"])), """
            #1 CreateContainer bb (container is missing)
            #2 StopContainer aa <- #1 (hands port 32768/tcp to bb)
            #3 StartContainer bb <- #2 (it was created)
            #4 WaitContainer bb ready <- #3 (it was started)
            #5 StartContainer aa <- #2 (handed its port on)
            #6 WaitContainer aa ready <- #5 (it was started)
        """),
    Case("other protocols and addresses are other ports", containers(aa=app(ports=["127.0.0.1:80:80"])),
         containers(aa=app(ports=["127.0.0.1:80:80"]), bb=app(ports=["80:80/udp"])), """
            #1 CreateContainer bb (container is missing)
            #2 StartContainer bb <- #1 (it was created)
            #3 WaitContainer bb ready <- #2 (it was started)
        """),
)  # fmt: skip
def test_changing_hands(case):
    check(case)


def holder(port, address=""):
    return stranger("theirs", HostConfig={"PortBindings": {"80/tcp": [{"HostIp": address, "HostPort": port}]}})


@pytest.mark.parametrize(
    ("address", "port", "refused"),
    [
        ("", "80:80", True),
        ("127.0.0.1", "80:80", True),
        ("", "127.0.0.1:80:80", True),
        ("127.0.0.1", "127.0.0.2:80:80", False),
        ("", "80:80/udp", False),
        ("", "81:80", False),
        ("", "80-90:80", False),  # the engine finds a free one
    ],
)
def test_a_strangers_port(address, port, refused):
    host = Host()
    holder("80", address)(host)
    host.engine.revive()
    document = containers(web=app(ports=[port]))
    if refused:
        message = "port 80/tcp is held by the container theirs, not declared here"
        assert host.refusals(document) == {"$.containers.web.ports": message}
    else:
        assert host.plan(document)


def test_nobody_lets_go_for_one_that_cannot_come():
    """The image of the taker cannot be had, so the holder is not even stopped."""
    host = Host()
    host.deploy(containers(web=app(ports=["80:80"])))
    report = host.apply(containers(www={"image": "nowhere:1", "ports": ["80:80"]}))
    assert [failure.step.operation.kind for failure in report.failures] == ["PullImage"]
    assert host.states() == {"web": "running"}


@pytest.mark.parametrize("replaced", [True, False])
def test_who_goes_for_good_comes_back_when_the_taker_fails(replaced):
    host = Host()
    before = containers(web=app(ports=["80:80"]), **({"www": app()} if replaced else {}))
    host.deploy(before)
    sick = app(ports=["80:80"], environment={"BEHAVE": "sick"}, healthcheck={"test": ["CMD", "x"]})
    report = host.apply(containers(www=sick))
    assert [failure.step.operation.kind for failure in report.failures] == ["WaitContainer"]
    assert host.states() == {"web": "running", "www": "running" if replaced else "exited"}
    host.deploy(containers(www=app(ports=["80:80"])))
    assert host.states() == {"www": "running"}
