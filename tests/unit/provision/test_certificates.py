# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's half of its certificate, with the real openssl: the key stays, and its files are for root alone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess

import pytest

from provision.certificates import Certificates
from provision.commands import Commands
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import Memory

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
FOLDER = "/etc/docker/tls"


class Watched(Commands):
    """Remembers the command lines."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def run(self, *argv, **keywords):
        self.lines.append(" ".join(argv))
        return super().run(*argv, **keywords)


@pytest.fixture
def commands():
    return Watched()


@pytest.fixture
def host(tmp_path, commands):
    return Certificates(Files(str(tmp_path)), commands)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_empty_host(host):
    seen = host.look()
    assert seen["openssl"] is True
    assert seen["files"] == {"ca": {"text": None}, "cert": {"text": None}, "key": {"there": False, "public": ""}}
    assert (seen["loose"], seen["there"], seen["ours"], seen["running"], seen["in_force"]) == (
        {},
        [],
        True,
        False,
        True,
    )


def test_a_request_for_a_new_key(host, tmp_path, commands):
    request = host.request("docker-1", new_key=True)
    openssl("req", "-noout", "-verify", text=request)
    text = openssl("req", "-noout", "-text", text=request)
    assert "prime256v1" in text
    assert "docker-1" in text
    key = tmp_path / "etc/docker/tls/key.pem"
    assert (mode(key), mode(key.parent)) == (0o400, 0o700)
    body = "".join(key.read_text().splitlines()[1:-1])
    assert not any(body[:40] in line for line in commands.lines)
    assert "PRIVATE" not in str(host.look())
    assert openssl("req", "-noout", "-pubkey", text=request) == host.look()["files"]["key"]["public"]


def test_a_key_that_is_there_is_kept(host, tmp_path):
    host.request("docker-1", new_key=True)
    key = (tmp_path / "etc/docker/tls/key.pem").read_bytes()
    host.request("docker-1", new_key=False)
    assert (tmp_path / "etc/docker/tls/key.pem").read_bytes() == key


@pytest.mark.parametrize("name", ["docker 1", "a\nb = c", "${HOME}", "$dir::x", "x" * 300, "bücher", "ä", "#x", ""])
def test_names_that_openssl_would_read_otherwise(host, name):
    request = host.request(name, new_key=True)
    assert "CERTIFICATE REQUEST" in request


def test_a_key_that_is_damaged_or_encrypted(host, tmp_path):
    host.request("docker-1", new_key=True)
    key = tmp_path / "etc/docker/tls/key.pem"
    key.chmod(0o600)
    key.write_text(key.read_text()[:60])
    assert host.look()["files"]["key"] == {"there": True, "public": ""}
    key.write_text(
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes128", "-pass", "pass:xxxx")
    )
    assert host.look()["files"]["key"] == {"there": True, "public": ""}


def test_installing(host, tmp_path):
    host.request("docker-1", new_key=True)
    host.install("the CAs\n", "a certificate\n")
    folder = tmp_path / "etc/docker/tls"
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "ca.pem": 0o444,
        "cert.pem": 0o444,
        "key.pem": 0o400,
    }
    assert host.look()["loose"] == {}
    assert host.look()["ours"] is True
    host.install("", "another\n")
    assert ((folder / "ca.pem").read_text(), (folder / "cert.pem").read_text()) == ("the CAs\n", "another\n")
    assert Memory(Files(str(tmp_path)), "certificates").recall() == {
        "files": [f"{FOLDER}/ca.pem", f"{FOLDER}/cert.pem", f"{FOLDER}/key.pem"]
    }


def test_modes_that_were_changed(host, tmp_path):
    host.request("docker-1", new_key=True)
    host.install("the CAs\n", "a certificate\n")
    folder = tmp_path / "etc/docker/tls"
    (folder / "key.pem").chmod(0o644)
    folder.chmod(0o755)
    assert host.look()["loose"] == {
        FOLDER: "mode 0755, not 0700",
        f"{FOLDER}/key.pem": "mode 0644, not 0400",
    }
    host.install("", "")
    assert host.look()["loose"] == {}


def test_somebody_elses(host, tmp_path):
    folder = tmp_path / "etc/docker/tls"
    folder.mkdir(parents=True)
    (folder / "cert.pem").write_text("another's")
    seen = host.look()
    assert (seen["ours"], seen["there"], seen["remembered"]) == (False, [f"{FOLDER}/cert.pem"], [])
    assert host.remove() == []
    assert (folder / "cert.pem").exists()


def test_removing(host, tmp_path):
    host.request("docker-1", new_key=True)
    host.install("the CAs\n", "a certificate\n")
    assert len(host.remove()) == 3
    assert not (tmp_path / "etc/docker/tls").exists()
    assert not (tmp_path / "var/lib/stowage/engine/certificates.json").exists()
    assert host.remove() == []


def test_what_a_killed_run_left(host, tmp_path):
    host.request("docker-1", new_key=True)
    (tmp_path / "etc/docker/tls/.stowage-x").write_text("half a key")
    host.install("the CAs\n", "a certificate\n")
    assert not (tmp_path / "etc/docker/tls/.stowage-x").exists()


def test_a_run_that_is_killed_before_it_could_install_leaves_what_is_ours(host):
    host.request("docker-1", new_key=True)
    seen = host.look()
    assert (seen["there"], seen["ours"]) == ([f"{FOLDER}/key.pem"], True)
    assert len(host.remove()) == 3
    assert host.look()["there"] == []


def test_a_key_is_ours_before_it_is_there(tmp_path, commands):
    class Full(Files):
        def write(self, path, *arguments, **keywords):
            if path.endswith(".pem"):
                raise ProvisionError("the disk is full")
            super().write(path, *arguments, **keywords)

    host = Certificates(Full(str(tmp_path)), commands)
    with pytest.raises(ProvisionError, match="full"):
        host.request("docker-1", new_key=True)
    assert f"{FOLDER}/key.pem" in host.remembered()


def test_whether_they_are_in_force(host, tmp_path):
    host.request("docker-1", new_key=True)
    host.install("the CAs\n", "a certificate\n")
    pid = tmp_path / "var/run/docker.pid"
    pid.parent.mkdir(parents=True)
    pid.write_text(str(os.getpid()))
    assert host.look()["in_force"] is True
    os.utime(tmp_path / "etc/docker/tls/ca.pem", (0, pid.stat().st_mtime + 1))
    assert (host.look()["running"], host.look()["in_force"]) == (True, False)
    pid.write_text("999999999")  # left behind by an engine that was killed
    assert (host.look()["running"], host.look()["in_force"]) == (False, True)


def test_without_openssl(tmp_path):
    host = Certificates(Files(str(tmp_path)), Commands(str(tmp_path)))
    assert host.look()["openssl"] is False
    with pytest.raises(ProvisionError, match="no program openssl"):
        host.request("docker-1", new_key=True)
