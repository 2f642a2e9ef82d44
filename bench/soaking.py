# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A soak of the runtime: for minutes, what is declared is spoilt at random, and must come right by itself.

Knows what is declared, who the strangers are, and what has to be so at the end. What is spoilt, and when it is as
declared again, is on_host's.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import resident, workload
from .ground import BenchError, Ground
from .resident import Say

MINUTES = 10.0
RESYNC = 30  # seconds: nobody tells when a file is changed, so that is how long it may take to be seen
SETTLED = 60.0  # seconds for the last repair to be over
SERVICES, PLAIN = 8, 16  # containers of the stack, and others
STACK = "soak"
DIRECTORY = f"/var/lib/stowage/stacks/{STACK}"
FILES = {"site/index.html": "hello\n", "site/about.html": "who we are\n", "app.conf": "workers 4\n"}
# Which containers are on a second network as well: these networks are removed, with them on it.
_BACK, _DATA = (1, 6, 11), (2, 7)
_READERS = {"site/index.html": (3, 4), "site/about.html": (3, 4), "app.conf": (5,)}

Document = dict[str, Any]


def measure(ground: Ground, minutes: float, seed: int, say: Say) -> Document:
    """Return what was spoilt and how long each repair took, what the runtime took, and what was wrong at the end."""
    ground.host.run(["rm", "-rf", DIRECTORY])  # of a soak that did not end: files stay where a stack was
    with resident.deployed(ground, RESYNC):
        playbook = _playbook(ground)
        strangers = _strangers(ground)
        ground.play(playbook)
        _check(ground, playbook, "before the soak")
        say(f"soak: {minutes:g} minutes, {PLAIN + SERVICES} containers, seed {seed}")
        scene = scene_of(strangers)
        told = ground.script("soak.py", str(minutes * 60), str(seed), document=scene, timeout=minutes * 60 + 600)
        say("soak: looking at what is left of it")
        told["drift"] = ground.host.run("stowage drift", check=False).stdout if told["open"] else ""
        if not told["open"]:
            _check(ground, playbook, "after the soak")
        _remove(ground, strangers)
    return {"minutes": minutes, "seed": seed, "containers": PLAIN + SERVICES, **told}


def _check(ground: Ground, playbook: str, when: str) -> None:
    """See that all is as declared: by the runtime's words, and by a playbook that finds nothing to change.

    A look that is not over yet may: containers that read a file are replaced once it is what it was.
    """
    deadline = time.monotonic() + SETTLED
    while set(resident.meters(ground)["states"].values()) != {"as declared"} and time.monotonic() < deadline:
        time.sleep(1.0)
    drift = ground.host.run("stowage drift", check=False)
    if drift.returncode:
        raise BenchError(f"{when}, the runtime tells of drift:\n{drift.stdout[-2000:]}{drift.stderr[-1000:]}")
    printed = ground.play(playbook)
    if not re.search(r"changed=0\b", printed):
        raise BenchError(f"{when}, there was something to change:\n{printed[-3000:]}")


# -- what is declared -----------------------------------------------------------------------------


def manifest() -> Document:
    """Return the document of stowage.docker.host: two networks, half of the containers with a published port."""
    document = workload.manifest(PLAIN)
    document["networks"]["back"] = {}
    for number, container in enumerate(document["containers"].values(), 1):
        if number in _BACK:
            container["networks"] = [*container["networks"], "back"]
        if number % 2:
            del container["ports"]
    return document


def compose_file() -> Document:
    """Return the stack: two networks, files that some of the services read."""
    services = {_service(number): _compose_service(number) for number in range(1, SERVICES + 1)}
    return {"name": STACK, "services": services, "networks": {"default": {}, "data": {}}}


def _compose_service(number: int) -> Document:
    service = workload.service(number)
    del service["ports"]
    service["networks"] = ["default", *(["data"] if number in _DATA else [])]
    folders = sorted({name.partition("/")[0] for name, readers in _READERS.items() if number in readers})
    service["volumes"] = [f"./{name}:/mnt/{name}:ro" for name in folders]
    return service


def _service(number: int) -> str:
    return f"app{number}"


def _container(number: int) -> str:
    return f"{STACK}-{_service(number)}-1"


def scene_of(strangers: Mapping[str, Sequence[str]]) -> Document:
    """Return what is declared as the scripts on the host want to have it."""
    containers = {
        name: {
            "memory": workload.MEMORY,
            "networks": container["networks"],
            "ports": bool(container.get("ports")),
        }
        for name, container in manifest()["containers"].items()
    }
    for number in range(1, SERVICES + 1):
        networks = [f"{STACK}_{name}" for name in _compose_service(number)["networks"]]
        containers[_container(number)] = {"memory": workload.MEMORY, "networks": networks, "ports": False}
    return {
        "containers": containers,
        "networks": {
            "back": [workload.names(PLAIN)[number - 1] for number in _BACK],
            f"{STACK}_data": [_container(number) for number in _DATA],
        },
        "files": {
            f"{DIRECTORY}/{name}": {"text": text, "readers": [_container(number) for number in _READERS[name]]}
            for name, text in FILES.items()
        },
        "strangers": strangers,
    }


def _playbook(ground: Ground) -> str:
    folder = ground.project(workload.yaml_text(compose_file()))
    _write(folder, FILES.items())
    return workload.both_playbook(manifest(), folder)


def _write(folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, text in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


# -- what nobody declared -------------------------------------------------------------------------


def _strangers(ground: Ground) -> dict[str, list[str]]:
    """Have some that are there before, running and not; their names."""
    engine = ground.host.engine
    engine("POST", "/networks/create", {"Name": "stranger-network"})
    engine("POST", "/volumes/create", {"Name": "stranger-data", "Labels": {"kept": "by hand"}})
    body = workload.beside("stranger-network")
    body["HostConfig"] |= {"Binds": ["stranger-data:/data"], "RestartPolicy": {"Name": "always"}}
    engine("POST", "/containers/create?name=stranger-running", body)
    engine("POST", "/containers/stranger-running/start")
    engine("POST", "/containers/create?name=stranger-made", workload.beside("stranger-network"))
    return {
        "containers": ["stranger-running", "stranger-made"],
        "networks": ["stranger-network"],
        "volumes": ["stranger-data"],
    }


def _remove(ground: Ground, strangers: Mapping[str, Sequence[str]]) -> None:
    for kind, names in strangers.items():
        for name in names:
            ground.host.engine("DELETE", f"/{kind}/{name}?force=1")
