# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and volumes: made, made anew under the containers that use them, kept, taken away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Playbook, operations

SLEEP = {"image": "stowage-test/web:1", "command": ["sleep", "1000"], "stop_grace_period": "0s"}


def nets(third: int, **options: Any) -> dict[str, Any]:
    return {"front": {"ipam": {"config": [{"subnet": f"10.77.{third}.0/24"}]}, **options}, "back": {}}


def document(third: int, **options: Any) -> dict[str, Any]:
    addresses = {"front": {"ipv4_address": f"10.77.{third}.10", "aliases": ["application"]}, "back": None}
    containers = {"app": {**SLEEP, "networks": addresses}, "peer": {**SLEEP, "networks": ["front"]}}
    return {"scope": "nets", "monitor": 0, "networks": nets(third, **options), "containers": containers}


def test_changed_network_is_made_anew_under_everybody(place: Host) -> None:
    stranger = {
        "Image": "stowage-test/web:1",
        "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": "front"},
        "NetworkingConfig": {
            "EndpointsConfig": {"front": {"IPAMConfig": {"IPv4Address": "10.77.5.99"}, "Aliases": ["legacy"]}}
        },
    }
    play = Playbook(place)
    play.converge("deploy", "host", document(5))
    play.engine("create stranger", "POST", "/containers/create?name=stranger", stranger)
    play.engine("start stranger", "POST", "/containers/stranger/start")
    play.snapshot("before")
    play.converge("internal", "host", document(5, internal=True))
    play.snapshot("after")
    play.converge("moved", "host", {**document(6, internal=True)})
    play.snapshot("moved")
    play.engine("stranger goes", "DELETE", "/containers/stranger?force=1")
    play.converge("remove", "host", {"scope": "nets"})
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("deploy", *operations(outcome["deploy/apply"]))
    internal = outcome.converged("internal", *operations(outcome["internal/apply"]))
    assert operations(internal).count("ConnectNetwork") == 3
    before, after = outcome.json("before"), outcome.json("after")
    assert scene.identity(before, "app", "peer", "stranger") == scene.identity(after, "app", "peer", "stranger")
    assert before["networks"]["front"]["Id"] != after["networks"]["front"]["Id"]
    assert before["networks"]["back"]["Id"] == after["networks"]["back"]["Id"]
    assert after["networks"]["front"]["Internal"] is True
    for name, address, alias in (("stranger", "10.77.5.99", "legacy"), ("app", "10.77.5.10", "application")):
        endpoint = after["containers"][name]["NetworkSettings"]["Networks"]["front"]
        assert (endpoint["IPAddress"], alias in endpoint["Aliases"]) == (address, True), name
    # A static address of a stranger that the new subnet does not hold: nobody is cut off for it.
    assert outcome["moved/check"]["plan"] == outcome["moved/apply"]["plan"]
    moved = outcome.json("moved")
    _moved_or_nothing_happened(outcome["moved/apply"], after, moved)
    outcome.converged("remove", *operations(outcome["remove/apply"]))
    assert sorted(set(outcome.json("end")["networks"]) - {"bridge", "host", "none"}) == []


def _moved_or_nothing_happened(apply: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    connected = [name for name, c in after["containers"].items() if "front" in c["NetworkSettings"]["Networks"]]
    assert sorted(connected) == ["app", "peer", "stranger"], apply
    assert after["containers"]["stranger"]["State"]["Running"]
    if apply.get("failed"):
        address = after["containers"]["app"]["NetworkSettings"]["Networks"]["front"]["IPAddress"]
        assert address == before["containers"]["app"]["NetworkSettings"]["Networks"]["front"]["IPAddress"]


@pytest.mark.flavour_in_turn
def test_network_options_of_all_kinds(place: Host) -> None:
    options: dict[str, Any] = {
        "driver_opts": {"com.docker.network.bridge.enable_icc": "false"},
        "labels": {"tier": "back"},
        "attachable": True,
        "ipam": {
            "config": [
                {
                    "subnet": "10.77.9.0/24",
                    "ip_range": "10.77.9.128/25",
                    "gateway": "10.77.9.1",
                    "aux_addresses": {"printer": "10.77.9.2"},
                }
            ]
        },
    }
    play = Playbook(place)
    play.converge("all", "host", {"scope": "nets", "networks": {"full": options}})
    for name in options:
        rest = {key: value for key, value in options.items() if key != name}
        play.converge(f"without {name}", "host", {"scope": "nets", "networks": {"full": rest}})
    play.engine("foreign", "POST", "/networks/create", {"Name": "foreign", "Labels": {"owner": "x"}})
    play.converge("external", "host", {"scope": "nets", "networks": {"foreign": {"external": True}}})
    play.task("differs", "host", {"scope": "nets", "networks": {"foreign": {"internal": True}}})
    play.task("no such", "host", {"scope": "nets", "networks": {"nowhere": {"external": True}}})
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("all", "CreateNetwork")
    for name in options:
        result = outcome.converged(f"without {name}", "RemoveNetwork", "CreateNetwork")
        assert any(word in result["plan"][0] for word in (f"{name} removed", "labels changed")), result["plan"]
    outcome.converged("external", "RemoveNetwork")
    assert "made by somebody else" in outcome.failed("differs")
    assert "external network nowhere is not on the host" in outcome.failed("no such")
    assert "foreign" in outcome.json("end")["networks"]


@pytest.mark.flavour_in_turn
def test_volume_with_other_options_is_an_error_unless_it_may_go(place: Host) -> None:
    def document(size: str, **options: Any) -> dict[str, Any]:
        volume = {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": f"size={size}"}, **options}
        service = {**SLEEP, "volumes": ["data:/data"]}
        return {"scope": "vols", "monitor": 0, "volumes": {"data": volume}, "containers": {"app": service}}

    play = Playbook(place)
    play.converge("deploy", "host", document("1m"))
    play.snapshot("before")
    play.task("changed", "host", document("2m"))
    play.snapshot("refused")
    play.converge("recreate", "host", document("2m", recreate=True))
    play.snapshot("recreated")
    play.converge("undeclared", "host", {"scope": "vols"})
    play.snapshot("kept")
    play.converge("absent", "host", {"scope": "vols", "volumes": {"data": {"state": "absent"}}})
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("deploy", "CreateVolume", "CreateContainer", "StartContainer")
    message = outcome.failed("changed")
    assert "volumes.data: the volume data has other options (driver_opts changed)" in message
    assert "recreate: true" in message
    assert scene.identity(outcome.json("before"), "app") == scene.identity(outcome.json("refused"), "app")
    steps = ["StopContainer", "RemoveContainer", "RemoveVolume", "CreateVolume", "CreateContainer", "StartContainer"]
    outcome.converged("recreate", *steps)
    assert outcome.json("recreated")["volumes"]["data"]["Options"]["o"] == "size=2m"
    outcome.converged("undeclared", "StopContainer", "RemoveContainer")
    assert "data" in outcome.json("kept")["volumes"], "nobody's data goes because a line was left out"
    outcome.converged("absent", "RemoveVolume")
    assert not outcome.json("end")["volumes"]
