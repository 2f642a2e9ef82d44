# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's audit has an eye on around an engine: which files, and whether it has.

One table, for who sets the rules and for who checks them. Observes, and changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from .commands import Commands
from .dockerd import Dockerd
from .files import Files

# What auditing is on a host.
ABSENT = "absent"  # no auditd is installed
REFUSED = "refused"  # it is, and the kernel takes no rules from here: a container, or a kernel without it
WORKS = "works"
LOCKED = "locked"  # the rules that are loaded cannot be changed until the host is restarted

_BINARIES = ("/usr/bin", "/usr/sbin")
# What a rule may say and still sees all that is done to a path.
_FIELDS = frozenset({"-a", "-w", "-k", "-p", "-S", "path", "dir", "perm", "key"})
_UNITS = ("/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system")


@dataclass(frozen=True)
class Watched:
    """One subject: where it can be, and whether all that is below it counts."""

    paths: Tuple[str, ...]
    below: bool = False
    # A rule for a file that is not there is of use where somebody could put one; its folder has to be there.
    always: bool = False


def _binary(name: str, always: bool = False) -> Watched:
    return Watched(tuple(f"{folder}/{name}" for folder in _BINARIES), always=always)


def _unit(name: str) -> Watched:
    return Watched(tuple(f"{folder}/{name}" for folder in _UNITS))


# By the check of the benchmark. Folders in which containers write all the time are watched themselves, not what is
# below them: that would slow every container down, and fill the log with what they are there for.
WATCHED: Mapping[str, Watched] = {
    "1.1.3": _binary("dockerd", always=True),
    "1.1.4": Watched(("/run/containerd",)),
    "1.1.5": Watched(("/var/lib/docker",)),  # or where the engine was told to have it
    "1.1.6": Watched(("/etc/docker",), below=True),
    "1.1.7": _unit("docker.service"),
    # The socket itself comes after the rules are loaded at a boot; its folder's rule sees it being replaced.
    "1.1.8": Watched(("/run/containerd",)),
    "1.1.9": _unit("docker.socket"),
    "1.1.10": Watched(("/etc/default/docker",)),
    "1.1.11": Watched(("/etc/docker/daemon.json",)),
    "1.1.12": Watched(("/etc/containerd/config.toml",)),
    "1.1.13": Watched(("/etc/sysconfig/docker",)),
    "1.1.14": _binary("containerd"),
    "1.1.15": _binary("containerd-shim"),
    "1.1.16": _binary("containerd-shim-runc-v1"),
    "1.1.17": _binary("containerd-shim-runc-v2"),
    "1.1.18": _binary("runc"),
}


@dataclass(frozen=True)
class Auditing:
    """The host's auditing: its state, and the rules that are loaded, a line each."""

    state: str
    rules: Tuple[str, ...] = ()

    def watches(self, path: str) -> bool:
        """Tell whether whatever changes a path is seen; of several rules that fit the kernel takes the first.

        The benchmark's own lines (``-w PATH -k docker``, ``-F path=PATH -F perm=war``) all have writes and changes of
        attributes by everybody; reads and execution, which some have as well, would be noise.
        """
        return next((sees for sees in (_sees(rule, path) for rule in self.rules) if sees is not None), False)

    def has(self, path: str) -> bool:
        """Tell whether there is a rule that sees all changes of a path, even if another one hides them from it."""
        return any(_sees(rule, path) for rule in self.rules)


def observe_auditing(commands: Commands) -> Auditing:
    """Ask the kernel which rules are loaded."""
    if commands.find("auditctl") is None:
        return Auditing(ABSENT)
    done = commands.run("auditctl", "-l", timeout=30)
    if done.code:
        return Auditing(REFUSED)
    locked = "enabled 2" in commands.run("auditctl", "-s", timeout=30).said
    rules = [line for line in done.said.splitlines() if line.startswith("-")]
    return Auditing(LOCKED if locked else WORKS, tuple(rules))


def find_watched(files: Files, dockerd: Dockerd) -> Dict[str, List[str]]:
    """Return what of the table is on this host, by its check."""
    table = {**WATCHED, "1.1.5": replace(WATCHED["1.1.5"], paths=(dockerd.data_root,))}
    return {check: _present(files, watched) for check, watched in table.items()}


def render_rules(found: Mapping[str, Sequence[str]]) -> str:
    """Return the audit rules for what is on a host."""
    lines: Dict[str, None] = {}
    for check, paths in found.items():
        watched = WATCHED[check]
        for path in watched.paths if watched.always and paths else paths:
            kind = "dir" if watched.below else "path"
            lines[f"-a always,exit -F {kind}={path} -F perm=wa -F key=docker"] = None
    return "\n".join(["# Written by stowage.docker.engine_hardening.", *lines, ""])


def _present(files: Files, watched: Watched) -> List[str]:
    found = [path for path in watched.paths if files.standing(path)]
    # /lib and /usr/lib are one folder on most hosts.
    return list({os.path.realpath(files.path(path)): path for path in reversed(found)}.values())[::-1]


def _sees(rule: str, path: str) -> Optional[bool]:
    """Tell whether a rule sees all changes of a path, or hides them; None where it says nothing of all of them."""
    words = rule.split()
    options = list(zip(words[::2], words[1::2]))
    fields = dict(_field(option, value) for option, value in options)
    if path not in {fields.get(name, "").rstrip("/") for name in ("-w", "path", "dir")}:
        return None
    action = set(fields.get("-a", "always,exit").split(","))
    if action == {"never", "exit"}:
        return False
    # Any further condition (a user, a call) leaves changes out.
    whole = set(fields) <= _FIELDS and fields.get("-S", "all") == "all"
    perm = fields.get("perm", fields.get("-p", "rwxa"))
    return True if action == {"always", "exit"} and whole and {"w", "a"} <= set(perm) else None


def _field(option: str, value: str) -> Tuple[str, str]:
    """Return what a word of a rule is about, and what it says: ``-F perm=wa`` is ("perm", "wa")."""
    if option != "-F":
        return option, value
    name, _equals, said = value.partition("=")
    return name, said
