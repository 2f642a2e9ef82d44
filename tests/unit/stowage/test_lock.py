# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stowage import lock
from stowage.errors import BusyError, StowageError
from stowage.lock import engine_lock

PLUGINS = str(Path(lock.__file__).resolve().parent.parent)
HOLDER = """
import sys
sys.path.insert(0, sys.argv[1])
from stowage import lock
lock.FOLDERS = (sys.argv[2],)
with lock.engine_lock(sys.argv[3], 5):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    return tmp_path


@pytest.fixture
def other(folder):
    """Another process that holds an engine's lock."""
    processes = []

    def hold(address):
        words = [sys.executable, "-c", HOLDER, PLUGINS, str(folder), address]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_never_two_at_once(other):
    other("unix:///a")
    began = time.monotonic()
    with pytest.raises(BusyError) as caught, engine_lock("unix:///a", 0.2):
        pass
    assert 0.2 <= time.monotonic() - began < 5
    assert str(caught.value) == (
        "another run is at work on the engine unix:///a; it did not end within 0.2 s (lock_timeout)"
    )


def test_another_engine_is_another_lock(other):
    other("unix:///a")
    with engine_lock("unix:///b", 0):
        pass


def test_the_next_goes_on_when_the_first_ends(other):
    first = other("unix:///a")
    first.stdin.close()
    with engine_lock("unix:///a", 5):
        pass


def test_a_killed_process_holds_nothing(other):
    first = other("unix:///a")
    first.kill()
    first.wait()
    with engine_lock("unix:///a", 5):
        pass


def test_let_go_after_an_error():
    with pytest.raises(ZeroDivisionError), engine_lock("unix:///a", 0):
        raise ZeroDivisionError
    with engine_lock("unix:///a", 0):
        pass


def test_no_address_in_names(folder):
    with engine_lock("ssh://user@host", 0):
        pass
    (path,) = folder.iterdir()
    assert path.name.startswith("stowage-")
    assert "host" not in path.name


def test_every_user_can_open_what_one_with_a_strict_umask_made(folder):
    before = os.umask(0o077)
    try:
        with engine_lock("unix:///a", 0):
            pass
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("trap", ["link", "pipe", "folder"])
def test_traps_in_a_folder_open_to_all(folder, trap, monkeypatch, tmp_path_factory):
    with engine_lock("unix:///a", 0):
        pass
    (path,) = folder.iterdir()
    path.unlink()
    target = tmp_path_factory.mktemp("target") / "file"
    target.write_text("keep")
    if trap == "link":
        path.symlink_to(target)
    elif trap == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(StowageError, match="cannot open the lock"), engine_lock("unix:///a", 0):
        pass
    monkeypatch.setattr(lock, "FOLDERS", (str(folder), str(target.parent)))
    with engine_lock("unix:///a", 0):
        pass
    assert target.read_text() == "keep"
