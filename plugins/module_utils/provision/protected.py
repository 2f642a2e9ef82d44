# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files around an engine have to be whose, and how open they may be at most.

One table, for who sets it and for who checks it. Finds the files; changes and judges nothing.
"""

from __future__ import annotations

import grp
import os
from dataclasses import dataclass, replace
from typing import Dict, List

from .dockerd import DAEMON_JSON, Dockerd
from .files import Files, Standing

CERTIFICATES = "/etc/docker/certs.d"
_UNITS = ("/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system")


@dataclass(frozen=True)
class Protection:
    """Whose a file has to be, and the bits that its mode may have."""

    owner: str
    group: str
    mode: int

    def owned(self, standing: Standing) -> bool:
        """Tell whether a file is whose it has to be."""
        return (standing.owner, standing.group) == (self.owner, self.group)

    def closed(self, standing: Standing) -> bool:
        """Tell whether a file is as closed as it has to be; it may be more so."""
        return standing.mode & ~self.mode == 0


# By the name that the tables of those who use them know them by.
PROTECTED: Dict[str, Protection] = {
    "docker.service": Protection("root", "root", 0o644),
    "docker.socket": Protection("root", "root", 0o644),
    "/etc/docker": Protection("root", "root", 0o755),
    "registry certificates": Protection("root", "root", 0o444),
    "registry keys": Protection("root", "root", 0o400),
    "TLS CA certificate": Protection("root", "root", 0o444),
    "TLS certificate": Protection("root", "root", 0o444),
    "TLS key": Protection("root", "root", 0o400),
    "docker.sock": Protection("root", "docker", 0o660),
    "daemon.json": Protection("root", "root", 0o644),
    "/etc/default/docker": Protection("root", "root", 0o644),
    "/etc/sysconfig/docker": Protection("root", "root", 0o644),
    "containerd.sock": Protection("root", "root", 0o660),
}


def protections(dockerd: Dockerd) -> Dict[str, Protection]:
    """Return the table for one host: the socket is for the group that its engine was told."""
    return {**PROTECTED, "docker.sock": replace(PROTECTED["docker.sock"], group=_name(dockerd.group))}


def find_protected(files: Files, dockerd: Dockerd) -> Dict[str, List[str]]:
    """Return where each of them is on this host; no paths where it has none."""
    certificates = _below(files, CERTIFICATES)
    keys = [path for path in certificates if path.endswith(".key")]
    candidates = {
        "docker.service": _first(files, [f"{folder}/docker.service" for folder in _UNITS]),
        "docker.socket": _first(files, [f"{folder}/docker.socket" for folder in _UNITS]),
        "/etc/docker": ["/etc/docker"],
        "registry certificates": [path for path in certificates if path.endswith((".crt", ".cert"))],
        "registry keys": keys,
        "TLS CA certificate": [str(dockerd.told("tlscacert", ""))],
        "TLS certificate": [str(dockerd.told("tlscert", ""))],
        "TLS key": [str(dockerd.told("tlskey", ""))],
        "docker.sock": ["/var/run/docker.sock"],
        "daemon.json": [str(dockerd.told("config-file", DAEMON_JSON))],
        "/etc/default/docker": ["/etc/default/docker"],
        "/etc/sysconfig/docker": ["/etc/sysconfig/docker"],
        "containerd.sock": ["/run/containerd/containerd.sock"],
    }
    return {name: [found for path in paths for found in _real(files, path)] for name, paths in candidates.items()}


def _real(files: Files, path: str) -> List[str]:
    """Where a path leads to in the end; nothing where nothing is there, or only a device (a unit that is masked)."""
    root = os.path.realpath(files.root).rstrip("/")
    real = os.path.realpath(files.path(path))[len(root) :] if path else ""
    standing = files.standing(real) if real else None
    return [real] if standing and (standing.kind != "other" or path.endswith(".sock")) else []


def _name(group: str) -> str:
    """Return a group's name; dockerd takes its number as well."""
    try:
        return grp.getgrgid(int(group)).gr_name
    except (ValueError, KeyError, OverflowError):
        return group


def _first(files: Files, paths: List[str]) -> List[str]:
    return [path for path in paths if files.standing(path)][:1]


def _below(files: Files, folder: str) -> List[str]:
    """All files below a folder, sorted; nothing behind links."""
    found = []
    real = files.path(folder)
    for place, _folders, names in os.walk(real):
        found += [os.path.join(folder, os.path.relpath(os.path.join(place, name), real)) for name in names]
    return sorted(found)
