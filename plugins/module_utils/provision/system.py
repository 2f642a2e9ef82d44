# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of host this is: distribution, architecture, how it starts services, how it installs packages.

Observes, and decides nothing.
"""

from __future__ import annotations

import os
import platform
import shlex
from dataclasses import dataclass
from typing import Dict, Optional

from .commands import Commands
from .files import Files

SYSTEMD = "systemd"
SYSV = "sysv"
DIRECT = "direct"

APT = "apt"
DNF = "dnf"

# The kernel's names of machines, and what Debian and Docker's repositories call them.
_ARCHITECTURES = {
    "x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "i686": "i386",
    "ppc64le": "ppc64el", "s390x": "s390x", "riscv64": "riscv64",
}  # fmt: skip


@dataclass(frozen=True)
class System:
    """One host, as far as an engine's installation depends on it."""

    distribution: str  # ID of os-release(5): debian, ubuntu, fedora, almalinux …
    like: str  # ID_LIKE, space separated
    version: str  # VERSION_ID; "" for rolling releases
    codename: str  # VERSION_CODENAME, or "" (EL, Fedora, Debian sid)
    architecture: str  # as dpkg names it: amd64
    machine: str  # as the kernel names it: x86_64
    manager: str  # systemd, sysv or direct
    packages: str  # apt, dnf, or "" where there is neither
    cgroups: int  # 1 or 2
    contained: bool  # the host is itself a container, or WSL

    @property
    def name(self) -> str:
        """What people call it: debian 12 (amd64)."""
        return f"{self.distribution} {self.version}".strip() + f" ({self.architecture})"


def observe_system(files: Files, commands: Commands) -> System:
    """Look at this host."""
    release = parse_os_release(files.read("/etc/os-release") or files.read("/usr/lib/os-release") or "")
    machine = platform.machine()
    return System(
        distribution=release.get("ID", "linux"),
        like=release.get("ID_LIKE", ""),
        version=release.get("VERSION_ID", ""),
        codename=release.get("VERSION_CODENAME", ""),
        architecture=_ARCHITECTURES.get(machine, machine),
        machine=machine,
        manager=observe_manager(files),
        packages=_package_manager(commands),
        cgroups=2 if files.standing("/sys/fs/cgroup/cgroup.controllers") else 1,
        contained=_contained(files),
    )


def observe_manager(files: Files) -> str:
    """Tell how this host starts services."""
    if os.path.isdir(files.path("/run/systemd/system")):
        return SYSTEMD
    return SYSV if os.access(files.path("/etc/init.d/docker"), os.X_OK) else DIRECT


def parse_os_release(text: str) -> Dict[str, str]:
    """Return the variables of os-release(5)."""
    found: Dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value


def _package_manager(commands: Commands) -> str:
    found: Optional[str] = next((name for name in ("apt-get", "dnf") if commands.find(name)), None)
    return {"apt-get": APT, "dnf": DNF}.get(found or "", "")


def _contained(files: Files) -> bool:
    if any(files.standing(path) for path in ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")):
        return True
    return "microsoft" in (files.read("/proc/sys/kernel/osrelease") or "").lower()
