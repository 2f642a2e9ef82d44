# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded set of keep-alive connections to one engine, shared by threads.

Only bookkeeping happens under the lock; it decides what is to be done, and the caller does the I/O
outside. Knows nothing of requests and never retries.
"""

from __future__ import annotations

import socket
import threading
from typing import List, Optional

from .connection import Connection, Deadline
from .transport import Dialer


class Pool:
    """At most ``size`` connections lent out at a time; the idle ones are kept, newest used first."""

    def __init__(self, dialer: Dialer, size: int) -> None:
        self._dialer = dialer
        self._idle: List[Connection] = []
        self._free = max(1, min(size, dialer.most or size))
        self._changed = threading.Condition(threading.Lock())
        self._closed = False

    def take(self, deadline: Deadline, *, fresh: bool = False) -> Connection:
        """Lend a live connection, a new one where none is idle or ``fresh`` is asked for.

        Waits for a free place within the deadline; raises socket.timeout after it, and whatever the
        transport raises when it cannot connect. Each one taken is given back or discarded.
        """
        self._reserve(deadline)
        try:
            while not fresh:
                connection = self._pop_idle()
                if connection is None:
                    break
                if not connection.is_stale():
                    return connection
                connection.close()
            return self.open(deadline)
        except BaseException:
            self._release(None)
            raise

    def open(self, deadline: Deadline) -> Connection:
        """A connection outside the bound, for a stream that lives as long as its reader (events)."""
        return Connection(self._dialer.open(deadline.wait()))

    def give_back(self, connection: Connection) -> None:
        """Return one that was taken: kept when another exchange may follow on it, else closed."""
        if not connection.reusable:
            self.discard(connection)
        elif not self._release(connection):
            connection.close()

    def discard(self, connection: Connection) -> None:
        """Close one that was taken, in whatever state it is."""
        self._release(None)
        connection.close()

    def close(self) -> None:
        """Close what is idle; what is lent out is closed when it comes back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            connection.close()
        self._dialer.close()

    def _reserve(self, deadline: Deadline) -> None:
        with self._changed:
            while not self._free and not self._closed:
                if not self._changed.wait(deadline.wait()):
                    raise socket.timeout("all connections to the engine are in use")
            if self._closed:
                raise ConnectionAbortedError("the engine client is closed")
            self._free -= 1

    def _pop_idle(self) -> Optional[Connection]:
        with self._changed:
            return self._idle.pop() if self._idle else None

    def _release(self, connection: Optional[Connection]) -> bool:
        """Free a place, and keep the connection if there is one and the pool is open: True if kept."""
        with self._changed:
            self._free += 1
            self._changed.notify()
            if connection is None or self._closed:
                return False
            self._idle.append(connection)
            return True
