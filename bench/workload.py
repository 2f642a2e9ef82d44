# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deployed: the same containers in the words of each contestant.

One network, and containers with a command, environment, labels, restart policy, memory limit and one
published port each. Knows every contestant's vocabulary; runs nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

NETWORK = "bench"
IMAGE = "bench-web:1"
MEMORY = 32 * 1024 * 1024
# Ends at once when asked to, as a well-behaved service does: else a stop is ten seconds of waiting.
COMMAND = ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"]
FIRST_PORT = 20000
PORT_BESIDE = 19999
# The one of them that the scenario "one changed" changes.
CHANGED = 17

Document = dict[str, Any]


def names(count: int) -> list[str]:
    """Return the containers' names."""
    return [f"web{number:04d}" for number in range(1, count + 1)]


def environment(number: int, mode: str) -> dict[str, str]:
    """Return a container's environment; ``mode`` is what the scenario "one changed" changes."""
    own = mode if number == CHANGED else "live"
    return {"MODE": own, "WORKER": str(number), "UPSTREAM": f"http://web{number:04d}.internal:8080/"}


def port(number: int) -> int:
    """Return the port a container publishes on the host's loopback."""
    return FIRST_PORT + number


def service(number: int, mode: str = "live") -> Document:
    """Return one container as a compose service."""
    return {
        "image": IMAGE,
        "command": COMMAND,
        "environment": environment(number, mode),
        "labels": {"team": "shop", "tier": "web"},
        "restart": "unless-stopped",
        "mem_limit": "32m",
        "ports": [f"127.0.0.1:{port(number)}:8080"],
        "networks": [NETWORK],
    }


def manifest(count: int, mode: str = "live", everywhere: bool = False) -> Document:
    """Return the document of stowage.docker.host; ``everywhere`` changes all containers rather than one."""
    containers = {name: service(number, mode) for number, name in enumerate(names(count), 1)}
    if everywhere:
        for container in containers.values():
            container["environment"]["MODE"] = mode
    return {"scope": "bench", "networks": {NETWORK: {}}, "containers": containers}


def compose_file(count: int, mode: str = "live") -> Document:
    """Return the compose file, with the same names for the containers and the network."""
    services = {name: {**service(number, mode), "container_name": name} for number, name in enumerate(names(count), 1)}
    return {"name": "bench", "services": services, "networks": {NETWORK: {"name": NETWORK}}}


def compose_text(count: int, mode: str = "live") -> str:
    """Return the compose file as people write it."""
    return yaml_text(compose_file(count, mode))


def yaml_text(document: Document) -> str:
    """Return a document as people write it."""
    return yaml.safe_dump(document, sort_keys=False)


def loop_items(count: int, mode: str = "live") -> list[Document]:
    """Return the items of a loop over community.docker.docker_container."""
    return [
        {"name": name, "env": environment(number, mode), "port": f"127.0.0.1:{port(number)}:8080"}
        for number, name in enumerate(names(count), 1)
    ]


def create_bodies(count: int, mode: str = "live") -> dict[str, Document]:
    """Return the bodies of ``POST /containers/create``, by name."""
    return {name: _create_body(number, mode) for number, name in enumerate(names(count), 1)}


def beside(network: str) -> Document:
    """Return the body of a container like the others that nobody declares, on a network of its own."""
    body = _create_body(PORT_BESIDE - FIRST_PORT, "live")
    body["HostConfig"]["NetworkMode"] = network
    return {**body, "NetworkingConfig": {"EndpointsConfig": {network: {}}}}


def _create_body(number: int, mode: str) -> Document:
    return {
        "Image": IMAGE,
        "Cmd": COMMAND,
        "Env": [f"{key}={value}" for key, value in environment(number, mode).items()],
        "Labels": {"team": "shop", "tier": "web"},
        "ExposedPorts": {"8080/tcp": {}},
        "HostConfig": {
            "RestartPolicy": {"Name": "unless-stopped"},
            "Memory": MEMORY,
            "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port(number))}]},
            "NetworkMode": NETWORK,
        },
        "NetworkingConfig": {"EndpointsConfig": {NETWORK: {}}},
    }


# -- playbooks: JSON, which is YAML ---------------------------------------------------------------


def ping_playbook() -> str:
    """Return the floor of a playbook: one task that does nothing."""
    return _playbook({"name": "Ping", "ansible.builtin.ping": {}})


def host_playbook(count: int, mode: str = "live", **options: Any) -> str:
    """Return the playbook of this collection."""
    return _playbook({"name": "Declare", "stowage.docker.host": {**manifest(count, mode), **options}})


def stack_playbook(folder: Path, **options: Any) -> str:
    """Return the playbook of this collection for the project in a folder."""
    return _playbook({"name": "Stack", "stowage.docker.stack": {"src": str(folder), **options}})


def both_playbook(document: Document, folder: Path) -> str:
    """Return the playbook of this collection for a document, and a project in a folder."""
    host = {"name": "Declare", "stowage.docker.host": document}
    return _playbook(host, {"name": "Stack", "stowage.docker.stack": {"src": str(folder)}})


def runtime_playbook(**variables: Any) -> str:
    """Return the playbook that has the runtime on a host, or takes it away."""
    named = {f"runtime_{name}": value for name, value in variables.items()}
    role = {"ansible.builtin.include_role": {"name": "stowage.docker.runtime"}, "vars": named}
    return _playbook({"name": "Runtime", **role})


def loop_playbook(count: int, mode: str = "live") -> str:
    """Return a loop over community.docker.docker_container."""
    network = {"name": "Network", "community.docker.docker_network": {"name": NETWORK}}
    container = {
        "name": "Containers",
        "community.docker.docker_container": {
            "name": "{{ item.name }}",
            "image": IMAGE,
            "command": COMMAND,
            "env": "{{ item.env }}",
            "labels": {"team": "shop", "tier": "web"},
            "restart_policy": "unless-stopped",
            "memory": "32m",
            "published_ports": ["{{ item.port }}"],
            "networks": [{"name": NETWORK}],
        },
        "loop": loop_items(count, mode),
        "loop_control": {"label": "{{ item.name }}"},
    }
    return _playbook(network, container)


def compose_playbook(count: int, mode: str = "live") -> str:
    """Return the playbook with community.docker.docker_compose_v2."""
    definition = compose_file(count, mode)
    options = {"project_name": definition.pop("name"), "definition": definition}
    return _playbook({"name": "Compose", "community.docker.docker_compose_v2": options})


def _playbook(*tasks: Document) -> str:
    return json.dumps([{"name": "Bench", "hosts": "all", "gather_facts": False, "tasks": list(tasks)}], indent=1)
