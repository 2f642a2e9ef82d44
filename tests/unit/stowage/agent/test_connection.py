# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection, step by step: what comes in however it is cut, and what is counted when it goes out."""

from __future__ import annotations

import socket

import pytest

from stowage.agent.connection import Connection
from stowage.agent.wire import Caller, Feed, HttpProblem, Limits

REQUEST = b'POST /v1/plan?a=1 HTTP/1.1\r\nHost: stowage\r\nContent-Length: 7\r\n\r\n{"a":1}'


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(10)
    with ours, theirs:
        yield Connection(ours, Caller(0, 0, 1, writes=True), Limits(header=200), admitted=True), theirs


@pytest.mark.parametrize("cut", range(1, len(REQUEST)))
def test_a_request_is_complete_at_its_last_byte_wherever_it_was_cut(pair, cut):
    connection, caller = pair
    caller.sendall(REQUEST[:cut])
    assert not connection.receive()
    caller.sendall(REQUEST[cut:])
    assert connection.receive() or connection.receive()
    call = connection.take_call()
    assert (call.method, call.path, call.query, call.document) == ("POST", "/v1/plan", {"a": "1"}, {"a": 1})
    assert connection.arrived == 0


def test_a_request_may_come_byte_by_byte(pair):
    connection, caller = pair
    complete = []
    for byte in REQUEST:
        caller.sendall(bytes((byte,)))
        complete.append(connection.receive())
    assert complete == [False] * (len(REQUEST) - 1) + [True]


def test_no_more_is_read_than_is_wanted(pair):
    connection, caller = pair
    caller.sendall(REQUEST + b"x" * 50_000)
    while not connection.receive():
        pass
    connection.take_call()
    assert len(connection.socket.recv(100_000)) > 49_000


@pytest.mark.parametrize(("spare", "refused"), [(0, False), (1, True)])
def test_the_bound_of_a_head_is_exact(pair, spare, refused):
    connection, caller = pair
    head = b"GET / HTTP/1.1\r\nX: "
    caller.sendall(head + b"a" * (200 - len(head) - 4 + spare) + b"\r\n\r\n")
    if not refused:
        assert connection.receive()
        return
    with pytest.raises(HttpProblem) as caught:
        connection.receive()
    assert caught.value.status == 431


def test_only_what_is_the_feeds_counts_as_the_feeds(pair):
    connection, caller = pair
    feed = Feed()
    connection.answer(b"", feed)
    feed.attach(lambda: None)
    feed.push({"n": 1})
    assert connection.left == len(b'{"n":1}\n')
    assert connection.send()
    assert feed.sent(0) == connection.left == 0
    assert not connection.send()
    assert caller.recv(1000).endswith(b'\r\n\r\n{"n":1}\n')


def test_who_was_answered_before_all_was_read_hears_the_answer_and_a_clean_end(pair):
    connection, caller = pair
    caller.sendall(b"x" * 50_000)
    connection.answer(b"the answer", None)
    assert connection.send()
    with pytest.raises(EOFError):
        connection.send()
    connection.close()
    assert caller.recv(1000) == b"the answer"
    assert caller.recv(1000) == b""
    with pytest.raises(BrokenPipeError):
        caller.sendall(b"x")
