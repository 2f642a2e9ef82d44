# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor: each check says that all is well only where it is, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from stowage.agent import doctor
from stowage.agent.doctor import SCARCE, examine
from stowage.agent.keeper import ALL
from stowage.agent.settings import Settings
from stowage.errors import StowageError
from tests.unit.stowage.support.world import WEB


@pytest.fixture
def host(world, tmp_path):
    """A host on which all is well, whatever disk the tests have; ``look`` tells the checks by name."""
    found = Healthy(world, tmp_path)
    with found:
        yield found


class Healthy:
    def __init__(self, world, folder):
        self.world = world
        self.settings = Settings(state=str(world.folder), sockets=str(folder / "run"), log=str(folder / "log"))
        self.disk = {"f_bavail": 1 << 30, "f_frsize": 4096, "f_flag": 0, "f_files": 100, "f_favail": 50}
        self.listeners = []
        for path in (self.settings.state, self.settings.sockets, self.settings.log):
            Path(path).mkdir(exist_ok=True)

    def __enter__(self):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(doctor.os, "statvfs", lambda path: SimpleNamespace(**self.disk))
        for name, mode in (("read.sock", 0o660), ("write.sock", 0o600)):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(self.path(name)))
            self.path(name).chmod(mode)
            self.listeners.append(listener)
        return self

    def __exit__(self, *_error):
        self.patch.undo()
        for listener in self.listeners:
            listener.close()

    def path(self, name):
        return Path(self.settings.sockets, name)

    def look(self):
        status = {**self.world.keeper.status(), "version": "1.2", "digest": "0123456789abcdef"}
        return examine(self.settings, self.world.store, status)

    def check(self, name):
        found = self.look()
        assert found["ok"] == all(check["ok"] for check in found["checks"])
        return next((check["ok"], check["message"]) for check in found["checks"] if check["name"] == name)


def test_a_host_on_which_all_is_well(host):
    host.world.apply(**WEB)
    found = host.look()
    assert found["ok"], found
    messages = {check["name"]: check["message"] for check in found["checks"]}
    assert messages["engine"] == "unix:///model answers: version 28.0, API 1.45"
    assert messages["store"] == "1 scope, all records are sound"
    assert messages["version"] == "1.2, 0123456789ab"


def test_an_engine_that_is_away(host):
    host.world.keeper.left("connection refused")
    well, message = host.check("engine")
    assert not well
    assert "connection refused; is it running?" in message


class TestScopes:
    def test_one_that_is_not_as_declared(self, host):
        host.world.apply(**WEB)
        host.world.set_state("web", Status="restarting")
        host.world.look(20.0)
        assert host.check("scopes") == (
            False,
            "host is failing (web keeps restarting): mend that, then `stowage resume host`",
        )

    def test_one_whose_record_is_damaged(self, host):
        host.world.apply(**WEB)
        host.world.damage("host")
        host.world.look()
        assert host.check("scopes")[0] is False
        assert host.check("store")[0] is False

    def test_one_that_the_store_lost_while_the_runtime_ran(self, host):
        host.world.apply(**WEB)
        shutil.rmtree(host.world.folder)
        host.world.folder.mkdir()
        host.world.keeper.turn(["host"])
        host.world.keeper.turn([ALL])
        well, message = host.check("scopes")
        assert not well
        assert message.startswith("host is damaged (the store has nothing of it any more")

    def test_one_that_was_never_declared_here_is_no_fault(self, host):
        labels = {"io.stowage.scope": "theirs"}
        host.world.engine.containers.create("x", {"Image": "app:1", "Labels": labels})
        host.world.keeper.turn([ALL])
        assert host.check("scopes") == (True, "all as declared; not declared to this runtime: theirs")


class TestSockets:
    @pytest.mark.parametrize(("name", "file"), [("read socket", "read.sock"), ("write socket", "write.sock")])
    def test_whom_they_are_open_to(self, host, name, file):
        assert host.check(name) == (True, str(host.path(file)))
        host.path(file).chmod(0o666)
        well, message = host.check(name)
        assert not well
        assert "has mode 666" in message

    def test_what_is_none(self, host):
        host.path("read.sock").unlink()
        assert host.check("read socket") == (False, f"{host.path('read.sock')}: No such file or directory")
        host.path("read.sock").touch()
        assert host.check("read socket") == (False, f"{host.path('read.sock')} is no socket; restart the runtime")


@pytest.mark.parametrize("name", ["disk of the store", "disk of the log"])
@pytest.mark.parametrize(
    ("disk", "words"),
    [
        ({"f_flag": os.ST_RDONLY}, "is read-only"),
        ({"f_bavail": SCARCE // 4096 - 1}, "255 MiB free; what is declared may soon not be stored"),
        ({"f_favail": 0}, "no inodes free"),
    ],
    ids=["read-only", "scarce", "inodes"],
)
def test_disks(host, name, disk, words):
    assert host.check(name)[0]
    host.disk.update(disk)
    well, message = host.check(name)
    assert (well, words in message) == (False, True)


def test_a_file_system_that_counts_no_inodes_has_enough(host):
    host.disk.update(f_files=0, f_favail=0)
    assert host.look()["ok"]


@pytest.mark.parametrize("fault", [StowageError("odd"), OSError(5, "Input/output error", "/x")])
def test_what_cannot_be_looked_at_is_not_well_and_the_rest_is_told(host, monkeypatch, fault):
    def odd():
        raise fault

    monkeypatch.setattr(host.world.store, "standings", odd)
    found = host.look()
    assert not found["ok"]
    assert [check["name"] for check in found["checks"] if not check["ok"]] == ["store"]
    assert len(found["checks"]) == 8
