# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman's socket that speaks Docker's API: enabled, listening, and found where Docker's clients look.

Podman has no daemon: under systemd a socket unit starts an API process for as long as somebody asks; without systemd
one is started that stays. Docker's socket becomes a link to Podman's, made by the unit. Installing is others' part.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence

from .commands import Commands, last_lines, let_go
from .errors import ProvisionError
from .files import Files
from .memory import Memory
from .service import Engine, ask, unit_state
from .steps import Step
from .system import SYSTEMD, observe_manager

PART = "podman"
SOCKET = "/run/podman/podman.sock"
UNIT = "podman.socket"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/stowage.conf"
_LOG = "/var/log/podman.log"


@dataclass(frozen=True)
class Found:
    """What there is of Podman's socket."""

    installed: bool
    manager: str
    enabled: bool = False
    active: bool = False
    drop_in: Optional[str] = None
    link: str = ""  # what is at Docker's place: nothing (""), "podman", or "other"


class Result(NamedTuple):
    """What a run planned, and who answers now."""

    plan: Sequence[Step]
    installed: bool
    engine: Optional[Engine]


def have_socket(
    socket_path: str,
    check: bool,
    timeout: float = 60.0,
    files: Optional[Files] = None,
    commands: Optional[Commands] = None,
) -> Result:
    """See to it that Podman answers at its own socket and at ``socket_path``.

    Raises ProvisionError, before anything is changed, where there is no Podman or another engine has that place.
    """
    files, commands = files or Files(), commands or Commands()
    path = _in_run(socket_path)
    found = observe(path, files, commands)
    plan = decide(found, path)
    if not check:
        if not found.installed:
            raise ProvisionError("there is no podman on this host: install it first (engine_kind: podman does)")
        if plan:
            _act(found, plan, path, files, commands)
        _wait(timeout, commands)
    listening = found.active if check and found.manager == SYSTEMD else True
    return Result(plan, found.installed, ask(files.path(SOCKET)) if listening else None)


def observe(path: str, files: Files, commands: Commands) -> Found:
    """Look at the unit, at our drop-in, and at Docker's place."""
    manager = observe_manager(files)
    installed = commands.find("podman") is not None
    link = _link(files.path(path)) if path != SOCKET else "podman"
    if manager != SYSTEMD:
        return Found(installed, manager, active=ask(files.path(SOCKET)) is not None, link=link)
    return Found(
        installed,
        manager,
        enabled=commands.run("systemctl", "is-enabled", UNIT).said.strip() == "enabled",
        active=unit_state(commands, UNIT) == "active",
        drop_in=files.read(DROP_IN),
        link=link,
    )


def decide(found: Found, path: str) -> List[Step]:
    """Plan; pure."""
    if found.link == "other":
        raise ProvisionError(
            f"{path} is another engine's: stop that and remove the file, or set engine_socket to {SOCKET}"
        )
    if found.manager != SYSTEMD:
        steps = [] if found.active else [Step("StartService", f"podman at {SOCKET}", "does not answer")]
        return steps if found.link else [*steps, Step("Link", f"{path} to {SOCKET}", "Docker's clients look there")]
    steps = []
    text = drop_in_text(path)
    if text != (found.drop_in or ""):
        verb = "WriteFile" if text else "RemoveFile"
        steps.append(Step(verb, DROP_IN, "is missing" if found.drop_in is None else "is out of date"))
    if not found.enabled:
        steps.append(Step("EnableService", UNIT, "is not started at boot"))
    if not found.active:
        steps.append(Step("StartService", UNIT, "does not listen"))
    elif text != (found.drop_in or "") or not found.link:
        steps.append(Step("RestartService", UNIT, f"does not answer at {path}"))
    return steps


def drop_in_text(path: str) -> str:
    """Return the drop-in that has Podman answer at Docker's place too; "" where none is needed."""
    if path == SOCKET:
        return ""
    return f"# Put here by the role stowage.docker.engine.\n[Socket]\nSymlinks={path}\n"


def _act(found: Found, plan: Sequence[Step], path: str, files: Files, commands: Commands) -> None:
    links = [path] if path != SOCKET else []
    if found.manager != SYSTEMD:
        Memory(files, PART).keep({"files": links, "units": []})
        for step in plan:
            if step.verb == "Link":
                os.symlink(SOCKET, files.path(path))
            else:
                _start_directly(files, commands)
        return
    Memory(files, PART).keep({"files": [DROP_IN, *links] if links else [], "units": [UNIT]})
    if drop_in_text(path):
        files.write(DROP_IN, drop_in_text(path))
    else:
        files.remove(DROP_IN)
    commands.succeed("systemctl", "daemon-reload", timeout=60)
    commands.succeed("systemctl", "enable", UNIT, timeout=60)
    commands.succeed("systemctl", "restart", UNIT, timeout=60)


def _start_directly(files: Files, commands: Commands) -> None:
    files.folder(os.path.dirname(SOCKET))
    let_go(commands.leave("podman", "system", "service", "--time=0", f"unix://{SOCKET}", log=files.path(_LOG)))


def _wait(timeout: float, commands: Commands) -> None:
    end = time.monotonic() + timeout
    while ask(SOCKET) is None:
        if time.monotonic() > end:
            log = commands.run("journalctl", "--no-pager", "-n", "15", "-o", "cat", "-u", "podman.service").said
            raise ProvisionError(f"podman does not answer on {SOCKET} within {timeout:g} s\n{last_lines(log)}")
        time.sleep(0.1)


def _in_run(path: str) -> str:
    """Return a path as systemd wants it: /var/run is a link to /run everywhere."""
    return path[len("/var") :] if path.startswith("/var/run/") else path


def _link(path: str) -> str:
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISLNK(found.st_mode) and _in_run(os.readlink(path)) == SOCKET:
        return "podman"
    return "other"
