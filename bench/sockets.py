# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime's sockets in a crowd: many readers who ask without a pause, as many callers who are slow.

Starts answering.py and calls it from this process, all callers in one loop; what that loop takes for itself counts
against the server. Knows nothing of how the server is built.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from statistics import quantiles
from typing import Any

from .ground import BenchError
from .runtime import ROOT

READERS, SLOW, SECONDS = 200, 200, 15.0
DRIP = 1.0  # seconds between two bytes of a slow caller
_BODY = b'{"manifest":{}}'
_STATUS = b"GET /v1/status HTTP/1.1\r\nHost: stowage\r\n\r\n"
_LARGE = b"GET /v1/metrics HTTP/1.1\r\nHost: stowage\r\n\r\n"
_EVENTS = b"GET /v1/events HTTP/1.1\r\nHost: stowage\r\n\r\n"
_PLAN = b"POST /v1/plan HTTP/1.1\r\nHost: stowage\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
# A caller waits for its socket to have something for it, or for seconds to pass.
Caller = Generator[socket.socket | float, None, None]


def measure(readers: int = READERS, slow: int = SLOW, seconds: float = SECONDS) -> dict[str, Any]:
    """Return the seconds of each answer, how many went wrong, and what the server's process took."""
    with tempfile.TemporaryDirectory() as name:
        reads, writes = Answers(), Answers()
        read, write = f"{name}/read.sock", f"{name}/write.sock"
        ways = (_drip, _say_nothing, _leave_half, _never_read)
        callers = [ways[number % len(ways)](read) for number in range(slow)]
        callers += [_ask(read, _STATUS, reads) for _ in range(readers)]
        callers.append(_ask(write, _PLAN, writes))
        with _server(name) as server:
            _run(callers, seconds)
    return {
        "readers": readers,
        "slow": slow,
        "seconds": seconds,
        "failed": reads.failed + writes.failed,
        "read_seconds": reads.spread(),
        "write_seconds": writes.spread(),
        **server,
    }


class Answers:
    """What came of the questions of some callers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.failed = 0

    def spread(self) -> dict[str, float]:
        """Return how many there were, and the quantiles that count."""
        if len(self.seconds) < 100:
            raise BenchError(f"only {len(self.seconds)} answers came, {self.failed} questions failed")
        parts = quantiles(self.seconds, n=100)
        return {"count": len(self.seconds), "p50": parts[49], "p99": parts[98], "most": max(self.seconds)}


@contextlib.contextmanager
def _server(folder: str) -> Iterator[dict[str, Any]]:
    """Run a server; what it told is complete at the end."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins' / 'module_utils'}"}
    command = [sys.executable, "-m", "bench.answering", folder]
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise BenchError("no pipes to the server")
        told: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        try:
            yield told
        finally:
            process.stdin.close()
        told.update(json.loads(process.stdout.readline() or "{}"))
    if process.returncode or "peak_bytes" not in told:
        raise BenchError(f"the server ended with status {process.returncode}")


def _run(callers: list[Caller], seconds: float) -> None:
    """Let all callers go on until the time is over."""
    order = itertools.count()
    waiting: list[tuple[float, int, Caller]] = [(0.0, next(order), caller) for caller in callers]
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        while (now := time.monotonic()) < end:
            ready = [key.data for key, _ in selector.select(max(0.0, min(waiting[0][0], end) - now) if waiting else 1)]
            while waiting and waiting[0][0] <= time.monotonic():
                ready.append((None, heapq.heappop(waiting)[2]))
            for connection, caller in ready:
                if connection is not None:
                    selector.unregister(connection)
                wanted = next(caller)
                if isinstance(wanted, socket.socket):
                    selector.register(wanted, selectors.EVENT_READ, (wanted, caller))
                else:
                    heapq.heappush(waiting, (time.monotonic() + wanted, next(order), caller))
    for caller in callers:
        caller.close()


def _ask(path: str, request: bytes, answers: Answers) -> Caller:
    """Ask, read the answer to its end, ask again."""
    while True:
        began = time.monotonic()
        with _connected(path) as connection:
            connection.send(request)
            answer = bytearray()
            while True:
                yield connection
                data = connection.recv(1 << 20)
                if not data:
                    break
                answer += data
        if answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"}\n"):
            answers.seconds.append(time.monotonic() - began)
        else:
            answers.failed += 1


def _drip(path: str) -> Caller:
    """Send a byte at a time, and come again when cut off."""
    while True:
        with _connected(path) as connection, contextlib.suppress(BrokenPipeError):
            for byte in _STATUS:
                connection.send(bytes((byte,)))
                yield DRIP


def _say_nothing(path: str) -> Caller:
    """Connect and wait, and come again when cut off."""
    while True:
        with _connected(path) as connection:
            yield connection
            while connection.recv(4096):
                yield connection


def _leave_half(path: str) -> Caller:
    """Ask for a stream, shut the own half, and read none of it."""
    with _connected(path) as connection:
        connection.send(_EVENTS)
        connection.shutdown(socket.SHUT_WR)
        while True:
            yield DRIP


def _never_read(path: str) -> Caller:
    """Ask for much, and read none of it."""
    with _connected(path) as connection:
        connection.send(_LARGE)
        while True:
            yield DRIP


@contextlib.contextmanager
def _connected(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.setblocking(False)
        yield connection


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
