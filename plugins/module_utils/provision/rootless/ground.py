# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine without root needs of a host, and which of it is not there.

``observe_ground`` looks, the rest is pure. What the kernel and systemd do not allow is told before anything is
changed; programs are told of only where they cannot be on their way, in check mode the packages may still come.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import List, Optional

from ..commands import Commands
from ..files import Files
from ..system import SYSTEMD, observe_manager

# Docker's packages, Debian's.
SCRIPTS = ("/usr/bin/dockerd-rootless.sh", "/usr/share/docker.io/contrib/dockerd-rootless.sh")
_CLONE = "/proc/sys/kernel/unprivileged_userns_clone"
_NAMESPACES = "/proc/sys/user/max_user_namespaces"
_RESTRICTED = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
_PROFILES = "/sys/kernel/security/apparmor/profiles"
_TUN = "/dev/net/tun"
_LOGIND = "systemd-logind.service"


@dataclass(frozen=True)
class Ground:
    """A host, as far as engines without root depend on it."""

    manager: str = SYSTEMD
    logind: str = "loaded"  # systemd's LoadState of its login service: loaded, masked, not-found
    clone: bool = True  # Debian's own switch for user namespaces of everybody
    namespaces: bool = True  # the kernel's number of them is not 0
    restricted: bool = False  # AppArmor keeps them from programs without a profile, and rootlesskit has none
    tun: bool = True
    cgroups: int = 2
    script: str = SCRIPTS[0]  # "" where there is none
    rootlesskit: bool = True
    network: bool = True  # slirp4netns or vpnkit
    newuidmap: str = "well"  # well, missing, or powerless
    version: str = ""  # of the dockerd that is installed


def observe_ground(files: Files, commands: Commands) -> Ground:
    """Look at this host."""
    manager = observe_manager(files)
    return Ground(
        manager=manager,
        logind=_logind(commands) if manager == SYSTEMD else "",
        clone=_number(files, _CLONE) != 0,
        namespaces=_number(files, _NAMESPACES) != 0,
        restricted=_number(files, _RESTRICTED) == 1 and "rootlesskit" not in (files.read(_PROFILES) or "rootlesskit"),
        tun=files.standing(_TUN) is not None,
        cgroups=2 if files.standing("/sys/fs/cgroup/cgroup.controllers") else 1,
        script=next((path for path in SCRIPTS if files.standing(path)), ""),
        rootlesskit=any(commands.find(name) for name in ("docker-rootlesskit", "rootlesskit")),
        network=any(commands.find(name) for name in ("slirp4netns", "vpnkit")),
        newuidmap=_newuidmap(commands),
        version=_version(commands),
    )


def kernel_obstacles(ground: Ground) -> List[str]:
    """Return why this host cannot have such engines, whatever is installed; each with what to do."""
    if ground.manager != SYSTEMD:
        said = "engines of users are kept by systemd, which this host does not run"
        return [f"{said}: start dockerd-rootless.sh yourself, or leave engine_rootless_users empty here"]
    found = []
    if ground.logind != "loaded":
        found.append(
            f"systemd-logind is {ground.logind}, and keeps users' services: systemctl unmask --now {_LOGIND}"
            if ground.logind == "masked"
            else f"systemd-logind is {ground.logind or 'not there'}, and keeps users' services: install it"
        )
    if not ground.clone:
        found.append("user namespaces are root's alone here: set kernel.unprivileged_userns_clone=1 in sysctl.d")
    if not ground.namespaces:
        found.append("the kernel gives no user namespaces: set user.max_user_namespaces=28633 in sysctl.d")
    if ground.restricted:
        found.append(
            "AppArmor keeps user namespaces from programs without a profile, and rootlesskit has none: install a "
            "profile that allows it `userns` in /etc/apparmor.d, as Ubuntu's package apparmor has it, or set "
            "kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if not ground.tun:
        found.append(f"{_TUN} is missing, through which containers reach the network: modprobe tun")
    return found


def program_obstacles(ground: Ground) -> List[str]:
    """Return which programs are missing; each with the package that has it."""
    found = []
    if not ground.script:
        found.append(f"there is none of {', '.join(SCRIPTS)}: install docker-ce-rootless-extras, or Debian's docker.io")
    if not ground.rootlesskit:
        found.append("there is no rootlesskit: install rootlesskit, or docker-ce-rootless-extras")
    if not ground.network:
        found.append("there is no slirp4netns: install slirp4netns")
    if ground.newuidmap == "missing":
        found.append("there is no newuidmap: install uidmap (Debian, Ubuntu) or shadow-utils")
    if ground.newuidmap == "powerless":
        found.append("newuidmap is neither setuid nor has it capabilities: install its package anew")
    return found


def limits_warning(ground: Ground) -> str:
    """Return what does not work although engines run; "" where all does."""
    if ground.cgroups == 2:
        return ""
    return "this host has cgroups of version 1: limits of memory, CPU and processes have no effect without root"


def _number(files: Files, path: str) -> Optional[int]:
    text = (files.read(path) or "").strip()
    return int(text) if text.isdigit() else None


def _logind(commands: Commands) -> str:
    return commands.run("systemctl", "show", "--property=LoadState", "--value", _LOGIND, timeout=30).said.strip()


def _newuidmap(commands: Commands) -> str:
    path = commands.find("newuidmap")
    if path is None:
        return "missing"
    if os.stat(path).st_mode & stat.S_ISUID:
        return "well"
    with contextlib.suppress(OSError):
        if os.getxattr(path, "security.capability"):
            return "well"
    return "powerless"


def _version(commands: Commands) -> str:
    """Return the version of ``Docker version 26.1.5+dfsg1, build 411e817``."""
    if not commands.find("dockerd"):
        return ""
    words = commands.run("dockerd", "--version", timeout=30).said.replace(",", " ").split()
    return words[2] if len(words) > 2 else ""
