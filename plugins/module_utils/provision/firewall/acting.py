# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a host's firewall to what was planned. Decides nothing.

Rules are loaded by the same script that loads them after a restart, so that what works now works then.
"""

from __future__ import annotations

from typing import Dict, Sequence

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory
from ..system import SYSTEMD, SYSV
from .keeping import FOLDERS, INIT_SCRIPT, SCRIPT, TOOLS, UNIT, wanted_files
from .observing import Found
from .planning import OURS, forsaken
from .rules import JUMPS, Chains, render_restore

_SECONDS = 60.0


def set_rules(chains: Dict[int, Chains], found: Found, files: Files, commands: Commands) -> None:
    """Write the files, have them run after restarts, and load the rules. Raises ProvisionError."""
    if not found.tools:
        raise ProvisionError("there is no iptables on this host: it comes with the engine's packages")
    for family, wanted in chains.items():
        # The kernel is asked first: it may lack what the rules need.
        tried = commands.run(
            f"{TOOLS[family]}-restore", "--test", "--noflush", text=render_restore(wanted), timeout=_SECONDS
        )
        if tried.code:
            raise ProvisionError(
                f"{TOOLS[family]} does not take the rules, nothing was changed: {tried.output.strip()}"
            )
    texts = wanted_files(chains, found.manager)
    # Known as ours before the first of them is there: what a killed run leaves is taken back all the same.
    remember(chains, found, files)
    for path, text in texts.items():
        if found.files.get(path) != text:
            files.write(path, text.content, text.mode, "root", "root")
    for path in found.files:
        if path not in texts:
            files.remove(path)
    if found.manager == SYSTEMD:
        commands.succeed("systemctl", "daemon-reload", timeout=_SECONDS)
        commands.succeed("systemctl", "enable", "--quiet", UNIT, timeout=_SECONDS)
        _load(commands, "systemctl", "restart", UNIT)
    elif found.manager == SYSV:
        if commands.find("update-rc.d"):
            commands.succeed("update-rc.d", "stowage-firewall", "defaults", timeout=_SECONDS)
        _load(commands, "/bin/sh", files.path(INIT_SCRIPT), "start")
    else:
        _load(commands, "/bin/sh", files.path(SCRIPT), "start")


def remove_rules(found: Found, files: Files, commands: Commands) -> None:
    """Take the rules, and the files that bring them back, off the host. Raises ProvisionError."""
    if found.files and found.manager == SYSTEMD:
        commands.run("systemctl", "disable", "--quiet", "--now", UNIT, timeout=_SECONDS)
    for family, live in found.live.items():
        text = _removal(live)
        if text:
            commands.succeed(f"{TOOLS[family]}-restore", "--noflush", text=text, timeout=_SECONDS)
    for path in found.files:
        files.remove(path)
    if found.files:
        for folder in FOLDERS:
            files.remove_folder(folder)
        if found.manager == SYSTEMD:
            commands.succeed("systemctl", "daemon-reload", timeout=_SECONDS)
        elif found.manager == SYSV and commands.find("update-rc.d"):
            commands.succeed("update-rc.d", "stowage-firewall", "remove", timeout=_SECONDS)


def remember(chains: Dict[int, Chains], found: Found, files: Files) -> None:
    """Keep in mind that the host has something of ours, or has nothing any more."""
    Memory(files, "firewall").keep({"files": sorted(wanted_files(chains, found.manager))} if chains else {})


def _removal(live: Chains) -> str:
    """The text for ``iptables-restore --noflush`` that takes our jumps and chains away in one go."""
    lines = [
        f"-D {caller} -j {called}"
        for caller, called in JUMPS
        if called in OURS
        for rule in live.get(caller, [])
        if rule == f"-j {called}"
    ]
    ours = [chain for chain in OURS if chain in live]
    gone: Sequence[str] = ours
    if ours and forsaken(live):
        lines += ["-D FORWARD -j DOCKER-USER"] * live.get("FORWARD", []).count("-j DOCKER-USER")
        gone = [*ours, "DOCKER-USER"]
    lines += [f"-F {chain}" for chain in gone] + [f"-X {chain}" for chain in gone]
    return "\n".join(["*filter", *lines, "COMMIT", ""]) if lines else ""


def _load(commands: Commands, *argv: str) -> None:
    done = commands.run(*argv, timeout=_SECONDS)
    if done.code == 0:
        return
    said = done.output.strip()
    if argv[0] == "systemctl":
        said = commands.run("journalctl", "-q", "-o", "cat", "-n", "15", "-u", UNIT).output.strip() or said
    raise ProvisionError(f"the rules are written and could not be loaded: {said}")
