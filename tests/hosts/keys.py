# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh keys of the test hosts: one for the user, one per host, made here and nowhere else.

A host's key is made before the host, and put into it: so its known_hosts file is right from the first
connection, and no client ever has to trust a key unseen.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from .places import cache, locked


def user_key() -> Path:
    """Return the private key that every test host accepts; its public half lies beside it."""
    path = cache("id_ed25519")
    with locked("keys"):
        if not path.exists():
            _generate(path, "stowage test user")
    return path


def make_host_key(name: str) -> Path:
    """Make a new key for the host of that name, in place of an older one, and return the private half."""
    path = cache("hosts") / name / "ssh_host_ed25519_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    public(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    _generate(path, name)
    return path


def known_hosts(name: str) -> Path:
    """Return the file that holds the key of the host of that name; written by write_known_hosts."""
    return cache("hosts") / name / "known_hosts"


def write_known_hosts(name: str, address: str) -> None:
    """Bind the host's key to the address it got."""
    kind, key, *_ = public(known_hosts(name).with_name("ssh_host_ed25519_key")).read_text().split()
    known_hosts(name).write_text(f"{address} {kind} {key}\n")


def public(private: Path) -> Path:
    """Return the path of the public half."""
    return private.with_name(f"{private.name}.pub")


def _generate(path: Path, comment: str) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
        stdin=subprocess.DEVNULL,
        check=True,
    )
