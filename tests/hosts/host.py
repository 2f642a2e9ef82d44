# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running test host: its address, its keys, commands on it, and the hand on its engine's throat.

Reaches the host over ssh only, as Ansible does. Making and removing hosts is in hosts.py.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import api, keys, layers
from .outer import docker
from .places import cache

ENGINE_SOCKET = "/var/run/docker.sock"

# Waits on the host itself, so that waiting costs one ssh call. Speaks HTTP by hand: a host has no client.
_WAIT_FOR_PING = """
import socket, sys, time
deadline = time.monotonic() + float(sys.argv[1])
while True:
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect("/var/run/docker.sock")
            s.sendall(b"GET /_ping HTTP/1.0\\r\\nHost: docker\\r\\n\\r\\n")
            if b" 200 " in s.recv(64):
                break
    except OSError:
        pass
    if time.monotonic() > deadline:
        sys.exit("the engine does not answer")
    time.sleep(0.05)
"""
_SHARING = "-o ControlMaster=auto -o ControlPersist=120s"
_KEEP_DOWN = "/run/systemd/system/docker.service.d/keep-down.conf"


class HostError(Exception):
    """A command on a test host failed; the text has the command and what it wrote to stderr."""


@dataclass
class Host(AbstractContextManager["Host"]):
    """A test host that is up. Use as a context manager to have it removed at the end."""

    name: str
    flavour: str
    address: str
    container: str
    port: int = 22
    user: str = "root"
    boot_seconds: float = 0.0

    @property
    def key_file(self) -> Path:
        """The private key to log in with, as root or as ``deploy`` (who has sudo)."""
        return keys.user_key()

    @property
    def known_hosts(self) -> Path:
        """The file with this host's key, bound to its address."""
        return keys.known_hosts(self.name)

    @property
    def has_engine(self) -> bool:
        """Whether the flavour brings an engine."""
        return self.flavour in layers.ENGINE_FLAVOURS

    @property
    def control_path(self) -> str:
        """The control socket of shared ssh connections.

        By container, not by address: addresses are given out again, and a control socket that leads to
        a host that is gone hangs.
        """
        return str(cache("cm", f"{self.container[:12]}-%r"))

    def ssh_options(self) -> list[str]:
        """Return the options for ssh and scp: own keys only, host key verified, connections shared."""
        shared = ["-o", f"ControlPath={self.control_path}", "-o", "BatchMode=yes", "-i", str(self.key_file)]
        return [*shlex.split(_SHARING), *shlex.split(self._identity()), *shared]

    def _identity(self) -> str:
        """Who may log in where: this key only, at a host with this key only."""
        return (
            f"-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={self.known_hosts}"
            " -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
        )

    def inventory_vars(self) -> dict[str, str | int | bool]:
        """Return the variables of this host for an Ansible inventory."""
        return {
            "ansible_host": self.address,
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.key_file),
            "ansible_ssh_common_args": self._identity(),
            "ansible_ssh_args": _SHARING,
            # Ansible expands %(…)s in it: a percent sign for ssh is written twice.
            "ansible_control_path": self.control_path.replace("%", "%%"),
            "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def run(
        self,
        command: str | Sequence[str],
        input: str | bytes | None = None,  # noqa: A002 - as in subprocess
        check: bool = True,
        timeout: float | None = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the host: a string for its shell, or a list taken word by word.

        Raises HostError where it fails and check is true.
        """
        text = command if isinstance(command, str) else shlex.join(command)
        done = subprocess.run(
            ["ssh", *self.ssh_options(), "-p", str(self.port), f"{self.user}@{self.address}", text],
            input=input.encode() if isinstance(input, str) else input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        result = subprocess.CompletedProcess(
            command,
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )
        if check and result.returncode:
            raise HostError(f"{self.name}: {text[:200]!r} ended with {result.returncode}: {result.stderr.strip()}")
        return result

    def put(self, local: Path | str, remote: str) -> None:
        """Copy a file or a folder to the host."""
        target = f"{self.user}@{self.address}:{remote}"
        command = ["scp", "-q", "-r", "-P", str(self.port), *self.ssh_options(), str(local), target]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HostError(f"{self.name}: copying {local}: {done.stderr.strip()}")

    def wait_for_engine(self, seconds: float = 60) -> None:
        """Wait until the engine answers /_ping. Raises HostError with the engine's last log lines."""
        waited = self.run(["python3", "-c", _WAIT_FOR_PING, str(seconds)], check=False)
        if waited.returncode:
            log = self.run("journalctl -u docker -u containerd -n 20 --no-pager -o cat", check=False).stdout
            raise HostError(f"{self.name}: {waited.stderr.strip()}\n{log}")

    def engine(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask the host's engine directly, as api.request does: for a test's own scenes and checks."""
        return api.request(self, method, path, body, headers)

    def wipe_engine(self) -> None:
        """Remove every container, network, volume and image of the host's engine."""
        api.wipe(self)

    def kill_engine(self) -> None:
        """Kill the engine with SIGKILL and keep it down; containers run on without it."""
        # The socket unit last: to stop it first would stop the engine in peace, and its containers too.
        self.run(
            f"mkdir -p {_KEEP_DOWN.rpartition('/')[0]} && printf '[Service]\\nRestart=no\\n' >{_KEEP_DOWN}"
            " && systemctl daemon-reload && systemctl kill --kill-whom=main --signal=KILL docker.service;"
            " while systemctl is-active --quiet docker.service; do sleep 0.05; done;"
            " systemctl stop docker.socket"
        )

    def start_engine(self) -> None:
        """Start the engine again after kill_engine, and wait until it answers.

        Without live-restore the engine stops left-over containers first, which takes their stop timeout.
        """
        self.run(
            f"rm -f {_KEEP_DOWN} && systemctl daemon-reload && systemctl reset-failed docker.service;"
            " systemctl start docker.socket docker.service"
        )
        self.wait_for_engine()

    @contextmanager
    def docker_socket_forward(self) -> Iterator[str]:
        """Give the engine's socket on this machine for a while: yields the path of a unix socket."""
        local = cache("sockets", f"{self.container[:12]}-{time.monotonic_ns() % 10**9}")
        tunnel = subprocess.Popen(
            [
                "ssh", *self.ssh_options(), "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes",
                "-N", "-L", f"{local}:{ENGINE_SOCKET}", "-p", str(self.port), f"{self.user}@{self.address}",
            ],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 20
            while not local.exists():
                if tunnel.poll() is not None or time.monotonic() > deadline:
                    raise HostError(f"{self.name}: the engine's socket could not be forwarded")
                time.sleep(0.02)
            yield str(local)
        finally:
            tunnel.terminate()
            tunnel.wait()
            local.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the host with its volumes and all that this package keeps about it."""
        for socket in cache("cm", "x").parent.glob(f"{self.container[:12]}-*"):
            subprocess.run(
                ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={socket}", self.address],
                capture_output=True,
                check=False,
            )
        docker("rm", "-f", "-v", self.container)
        shutil.rmtree(keys.known_hosts(self.name).parent, ignore_errors=True)

    def __exit__(self, *_: object) -> None:
        self.remove()
