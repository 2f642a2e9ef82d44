# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a test's own, each gone when its context ends: an engine behind TLS, and an sshd."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .registries import free_port, wait_for_port

_DATA = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> None:
    """``NAME.pem`` and ``NAME-key.pem``: an authority that signs for a day."""
    openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}",
        "-keyout", f"{name}-key.pem", "-out", f"{name}.pem",
    )  # fmt: skip


def make_certificate(folder: Path, name: str, authority: str, extensions: str) -> None:
    """``NAME.pem`` and ``NAME-key.pem``, signed by an authority of the folder."""
    openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
        "-keyout", f"{name}-key.pem", "-out", f"{name}.csr",
    )  # fmt: skip
    (folder / f"{name}.ext").write_text(extensions)
    openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-days", "1", "-extfile", f"{name}.ext",
        "-CA", f"{authority}.pem", "-CAkey", f"{authority}-key.pem", "-CAcreateserial", "-out", f"{name}.pem",
    )  # fmt: skip


@contextmanager
def tls_engine(folder: Path, options: Sequence[str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A second engine with data of its own, on a loopback port; (port, process).

    It runs in namespaces of its own for network and mounts, so that it cannot touch the bridges and rules
    of the machine's engine, nor leave a mount behind. The listening socket is made outside and handed in,
    as systemd does it.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    places = [f"--{key}={folder / value}" for key, value in _DATA.items()]
    serve = shlex.join(["dockerd", "-H", "fd://", *places, *options])
    script = f"exec 3<&{listener.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; exec {serve}"
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "bash", "-c", script], pass_fds=[listener.fileno()], stdout=log, stderr=log
        )
    port = listener.getsockname()[1]
    try:
        _wait_for_words(folder / "dockerd.log", b"API listen on", process)
        listener.close()
        yield port, process
    finally:
        process.terminate()
        process.wait(30)
        listener.close()


@contextmanager
def sshd(folder: Path, *settings: str) -> Iterator[int]:
    """An sshd on a loopback port that lets the user of this process in with ``user_key`` of the folder."""
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    port = free_port()
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'sshd.pid'}",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "PermitRootLogin prohibit-password",
        *settings,
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own demand
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") or "/usr/sbin/sshd"
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log, start_new_session=True
        )
    try:
        wait_for_port(port)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the sessions as well
        process.wait(10)


def _wait_for_words(path: Path, words: bytes, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while words not in path.read_bytes():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(path.read_text()[-2000:])
        time.sleep(0.05)
