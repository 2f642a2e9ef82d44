# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Socket files come and go as they should, and let in whom they are for, whatever their mode says."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stowage.agent import doors
from stowage.agent.doors import Door, OpenDoor, may_enter
from stowage.agent.server import Server
from stowage.agent.wire import Caller, Reply
from stowage.errors import StowageError

from .callers import Served, parsed

NOBODY, READERS, OTHERS = 65534, 4242, 4343
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
PLUGINS = str(Path(doors.__file__).resolve().parents[2])
CALL = """
import os, socket, sys
path, uid, gid, *groups = sys.argv[1:]
os.setgroups([int(group) for group in groups])
os.setgid(int(gid))
os.setuid(int(uid))
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    connection.sendall(b"GET /v1/status HTTP/1.1\\r\\n\\r\\n")
    while True:
        data = connection.recv(65536)
        if not data:
            break
        sys.stdout.buffer.write(data)
"""
HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
from stowage.agent.doors import Door, OpenDoor
import os
door = OpenDoor(Door(sys.argv[2], 0o600, os.getegid()), 8)
print("open", flush=True)
sys.stdin.read()
"""


def door(path, **changes):
    return Door(**{"path": str(path), "mode": 0o660, "gid": os.getegid(), **changes})


@pytest.fixture
def folder():
    """A folder that everybody may enter."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_mode_is_what_it_was_to_be_whatever_the_umask(tmp_path, mode, umask):
    before = os.umask(umask)
    try:
        opened = OpenDoor(door(tmp_path / "a.sock", mode=mode), 8)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.sock").stat().st_mode) == mode
    opened.close()
    assert list(tmp_path.iterdir()) == []


@as_root
def test_the_group_is_what_it_was_to_be(tmp_path):
    opened = OpenDoor(door(tmp_path / "a.sock", gid=READERS), 8)
    assert (tmp_path / "a.sock").stat().st_gid == READERS
    opened.close()


def test_nobody_gets_in_before_mode_and_group_are_right(tmp_path, monkeypatch):
    """Between the making of the file and its last change a connection is refused, under either name."""
    tried = []

    def attempt(path, *_more):
        for name in (path, str(tmp_path / "a.sock")):
            with socket.socket(socket.AF_UNIX) as connection:
                tried.append(connection.connect_ex(name))

    monkeypatch.setattr(doors.os, "chown", attempt)
    monkeypatch.setattr(doors.os, "chmod", attempt)
    OpenDoor(door(tmp_path / "a.sock"), 8).close()
    assert len(tried) == 4
    assert all(tried)


def test_the_file_of_a_process_that_was_killed_is_replaced(tmp_path):
    path = tmp_path / "a.sock"
    words = [sys.executable, "-c", HOLD, PLUGINS, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(StowageError, match=f"another process listens on {path}; stop that one first"):
            OpenDoor(door(path), 8)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert path.is_socket()
    (tmp_path / "a.sock.new").write_text("left by one that was killed a moment earlier")
    with Served(tmp_path):
        OpenDoor(door(path), 8).close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_socket_is_left_alone(tmp_path):
    (tmp_path / "a.sock").write_text("mine")
    with pytest.raises(StowageError, match=r"a\.sock is in the way: it is no socket"):
        OpenDoor(door(tmp_path / "a.sock"), 8)
    assert (tmp_path / "a.sock").read_text() == "mine"


@pytest.mark.parametrize("path", ["none/a.sock", "x" * 120])
def test_a_path_that_cannot_be_is_told(tmp_path, path):
    with pytest.raises(StowageError, match=path[:5]):
        OpenDoor(door(tmp_path / path), 8)


def test_all_doors_open_or_none(tmp_path):
    server = Server([door(tmp_path / "a.sock"), door(tmp_path / "none" / "b.sock")], lambda _call: None)
    with pytest.raises(StowageError):
        server.start()
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_successor_is_not_taken_away(tmp_path):
    path = tmp_path / "a.sock"
    first = OpenDoor(door(path), 8)
    path.unlink()
    second = OpenDoor(door(path), 8)
    first.close()
    assert path.is_socket()
    second.close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("uid", "gid", "writes", "enters"),
    [
        (0, 0, True, True),
        (0, 0, False, True),
        (os.geteuid(), OTHERS, True, True),
        (NOBODY, READERS, False, True),
        (NOBODY, READERS, True, False),
        (NOBODY, OTHERS, False, False),
        (NOBODY, OTHERS, True, False),
        (NOBODY, 0, True, False),
    ],
)
def test_who_may_enter(uid, gid, writes, enters):
    assert may_enter(Caller(uid, gid, 1, writes), Door("", 0o666, READERS, writes)) is enters


@as_root
@pytest.mark.parametrize(
    ("who", "read", "write"),
    [
        ((0, 0), 200, 200),
        ((0, OTHERS), 200, 200),
        ((NOBODY, READERS), 200, 403),
        ((NOBODY, OTHERS, OTHERS, READERS), 200, 403),
        ((NOBODY, OTHERS, *range(5000, 5200), READERS), 200, 403),
        # More groups than Python asks the kernel for: not let in, rather than by guessing.
        ((NOBODY, OTHERS, *range(5000, 5300), READERS), 403, 403),
        ((NOBODY, OTHERS), 403, 403),
        ((NOBODY, 0, 0), 403, 403),
    ],
)
def test_a_peer_without_rights_is_refused_even_where_the_files_mode_lets_it_in(folder, who, read, write):
    served = Served(folder)
    served.server = Server(
        [
            Door(served.read, 0o666, READERS),
            Door(served.write, 0o666, READERS, writes=True),
        ],
        tell_caller,
    )
    with served:
        for path, status in ((served.read, read), (served.write, write)):
            words = [sys.executable, "-c", CALL, path, *map(str, who)]
            answer = parsed(subprocess.run(words, capture_output=True, check=True).stdout)
            assert answer[0] == status
            if status == 200:
                assert answer[1] == {"uid": who[0], "gid": who[1], "writes": path == served.write}
            else:
                assert answer[1]["error"]["message"] == f"user {who[0]} may not use this socket"


def tell_caller(call):
    return Reply(200, {"uid": call.caller.uid, "gid": call.caller.gid, "writes": call.caller.writes})


def test_the_caller_is_who_connected(tmp_path):
    with Served(tmp_path, tell_caller) as served:
        assert served.ask()[1] == {"uid": os.geteuid(), "gid": os.getegid(), "writes": False}
