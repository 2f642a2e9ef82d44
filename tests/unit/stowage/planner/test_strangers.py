# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden plans for containers nobody declared, on a network that is made anew."""

from __future__ import annotations

from tests.unit.stowage.support.golden import text_of
from tests.unit.stowage.support.hosts import Host

EDGE = {"networks": {"edge": {"ipam": {"config": [{"subnet": "10.7.0.0/16"}]}}}}
OTHER = {"networks": {"edge": {**EDGE["networks"]["edge"], "internal": True}}}
PLACE = {"IPAMConfig": {"IPv4Address": "10.7.0.2"}, "Aliases": ["legacy"]}


def host_with_stranger():
    host = Host((1, 51))
    host.deploy(EDGE)
    host.engine.containers.make("stranger", {"Image": "app:1", "Labels": {}})
    host.engine.containers.start("stranger")
    host.engine.networks.connect("edge", "stranger", PLACE)
    host.engine.revive()
    return host


def endpoint(host):
    return host.container("stranger")["NetworkSettings"]["Networks"]["edge"]


def volume(host):
    return f"edge.{host.container('stranger')['Id'][:12]}.next"


def test_a_place_is_kept_until_it_is_taken_again():
    host = host_with_stranger()
    kept = volume(host)
    undo = (
        "DisconnectNetwork stranger from edge, RemoveNetwork edge, CreateNetwork edge, ConnectNetwork stranger to edge"
    )
    assert text_of(host, host.plan(OTHER)).splitlines() == [
        f"#1 CreateVolume {kept} (keeps the place of stranger)",
        "#2 DisconnectNetwork stranger from edge <- #1 (network edge is made anew)",
        "#3 RemoveNetwork edge <- #2 (internal changed)",
        "#4 CreateNetwork edge <- #3 (internal changed)",
        "#5 ConnectNetwork stranger to edge <- #4 (network edge is made anew)",
        f"#6 RemoveVolume {kept} <- #5 (stranger has its place)",
        f"undo #2, #3, #4, #5: {undo}",
    ]
    host.deploy(OTHER)
    assert endpoint(host)["IPAMConfig"] == PLACE["IPAMConfig"]
    assert not host.engine.volumes.all


def test_every_point_where_the_run_can_end_is_gone_on_from():
    for call in range(1, 7):
        host = host_with_stranger()
        host.engine.die_at = call
        host.apply(OTHER)
        host.engine.revive()
        host.deploy(OTHER)
        assert endpoint(host)["IPAMConfig"] == PLACE["IPAMConfig"], call
        assert "legacy" in endpoint(host)["Aliases"], call
        assert not host.engine.volumes.all, call


def test_a_place_in_a_network_no_longer_declared_is_given_back_and_the_network_kept():
    host = host_with_stranger()
    host.engine.die_at = 5  # the new network is there, the stranger not yet on it
    host.apply(OTHER)
    host.engine.revive()
    plan = host.plan({})
    assert "ConnectNetwork stranger to edge" in str(plan)
    assert "RemoveNetwork" not in str(plan)
    assert not host.carry_out(plan).failures
    assert endpoint(host)["IPAMConfig"] == PLACE["IPAMConfig"]
    assert not host.engine.volumes.all


def test_what_is_kept_for_a_container_that_is_gone_goes():
    host = host_with_stranger()
    kept = volume(host)
    host.engine.die_at = 5
    host.apply(OTHER)
    host.engine.revive()
    host.engine.containers.remove("stranger", force=True)
    host.engine.revive()
    assert str(host.plan(OTHER)) == f"#1 RemoveVolume {kept} (keeps a place that is not waited for any more)"
