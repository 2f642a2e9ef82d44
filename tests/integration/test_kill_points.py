# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGKILL before and after each Engine call of a replacement: the next run converges, and nothing is lost.

One engine in turn walks all the points. The declaration changes in every way that takes more than one call: a
container with an anonymous volume and two networks is replaced, another moves to a changed network.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, images

HEX = 64  # an anonymous volume's name is that many hexadecimal digits
ROOT = Path(__file__).resolve().parents[2]
IMAGE = "stowage-test/kill:1"


def declaration(version: int) -> dict[str, Any]:
    service = {
        "image": IMAGE,
        "command": ["sh", "-c", "[ -e /data/born ] || date +%s%N > /data/born; exec sleep 1000"],
        "stop_grace_period": "0s",
        "volumes": ["/data"],
        "environment": {"VERSION": str(version)},
        "networks": {"front": {"ipv4_address": f"10.78.{version}.10"}, "back": {"aliases": ["app"]}},
    }
    return {
        "scope": "kill",
        "monitor": 0,
        "networks": {"front": {"ipam": {"config": [{"subnet": f"10.78.{version}.0/24"}]}}, "back": {}},
        "containers": {
            "app": service,
            "peer": {**service, "volumes": [], "command": ["sleep", "1000"], "environment": {}, "networks": ["front"]},
        },
    }


class Place:
    """A test host's engine and the runs against it."""

    def __init__(self, host: Host, socket: str, folder: Path) -> None:
        self.host, self.socket, self.folder = host, socket, folder

    def apply(self, version: int, *point: str) -> subprocess.CompletedProcess[str]:
        manifest = self.folder / f"v{version}.json"
        manifest.write_text(json.dumps(declaration(version)))
        command = [sys.executable, "-m", "tests.integration.driver", self.socket, str(manifest), *point]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'plugins' / 'module_utils'}:{ROOT}"}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def get(self, path: str) -> Any:
        return self.host.engine("GET", path)

    def state(self) -> dict[str, Any]:
        """What a user would look at: containers by name, networks, volumes and what the volume holds."""
        containers = {entry["Names"][0][1:]: entry for entry in self.get("/containers/json?all=1")}
        volumes = [volume["Name"] for volume in self.get("/volumes")["Volumes"] or []]
        networks = sorted(network["Name"] for network in self.get("/networks"))
        return {"containers": containers, "volumes": volumes, "networks": networks}

    def born(self) -> str:
        volumes = [volume["Mountpoint"] for volume in self.get("/volumes")["Volumes"] or []]
        texts = [self.host.run(f"cat {mountpoint}/born", check=False).stdout.strip() for mountpoint in volumes]
        return " ".join(text for text in texts if text)


@pytest.fixture(scope="module")
def place(host_factory, tmp_path_factory) -> Iterator[Place]:
    with host_factory("trixie", fresh=True) as host, host.docker_socket_forward() as socket:
        images.load(host, images.busybox_tar(IMAGE))
        yield Place(host, str(socket), tmp_path_factory.mktemp("kill"))


def test_every_point_of_a_replacement_is_one_to_go_on_from(place: Place) -> None:
    assert place.apply(1).returncode == 0
    born = place.born()
    assert born
    done = place.apply(2)
    assert done.returncode == 0, done.stdout
    calls = json.loads(done.stdout)["calls"]
    assert calls >= 10
    version = 2
    for number in range(1, calls + 1):
        for phase in ("before", "after"):
            version = 3 - version
            killed = place.apply(version, str(number), phase)
            assert killed.returncode == -9, f"call {number} was not reached: {killed.stdout}"
            _converges(place, version, born, f"{phase} call {number}")


def _converges(place: Place, version: int, born: str, point: str) -> None:
    run = place.apply(version)
    assert run.returncode == 0, f"{point}: {run.stdout}{run.stderr}"
    again = json.loads(place.apply(version).stdout)
    assert again["plan"] == [], f"{point}: not converged"
    state = place.state()
    assert sorted(state["containers"]) == ["app", "peer"], point
    assert {entry["State"] for entry in state["containers"].values()} == {"running"}, point
    assert len([name for name in state["volumes"] if len(name) == HEX]) == 1, point
    assert place.born() == born, f"{point}: the anonymous volume is another one"
    settings = place.get("/containers/app/json")["NetworkSettings"]["Networks"]
    assert settings["front"]["IPAddress"] == f"10.78.{version}.10", point
    assert "app" in settings["back"]["Aliases"], point
