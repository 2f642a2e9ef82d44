# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One caller's connection: what has come of its request, and what is to go out.

Knows the order of things on one connection and the bounds of a request. Waits for nothing: when to read, to send and
to lose patience is traffic.py's.
"""

from __future__ import annotations

import math
import socket
from typing import Optional

from .documents import parse_document, render_document
from .heads import CONTINUE, JSON, LINES, Head, check_start, parse_head, render_answer, render_head, render_refusal
from .wire import Call, Caller, Feed, HttpProblem, Limits

READING, WAITING, SENDING, CLOSED = range(4)
_CHUNK = 256 << 10  # bytes of a body to be read at once


class Connection:
    """Phases follow each other: READING a request, WAITING for its answer, SENDING that."""

    __slots__ = (
        "_admitted",
        "_allowed",
        "_buffer",
        "_head",
        "_header",
        "_opened",
        "_out",
        "_uncounted",
        "caller",
        "counted",
        "deadline",
        "feed",
        "held",
        "interest",
        "number",
        "phase",
        "since",
        "socket",
    )

    def __init__(self, connected: socket.socket, caller: Caller, limits: Limits, *, admitted: bool) -> None:
        self.socket = connected
        self.number = connected.fileno()
        self.caller = caller
        self.phase = READING
        self.feed: Optional[Feed] = None
        # Kept for traffic.py: when patience ends, since when nothing went out, and what this counts for.
        self.deadline = self.since = math.inf
        self.interest = self.counted = self.held = 0
        self._admitted = admitted
        self._header = limits.header
        self._allowed = limits.body if caller.writes else min(limits.body, limits.reader_body)
        self._buffer = bytearray()
        self._head: Optional[Head] = None
        self._opened = False  # whether the head of a feed has gone out
        self._out = memoryview(b"")
        self._uncounted = 0  # bytes of _out that are no feed's

    # -- the request --------------------------------------------------------------------------

    @property
    def arrived(self) -> int:
        """Bytes of the request that are held."""
        return len(self._buffer)

    @property
    def has_head(self) -> bool:
        """Whether the head of the request is there."""
        return self._head is not None

    def receive(self) -> bool:
        """Read what is there and wanted. Whether the request is complete; raises HttpProblem, EOFError, OSError.

        Never more than the head's bound, and after that what it declared: the rest stays with who sent it.
        """
        wanted = self._header - len(self._buffer) if self._head is None else self._head.length - len(self._buffer)
        data = self.socket.recv(min(wanted, _CHUNK))
        if not data:
            raise EOFError if not self._buffer and self._head is None else _bad("the request ends too early")
        self._buffer += data
        if self._head is None:
            self._find_head(len(data))
        return self._head is not None and len(self._buffer) >= self._head.length

    def _find_head(self, new: int) -> None:
        end = self._buffer.find(b"\r\n\r\n", max(0, len(self._buffer) - new - 3))
        if end < 0:
            check_start(self._buffer)
            if len(self._buffer) >= self._header:
                raise HttpProblem(431, "head_too_large", f"the head of the request has more than {self._header} bytes")
            return
        head = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if not self._admitted:
            raise HttpProblem(403, "forbidden", f"user {self.caller.uid} may not use this socket")
        if head.length > self._allowed:
            raise HttpProblem(413, "body_too_large", f"the body has more than {self._allowed} bytes")
        del self._buffer[head.length :]  # what follows the one request of a connection is nobody's
        self._head = head
        if head.waits and not self._buffer:
            self.socket.send(CONTINUE)

    def take_call(self) -> Call:
        """The complete request; its body is let go of. Raises HttpProblem."""
        body, self._buffer = self._buffer, bytearray()
        if self._head is None:
            raise _bad("there is no request")
        head = self._head
        try:
            document = parse_document(body) if body else None
        except ValueError as error:
            raise _bad(str(error)) from None
        return Call(head.method, head.path, head.query, head.headers, document, self.caller)

    # -- the answer ---------------------------------------------------------------------------

    def answer(self, data: bytes, feed: Optional[Feed]) -> None:
        """From now on there is something to send: data, or what the feed brings."""
        self.phase = SENDING
        self._buffer = bytearray()
        self._out, self._uncounted, self.feed = memoryview(data), len(data), feed

    @property
    def is_opening(self) -> bool:
        """Whether the head of a stream is held back still, should it end with a refusal at once."""
        return self.feed is not None and not self.feed.single and not self._opened

    @property
    def left(self) -> int:
        """Bytes of the answer that are held."""
        return len(self._out) if self.feed is None else self._uncounted + self.feed.sent(0)

    def open(self) -> None:
        """Send the head of the stream, though nothing has come yet."""
        if self.is_opening:
            self._put(render_head(200, LINES), b"")

    def send(self) -> bool:
        """Send what there is, once. False where there is nothing yet.

        Raises EOFError where all has gone out, BlockingIOError where there is no room, and OSError.
        """
        if not self._out:
            self._fetch()
        if not self._out:
            if self.feed is None:
                raise EOFError
            return False
        count = self.socket.send(self._out)
        self._out = self._out[count:]
        own = min(count, self._uncounted)
        self._uncounted -= own
        if self.feed is not None:
            self.feed.sent(count - own)
        return True

    def _fetch(self) -> None:
        """Take from the feed what has come. One that has ended is needed no more."""
        feed = self.feed
        if feed is None:
            return
        data, ended, problem, gone = feed.take()
        if gone:
            raise EOFError
        if problem is not None and not self._opened:
            self._put(render_refusal(problem), b"")
        elif problem is not None:
            self._put(b"", render_document(problem.document()))
        elif feed.single:
            self._put(render_answer(200, JSON, data) if ended else b"", b"")
        elif data or ended:
            self._put(b"" if self._opened else render_head(200, LINES), data)
        if ended:
            self.feed = None

    def _put(self, head: bytes, data: bytes) -> None:
        self._out, self._uncounted = memoryview(head + data), len(head)
        self._opened = self._opened or bool(head)

    def close(self) -> None:
        """End both ways at once, and then let go of what came meanwhile.

        Otherwise the caller would hear of a broken connection where its answer ends.
        """
        self.phase = CLOSED
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
            while self.socket.recv(_CHUNK):
                pass
        except OSError:
            pass
        self.socket.close()


def _bad(message: str) -> HttpProblem:
    return HttpProblem(400, "bad_request", message)
