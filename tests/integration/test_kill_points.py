# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL before and after each Engine call of a run: the next run converges, and nothing is lost.

Each case is a declaration in two versions. All points of the way from one to the other are walked, on one
engine in turn: kill there, run again, look. Where the way back is of the same kind, points are walked there
and back in turn; else both ways whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from stowage.engine.client import Engine
from tests.hosts import Host
from tests.integration import driver, scene
from tests.integration.test_containers import SLEEP

HEX = 64  # an anonymous volume's name is that many hexadecimal digits
BORN = ["sh", "-c", "[ -e /data/born ] || date +%s%N > /data/born; exec sleep 1000"]
Declare = Callable[[int], dict[str, Any]]
Check = Callable[["Place", int, dict[str, Any], dict[str, Any]], None]


class Place:
    """A test host's engine and the runs against it."""

    def __init__(self, host: Host, socket: str, declare: Declare) -> None:
        self.host, self.socket = host, socket
        self._declare = declare

    def apply(self, version: int, number: int = 0, phase: str = "before") -> dict[str, Any] | None:
        manifest = {"scope": "kill", "monitor": 0, **self._declare(version)}
        return driver.apply(self.socket, manifest, number, phase)

    def settle(self) -> None:
        """Wait until the engine has done what a killed run had asked of it last, side by side with the fatal call.

        That takes it milliseconds. A playbook takes far longer to come back, but this test would not.
        """
        with Engine.connect(f"unix://{self.socket}") as engine:
            seen: list[Any] = []
            while len(seen) < 2 or seen[-1] != seen[-2]:
                if seen:
                    time.sleep(0.2)
                containers = [
                    (entry["Id"], entry["Names"], entry["State"]) for entry in engine.containers.list(all=True)
                ]
                networks = sorted(entry["Id"] for entry in engine.networks.list())
                volumes = sorted(entry["Name"] for entry in engine.volumes.list())
                seen.append((containers, networks, volumes))

    def look(self) -> dict[str, Any]:
        """What a user would look at."""
        return scene.snapshot(self.host)


def _replacement(version: int) -> dict[str, Any]:
    """Everything that takes more than one call: a changed network, and a container that is replaced on it."""
    service = {
        **SLEEP,
        "command": BORN,
        "volumes": ["/data"],
        "environment": {"VERSION": version},
        "networks": {"front": {"ipv4_address": f"10.78.{version}.10"}, "back": {"aliases": ["app"]}},
    }
    return {
        "networks": {"front": {"ipam": {"config": [{"subnet": f"10.78.{version}.0/24"}]}}, "back": {}},
        "containers": {"app": service, "peer": {**SLEEP, "networks": ["front"]}},
    }


def _check_replacement(place: Place, version: int, first: dict[str, Any], seen: dict[str, Any]) -> None:
    assert sorted(seen["containers"]) == ["app", "peer"]
    volume = _anonymous(seen)
    assert volume == _anonymous(first), "the anonymous volume is another one"
    settings = seen["containers"]["app"]["NetworkSettings"]["Networks"]
    assert settings["front"]["IPAddress"] == f"10.78.{version}.10"
    assert "app" in settings["back"]["Aliases"]
    assert [mount["Name"] for mount in seen["containers"]["app"]["Mounts"]] == [volume]


def _anonymous(seen: dict[str, Any]) -> str:
    names = [name for name in seen["volumes"] if len(name) == HEX]
    assert len(names) == 1, f"orphans: {names}"
    return str(names[0])


def _deployment(version: int) -> dict[str, Any]:
    """From nothing to everything, and back."""
    if version == 1:
        return {}
    return {
        "networks": {"front": {}, "back": {}},
        "volumes": {"data": {}},
        "containers": {
            "db": {**SLEEP, "volumes": ["data:/data"], "networks": ["back"]},
            "app": {**SLEEP, "networks": ["front", "back"], "depends_on": ["db"]},
        },
    }


def _check_deployment(place: Place, version: int, first: dict[str, Any], seen: dict[str, Any]) -> None:
    assert sorted(seen["containers"]) == (["app", "db"] if version == 2 else [])
    own = sorted(set(seen["networks"]) - {"bridge", "host", "none"})
    assert own == (["back", "front"] if version == 2 else [])
    assert set(seen["volumes"]) <= {"data"}


def _strangers_network(version: int) -> dict[str, Any]:
    """A network made anew under a container that nobody declared."""
    front = {"ipam": {"config": [{"subnet": "10.78.9.0/24"}]}, "internal": version == 2}
    app = {**SLEEP, "networks": {"front": {"ipv4_address": "10.78.9.10"}}}
    peer = {**SLEEP, "networks": {"front": {"ipv4_address": "10.78.9.11"}}}
    return {"networks": {"front": front}, "containers": {"app": app, "peer": peer}}


def _check_strangers_network(place: Place, version: int, first: dict[str, Any], seen: dict[str, Any]) -> None:
    assert sorted(seen["containers"]) == ["app", "dynamic", "peer", "stranger"]
    names = ("app", "dynamic", "peer", "stranger")
    assert scene.identity(seen, *names) == scene.identity(first, *names), "nobody is restarted"
    endpoints = {name: seen["containers"][name]["NetworkSettings"]["Networks"]["front"] for name in names}
    assert endpoints["stranger"]["IPAddress"] == "10.78.9.2"
    assert "legacy" in endpoints["stranger"]["Aliases"]
    assert endpoints["dynamic"]["IPAddress"]
    assert endpoints["app"]["IPAddress"] == "10.78.9.10"
    assert seen["networks"]["front"]["Internal"] is (version == 2)
    assert not seen["volumes"], "what kept the places is gone"


def _handover(version: int) -> dict[str, Any]:
    """Another name for what serves a port."""
    return {"containers": {f"web{version}": {**SLEEP, "ports": ["127.0.0.1:8089:80"], "volumes": ["data:/data"]}},
            "volumes": {"data": {}}}  # fmt: skip


def _check_handover(place: Place, version: int, first: dict[str, Any], seen: dict[str, Any]) -> None:
    assert list(seen["containers"]) == [f"web{version}"]
    assert seen["containers"][f"web{version}"]["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"] == "8089"


def _replicas(version: int) -> dict[str, Any]:
    """All replicas are replaced, two at a time."""
    deploy = {"replicas": 2, "update_config": {"parallelism": 2, "order": "start-first"}}
    return {"containers": {"web": {**SLEEP, "environment": {"VERSION": version}, "deploy": deploy}}}


def _check_replicas(place: Place, version: int, first: dict[str, Any], seen: dict[str, Any]) -> None:
    assert sorted(seen["containers"]) == ["web-1", "web-2"]
    for container in seen["containers"].values():
        assert f"VERSION={version}" in container["Config"]["Env"]


CASES: dict[str, tuple[Declare, Check]] = {
    "replacement": (_replacement, _check_replacement),
    "first deploy": (_deployment, _check_deployment),
    "stranger on a network": (_strangers_network, _check_strangers_network),
    "port handover": (_handover, _check_handover),
    "replicas": (_replicas, _check_replicas),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, place: Host) -> Iterator[tuple[Place, Check]]:
    declare, check = CASES[request.param]
    with place.docker_socket_forward() as socket:
        yield Place(place, socket, declare), check


@pytest.mark.flavour_in_turn
def test_every_point_of_a_run_is_one_to_go_on_from(case: tuple[Place, Check]) -> None:
    place, check = case
    _converges(place, 1)
    if check is _check_strangers_network:
        _place_strangers(place.host)
    first = place.look()
    calls = {}
    for version in (2, 1, 2, 1):  # the first time round may have more to do
        answer = place.apply(version)
        assert answer is not None
        assert not answer["failed"], answer
        calls[version] = answer["calls"]
        _check(place, version, first, check, f"without a kill, to {version}")
    assert max(calls.values()) >= 4
    for version, number, phase in _points(calls):
        point = f"to {version}, {phase} call {number}"
        assert place.apply(version, number, phase) is None, f"{point} was not reached"
        place.settle()
        _converges(place, version, point)
        _check(place, version, first, check, point)
        if calls[1] != calls[2]:
            _converges(place, 3 - version)


def _points(calls: Mapping[int, int]) -> Iterator[tuple[int, int, str]]:
    if calls[1] != calls[2]:
        yield from (
            (version, n + 1, phase) for version in calls for n in range(calls[version]) for phase in driver.PHASES
        )
        return
    version = 1
    for number in range(1, calls[1] + 1):
        for phase in driver.PHASES:
            version = 3 - version
            yield version, number, phase


def _converges(place: Place, version: int, point: str = "") -> None:
    run, again = place.apply(version), place.apply(version)
    assert run is not None
    assert not run["failed"], f"{point}: {run['msg']}"
    assert again is not None
    assert again["plan"] == [], f"{point}: not converged by {run['plan']}"


def _check(place: Place, version: int, first: dict[str, Any], check: Check, point: str) -> None:
    seen = place.look()
    try:
        assert {entry["State"]["Status"] for entry in seen["containers"].values()} <= {"running"}
        check(place, version, first, seen)
    except AssertionError as error:
        raise AssertionError(f"{point}: {error}") from error


def _place_strangers(host: Host) -> None:
    """One with an address of its own, which the engine would give to the next that comes, and one without."""
    for name, endpoint in (
        ("stranger", {"IPAMConfig": {"IPv4Address": "10.78.9.2"}, "Aliases": ["legacy"]}),
        ("dynamic", {}),
    ):
        body = {"Image": f"{scene.WEB}:1", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "front"}}
        networking = {"NetworkingConfig": {"EndpointsConfig": {"front": endpoint}}}
        host.engine("POST", f"/containers/create?name={name}", {**body, **networking})
        host.engine("POST", f"/containers/{name}/start")
