# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what the benchmark asks for from the host and its engine. Judges nothing."""

from __future__ import annotations

import re
from typing import Any, FrozenSet, List, Mapping, NamedTuple, Sequence

from ..auditing import find_watched, observe_auditing
from ..commands import Commands
from ..dockerd import observe_dockerd
from ..files import Files
from ..protected import find_protected
from .model import Seen

_PACKAGES = ("docker-ce", "docker.io")


class Package(NamedTuple):
    """The engine's package: its name, the version that is installed, and the one that is offered."""

    name: str = ""
    installed: str = ""
    offered: str = ""


def observe_host(
    info: Mapping[str, Any], bridge: Mapping[str, Any], trusted: Sequence[str], files: Files, commands: Commands
) -> Seen:
    """Look at the host; ``info`` and ``bridge`` are what its engine says of itself and of its default bridge."""
    dockerd = observe_dockerd(files)
    standings = {
        name: [(path, standing) for path in paths for standing in [files.standing(path)] if standing]
        for name, paths in find_protected(files, dockerd).items()
    }
    package = _observe_package(commands)
    return Seen(
        info=info,
        bridge=bridge,
        dockerd=dockerd,
        auditing=observe_auditing(commands),
        watched=find_watched(files),
        standings=standings,
        mounts=parse_mounts(files.read("/proc/self/mountinfo") or ""),
        members=_observe_members(commands),
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


def _observe_members(commands: Commands) -> List[str]:
    done = commands.run("getent", "group", "docker", timeout=30)
    return [user for user in done.said.strip().rpartition(":")[2].split(",") if user]
