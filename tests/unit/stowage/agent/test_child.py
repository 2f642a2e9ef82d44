# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are run for a while: those that behave, and those that do not."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
import time

import pytest

from stowage.agent import child

from .callers import until
from .processes import descriptors, is_there

FAR = 20.0


def sh(script, data=b"", seconds=FAR):
    deadline = time.monotonic() + seconds
    return child.run(["/bin/sh", "-c", script], data, lambda: deadline)


def python(script, data=b"", seconds=FAR):
    deadline = time.monotonic() + seconds
    return child.run([sys.executable, "-I", "-S", "-c", script], data, lambda: deadline)


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("exit 0", 0, ""),
        ("exit 7", 7, ""),
        ("echo out; echo err >&2; exit 3", 3, "out\nerr\n"),
        ("kill -TERM $$", 128 + signal.SIGTERM, ""),
        ("printf '\\377'", 0, "\ufffd"),
        ("cat", 0, "given"),
        ("exec <&- >&- 2>&-; sleep 0.2; exit 4", 4, ""),
    ],
)
def test_how_it_ended(script, code, output):
    assert sh(script, b"given") == (code, "", output)


def test_large_input_arrives_whole():
    data = os.urandom(1 << 20)
    script = "import hashlib, sys; sys.stdout.write(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    assert python(script, data).output == hashlib.sha256(data).hexdigest()


def test_input_that_nobody_reads_holds_nothing_up():
    assert sh("exit 5", b"x" * (1 << 20)).code == 5


def test_the_beginning_of_much_output_is_kept():
    ended = sh("head -c 500000 /dev/zero | tr '\\0' x")
    assert ended == (0, "", "x" * child.KEPT)


def test_one_that_writes_without_end_is_ended():
    began = time.monotonic()
    code, why, output = sh("exec yes")
    assert (code, why) == (None, "it wrote more than 1 MiB")
    assert output.startswith("y\ny\n")
    assert len(output) == child.KEPT
    assert time.monotonic() - began < FAR / 2


@pytest.mark.parametrize(
    "script", ["sleep 600", "trap '' TERM INT HUP; sleep 600; sleep 600", "exec <&- >&- 2>&-; sleep 600"]
)
def test_one_that_hangs_is_ended(script):
    began = time.monotonic()
    assert sh(script, seconds=0.3) == (None, "it took too long", "")
    assert 0.3 <= time.monotonic() - began < FAR / 2


def test_the_end_can_be_brought_forward(tmp_path):
    ends = [time.monotonic() + 600]
    threading.Timer(0.3, lambda: ends.__setitem__(0, 0.0)).start()
    began = time.monotonic()
    assert child.run(["/bin/sleep", "600"], b"", lambda: ends[0]).code is None
    assert time.monotonic() - began < FAR / 2


@pytest.mark.parametrize(
    ("script", "code"), [("sleep 600 & echo $! >{}; exit 0", 0), ("sleep 600 & echo $! >{}; wait", None)]
)
def test_nothing_that_it_started_is_left(tmp_path, script, code):
    note = tmp_path / "pid"
    assert sh(script.format(note), seconds=1.0).code == code
    pid = int(note.read_text())
    until(lambda: not is_there(pid))


@pytest.mark.parametrize("name", ["/no/such/program", "no-such-program-anywhere", "/etc/passwd"])
def test_one_that_cannot_be_started_is_an_error(name):
    before = descriptors()
    with pytest.raises(OSError, match=r"No such file|Permission denied"):
        child.run([name], b"", lambda: time.monotonic() + FAR)
    assert descriptors() == before


def test_no_descriptor_is_left_open_or_handed_on():
    secret, other = os.pipe()
    os.set_inheritable(secret, False)
    try:
        before = descriptors()
        listed = sh("ls /proc/$$/fd").output.split()
        assert descriptors() == before
    finally:
        os.close(secret)
        os.close(other)
    assert {"0", "1", "2"} <= set(listed)
    assert str(secret) not in listed
    assert str(other) not in listed


def test_signals_that_this_process_holds_back_reach_it():
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        script = "import signal, sys; sys.stdout.write(str(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
        assert python(script).output == "set()"
        assert sh("kill -TERM $$; sleep 600", seconds=5.0).code == 128 + signal.SIGTERM
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def test_it_cannot_speak_to_the_service_manager(monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/there")
    monkeypatch.setenv("OTHER", "kept")
    assert sh('echo "${NOTIFY_SOCKET-none} $OTHER"').output == "none kept\n"
