# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the benchmark asks for from the host and its engine. Judges nothing."""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Sequence, Set

from ..auditing import find_watched, observe_auditing
from ..commands import Commands
from ..dockerd import DAEMON_JSON, Dockerd, is_newer, observe_dockerd
from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory, digest
from ..protected import find_protected
from ..service import Service
from .model import InForce, Seen

_PACKAGES = ("docker-ce", "docker.io")
# What notes have besides keys of daemon.json.
_NO_KEYS = ("unit/", "content/")


class Package(NamedTuple):
    """The engine's package: its name, the version that is installed, and the one that is offered."""

    name: str = ""
    installed: str = ""
    offered: str = ""


def observe_host(
    info: Mapping[str, Any], bridge: Mapping[str, Any], trusted: Sequence[str], files: Files, commands: Commands
) -> Seen:
    """Look at the host; ``info`` and ``bridge`` are what its engine says of itself and of its default bridge."""
    # Its unit may have it write its pid anywhere.
    dockerd = observe_dockerd(files, Service(files=files, commands=commands).pid())
    standings = {
        name: [(path, standing) for path in paths for standing in [files.standing(path)] if standing]
        for name, paths in find_protected(files, dockerd).items()
    }
    package = _observe_package(commands)
    return Seen(
        info=info,
        bridge=bridge,
        dockerd=dockerd,
        in_force=_observe_in_force(dockerd, files),
        auditing=observe_auditing(commands),
        watched=find_watched(files, dockerd),
        standings=standings,
        mounts=parse_mounts(files.read("/proc/self/mountinfo") or ""),
        members=_observe_members(dockerd.group, files, commands),
        trusted=frozenset(trusted),
        package=package.name,
        installed=package.installed,
        offered=package.offered,
    )


def parse_mounts(text: str) -> FrozenSet[str]:
    """Return the mount points of mountinfo."""
    return frozenset(line.split()[4] for line in text.splitlines() if len(line.split()) > 4)


def parse_policy(text: str) -> Package:
    """Return the first package that is installed in the output of ``apt-cache policy``."""
    found = re.findall(r"^(\S+):\n\s+\S+: (\S+)\n\s+\S+: (\S+)\n", text, re.MULTILINE)
    return next((Package(*each) for each in found if each[1] != "(none)"), Package())


def _observe_package(commands: Commands) -> Package:
    if commands.find("apt-cache") is None:
        return Package()
    return parse_policy(commands.run("apt-cache", "policy", *_PACKAGES, timeout=60).said)


def _observe_members(group: str, files: Files, commands: Commands) -> List[str]:
    """Return who is in a group, also by being born into it; but for root, who needs none."""
    named = commands.run("getent", "group", group, timeout=30).said.strip().split(":")
    if len(named) != len(("name", "password", "gid", "members")):
        return []
    try:
        said = commands.run("getent", "passwd", timeout=60).said
    except ProvisionError:
        said = files.read("/etc/passwd") or ""  # a directory may have too many users to tell them all
    users = [line.split(":") for line in said.splitlines()]
    native = [user[0] for user in users if user[3:4] == named[2:3] and user[2] != "0"]
    return list(dict.fromkeys([*filter(None, named[3].split(",")), *native]))


def _observe_in_force(dockerd: Dockerd, files: Files) -> InForce:
    """Hold the file against what engine_config noted that this very process goes by, else against its start."""
    try:
        notes = Memory(files, "config").recall().get("engine")
    except ProvisionError:
        notes = None  # they are root's alone
    runs_with = notes.get("runs_with") if isinstance(notes, dict) and notes.get("process") == dockerd.process else None
    if dockerd.process and isinstance(runs_with, dict):
        return InForce(pending=_pending(dockerd.settings, runs_with))
    path = str(dockerd.told("config-file", DAEMON_JSON))
    return InForce(known=bool(dockerd.process) and not is_newer(files, path, dockerd.started))


def _pending(settings: Mapping[str, Any], runs_with: Mapping[str, Any]) -> FrozenSet[str]:
    """Return the keys that say another thing than what the engine read. Notes are of whole keys, or entry by entry."""
    read: Dict[str, Set[str]] = {}
    for path, value in runs_with.items():
        if not path.startswith(_NO_KEYS):
            read.setdefault(path.partition("/")[0], set()).add(str(value))
    return frozenset(key for key in {*settings, *read} if read.get(key, set()) not in _said(key, settings))


def _said(key: str, settings: Mapping[str, Any]) -> List[Set[str]]:
    """Return what notes of a key have where the engine goes by the file."""
    if key not in settings:
        return [set()]
    value = settings[key]
    entries = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [{digest(value)}, {digest(entry) for entry in entries or [value]}]
