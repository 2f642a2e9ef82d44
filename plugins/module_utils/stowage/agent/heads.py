# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads of HTTP/1.1, as far as the sockets speak it: bytes of a request to a value, an answer to bytes.

One request to a connection, bodies by Content-Length only. Whatever two readers could take for different things is
refused, rather than guessed at. Knows no socket and no route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional

from .documents import render_document
from .wire import HttpProblem

JSON, LINES = "application/json", "application/x-ndjson"
MOST_HEADERS = 100
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_VISIBLE = frozenset(range(0x21, 0x7F))
_IN_NAME = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") | _LETTERS
_NOT_IN_VALUE = frozenset(range(0x20)) - {0x09} | {0x7F}
_ONCE = frozenset(("content-length", "transfer-encoding", "host", "content-type", "content-encoding", "expect"))


@dataclass(frozen=True)
class Head:
    """A request without its body, which has ``length`` bytes."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    length: int

    @property
    def waits(self) -> bool:
        """Whether the caller holds its body back until it is told to go on, as curl does with a large one."""
        return bool(self.length) and self.headers.get("expect", "").lower() == "100-continue"


def check_start(data: bytearray) -> None:
    """Refuse what cannot become a request, without waiting for the rest of it. Raises HttpProblem."""
    newline = data.find(b"\n")
    if data[0] not in _LETTERS or (newline >= 0 and data[newline - 1 : newline] != b"\r"):
        raise _bad("this is not HTTP/1.1")


def parse_head(block: bytes) -> Head:
    """Parse a head without its closing empty line. Raises HttpProblem."""
    first, *lines = block.split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or not 0 < len(words[0]) <= 16 or not _LETTERS.issuperset(words[0]):
        raise _bad("the request line is malformed")
    method, target, version = words
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        if version.startswith(b"HTTP/"):
            raise HttpProblem(505, "http_version", "only HTTP/1.1 is spoken here")
        raise _bad("the request line is malformed")
    if not target.startswith(b"/") or not _VISIBLE.issuperset(target) or b"#" in target:
        raise _bad("the request's target must be a path")
    path, _mark, query = target.partition(b"?")
    headers = _parse_headers(lines)
    return Head(method.decode(), _unquote(path, "path"), _parse_query(query), headers, _length(headers))


def render_head(status: int, content_type: str, length: Optional[int] = None) -> bytes:
    """The head of an answer; without a length the end of the connection is the end of it."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}", f"Content-Type: {content_type}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1")


def render_answer(status: int, content_type: str, body: bytes) -> bytes:
    """A whole answer."""
    return render_head(status, content_type, len(body)) + body


def render_refusal(problem: HttpProblem) -> bytes:
    """A whole answer that says no."""
    return render_answer(problem.status, JSON, render_document(problem.document()))


def _parse_headers(lines: List[bytes]) -> Dict[str, str]:
    if len(lines) > MOST_HEADERS:
        raise HttpProblem(431, "head_too_large", f"the request has more than {MOST_HEADERS} headers")
    headers: Dict[str, str] = {}
    for line in lines:
        raw_name, colon, raw_value = line.partition(b":")
        if not colon or not raw_name or not _IN_NAME.issuperset(raw_name):
            raise _bad("a header is malformed")
        if not _NOT_IN_VALUE.isdisjoint(raw_value):
            raise _bad("a header holds a control character")
        name, value = raw_name.decode().lower(), raw_value.strip(b" \t").decode("latin-1")
        if name in headers and name in _ONCE:
            raise _bad(f"the header {name} stands there twice")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(headers: Mapping[str, str]) -> int:
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpProblem(415, "content_encoding", "a body is taken as it is, in no coding")
    length = headers.get("content-length")
    if "transfer-encoding" in headers:
        if length is not None:
            raise _bad("a body has a Content-Length or a Transfer-Encoding, not both")
        raise HttpProblem(411, "length_required", "a body needs a Content-Length; chunks are not taken")
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise _bad("the Content-Length is malformed")
    return int(length)


def _parse_query(query: bytes) -> Dict[str, str]:
    result: Dict[str, str] = {}
    for part in query.split(b"&") if query else ():
        raw_name, _equals, raw_value = part.replace(b"+", b" ").partition(b"=")
        name = _unquote(raw_name, "query")
        if name in result:
            raise _bad(f"the query has {name} twice")
        result[name] = _unquote(raw_value, "query")
    return result


def _unquote(data: bytes, where: str) -> str:
    first, *rest = data.split(b"%")
    pieces = [first]
    for piece in rest:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise _bad(f"the {where} has a malformed escape")
        pieces += [bytes((int(piece[:2], 16),)), piece[2:]]
    try:
        text = b"".join(pieces).decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(f"the {where} is not UTF-8") from None
    if not text.isprintable():
        raise _bad(f"the {where} holds a character that is not printable")
    return text


def _bad(message: str) -> HttpProblem:
    return HttpProblem(400, "bad_request", message)
