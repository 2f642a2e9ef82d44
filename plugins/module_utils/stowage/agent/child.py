# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program for a while: input, a bounded output, an end. Nothing of it is left when it is over.

Knows processes, and not what they are for.
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import ExitStack, suppress
from io import FileIO
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

KEPT = 4096  # bytes of the output
MOST = 1 << 20  # bytes of output after which it is ended
_STEP = 0.1  # seconds between two looks whether it still runs
_CHUNK = 1 << 16


class Ended(NamedTuple):
    """How it ended: ``code`` is as a shell tells it; None where it was made to, and ``why`` says so."""

    code: Optional[int]
    why: str
    output: str


def run(argv: Sequence[str], data: bytes, until: Callable[[], float]) -> Ended:
    """Run it until the time, of time.monotonic(), that ``until`` tells whenever it is asked. Raises OSError.

    It has a process group of its own, which is killed in the end, with whatever it left behind.
    """
    with ExitStack() as ends:
        theirs_in, ours_in = _pipe(ends)
        ours_out, theirs_out = _pipe(ends)
        pid = _spawn(argv, theirs_in.fileno(), theirs_out.fileno())
        try:
            theirs_in.close()
            theirs_out.close()
            why, output = _Talk(pid, ours_in, ours_out, data).hold(until)
        finally:
            # Not waited for yet, so that its number is nobody else's.
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
    return Ended(None if why else _code(status), why, output.decode("utf-8", "replace"))


def _pipe(ends: ExitStack) -> Tuple[FileIO, FileIO]:
    """The end to read from and the end to write to."""
    reader, writer = os.pipe()
    return ends.enter_context(FileIO(reader, "rb")), ends.enter_context(FileIO(writer, "wb"))


def _spawn(argv: Sequence[str], stdin: int, stdout: int) -> int:
    """Start it with all signals as they are by default: what this process holds back, it would hold back too."""
    environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, stdout, 1), (os.POSIX_SPAWN_DUP2, stdout, 2)]
    defaults = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    return os.posix_spawnp(  # pylint: disable=ansible-bad-function
        argv[0], list(argv), environment, file_actions=actions, setpgroup=0, setsigmask=[], setsigdef=defaults
    )


def _code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


class _Talk:
    """The input and the output of a program that runs."""

    def __init__(self, pid: int, stdin: FileIO, stdout: FileIO, data: bytes) -> None:
        self._pid = pid
        self._stdin = stdin
        self._stdout = stdout
        self._left = memoryview(data)
        self._kept = bytearray()
        self._read = 0
        self._poll = select.poll()
        for end, wanted in ((stdin, select.POLLOUT), (stdout, select.POLLIN)):
            os.set_blocking(end.fileno(), False)
            self._poll.register(end, wanted)

    def hold(self, until: Callable[[], float]) -> Tuple[str, bytes]:
        """Until it ends or is to be ended: why, where it did not by itself; and the beginning of its output."""
        while True:
            ready = [descriptor for descriptor, _events in self._poll.poll(_STEP * 1000)]
            if not self._stdin.closed and self._stdin.fileno() in ready:
                self._feed()
            if self._stdout.fileno() in ready and not self._take():
                self._poll.unregister(self._stdout)
            if os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._take()
                return "", bytes(self._kept)
            if self._read > MOST:
                return f"it wrote more than {MOST >> 20} MiB", bytes(self._kept)
            if time.monotonic() >= until():
                return "it took too long", bytes(self._kept)

    def _feed(self) -> None:
        try:
            self._left = self._left[self._stdin.write(self._left[:_CHUNK]) or 0 :]
        except OSError:
            self._left = self._left[:0]  # it does not want to know
        if not self._left:
            self._poll.unregister(self._stdin)
            self._stdin.close()

    def _take(self) -> bool:
        """Whether there may be more."""
        chunk = self._stdout.read(_CHUNK)
        if chunk is None:
            return True
        self._read += len(chunk)
        self._kept += chunk[: KEPT - len(self._kept)]
        return bool(chunk)
