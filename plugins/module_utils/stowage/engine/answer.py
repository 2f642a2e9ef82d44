# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer whose body is still on the wire, and the connection it holds until it was read.

Knows how a connection is let go of, in every way an answer can end; knows nothing of requests.
"""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, List, Optional, TypeVar

from ..errors import EngineError, EngineUnreachable
from . import faults
from .connection import Connection, Deadline
from .http import Head, ProtocolError
from .pool import Pool

T = TypeVar("T")


class Lease:
    """A connection in use for one request, and what is needed to name that request in an error."""

    def __init__(
        self, pool: Optional[Pool], connection: Connection, call: str, where: str, done: Callable[[], None]
    ) -> None:
        self.connection = connection
        self.call = call
        self.where = where
        self._pool = pool  # None: a connection of its own, outside the pool
        self._done = done

    def give_back(self) -> None:
        """The answer has ended, or nobody wants the rest of it."""
        if self._pool is None:
            self.connection.close()
        else:
            self._pool.give_back(self.connection)
        self._done()

    def discard(self) -> None:
        """There will be no answer."""
        if self._pool is None:
            self.connection.close()
        else:
            self._pool.discard(self.connection)

    def translate(self, error: Exception, deadline: Deadline) -> EngineError:
        """The runtime's error for what went wrong on the connection."""
        words = self.connection.explain()
        return faults.from_exception(error, self.where, self.call, words, deadline.seconds)


class Answer:
    """An answer of less than 300. Iterate it for the body's pieces; close it when done.

    A context manager. Closing early is allowed: the connection is then thrown away.
    """

    def __init__(self, lease: Lease, head: Head, deadline: Deadline) -> None:
        self.status = head.status
        self.headers = head.headers
        self.call = lease.call
        self._where = lease.where
        self._lease: Optional[Lease] = lease
        self._deadline = deadline
        self._aborted = False

    def __iter__(self) -> Iterator[bytes]:
        """The body's pieces. Raises EngineUnreachable where it is cut short, EngineTimeout when late."""
        lease = self._lease
        if lease is None:
            return
        try:
            yield from lease.connection.pieces(self._deadline)
        except Exception as error:
            if self._aborted:
                return
            raise lease.translate(error, self._deadline) from error
        finally:
            self.close()

    def read(self, limit: int) -> bytes:
        """The whole body. Raises EngineUnreachable when it is longer than ``limit`` bytes."""
        pieces: List[bytes] = []
        size = 0
        for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                self.close()
                raise EngineUnreachable(f"the answer is longer than {limit} bytes", call=self.call)
        return b"".join(pieces)

    def decode(self, decoder: Callable[[Iterable[bytes]], T]) -> T:
        """What a decoder of ``streams`` makes of the whole body."""
        try:
            return decoder(self)
        except ProtocolError as error:
            raise faults.from_exception(error, self._where, self.call) from error

    def each(self, decoder: Callable[[Iterable[bytes]], Iterator[T]]) -> Iterator[T]:
        """What a decoder of ``streams`` yields, as the body arrives."""
        try:
            yield from decoder(self)
        except ProtocolError as error:
            raise faults.from_exception(error, self._where, self.call) from error

    def close(self) -> None:
        """Give the connection back. May be called more than once."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.give_back()

    def abort(self) -> None:
        """End a stream another thread may be reading: there it ends without an error."""
        self._aborted = True
        self.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
