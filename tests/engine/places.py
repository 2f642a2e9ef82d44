# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an engine under test is, and the ssh configuration a client needs to get there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stowage.engine.address import Address, Tls
from tests.hosts import Host


@dataclass(frozen=True)
class Place:
    """An engine's address, and the test host it is on, or None for this machine."""

    address: Address
    tls: Tls | None
    host: Host | None


def ssh_address(host: str) -> Address:
    return Address("ssh", host=host)


def write_ssh_config(home: Path, host: str, **settings: object) -> None:
    """Write ``.ssh/config`` below a home folder, with one host in it, or one more."""
    folder = home / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    lines = [f"Host {host}", *(f"  {key} {value}" for key, value in settings.items()), ""]
    with (folder / "config").open("a") as file:
        file.write("\n".join(lines))


@contextmanager
def home(path: Path) -> Iterator[None]:
    """Make a folder the home, with no agent to help out. The cache of the test hosts stays where it is."""
    before = {key: os.environ.get(key) for key in ("HOME", "SSH_AUTH_SOCK", "XDG_CACHE_HOME")}
    os.environ["XDG_CACHE_HOME"] = before["XDG_CACHE_HOME"] or str(Path.home() / ".cache")
    os.environ["HOME"] = str(path)
    os.environ.pop("SSH_AUTH_SOCK", None)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
