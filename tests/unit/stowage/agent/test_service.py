# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the resident process begins: its place, its folders, its group, and the word to systemd."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from stowage.agent import service
from stowage.agent.service import claim, complain, engine_address, group_id, make_folders, tell_manager
from stowage.agent.settings import Settings
from stowage.errors import StowageError


class TestClaim:
    def test_it_says_who_runs(self, tmp_path):
        descriptor = claim(str(tmp_path))
        assert (tmp_path / "pid").read_text() == f"{os.getpid()}\n"
        os.close(descriptor)

    def test_there_is_one_at_a_time(self, tmp_path):
        descriptor = claim(str(tmp_path))
        with pytest.raises(StowageError, match="another runtime has"):
            claim(str(tmp_path))
        assert (tmp_path / "pid").read_text() == f"{os.getpid()}\n"
        os.close(descriptor)
        os.close(claim(str(tmp_path)))

    def test_what_an_earlier_one_left_is_in_nobodys_way(self, tmp_path):
        (tmp_path / "pid").write_text("123456789 and more\n")
        os.close(claim(str(tmp_path)))
        assert (tmp_path / "pid").read_text() == f"{os.getpid()}\n"

    def test_a_link_is_not_followed(self, tmp_path):
        (tmp_path / "target").write_text("precious")
        (tmp_path / "pid").symlink_to(tmp_path / "target")
        with pytest.raises(StowageError, match="pid"):
            claim(str(tmp_path))
        assert (tmp_path / "target").read_text() == "precious"

    def test_no_child_inherits_it(self, tmp_path):
        descriptor = claim(str(tmp_path))
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)


class TestGroup:
    def test_by_name(self):
        assert group_id("root") == 0

    def test_of_this_process_where_there_is_none(self, monkeypatch):
        monkeypatch.setattr(service.os, "getegid", lambda: 4711)
        assert group_id("no-such-group-anywhere") == 4711


class TestEngine:
    @pytest.mark.parametrize("address", ["tcp://10.0.0.1:2376", "ssh://me@there"])
    def test_it_is_this_hosts(self, address):
        with pytest.raises(StowageError, match="the engine of its own host, over a unix socket"):
            engine_address(Settings(engine=address))

    def test_by_whatever_path_it_is_one(self, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "var-run").symlink_to(tmp_path / "run")
        known = {
            engine_address(Settings(engine=f"unix://{tmp_path}/{name}/docker.sock")) for name in ("run", "var-run")
        }
        assert known == {f"unix://{tmp_path}/run/docker.sock"}

    def test_without_a_setting_it_is_the_environments(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/x.sock")
        assert engine_address(Settings()) == f"unix://{tmp_path}/x.sock"
        monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2376")
        with pytest.raises(StowageError, match=r"10\.0\.0\.1"):
            engine_address(Settings())


class TestFolders:
    @pytest.fixture
    def settings(self, tmp_path):
        places = {name: str(tmp_path / "deep" / name) for name in ("sockets", "state", "log")}
        return Settings(**places)

    def test_each_for_whom_it_is(self, settings):
        mask = os.umask(0o022)
        try:
            make_folders(settings)
        finally:
            os.umask(mask)
        modes = {
            name: stat.S_IMODE(Path(getattr(settings, name)).stat().st_mode) for name in ("sockets", "state", "log")
        }
        assert modes == {"sockets": 0o755, "state": 0o700, "log": 0o750}

    def test_what_was_brought_for_a_run_that_did_not_end_goes_and_all_else_stays(self, settings):
        make_folders(settings)
        state = Path(settings.state)
        (state / "incoming").mkdir()
        for name in ("incoming/1-sha256-a", "kept"):
            (state / name).touch()
        make_folders(settings)
        assert sorted(path.relative_to(state).as_posix() for path in state.rglob("*")) == ["incoming", "kept"]

    def test_one_that_cannot_be_made_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StowageError, match="file/log: Not a directory"):
            make_folders(Settings(sockets=str(tmp_path), state=str(tmp_path), log=str(tmp_path / "file" / "log")))


class TestManager:
    @pytest.mark.parametrize("is_abstract", [False, True])
    def test_it_hears_how_it_stands(self, tmp_path, monkeypatch, is_abstract):
        name = f"stowage-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(5.0)
            manager.bind(f"\0{name}" if is_abstract else name)
            monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if is_abstract else name)
            tell_manager("READY=1")
            assert manager.recv(100) == b"READY=1"

    def test_without_one_nobody_is_told(self, monkeypatch):
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
        monkeypatch.setattr(service.socket, "socket", lambda *_arguments: pytest.fail("somebody was told"))
        tell_manager("READY=1")


def test_that_nobody_reads_what_it_complains_of_is_no_trouble(monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(service.sys, "stderr", Full())
    complain("anything")
