# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes between the sockets and those who answer: calls, replies, feeds, refusals, and the bounds of all.

Values alone, and the feed, which threads share. Knows no socket and no route.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Deque, Mapping, Optional, Tuple

from ..errors import StowageError
from .documents import render_document


@dataclass(frozen=True)
class Limits:
    """What callers may cost. Bytes and seconds; ``reader_body`` is for those who only read."""

    header: int = 16 << 10
    body: int = 64 << 20
    reader_body: int = 64 << 10
    clients: int = 512  # an eighth of them is kept free for the owner
    head_seconds: float = 10
    body_seconds: float = 60
    send_seconds: float = 60
    waiting_bytes: int = 96 << 20  # of all bodies together
    sending_bytes: int = 32 << 20  # of all answers together that their callers have not taken yet


class HttpProblem(StowageError):
    """A refusal. ``code`` is for programs, the message one sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)

    def document(self) -> Mapping[str, Any]:
        """As it is answered."""
        return {"error": {"code": self.code, "message": self.message}}


@dataclass(frozen=True)
class Caller:
    """Who called, by the kernel's word. ``writes``: came by the door of those who may change things."""

    uid: int
    gid: int
    pid: int
    writes: bool


@dataclass(frozen=True)
class Call:
    """One request. Path and query are decoded, header names in lower case; no body is None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    document: Any
    caller: Caller


class Feed:
    """Documents for one caller, from any thread, when they come: an answer that is not there yet, or never ends.

    A ``single`` feed is one JSON document, answered as if it had been there at once: what takes long need not keep a
    worker. Any other is a stream, a document to a line. A caller who is ``BEHIND`` bytes behind is cut off, unless the
    feed has ``patience``: then ``push`` waits so many seconds for room.
    """

    BEHIND = 1 << 20
    BEFORE = 16 << 20  # bytes that may come before the feed has been answered with, when nobody can read yet

    def __init__(self, *, single: bool = False, patience: float = 0.0) -> None:
        self.single = single
        self._patience = patience
        self._changed = threading.Condition(threading.Lock())
        self._lines: Deque[bytes] = deque()
        self._size = 0  # bytes that were pushed and not sent
        self._early = 0  # of these, what came before anybody could read
        self._problem: Optional[HttpProblem] = None
        self._empty = True
        self._ended = False
        self._gone = False
        self._wake: Optional[Callable[[], None]] = None
        self._told = False
        self._farewell: Optional[Callable[[], object]] = None

    def push(self, document: Any) -> bool:
        """Hand a document on. False once nobody is there for it, or the feed has ended."""
        line = render_document(document)
        with self._changed:
            if self._is_full() and self._patience:
                self._changed.wait_for(lambda: not self._is_full() or self._is_over(), self._patience)
            if self._is_over():
                return False
            cut = self._is_full()
            if cut:
                self._gone = True
                self._forget()
            else:
                self._append(line)
                self._ended = self.single
        self._tell()
        return not cut

    def fail(self, problem: HttpProblem) -> None:
        """End with a refusal: the answer's status where nothing was pushed yet, the last line otherwise."""
        with self._changed:
            if not self._is_over():
                if self._empty:
                    self._problem = problem
                else:
                    self._append(render_document(problem.document()))
                self._ended = True
        self._tell()

    def close(self) -> None:
        """Nothing more comes."""
        with self._changed:
            if self.single and self._empty and not self._is_over():
                self._problem = HttpProblem(500, "internal", "there is no answer")
            self._ended = True
        self._tell()

    def when_gone(self, farewell: Callable[[], object]) -> None:
        """Call this once, from whatever thread, should the caller leave or be cut off before the feed has ended."""
        with self._changed:
            if not self._gone:
                self._farewell = farewell
                return
        farewell()

    # -- for the server -----------------------------------------------------------------------

    def attach(self, wake: Callable[[], None]) -> None:
        """From now on there is a reader, who looks once by itself and then wants to be woken."""
        with self._changed:
            self._wake = wake
            self._early = self._size

    def take(self) -> Tuple[bytes, bool, Optional[HttpProblem], bool]:
        """What there is to be sent, whether that is the last of it, a refusal instead, and whether to cut off."""
        with self._changed:
            self._told = False
            data = b"".join(self._lines)
            self._lines.clear()
            return data, self._ended, self._problem, self._gone

    def sent(self, count: int) -> int:
        """So many bytes of what was taken have gone out. Returns how many are left, taken or not."""
        with self._changed:
            self._size -= count
            self._early = max(0, self._early - count)
            self._changed.notify_all()
            return self._size

    def leave(self) -> None:
        """The caller is gone."""
        with self._changed:
            farewell = None if self._ended else self._farewell
            self._gone, self._farewell, self._wake = True, None, None
            self._forget()
            self._changed.notify_all()
        if farewell is not None:
            farewell()

    def _append(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        self._empty = False

    def _forget(self) -> None:
        self._lines.clear()
        self._size = 0

    def _is_over(self) -> bool:
        return self._ended or self._gone

    def _is_full(self) -> bool:
        return self._size >= (self.BEFORE if self._wake is None else self._early + self.BEHIND)

    def _tell(self) -> None:
        """Wake the reader, once for all that comes until it takes it. Not with the lock held: waking takes others."""
        with self._changed:
            if self._wake is None or self._told:
                return
            self._told, wake = True, self._wake
        wake()


@dataclass(frozen=True)
class Reply:
    """An answer: a document, or a text with its content type, or a feed."""

    status: int = 200
    document: Any = None
    text: Optional[str] = None
    content_type: str = "text/plain; charset=utf-8"
    feed: Optional[Feed] = None


Answer = Callable[[Call], Reply]
