# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA's folder: what goes wrong with it, several runs at once, and a first run that is killed."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import stat
import subprocess

import pytest

pytest.importorskip("cryptography")

from plugins.module_utils.provision.errors import ProvisionError
from plugins.plugin_utils.certificates import library, work
from plugins.plugin_utils.certificates.folder import Folder
from plugins.plugin_utils.certificates.issuing import key_text, make_key

from .fleet import NOW, Host, case, client, days
from .test_rotation import Killed, writes

PASSPHRASE = "correct horse"
# No settings of the machine's, and no repository around the tests.
GIT = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nowhere"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def ca(tmp_path):
    path = tmp_path / "ca"
    have(path)
    return path


def have(path, host=None, **more):
    return work.have(case(path, **more), (host or Host("h")).ask)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_it_looks_like(ca):
    found = {str(path.relative_to(ca)): mode(path) for path in ca.rglob("*")}
    assert found == {
        ".gitignore": 0o644,
        ".lock": 0o600,
        "ca.pem": 0o644,
        "ca-key.pem": 0o600,
        "clients": 0o700,
        "clients/admin": 0o700,
        "clients/admin/ca.pem": 0o644,
        "clients/admin/cert.pem": 0o644,
        "clients/admin/key.pem": 0o600,
        "hosts": 0o700,
        "hosts/h.json": 0o644,
    }
    assert mode(ca) == 0o700


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("passphrase", "keys"), [("", set()), (PASSPHRASE, {"ca-key.pem", "ca-next-key.pem"})])
def test_a_repository_gets_no_key_that_is_not_encrypted(tmp_path, passphrase, keys):
    path = tmp_path / "ca"
    have(path, passphrase=passphrase)
    (path / "ca-next-key.pem").write_bytes((path / "ca-key.pem").read_bytes())
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, env=GIT)
    done = subprocess.run(["git", "ls-files"], cwd=tmp_path, capture_output=True, text=True, check=True, env=GIT)
    found = {name.removeprefix("ca/") for name in done.stdout.split() if name.endswith(".pem")}
    assert found == {*keys, "ca.pem", "clients/admin/ca.pem", "clients/admin/cert.pem"}


def test_a_clients_key_that_is_not_in_a_copy_is_made_anew(ca):
    host = Host("h")
    have(ca, host)
    (ca / "clients" / "admin" / "key.pem").unlink()
    assert have(ca, host)["plan"] == ["IssueCertificate client admin (does not fit its key)"]
    assert (ca / "clients" / "admin" / "key.pem").exists()


def test_what_people_have_git_ignore_stays(tmp_path):
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / ".gitignore").write_text("*\n")
    have(tmp_path / "ca")
    assert (tmp_path / "ca" / ".gitignore").read_text() == "*\n"


def test_openssl_agrees(ca):
    strictly = [
        "openssl",
        "verify",
        "-x509_strict",
        "-no_check_time",
        "-purpose",
        "sslclient",
        "-CAfile",
        ca / "ca.pem",
    ]
    done = subprocess.run(
        [*strictly, ca / "clients" / "admin" / "cert.pem"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_check_writes_nothing(tmp_path):
    path = tmp_path / "not" / "there"
    planned = have(path, check=True)["plan"]
    assert not list(tmp_path.iterdir())
    assert planned == have(path)["plan"]
    before = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")}
    assert have(path, check=True, clients=["admin", "ci"])["changed"]
    assert {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")} == before


def test_a_passphrase(tmp_path):
    path = tmp_path / "ca"
    have(path, passphrase=PASSPHRASE)
    assert b"ENCRYPTED" in (path / "ca-key.pem").read_bytes()
    host = Host("h")
    assert have(path, host, passphrase=PASSPHRASE)["changed"]
    for check in (True, False):
        with pytest.raises(ProvisionError, match="cannot be opened with this passphrase"):
            have(path, passphrase="wrong", check=check)
        with pytest.raises(ProvisionError, match="is encrypted: its passphrase is needed"):
            have(path, check=check)
    assert host.orders == ["look", "request", "install"]


def test_a_passphrase_that_is_set_later(ca):
    host = Host("h")
    have(ca, host)
    planned = have(ca, host, passphrase=PASSPHRASE, check=True)["plan"]
    assert planned == have(ca, host, passphrase=PASSPHRASE)["plan"]
    assert planned == [f"EncryptKey {ca}/ca-key.pem (a passphrase is set)"]
    assert b"ENCRYPTED" in (ca / "ca-key.pem").read_bytes()
    assert have(ca, host, passphrase=PASSPHRASE)["plan"] == []


def test_keys_that_others_can_read(ca):
    host = Host("h")
    have(ca, host)
    (ca / "clients" / "admin" / "key.pem").chmod(0o644)
    assert have(ca, host)["plan"] == [f"ProtectKeys {ca} (others can read them)"]
    assert mode(ca / "clients" / "admin" / "key.pem") == 0o600
    assert have(ca, host)["plan"] == []


def lose(*names):
    def act(path):
        for name in names:
            (path / name).unlink()

    return act


def damage(name):
    return lambda path: (path / name).write_bytes((path / name).read_bytes()[:100])


def other_key(path):
    (path / "ca-key.pem").write_bytes(key_text(make_key()))


def no_authority(path):
    shutil.copy(path / "clients" / "admin" / "cert.pem", path / "ca.pem")


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lose("ca.pem"), "has no ca.pem, though certificates were issued"),
        (lose("ca-key.pem"), "ca-key.pem is missing"),
        (damage("ca.pem"), "ca.pem is damaged"),
        (damage("ca-key.pem"), "ca-key.pem is damaged"),
        (other_key, "is not the key of the CA"),
        (no_authority, "is not the certificate of a CA"),
    ],
)
def test_a_folder_that_is_damaged(ca, act, told):
    act(ca)
    kept = {path: path.read_bytes() for path in ca.rglob("*.pem")}
    for check in (True, False):
        host = Host("h")
        with pytest.raises(ProvisionError, match=told):
            have(ca, host, check=check)
        assert host.orders == ["look"]
    assert {path: path.read_bytes() for path in ca.rglob("*.pem")} == kept


def test_a_ca_that_has_ended(ca):
    host = Host("h")
    host.clock = then = NOW + days(3700)
    with pytest.raises(ProvisionError, match=r"expired 50 days ago.*Move the folder away"):
        have(ca, host, now=then)
    host.clock = then = NOW - days(1)
    with pytest.raises(ProvisionError, match="the controller's clock is wrong"):
        have(ca, host, now=then)


def test_a_ca_that_ends_soon_is_told(ca):
    host = Host("h")
    host.clock = then = NOW + days(3600)
    done = have(ca, host, now=then)
    assert "expires in 50 days" in done["warnings"][0]
    assert done["days_left"] == 50
    assert have(ca, host, now=then)["plan"] == []  # nothing that lasts longer could be issued


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for check in (True, False):
        with pytest.raises(
            ProvisionError, match=r"the CA's folder .*file/ca cannot be written: .*/file is not a folder"
        ):
            have(tmp_path / "file" / "ca", check=check)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ProvisionError, match=r"cannot be written: .* is not writable"):
        have(tmp_path / "ca", check=True)


def test_another_run_is_waited_for_and_not_for_ever(ca):
    with (ca / ".lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ProvisionError, match=r"in use by another run for 0\.1 s"), Folder(str(ca)).locked(0.1):
            pass
    with Folder(str(ca)).locked(0.1):
        pass


def test_what_a_killed_run_left_half_written_goes(ca):
    (ca / ".stowage-x").write_text("half a key")
    (ca / "clients" / "admin" / ".stowage-y").write_text("half a key")
    have(ca)
    assert not list(ca.rglob(".stowage-*"))


def test_a_first_run_that_is_killed_anywhere(tmp_path, monkeypatch):
    limit, total = 0, 1
    while limit < total:
        path, host = tmp_path / f"ca-{limit}", Host("h")
        with monkeypatch.context() as patch:
            done = writes(patch, limit)
            for _ in range(3):
                try:
                    have(path, host)
                except Killed:
                    continue
                have(path, host)
        total = done[0]
        assert have(path, host)["plan"] == []
        limit += 1
    assert limit > 5


def have_one(arguments):
    path, number = arguments
    return work.have(case(path, f"h{number}", names=(f"h{number}",)), Host(f"h{number}").ask)["plan"]


def test_many_hosts_at_once_make_one_ca(tmp_path):
    """Ansible runs an action for several hosts in a process each."""
    path = tmp_path / "ca"
    with multiprocessing.get_context("fork").Pool(6) as pool:
        plans = pool.map(have_one, [(path, number) for number in range(12)])
    lines = [line for plan in plans for line in plan]
    assert len([line for line in lines if line.startswith("MakeAuthority")]) == 1
    assert len([line for line in lines if line.startswith("IssueCertificate client admin")]) == 1
    assert len([line for line in lines if line.startswith("IssueCertificate h")]) == 12
    assert sorted(record.stem for record in (path / "hosts").iterdir()) == sorted(f"h{number}" for number in range(12))
    assert client(path)["ca"] == (path / "ca.pem").read_text()


def test_without_cryptography_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "MISSING", "No module named 'cryptography'")
    with pytest.raises(ProvisionError, match="needs the package cryptography"):
        have(tmp_path / "ca")
