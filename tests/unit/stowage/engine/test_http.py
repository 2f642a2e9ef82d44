# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP core as tables of (bytes, what they mean), fed whole, byte by byte and at every boundary."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage.engine.http import (
    LAST_CHUNK,
    MAX_HEAD,
    ProtocolError,
    ResponseParser,
    quote,
    render_chunk,
    render_query,
    render_request,
)

OK = b"HTTP/1.1 200 OK\r\n"

# name, method, bytes, whether the stream ends after them, status, body, whether the connection lives on
RESPONSES = [
    ("length", "GET", OK + b"Content-Length: 5\r\n\r\nhello", False, 200, b"hello", True),
    ("length twice, equal", "GET", OK + b"Content-Length: 2, 2\r\n\r\nok", False, 200, b"ok", True),
    ("nothing", "POST", b"HTTP/1.1 204 No Content\r\n\r\n", False, 204, b"", True),
    (
        "not modified",
        "POST",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        False,
        304,
        b"",
        True,
    ),
    ("head", "HEAD", OK + b"Content-Length: 900\r\n\r\n", False, 200, b"", True),
    ("no reason", "GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", False, 200, b"", True),
    (
        "chunked",
        "GET",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n00A;x=y\r\n0123456789\r\n0\r\n\r\n",
        False,
        200,
        b"abc0123456789",
        True,
    ),
    (
        "chunked with trailer",
        "GET",
        OK + b"transfer-encoding: Chunked\r\n\r\n1\r\n\n\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n",
        False,
        200,
        b"\n",
        True,
    ),
    (
        "chunked beats length",
        "GET",
        OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n",
        False,
        200,
        b"z",
        True,
    ),
    ("closing", "GET", OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi", False, 200, b"hi", False),
    ("1.0", "GET", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", False, 200, b"hi", False),
    ("until the end", "POST", OK + b"Content-Type: raw\r\n\r\nall of it", True, 200, b"all of it", False),
    ("upgraded", "POST", b"HTTP/1.1 101 UPGRADED\r\n\r\nraw", True, 101, b"raw", False),
    (
        "interim first",
        "POST",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\n.",
        False,
        200,
        b".",
        True,
    ),
    ("blank line first", "GET", b"\r\n" + OK + b"Content-Length: 1\r\n\r\n.", False, 200, b".", True),
    (
        "more than asked for",
        "GET",
        OK + b"Content-Length: 1\r\n\r\n.HTTP/1.1 200 OK",
        False,
        200,
        b".",
        False,
    ),
]


def read(method: str, pieces: List[bytes], ends: bool) -> Tuple[ResponseParser, bytes]:
    parser = ResponseParser(method)
    body = b""
    for piece in pieces:
        parser.feed(piece)
        body += parser.take()
    if ends:
        parser.feed(b"")
        body += parser.take()
    return parser, body


@pytest.mark.parametrize("case", RESPONSES, ids=lambda case: case[0])
def test_a_response_means_the_same_at_every_boundary(
    case: Tuple[str, str, bytes, bool, int, bytes, bool],
) -> None:
    _name, method, data, ends, status, body, reusable = case
    splits = [[data], [bytes([byte]) for byte in data]]
    splits += [[data[:at], data[at:]] for at in range(1, len(data))]
    for pieces in splits:
        parser, seen = read(method, pieces, ends)
        assert parser.head is not None, pieces
        assert parser.complete, pieces
        assert (parser.head.status, seen, parser.reusable) == (status, body, reusable), pieces


def test_no_body_is_complete_before_its_last_byte() -> None:
    for _name, method, data, ends, *_rest in RESPONSES:
        if ends or data.endswith(b"HTTP/1.1 200 OK"):
            continue
        parser, _body = read(method, [data[:-1]], False)
        assert not parser.complete


def test_headers_are_folded_to_lower_case_and_joined() -> None:
    parser, _body = read("GET", [OK + b"X-One: a\r\nx-one:b \r\nContent-Length: 0\r\n\r\n"], False)
    assert parser.head is not None
    assert parser.head.headers == {"x-one": "a, b", "content-length": "0"}


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

BROKEN = [
    ("a banner", b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46", "not HTTP"),
    ("a status that is none", b"HTTP/1.1 2OO OK\r\n\r\n", "not HTTP"),
    ("HTTP/2", b"HTTP/2.0 200 OK\r\n\r\n", "not HTTP"),
    ("a header without a name", OK + b": x\r\n\r\n", "malformed header"),
    ("a header without a colon", OK + b"nonsense\r\n\r\n", "malformed header"),
    ("a folded header", OK + b"X: a\r\n b\r\n\r\n", "malformed header"),
    ("a blank before the colon", OK + b"Content-Length : 3\r\n\r\nabc", "malformed header"),
    ("lengths that differ", OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "Content-Length"),
    ("a negative length", OK + b"Content-Length: -1\r\n\r\n", "Content-Length"),
    ("a length of 19 digits", OK + b"Content-Length: " + b"9" * 19 + b"\r\n\r\n", "Content-Length"),
    ("gzip", OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "coding"),
    ("a chunk without a size", CHUNKED + b"\r\n", "malformed chunk"),
    ("a chunk of negative size", CHUNKED + b"-1\r\n", "malformed chunk"),
    ("a chunk of 17 digits", CHUNKED + b"1" * 17 + b"\r\n", "malformed chunk"),
    ("a chunk longer than it says", CHUNKED + b"1\r\nab\r\n", "malformed chunk"),
    ("a size without an end", CHUNKED + b"1" * 5000, "malformed chunk"),
    ("a head without an end", OK + b"X: " + b"a" * MAX_HEAD, "longer than"),
    ("a trailer without an end", CHUNKED + b"0\r\n" + b"X-Filler: yes\r\n" * 6000, "trailer"),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_what_is_not_http_is_refused_at_once(case: Tuple[str, bytes, str]) -> None:
    _name, data, words = case
    with pytest.raises(ProtocolError, match=words):
        ResponseParser("GET").feed(data)


CUT = [
    (b"", "before the head"),
    (OK[:9], "before the head"),
    (OK + b"Content-Length: 5\r\n\r\nhe", "3 bytes before the end"),
    (CHUNKED, "in the middle"),
    (CHUNKED + b"5\r\nab", "3 bytes before the end"),
    (CHUNKED + b"2\r\nab", "in the middle"),
    (CHUNKED + b"2\r\nab\r\n", "in the middle"),
    (CHUNKED + b"0\r\n", "in the middle"),
]


@pytest.mark.parametrize("case", CUT, ids=lambda case: repr(case[0][-12:]))
def test_an_end_in_the_middle_is_no_end(case: Tuple[bytes, str]) -> None:
    data, words = case
    parser = ResponseParser("GET")
    parser.feed(data) if data else None
    with pytest.raises(ProtocolError, match=words):
        parser.feed(b"")


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_chunks_are_read_as_they_were_written(chunks: List[bytes], sizes: List[int]) -> None:
    data = CHUNKED + b"".join(render_chunk(chunk) for chunk in chunks) + LAST_CHUNK
    pieces = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
        turn += 1
    parser, body = read("GET", pieces, False)
    assert body == b"".join(chunks)
    assert parser.complete
    assert parser.reusable


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_than_a_protocol_error(data: bytes) -> None:
    for start in (b"", OK, CHUNKED):
        parser = ResponseParser("GET")
        try:
            parser.feed(start + data)
            parser.feed(b"")
        except ProtocolError:
            pass


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, ""),
        ({"all": None}, ""),
        ({"all": True, "v": False}, "?all=1&v=0"),
        ({"t": 10}, "?t=10"),
        ({"name": "a b&c=/ü"}, "?name=a%20b%26c%3D%2F%C3%BC"),
        ({"filters": {"label": ["a=b"]}}, "?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D"),
        ({"cachefrom": ["x"]}, "?cachefrom=%5B%22x%22%5D"),
        ({"t": ("a:1", "b:2")}, "?t=a%3A1&t=b%3A2"),
        ({"since": 1.5}, "?since=1.5"),
    ],
)
def test_queries(query: Dict[str, object], text: str) -> None:
    assert render_query(query) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("reg.example:5000/a/b@sha256:00", "reg.example:5000/a/b@sha256:00"),
        ("a b?c#d%", "a%20b%3Fc%23d%25"),
        ("\r\nX: y", "%0D%0AX:%20y"),
    ],
)
def test_paths_are_quoted_but_for_what_names_need(path: str, text: str) -> None:
    assert quote(path) == text


def test_a_request_is_one_head() -> None:
    assert render_request("GET", "/x", [("Host", "docker")]) == b"GET /x HTTP/1.1\r\nHost: docker\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
def test_no_value_smuggles_in_a_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        render_request("GET", "/x", [("X-Registry-Auth", value)])
    with pytest.raises(ValueError, match="line break"):
        render_request("GET", "/" + value, [])
