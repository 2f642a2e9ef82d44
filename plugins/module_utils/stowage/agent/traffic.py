# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All input and output of the sockets, in one thread that never blocks on any of them.

Knows when a connection may be read from and written to, whose patience is over and what does not fit any more.
A caller who is slow, silent or gone costs its buffer; nobody waits for it. Without callers it sleeps until one comes.
"""

from __future__ import annotations

import errno
import math
import os
import select
import sys
import threading
import time
from collections import deque
from typing import Callable, Deque, Dict, Iterable, List, Optional, Tuple

from .connection import CLOSED, READING, SENDING, WAITING, Connection
from .doors import OpenDoor, caller_of, is_owner
from .heads import render_refusal
from .wire import Feed, HttpProblem, Limits

_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
_LOST = select.EPOLLHUP | select.EPOLLERR
_AT_ONCE = 64  # callers taken in between two looks at those who are there already
_SENDS = 8  # to one caller, likewise
_OPENING = 1.0  # seconds that the head of a stream is held back, should a refusal come instead
_FAREWELL = 1.0  # seconds for answers under way when all ends
_POSTED = 1 << 20  # bytes of answers that may be ready before they are begun with
_PAUSE = 1.0  # seconds without new callers when the system has nothing left for them
_SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class Traffic:
    """The connections of some doors. ``ready`` is told of each request that is complete, in this thread."""

    def __init__(self, doors: Iterable[OpenDoor], limits: Limits, ready: Callable[[Connection], None]) -> None:
        self._limits = limits
        self._ready = ready
        self._doors: Dict[int, OpenDoor] = {door.socket.fileno(): door for door in doors}
        self._connections: Dict[int, Connection] = {}
        self._due = math.inf  # no deadline is before this
        self._waiting = self._held = 0  # bytes of all bodies, and of all answers not taken
        self._paused_until = math.inf
        self._over_at = math.inf
        # What other threads have for this one, and the byte that wakes it.
        self._inbox: Deque[Tuple[Connection, Optional[bytes], Optional[Feed]]] = deque()
        self._lock = threading.Lock()
        self._begun = threading.Condition(self._lock)
        self._posted = 0  # bytes of answers in the inbox
        self._awake = False
        self._ending = self._ended = False
        self._wakeup, self._bell = os.pipe()
        self._poll = select.epoll()
        for number in (self._wakeup, *self._doors):
            self._poll.register(number, _READ)

    # -- for other threads --------------------------------------------------------------------

    def post(self, connection: Connection, data: Optional[bytes] = None, feed: Optional[Feed] = None) -> None:
        """Hand over an answer, or without one: tell that the connection's feed has something.

        Who makes answers faster than they go out waits here, for otherwise they would pile up.
        """
        size = len(data or b"")
        with self._begun:
            while size and self._posted > _POSTED and not self._ended:
                self._begun.wait()
            self._posted += size
        self._inbox.append((connection, data, feed))
        self._ring()

    def end(self) -> None:
        """Let nobody in any more, finish what is about to be, and return from ``run``."""
        self._ending = True
        self._ring()

    def _ring(self) -> None:
        with self._lock:  # the bell is closed at the end, and its number may then be another file's
            if not self._ended and not self._awake:
                self._awake = True
                os.write(self._bell, b"\0")
        if self._ended:
            self._refuse_late()

    # -- the thread ---------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until the end."""
        while self._connections or not self._ending or self._doors:
            if self._over_at <= time.monotonic():
                break
            self._turn()
        for connection in list(self._connections.values()):
            self._close(connection)
        with self._lock:
            self._ended = True
            self._begun.notify_all()
            os.close(self._bell)
        os.close(self._wakeup)
        self._poll.close()
        self._refuse_late()

    def _turn(self) -> None:
        came: List[OpenDoor] = []
        timeout = None if self._due == math.inf else max(0.0, self._due - time.monotonic())
        for number, event in self._poll.poll(timeout):
            if number == self._wakeup:
                self._read_inbox()
            elif number in self._doors:
                came.append(self._doors[number])
            elif number in self._connections:
                self._guarded(self._step, self._connections[number], event)
        # Last, since a new connection may get the number of one that was closed just now.
        for door in came:
            self._accept(door)
        if self._ending and self._doors:
            self._begin_end()
        if self._due <= time.monotonic():
            self._look_at_deadlines()

    def _guarded(self, act: Callable[..., None], connection: Connection, *more: object) -> None:
        """What goes wrong with one caller is that caller's end, not everybody's."""
        try:
            act(connection, *more)
        except Exception as error:  # noqa: BLE001
            if not isinstance(error, (OSError, EOFError)):
                report(error)
            self._close(connection)

    def _read_inbox(self) -> None:
        with self._lock:
            self._awake = False
            os.read(self._wakeup, 1)
        while self._inbox:
            connection, data, feed = self._inbox.popleft()
            if connection.phase == CLOSED:
                if feed is not None:
                    farewell(feed)
            elif data is not None or feed is not None:
                self._guarded(self._begin_answer, connection, data or b"", feed)
            elif connection.phase == SENDING:
                self._guarded(self._send, connection)
            if data:
                with self._begun:
                    self._posted -= len(data)
                    self._begun.notify_all()

    # -- one caller ---------------------------------------------------------------------------

    def _accept(self, door: OpenDoor) -> None:
        for _turn in range(_AT_ONCE):
            try:
                connected = door.socket.accept()[0]
            except OSError as error:
                if error.errno in _SCARCE:
                    self._pause()
                if error.errno != errno.ECONNABORTED:
                    return
                continue
            connected.setblocking(False)
            caller, admitted = caller_of(connected, door.door)
            connection = Connection(connected, caller, self._limits, admitted=admitted)
            self._connections[connection.number] = connection
            self._poll.register(connection.number, _READ)
            connection.interest = _READ
            self._guarded(self._welcome, connection)

    def _welcome(self, connection: Connection) -> None:
        count = len(self._connections)
        if count > self._room(connection):
            self._refuse(connection, HttpProblem(503, "busy", f"{count - 1} callers are here already; try again later"))
        else:
            self._set_deadline(connection, self._limits.head_seconds)

    def _room(self, connection: Connection) -> int:
        """Some places are the owner's: whoever may only read cannot keep everybody else out."""
        clients = self._limits.clients
        return clients if is_owner(connection.caller) else clients - clients // 8

    def _step(self, connection: Connection, event: int) -> None:
        if event & _LOST:
            self._close(connection)
        elif connection.phase == READING:
            self._read(connection)
        else:
            self._send(connection)

    def _read(self, connection: Connection) -> None:
        had_head = connection.has_head
        try:
            complete = connection.receive()
            self._count(connection)
        except BlockingIOError:
            return
        except HttpProblem as problem:
            self._refuse(connection, problem)
            return
        if complete:
            connection.phase = WAITING
            self._watch(connection, 0)
            connection.deadline = math.inf
            self._ready(connection)
        elif connection.has_head and not had_head:
            self._set_deadline(connection, self._limits.body_seconds)

    def _count(self, connection: Connection) -> None:
        """Bodies in memory, all together. Raises HttpProblem where this one is too much."""
        self._waiting += connection.arrived - connection.counted
        connection.counted = connection.arrived
        if self._waiting > self._limits.waiting_bytes:
            raise HttpProblem(503, "busy", "too many large bodies are on their way at once; try again later")

    def _refuse(self, connection: Connection, problem: HttpProblem) -> None:
        self._begin_answer(connection, render_refusal(problem), None)

    def _begin_answer(self, connection: Connection, data: bytes, feed: Optional[Feed]) -> None:
        connection.answer(data, feed)
        self._waiting -= connection.counted
        connection.counted = 0
        connection.deadline = math.inf
        if feed is not None:
            feed.attach(lambda: self.post(connection))
            if connection.is_opening:
                self._set_deadline(connection, _OPENING)
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        """As much as goes out now. The rest when there is room for it, or something new."""
        moved = False
        try:
            for _turn in range(_SENDS):
                if not connection.send():
                    self._settle(connection)
                    return
                moved = True
        except BlockingIOError:
            pass
        blocked = connection.since < math.inf
        if moved or not blocked:
            connection.since = time.monotonic()
        if not blocked or (moved and connection.feed is not None):  # a stream takes as long as it goes on
            self._set_deadline(connection, self._limits.send_seconds)
        self._watch(connection, _WRITE)
        self._hold(connection, connection.left)
        self._make_room(connection)

    def _settle(self, connection: Connection) -> None:
        """Everything there is has gone out, and more may come."""
        self._watch(connection, 0)
        self._hold(connection, 0)
        connection.since = math.inf
        if not connection.is_opening:
            connection.deadline = math.inf

    def _hold(self, connection: Connection, size: int) -> None:
        self._held += size - connection.held
        connection.held = size

    def _make_room(self, newest: Connection) -> None:
        """Where callers leave too much untaken, those go who have taken nothing for the longest time."""
        if self._held <= self._limits.sending_bytes:
            return
        stuck = [
            connection for connection in self._connections.values() if connection.held and connection is not newest
        ]
        for connection in sorted(stuck, key=lambda one: one.since):
            self._close(connection)
            if self._held <= self._limits.sending_bytes:
                return

    def _close(self, connection: Connection) -> None:
        if self._connections.pop(connection.number, None) is None:
            return
        self._poll.unregister(connection.number)
        self._waiting -= connection.counted
        self._hold(connection, 0)
        connection.close()
        if connection.feed is not None:
            farewell(connection.feed)

    def _watch(self, connection: Connection, interest: int) -> None:
        """Without interest only the caller's end is told."""
        if connection.interest != interest:
            connection.interest = interest
            self._poll.modify(connection.number, interest)

    # -- time ---------------------------------------------------------------------------------

    def _set_deadline(self, connection: Connection, seconds: float) -> None:
        connection.deadline = time.monotonic() + seconds
        self._due = min(self._due, connection.deadline)

    def _look_at_deadlines(self) -> None:
        now = time.monotonic()
        for connection in list(self._connections.values()):
            if connection.deadline <= now:
                self._guarded(self._lose_patience, connection)
        if self._paused_until <= now:
            self._paused_until = math.inf
            for number in self._doors:
                self._poll.modify(number, _READ)
        deadlines = [connection.deadline for connection in self._connections.values()]
        self._due = min([*deadlines, self._paused_until, self._over_at])

    def _lose_patience(self, connection: Connection) -> None:
        if connection.phase == READING:
            what, limit = ("head", self._limits.head_seconds)
            if connection.has_head:
                what, limit = ("body", self._limits.body_seconds)
            self._refuse(connection, HttpProblem(408, "timeout", f"the {what} of the request took over {limit:g} s"))
        elif connection.is_opening:
            connection.deadline = math.inf
            connection.open()
            self._send(connection)
        else:
            self._close(connection)

    def _pause(self) -> None:
        self._paused_until = time.monotonic() + _PAUSE
        self._due = min(self._due, self._paused_until)
        for number in self._doors:
            self._poll.modify(number, 0)

    # -- the end ------------------------------------------------------------------------------

    def _begin_end(self) -> None:
        """The doors close; requests that are not complete are dropped, answers have a moment to go out."""
        for number, door in self._doors.items():
            self._poll.unregister(number)
            door.close()
        self._doors.clear()
        self._over_at = time.monotonic() + _FAREWELL
        self._due = min(self._due, self._over_at)
        for connection in list(self._connections.values()):
            if connection.phase == READING:
                self._close(connection)
            elif connection.feed is not None:
                connection.feed.fail(_stopping())

    def _refuse_late(self) -> None:
        """Nobody is there any more whom an answer could go to."""
        while True:
            try:
                _connection, _data, feed = self._inbox.popleft()
            except IndexError:
                return
            if feed is not None:
                farewell(feed)


def farewell(feed: Feed) -> None:
    """Tell a feed that its caller is gone. What it wakes is not of this thread's making."""
    try:
        feed.leave()
    except Exception as error:  # noqa: BLE001
        report(error)


def report(error: BaseException) -> None:
    """Leave what nobody expected in the process's log, whole."""
    import traceback

    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)


def _stopping() -> HttpProblem:
    return HttpProblem(503, "stopping", "the runtime is stopping")
