# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes between the thread of the sockets and those who answer. The rest shows over real sockets: test_server.py."""

from __future__ import annotations

import socket
import threading

from stowage.agent.connection import Connection
from stowage.agent.traffic import _POSTED, Traffic
from stowage.agent.wire import Caller, Feed, Limits

from .callers import PATIENCE


def closed_connection():
    connected, other = socket.socketpair()
    connection = Connection(connected, Caller(0, 0, 1, writes=True), Limits(), admitted=True)
    connection.close()
    other.close()
    return connection


def test_who_makes_answers_faster_than_they_go_out_waits():
    traffic, connection, posted = Traffic([], Limits(), lambda _connection: None), closed_connection(), []

    def post():
        for number in range(8):
            traffic.post(connection, b"x" * (_POSTED // 2))
            posted.append(number)

    thread = threading.Thread(target=post)
    thread.start()
    thread.join(0.1)
    assert len(posted) == 3  # the one that goes over the bound is taken still
    sockets = threading.Thread(target=traffic.run)
    sockets.start()
    thread.join(PATIENCE)
    assert len(posted) == 8
    traffic.end()
    sockets.join(PATIENCE)
    assert not sockets.is_alive()


def test_at_the_end_nobody_waits_and_feeds_hear_that_nobody_is_there():
    traffic, connection, feeds = Traffic([], Limits(), lambda _connection: None), closed_connection(), [Feed(), Feed()]
    traffic.post(connection, b"x" * (2 * _POSTED))
    waiting = threading.Thread(target=traffic.post, args=(connection, b"x", feeds[0]))
    waiting.start()
    traffic.end()
    traffic.run()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    traffic.post(connection, b"", feeds[1])
    assert [feed.push({}) for feed in feeds] == [False, False]
