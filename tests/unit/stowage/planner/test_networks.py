# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: made, left alone, made anew under the containers that use them."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, killed, mode
from tests.unit.stowage.support.hosts import Host

SUBNET = {"ipam": {"config": [{"subnet": "10.1.0.0/24"}]}}
STATIC = {"edge": {"ipv4_address": "10.1.0.5", "aliases": ["w"]}}


def edge(**options):
    users = containers(db=app(networks=["edge"]), web=app(networks=STATIC), no=app())
    return {"networks": {"edge": {**SUBNET, **options}}, **users}


def made(**body):
    return lambda host: host.engine.networks.make("edge", body)


@cases(
    Case("missing", None, {"networks": {"edge": {}}}, """
        #1 CreateNetwork edge (network is missing)
    """),
    Case("there", {"networks": {"edge": SUBNET}}, {"networks": {"edge": SUBNET}}, ""),
    Case("somebody's that fits", None, {"networks": {"edge": {}}}, "", made()),
    Case("external, whatever it is like", None, {"networks": {"edge": {"external": True}}}, "",
         made(Driver="macvlan", Labels={"io.stowage.scope": "other"})),
    Case("absent", {"networks": {"edge": {}}}, {"networks": {"edge": {"state": "absent"}}}, """
        #1 RemoveNetwork edge (declared absent)
    """),
)  # fmt: skip
def test_networks(case):
    check(case)


@cases(
    Case(
        "everybody off, and back: addresses of their own first",
        edge(),
        edge(internal=True),
        """
        #1 DisconnectNetwork db from edge (network edge is made anew)
        #2 DisconnectNetwork web from edge (network edge is made anew)
        #3 RemoveNetwork edge <- #1, #2 (internal changed)
        #4 CreateNetwork edge <- #3 (internal changed)
        #5 ConnectNetwork web to edge <- #4 (network edge is made anew)
        #6 ConnectNetwork db to edge <- #5 (network edge is made anew)
        undo #1, #2, #3, #4, #5, #6: DisconnectNetwork db from edge, DisconnectNetwork web from edge, \
RemoveNetwork edge, CreateNetwork edge, ConnectNetwork web to edge, ConnectNetwork db to edge
        """,
    ),
    Case(
        "whom a replacement awaits is put back first",
        {"networks": {"edge": {}}, **containers(web=mode("a", networks=["edge"]))},
        {"networks": {"edge": {"internal": True}}, **containers(web=mode("b", networks=["edge"]))},
        """
        #1 DisconnectNetwork web from edge (network edge is made anew)
        #2 RemoveNetwork edge <- #1 (internal changed)
        #3 CreateNetwork edge <- #2 (internal changed)
        #4 ConnectNetwork web to edge <- #3 (network edge is made anew)
        #5 CreateContainer web.next <- #4 (environment MODE changed)
        #6 StopContainer web <- #5 (environment MODE changed)
        #7 StartContainer web.next <- #6 (takes over: environment MODE changed)
        #8 WaitContainer web.next ready <- #7 (it was started)
        #9 RemoveContainer web <- #8 (environment MODE changed)
        #10 RenameContainer web.next to web <- #9 (it takes over)
        undo #1, #2, #3, #4: DisconnectNetwork web from edge, RemoveNetwork edge, CreateNetwork edge, \
ConnectNetwork web to edge
        undo #6, #7, #8: RemoveContainer web.next, StartContainer web
        """,
    ),
    Case(
        "who leaves it does not come back, who joins it does",
        {"networks": {"edge": {}}, **containers(web=app(networks=["edge"]), db=app())},
        {"networks": {"edge": {"internal": True}}, **containers(web=app(), db=app(networks=["edge"]))},
        """
        #1 DisconnectNetwork web from edge (network edge is made anew)
        #2 RemoveNetwork edge <- #1 (internal changed)
        #3 CreateNetwork edge <- #2 (internal changed)
        #4 ConnectNetwork web to bridge <- #3 (network bridge added)
        #5 ConnectNetwork db to edge <- #3 (network edge added)
        #6 DisconnectNetwork db from bridge (network bridge removed)
        undo #1, #2, #3: DisconnectNetwork web from edge, RemoveNetwork edge, CreateNetwork edge, \
ConnectNetwork web to edge
        """,
    ),
    Case(
        "a leftover goes once it is back",
        {"networks": {"edge": {}}, **containers(web=mode("a", networks=["edge"]))},
        {"networks": {"edge": {"internal": True}}, **containers(web=mode("a", networks=["edge"]))},
        """
        #1 DisconnectNetwork web from edge (network edge is made anew)
        #2 DisconnectNetwork web.next from edge (network edge is made anew)
        #3 RemoveNetwork edge <- #1, #2 (internal changed)
        #4 CreateNetwork edge <- #3 (internal changed)
        #5 ConnectNetwork web to edge <- #4 (network edge is made anew)
        #6 ConnectNetwork web.next to edge <- #4 (network edge is made anew)
        #7 RemoveContainer web.next <- #5, #6 (its replacement is not wanted any more)
        undo #1, #2, #3, #4, #5, #6: DisconnectNetwork web from edge, DisconnectNetwork web.next from edge, \
RemoveNetwork edge, CreateNetwork edge, ConnectNetwork web to edge, ConnectNetwork web.next to edge
        """,
        killed({"networks": {"edge": {}}, **containers(web=mode("b", networks=["edge"]))}, 2),
    ),
    Case(
        "together with a volume of its user",
        {"networks": {"edge": {}}, "volumes": {"data": {"driver_opts": {"type": "tmpfs"}}},
         **containers(web=app(networks=["edge"], volumes=["data:/d"]))},
        {"networks": {"edge": {"internal": True}}, "volumes": {"data": {"recreate": True}},
         **containers(web=app(networks=["edge"], volumes=["data:/d"]))},
        """
        #1 StopContainer web (volume data is made anew)
        #2 RemoveContainer web <- #1 (volume data is made anew)
        #3 RemoveVolume data <- #2 (driver_opts changed)
        #4 CreateVolume data <- #3 (driver_opts changed)
        #5 RemoveNetwork edge <- #2 (internal changed)
        #6 CreateNetwork edge <- #5 (internal changed)
        #7 CreateContainer web <- #2, #4, #6 (its volume is made anew)
        #8 StartContainer web <- #7 (it was created)
        #9 WaitContainer web ready <- #8 (it was started)
        undo #1, #2: StartContainer web
        undo #5, #6: RemoveNetwork edge, CreateNetwork edge
        """,
    ),
)  # fmt: skip
def test_made_anew(case):
    check(case)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        ({}, {}, ""),
        ({}, {"driver": "macvlan"}, "driver bridge -> macvlan"),
        ({}, {"attachable": True}, "attachable changed"),
        ({"attachable": True}, {}, "attachable removed"),
        ({}, {"internal": False}, ""),
        ({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, "labels changed"),
        ({"labels": {"a": "1"}}, {}, "labels changed"),
        ({"driver_opts": {"mtu": "1400"}}, {"driver_opts": {"mtu": "1500"}}, "driver_opts changed"),
        ({"driver_opts": {"mtu": "1400"}}, {}, "driver_opts removed"),
        ({}, {"enable_ipv6": True}, "enable_ipv6 changed"),
        ({"enable_ipv6": True}, {}, "enable_ipv6 removed"),
        (SUBNET, {"ipam": {"config": [{"subnet": "10.2.0.0/24"}]}}, "ipam changed"),
        (SUBNET, {"ipam": {"config": [{"subnet": "10.1.0.0/24", "gateway": "10.1.0.9"}]}}, "ipam changed"),
        (SUBNET, {}, "ipam removed"),
        (SUBNET, {"ipam": {"driver": "default"}}, ""),
        ({"internal": True, "labels": {"a": "1"}}, {"driver": "macvlan"},
         "driver bridge -> macvlan, internal removed, labels changed"),
    ],
)  # fmt: skip
def test_causes(before, after, cause):
    host = Host()
    host.deploy({"networks": {"edge": before}})
    plan = host.plan({"networks": {"edge": after}})
    assert [step.operation.cause for step in plan] == [cause] * 2 * bool(cause)
    host.deploy({"networks": {"edge": after}})


@pytest.mark.parametrize(
    ("body", "declared", "difference"),
    [
        ({"Driver": "macvlan"}, {}, "driver macvlan -> bridge"),
        ({"Options": {"mtu": "1"}}, {}, "driver_opts removed"),
        ({"Internal": True}, {}, "internal removed"),
        ({"Labels": {"a": "1"}}, {"labels": {"a": "2"}}, "labels changed"),
    ],
)
def test_somebody_elses_that_differs_is_refused(body, declared, difference):
    host = Host()
    made(**body)(host)
    assert host.refusals({"networks": {"edge": declared}}) == {
        "$.networks.edge": f"the network edge is there already, made by somebody else, and differs ({difference}); "
        "declare it as it is, declare it external, or remove it first"
    }


def settings(host):
    return {
        name: {
            key: value for key, value in host.container(name)["NetworkSettings"]["Networks"]["edge"].items() if value
        }
        for name in ("web", "db", "theirs")
    }


def with_stranger(api):
    host = Host(api)
    host.deploy(edge())
    host.engine.containers.make("theirs", {"Image": "app:1"})
    host.engine.containers.start("theirs")
    host.engine.networks.connect("edge", "theirs", {"Aliases": ["friend"], "IPAMConfig": {"IPv4Address": "10.1.0.9"}})
    host.engine.revive()
    return host


@pytest.mark.parametrize("api", [(1, 41), (1, 51)])
def test_addresses_and_aliases_stay_those_of_strangers_too(api):
    host = with_stranger(api)
    before = settings(host)
    host.deploy(edge(internal=True))
    assert settings(host) == before
    assert host.engine.networks.all["edge"]["Internal"]


@pytest.mark.parametrize("api", [(1, 41), (1, 51)])
def test_whichever_call_fails_all_are_on_it_as_before(api):
    host = with_stranger(api)
    host.apply(edge(internal=True))
    for call in range(1, len(host.engine.changes) + 1):
        host = with_stranger(api)
        before = settings(host)
        host.engine.fail_at = call
        report = host.apply(edge(internal=True))
        assert len(report.failures) == 1
        assert settings(host) == before, call
        host.engine.revive()
        host.deploy(edge(internal=True))
        assert settings(host) == before, call
