# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry with a password beside the engine under test: Debian's docker-registry, on its loopback."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from tests.hosts import registry as on_hosts
from tests.hosts.places import cache, locked

from .places import Place

USER = "ci"
PASSWORD = "registry-secret-81c4"


@dataclass(frozen=True)
class Registry:
    """Where it listens, as the engine sees it, and who may log in."""

    address: str

    @property
    def credential(self) -> dict[str, str]:
        return {"username": USER, "password": PASSWORD, "serveraddress": self.address}


@contextmanager
def running(place: Place, folder: Path) -> Iterator[Registry]:
    """A registry while the context lasts: on the engine's host, or as a process here."""
    if place.host is not None:
        yield Registry(on_hosts.start(place.host, 5077, USER, PASSWORD))
        on_hosts.stop(place.host, 5077)
        return
    port = free_port()
    (folder / "users").write_bytes(f"{USER}:".encode() + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)))
    settings = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "auth": {"htpasswd": {"realm": "test", "path": str(folder / "users")}},
    }
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program(), "serve", str(folder / "config.yml")], stdout=log, stderr=log)
        try:
            wait_for_port(port)
            yield Registry(f"127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(10)


def program() -> str:
    """The registry's program: installed, or taken out of its package without installing that."""
    found = shutil.which("docker-registry")
    if found:
        return found
    folder = cache("docker-registry", "unpacked").parent
    path = folder / "unpacked" / "usr" / "bin" / "docker-registry"
    with locked("docker-registry"):
        if not path.exists():
            subprocess.run(["apt-get", "-q", "download", "docker-registry"], cwd=folder, check=True)
            [package] = folder.glob("docker-registry_*.deb")
            subprocess.run(["dpkg", "-x", str(package), str(folder / "unpacked")], check=True)
            package.unlink()
    return str(path)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not _listens(port):
        if time.monotonic() > end:
            raise TimeoutError(f"nobody listens on port {port}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
