# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One stream to the engine and the exchanges on it, one after the other.

Joins ``http`` (bytes and meaning) with ``transport`` (bytes and wires) and minds the clock. Knows no
pool, no retry and no endpoint. Raises what the two raise.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Iterable, Iterator, Optional, Union

from .http import LAST_CHUNK, Head, ProtocolError, ResponseParser, render_chunk
from .transport import Stream

Body = Union[None, bytes, Iterable[bytes]]
"""A request's body: none, all of it, or pieces that are sent chunked as they come."""


class Deadline:
    """How long the next wait may take: what is left of a whole answer, or a fixed time when idle."""

    __slots__ = ("_end", "seconds")

    def __init__(self, seconds: Optional[float], *, idle: bool = False) -> None:
        self.seconds = seconds
        self._end = None if idle or seconds is None else time.monotonic() + seconds

    def wait(self) -> Optional[float]:
        """Seconds the next wait may take (None: no limit). Raises socket.timeout when there are none."""
        if self._end is None:
            return self.seconds
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left


class BodyError(Exception):
    """The caller's own body raised while it was being read; its error is the ``__cause__``."""


class Connection:
    """A stream that carries one exchange at a time; not thread-safe, its holder has it alone."""

    def __init__(self, stream: Stream) -> None:
        self.used = False  # the present exchange is not its first
        self.bytes_sent = 0  # in the present exchange
        self._stream = stream
        self._parser: Optional[ResponseParser] = None
        self._request_done = False

    def is_stale(self) -> bool:
        """Whether an idle connection was ended, or holds bytes nobody asked for."""
        try:
            return self._stream.poll() is not None
        except Exception:  # noqa: BLE001 - whatever a broken stream raises, it is not fit for use
            return True

    @property
    def answered(self) -> bool:
        """Whether the far side has sent any byte in the present exchange."""
        return self._parser is not None and self._parser.started

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow: both sides are done and neither said that it closes."""
        parser = self._parser
        return parser is not None and parser.complete and parser.reusable and self._request_done

    def exchange(self, method: str, head: bytes, body: Body, deadline: Deadline) -> Head:
        """Send a request and wait for the answer's head; the body is read with ``pieces``.

        An engine that refuses a long body early and stops reading gets its answer heard all the same.
        """
        self.used = self._parser is not None
        parser = self._parser = ResponseParser(method)
        self._request_done = False
        self.bytes_sent = 0
        try:
            self._send_request(head, body, parser, deadline)
            self._request_done = True
        except (BrokenPipeError, ConnectionResetError):
            if not self.bytes_sent:
                raise
            self._hear_last_words(parser, deadline)
        while parser.head is None:
            self._receive(parser, deadline)
        return parser.head

    def pieces(self, deadline: Deadline) -> Iterator[bytes]:
        """The decoded pieces of the answer's body, as they arrive."""
        parser = self._parser
        if parser is None:
            return
        while True:
            piece = parser.take()
            if piece:
                yield piece
            if parser.complete:
                return
            if not piece:
                self._receive(parser, deadline)

    def explain(self) -> str:
        """What the transport itself had to say about a broken stream, or ""."""
        return self._stream.explain()

    def close(self) -> None:
        """Close the stream, whatever its state; never raises."""
        with contextlib.suppress(Exception):  # it is thrown away: why that fails does not matter
            self._stream.close()

    def _receive(self, parser: ResponseParser, deadline: Deadline) -> None:
        parser.feed(self._stream.receive(deadline.wait()))

    def _send_request(self, head: bytes, body: Body, parser: ResponseParser, deadline: Deadline) -> None:
        if body is None or isinstance(body, bytes):
            self._send(head + (body or b""), deadline)
            return
        self._send(head, deadline)
        for piece in _guarded(body):
            if not piece:
                continue
            self._listen_meanwhile(parser)
            self._send(render_chunk(piece), deadline)
        self._send(LAST_CHUNK, deadline)

    def _send(self, data: bytes, deadline: Deadline) -> None:
        view = memoryview(data)
        while view:
            sent = self._stream.send(view, deadline.wait())
            self.bytes_sent += sent
            view = view[sent:]

    def _listen_meanwhile(self, parser: ResponseParser) -> None:
        """Take in what the engine says while it is still being sent to, so that neither side blocks."""
        data = self._stream.poll()
        if data is None:
            return
        parser.feed(data)
        if parser.head is not None and parser.head.status >= 400:
            raise BrokenPipeError("the engine refused the request before it was complete")

    def _hear_last_words(self, parser: ResponseParser, deadline: Deadline) -> None:
        """After a broken send: the answer may still be there to be read; if not, the break stands."""
        try:
            while parser.head is None:
                self._receive(parser, deadline)
        except (OSError, ProtocolError) as error:
            raise BrokenPipeError("the engine closed the connection while it was being sent to") from error


def _guarded(body: Iterable[bytes]) -> Iterator[bytes]:
    """Tell what the caller's body raises (an unreadable file) from what the wire raises."""
    try:
        yield from body
    except Exception as error:
        raise BodyError("the body of the request could not be read") from error
