# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section 3 of the benchmark: whose the engine's files are, and how open. A table of checks. Pure."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Tuple

from ..protected import PROTECTED, protections
from .model import BASELINE, NOT_APPLICABLE, Check, Seen, Verdict, verdict

# Check of the owner, check of the mode, and the file's name in PROTECTED.
_PAIRS: Tuple[Tuple[str, str, str], ...] = (
    ("3.1", "3.2", "docker.service"),
    ("3.3", "3.4", "docker.socket"),
    ("3.5", "3.6", "/etc/docker"),
    ("3.7", "3.8", "registry certificates"),
    ("3.9", "3.10", "TLS CA certificate"),
    ("3.11", "3.12", "TLS certificate"),
    ("3.13", "3.14", "TLS key"),
    ("3.15", "3.16", "docker.sock"),
    ("3.17", "3.18", "daemon.json"),
    ("3.19", "3.22", "/etc/default/docker"),
    ("3.21", "3.20", "/etc/sysconfig/docker"),
    ("3.23", "3.24", "containerd.sock"),
)


def _owner(name: str, seen: Seen) -> Verdict:
    found = seen.standings.get(name, ())
    if not found:
        return Verdict(NOT_APPLICABLE, "there is no such file here")
    wanted = protections(seen.dockerd)[name]
    wrong = [f"{path} is {standing.owner}:{standing.group}" for path, standing in found if not wanted.owned(standing)]
    return verdict(not wrong, ", ".join(f"{path}" for path, _standing in found), ", ".join(wrong))


def _mode(name: str, seen: Seen) -> Verdict:
    found = seen.standings.get(name, ())
    if not found:
        return Verdict(NOT_APPLICABLE, "there is no such file here")
    modes = [f"{path} is {standing.mode:04o}" for path, standing in found]
    wrong = [text for text, (_path, standing) in zip(modes, found) if not PROTECTED[name].closed(standing)]
    return verdict(not wrong, ", ".join(modes), ", ".join(wrong))


def _checks() -> List[Check]:
    found: Dict[str, Check] = {}
    for owner, mode, name in _PAIRS:
        wanted = PROTECTED[name]
        whose = f"{wanted.owner}:{wanted.group}"
        remedy = "engine_hardening sets it"
        found[owner] = Check(owner, 1, f"{name}: belongs to {whose}", remedy, partial(_owner, name), BASELINE)
        found[mode] = Check(
            mode, 1, f"{name}: mode {wanted.mode:04o} or stricter", remedy, partial(_mode, name), BASELINE
        )
    return sorted(found.values(), key=lambda check: int(check.id.partition(".")[2]))


CHECKS = _checks()
