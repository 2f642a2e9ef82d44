# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops what runs: containers through the engine's socket, and units. Knows nothing of packages.

Plain requests of HTTP/1.0, for the same reason as in service: what is sent to every host has to be small.
"""

from __future__ import annotations

import contextlib
import json
from typing import List, Sequence, Tuple

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from ..service import Service, request, unit_state

_GRACE = 10
_PATIENCE = 120.0


def running(path: str) -> List[Tuple[str, str]]:
    """Return id and name of each container that runs. Raises ProvisionError where the engine does not say."""
    status, body = _request(path, "GET", "/containers/json")
    if status != 200:
        raise ProvisionError(f"the engine does not tell which containers run (status {status})")
    return [(str(entry["Id"]), str((entry.get("Names") or [entry["Id"]])[0]).lstrip("/")) for entry in json.loads(body)]


def stop(path: str, container: str) -> None:
    """Stop a container; one that is gone is as good. Raises ProvisionError."""
    status, body = _request(path, "POST", f"/containers/{container}/stop?t={_GRACE}")
    if status not in (204, 304, 404):
        raise ProvisionError(
            f"a container could not be stopped (status {status}): {body.decode(errors='replace')[:300]}"
        )


def stop_services(files: Files, commands: Commands, services: Sequence[str]) -> None:
    """Stop units, or without systemd the engine's process. Raises ProvisionError."""
    if "dockerd" in services:
        Service(files=files, commands=commands).stop()
    elif services:
        commands.succeed("systemctl", "stop", *services)


def start_services(files: Files, commands: Commands, services: Sequence[str]) -> None:
    """Start again what was stopped, as far as it is still there: what it was stopped for came to nothing."""
    if "dockerd" in services:
        with contextlib.suppress(ProvisionError):
            Service(files=files, commands=commands).start()
    for unit in services:
        if unit.endswith(".service"):
            commands.run("systemctl", "start", unit)


def is_active(commands: Commands, unit: str) -> bool:
    """Tell whether a unit runs."""
    return unit_state(commands, unit) in ("active", "activating", "reloading")


def _request(path: str, method: str, target: str) -> Tuple[int, bytes]:
    try:
        return request(path, method, target, _PATIENCE)
    except OSError as error:
        raise ProvisionError(f"the engine behind {path} gave no answer: {error}") from error
