# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section 1 of the benchmark: the host. A table of checks, and what they judge by. Pure."""

from __future__ import annotations

import os
from functools import partial
from typing import List, Tuple

from ..auditing import ABSENT, REFUSED
from .model import CIS, FAIL, NOT_APPLICABLE, Check, Seen, Verdict, goes_by, verdict


def _partition(seen: Seen) -> Verdict:
    root = str(seen.info.get("DockerRootDir") or "/var/lib/docker")
    if seen.secured_by("userns"):
        root = os.path.dirname(root)  # a folder for each mapping, below the one that is configured
    return verdict(
        root in seen.mounts, f"{root} is a file system of its own", f"{root} shares a file system with others"
    )


@goes_by("group")
def _trusted(seen: Seen) -> Verdict:
    strangers = [user for user in seen.members if user not in seen.trusted]
    named = ", ".join(sorted(seen.members)) or "nobody"
    group = f"in the group {seen.dockerd.group}"
    return verdict(not strangers, f"{group}: {named}", f"{group}, and not declared: {', '.join(strangers)}")


def _watched(check: str, seen: Seen) -> Verdict:
    paths = seen.watched.get(check, ())
    if not paths:
        return Verdict(NOT_APPLICABLE, "there is no such file here")
    if seen.auditing.state == ABSENT:
        return Verdict(FAIL, "no auditd is installed")
    if seen.auditing.state == REFUSED:
        return Verdict(FAIL, "the kernel takes no audit rules from this host")
    missing = [path for path in paths if not seen.auditing.watches(path)]
    return verdict(not missing, f"watched: {', '.join(paths)}", f"not watched: {', '.join(missing)}")


def _hardened(_seen: Seen) -> Verdict:
    return Verdict(FAIL, "cannot be told by a look at the engine")


def _current(seen: Seen) -> Verdict:
    if not seen.offered:
        return Verdict(FAIL, f"{seen.info.get('ServerVersion', 'an engine')} of an unknown source")
    installed = f"{seen.package} {seen.installed}"
    return verdict(
        seen.offered == seen.installed,
        f"{installed}, and no other is offered",
        f"{installed}, while {seen.offered} is offered",
    )


_RULES = "engine_hardening: cis writes the rule where auditd is installed"
# Check, profile, what is to be watched.
_WATCHED: Tuple[Tuple[str, int, str], ...] = (
    ("1.1.3", 1, "the engine's program"),
    ("1.1.4", 1, "containerd's folder in /run"),
    ("1.1.5", 1, "the engine's data"),
    ("1.1.6", 1, "the engine's configuration"),
    ("1.1.7", 2, "docker.service"),
    ("1.1.8", 2, "containerd's socket"),
    ("1.1.9", 2, "docker.socket"),
    ("1.1.10", 2, "/etc/default/docker"),
    ("1.1.11", 2, "daemon.json"),
    ("1.1.12", 2, "containerd's configuration"),
    ("1.1.13", 2, "/etc/sysconfig/docker"),
    ("1.1.14", 2, "containerd"),
    ("1.1.15", 2, "containerd-shim"),
    ("1.1.16", 2, "containerd-shim-runc-v1"),
    ("1.1.17", 2, "containerd-shim-runc-v2"),
    ("1.1.18", 2, "runc"),
)

CHECKS: List[Check] = [
    Check(
        "1.1.1",
        1,
        "Containers and images have a file system of their own",
        "mount one on the engine's data root",
        _partition,
    ),
    Check(
        "1.1.2",
        1,
        "Only those who may be root are in the engine's group",
        "take them out of the group, or declare them in engine_users",
        _trusted,
    ),
    *(
        Check(check, level, f"The kernel's audit watches {subject}", _RULES, partial(_watched, check), CIS)
        for check, level, subject in _WATCHED
    ),
    Check("1.2.1", 1, "The host itself is hardened", "follow the benchmark of its distribution", _hardened),
    Check("1.2.2", 1, "The engine is up to date", "upgrade it, for instance by the playbook upgrade_engine", _current),
]
