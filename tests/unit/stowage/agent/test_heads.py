# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads of requests: what is taken, and everything that two readers might take for different things."""

from __future__ import annotations

import pytest

from stowage.agent.heads import check_start, parse_head, render_head, render_refusal
from stowage.agent.wire import HttpProblem


def head(*lines, first=b"GET /v1/status HTTP/1.1"):
    return parse_head(b"\r\n".join([first, *lines]))


def test_a_request_is_decoded():
    parsed = head(
        b"Host:stowage",
        b"X-Note: \t a\tb ",
        b"x-note: c",
        first=b"POST /v1/history/a%2fb/3?scope=a+b%26c&follow&n=%c3%a9 HTTP/1.0",
    )
    assert (parsed.method, parsed.path) == ("POST", "/v1/history/a/b/3")
    assert parsed.query == {"scope": "a b&c", "follow": "", "n": "\u00e9"}
    assert parsed.headers == {"host": "stowage", "x-note": "a\tb, c"}
    assert parsed.length == 0


@pytest.mark.parametrize("length", ["0", "13", "007", "9" * 18])
def test_a_length_is_taken_however_large(length):
    assert head(b"Content-Length: " + length.encode()).length == int(length)


@pytest.mark.parametrize(
    ("lines", "waits"),
    [
        ([b"Content-Length: 5", b"Expect: 100-Continue"], True),
        ([b"Content-Length: 0", b"Expect: 100-continue"], False),
        ([b"Content-Length: 5"], False),
    ],
)
def test_a_caller_who_waits_to_be_told_to_go_on_is_seen(lines, waits):
    assert head(*lines).waits is waits


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"Content-Length: 5", b"Content-Length: 5"], 400),
        ([b"Content-Length: 5", b"content-length: 6"], 400),
        ([b"Content-Length: 5, 5"], 400),
        ([b"Content-Length: +5"], 400),
        ([b"Content-Length: -5"], 400),
        ([b"Content-Length: 0x5"], 400),
        ([b"Content-Length: 5_0"], 400),
        ([b"Content-Length: 5 5"], 400),
        ([b"Content-Length:"], 400),
        ([b"Content-Length: \xb2"], 400),
        ([b"Content-Length: " + b"9" * 19], 400),
        ([b"Content-Length : 5"], 400),
        ([b" Content-Length: 5"], 400),
        ([b"X-A: b", b"\tContent-Length: 5"], 400),
        ([b"X-A: b\nContent-Length: 5"], 400),
        ([b"X-A: b\rContent-Length: 5"], 400),
        ([b"X-A: b\0c"], 400),
        ([b"X-A\0: b"], 400),
        ([b"X-A"], 400),
        ([b": b"], 400),
        ([b"X(A): b"], 400),
        ([b"\xc3\xa9: b"], 400),
        ([b"Host: a", b"Host: b"], 400),
        ([b"Transfer-Encoding: chunked"], 411),
        ([b"Transfer-Encoding: identity"], 411),
        ([b"Transfer-Encoding: xchunked"], 411),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], 400),
        ([b"Content-Length: 5", b"Transfer-Encoding: chunked"], 400),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"], 400),
        ([b"Content-Encoding: gzip", b"Content-Length: 5"], 415),
        ([b"X-%d: a" % number for number in range(101)], 431),
    ],
)
def test_headers_that_could_be_read_in_two_ways_are_refused(lines, status):
    with pytest.raises(HttpProblem) as caught:
        head(*lines)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("first", "status"),
    [
        (b"", 400),
        (b"GET", 400),
        (b"GET /", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET\t/\tHTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"get / HTTP/1.1", 400),
        (b"G3T / HTTP/1.1", 400),
        (b"ABCDEFGHIJKLMNOPQ / HTTP/1.1", 400),
        (b"GET / http/1.1", 400),
        (b"GET / HTTP/1.2", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET * HTTP/1.1", 400),
        (b"GET http://host/v1/status HTTP/1.1", 400),
        (b"CONNECT host:1 HTTP/1.1", 400),
        (b"GET /#a HTTP/1.1", 400),
        (b"GET /\xe9 HTTP/1.1", 400),
        (b"GET /a\nX:b HTTP/1.1", 400),
        (b"GET /%zz HTTP/1.1", 400),
        (b"GET /%4 HTTP/1.1", 400),
        (b"GET /% HTTP/1.1", 400),
        (b"GET /%00 HTTP/1.1", 400),
        (b"GET /%0a HTTP/1.1", 400),
        (b"GET /%ff HTTP/1.1", 400),
        (b"GET /%e2%80%ae HTTP/1.1", 400),
        (b"GET /?a=%1b HTTP/1.1", 400),
        (b"GET /?a=1&a=2 HTTP/1.1", 400),
        (b"GET /?a=1&%61=2 HTTP/1.1", 400),
        (b"GET /?a=1&&b HTTP/1.1", None),
        (b"GET /?&&b HTTP/1.1", 400),
    ],
)
def test_request_lines_are_taken_to_the_letter(first, status):
    if status is None:
        head(first=first)
        return
    with pytest.raises(HttpProblem) as caught:
        head(first=first)
    assert caught.value.status == status


@pytest.mark.parametrize("start", [b"\x16\x03\x01", b"\r\nGET", b"get /", b"{}", b"GET / HTTP/1.1\n", b"G\n"])
def test_what_cannot_become_a_request_is_refused_at_once(start):
    with pytest.raises(HttpProblem):
        check_start(bytearray(start))


@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_what_may_become_one_is_waited_for(start):
    check_start(bytearray(start))


def test_answers_say_how_long_they_are_and_that_they_are_the_last():
    assert render_head(200, "text/plain", 3) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    )
    refusal = render_refusal(HttpProblem(409, "busy", "not now"))
    assert refusal.startswith(b"HTTP/1.1 409 Conflict\r\n")
    assert refusal.endswith(b'\r\n\r\n{"error":{"code":"busy","message":"not now"}}\n')
