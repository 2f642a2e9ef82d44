# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh:// against a real sshd on this machine: keys, known hosts, configuration, jumps, and what fails."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stowage import errors
from stowage.engine.client import Engine

from . import daemons, places


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with daemons.sshd(folder) as port:
        yield port


@pytest.fixture
def user_home(folder: Path, port: int, tmp_path: Path) -> Iterator[Path]:
    """A home whose owner knows the host and has the key."""
    ssh = tmp_path / ".ssh"
    ssh.mkdir(mode=0o700)
    host_key = (folder / "host_key.pub").read_text().split()
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key[0]} {host_key[1]}\n")
    shutil.copy(folder / "user_key", ssh / "id_ed25519")
    with places.home(tmp_path):
        yield tmp_path


def url(port: int, path: str = "") -> str:
    return f"ssh://{getpass.getuser()}@127.0.0.1:{port}{path}"


def fails(address: str, words: str, kind: type[errors.EngineError] = errors.EngineUnreachable) -> None:
    with Engine.connect(address, timeout=10) as engine, pytest.raises(kind, match=words):
        engine.system.ping()


def test_many_calls_through_one_connection(user_home: Path, port: int, folder: Path) -> None:
    with Engine.connect(url(port)) as engine, ThreadPoolExecutor(12) as threads:
        version = engine.system.version()["Version"]
        seen = set(threads.map(lambda _turn: engine.system.version()["Version"], range(60)))
        assert seen == {version}
        with engine.system.events(until=1) as events:
            assert list(events) == []
    logins = (folder / "sshd.log").read_text().count("Accepted publickey")
    assert logins == 1


def test_a_socket_of_ones_choice(user_home: Path, port: int) -> None:
    with Engine.connect(url(port, "/var/run/docker.sock")) as engine:
        assert engine.system.ping()
    fails(url(port, "/is/not/there.sock"), "is/not/there.sock.*exit code 1 on the far side")


def test_an_unknown_host_is_refused(user_home: Path, port: int) -> None:
    (user_home / ".ssh" / "known_hosts").unlink()
    places.write_ssh_config(user_home, "*", StrictHostKeyChecking="no")  # no way around it
    fails(url(port), "not found in known_hosts.*ssh-keyscan")


def test_a_host_with_another_key_is_refused(user_home: Path, port: int, folder: Path) -> None:
    other = (folder / "user_key.pub").read_text().split()
    (user_home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {other[0]} {other[1]}\n")
    fails(url(port), "does not match.*verify it before")


def test_hashed_known_hosts(user_home: Path, port: int) -> None:
    known = user_home / ".ssh" / "known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    with Engine.connect(url(port)) as engine:
        assert engine.system.ping()


def test_the_users_configuration(user_home: Path, port: int, tmp_path: Path) -> None:
    key = tmp_path / "elsewhere"
    (user_home / ".ssh" / "id_ed25519").rename(key)
    (user_home / ".ssh" / "known_hosts").rename(tmp_path / "known")
    places.write_ssh_config(
        user_home,
        "engine",
        HostName="127.0.0.1",
        Port=port,
        User=getpass.getuser(),
        IdentityFile=key,
        IdentitiesOnly="yes",
        UserKnownHostsFile=tmp_path / "known",
    )
    with Engine.connect("ssh://engine") as engine:
        assert engine.system.ping()


@pytest.mark.parametrize("way", ["ProxyJump", "ProxyCommand"])
def test_through_another_host(user_home: Path, port: int, way: str) -> None:
    places.write_ssh_config(user_home, "jump", HostName="127.0.0.1", Port=port, User=getpass.getuser())
    # A connection to itself by way of itself: what matters is that it goes through.
    route = "jump" if way == "ProxyJump" else f"{sys.executable} {_relay(user_home)} %h %p"
    places.write_ssh_config(user_home, "target", HostName="127.0.0.1", Port=port, **{way: route})
    with Engine.connect(f"ssh://{getpass.getuser()}@target") as engine:
        assert engine.system.ping()
        assert engine.system.ping()


def _relay(folder: Path) -> Path:
    path = folder / "relay.py"
    path.write_text(
        "import os, socket, sys, threading\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    for data in iter(lambda: os.read(0, 65536), b''):\n"
        "        s.sendall(data)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "for data in iter(lambda: s.recv(65536), b''):\n"
        "    os.write(1, data)\n"
    )
    return path


def test_jumps_in_a_circle_end(user_home: Path, port: int) -> None:
    places.write_ssh_config(user_home, "a", ProxyJump="b")
    places.write_ssh_config(user_home, "b", ProxyJump="a")
    fails("ssh://a", "more than 8 jump hosts")


def test_a_key_that_is_not_wanted(user_home: Path, port: int) -> None:
    key = user_home / ".ssh" / "id_ed25519"
    key.unlink()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    fails(url(port), "(?i)authentication.*SSH_AUTH_SOCK")


def test_a_key_with_a_passphrase_and_no_agent(user_home: Path, port: int) -> None:
    key = user_home / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "hunter2", "-f", str(key)], check=True)
    fails(url(port), "(?i)encrypted|agent|authentication")


def test_an_agent(user_home: Path, port: int, tmp_path: Path) -> None:
    key = user_home / ".ssh" / "id_ed25519"
    socket_path = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket_path)], stdout=subprocess.DEVNULL)
    try:
        os.environ["SSH_AUTH_SOCK"] = str(socket_path)
        for _turn in range(100):
            if socket_path.exists():
                break
            time.sleep(0.05)
        subprocess.run(["ssh-add", "-q", str(key)], check=True)
        key.unlink()
        with Engine.connect(url(port)) as engine:
            assert engine.system.ping()
    finally:
        agent.terminate()
        agent.wait(10)


def test_a_key_bound_to_dial_stdio(user_home: Path, tmp_path: Path) -> None:
    bound = tmp_path / "bound"
    bound.mkdir()
    with daemons.sshd(bound, "ForceCommand docker system dial-stdio") as port:
        _trust(user_home, bound, port)
        with Engine.connect(url(port)) as engine:
            assert engine.system.ping()
            assert engine.system.version()


def test_a_host_without_the_docker_command(user_home: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "bin").mkdir(parents=True)
    # A shell that reads no startup files, which could bring the command back.
    (bare / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    command = f'ForceCommand env -i PATH={bare / "bin"} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with daemons.sshd(bare, command) as port:
        _trust(user_home, bare, port)
        with Engine.connect(url(port)) as engine:
            assert engine.system.ping()
            with engine.system.events(until=1) as events:
                assert list(events) == []
        fails(url(port, "/is/not/there.sock"), "FileNotFoundError.*exit code 1 on the far side")


def test_sshd_gone_and_back(user_home: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with daemons.sshd(own) as port:
        _trust(user_home, own, port)
        with Engine.connect(url(port)) as engine:
            assert engine.system.ping()
            _restart(own)
            assert engine.system.ping()  # on a new connection: reading may be repeated
    fails(url(port), "Unable to connect")


def _restart(folder: Path) -> None:
    """End the sessions of an sshd, but not the sshd."""
    pid = (folder / "sshd.pid").read_text().strip()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), 15)


def _trust(home: Path, folder: Path, port: int) -> None:
    host_key = (folder / "host_key.pub").read_text().split()
    with (home / ".ssh" / "known_hosts").open("a") as file:
        file.write(f"[127.0.0.1]:{port} {host_key[0]} {host_key[1]}\n")
    shutil.copy(folder / "user_key", home / ".ssh" / "id_ed25519")


def test_without_paramiko(user_home: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    fails(url(port), "need the library paramiko.*python3-paramiko, or run pip install paramiko")
