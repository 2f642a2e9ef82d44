# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 as the Engine API uses it, without I/O: requests to bytes, bytes to responses.

Knows no socket, no clock and no endpoint. Bytes from the far side are not trusted: every length is
bounded before memory is spent on it. Own code rather than ``http.client``, which imports the email
package and doubles the start time of a run.
"""

from __future__ import annotations

import json
from typing import Any, Dict, FrozenSet, Generator, Iterator, List, Mapping, Optional, Sequence, Tuple

MAX_HEAD = 65536
MAX_CHUNK_LINE = 4096  # a chunk's size with its extensions

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PATH_SAFE = UNRESERVED | frozenset(b"/:@")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class ProtocolError(Exception):
    """The far side does not speak HTTP as agreed, or ended in the middle of an answer."""


def quote(text: str, safe: FrozenSet[int] = PATH_SAFE) -> str:
    """Percent-encode; by default for a path that may hold an image's name (``/``, ``:``, ``@`` stay)."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


def render_query(query: Mapping[str, Any]) -> str:
    """``?a=1&b=…`` or "". None is left out, booleans become 1/0, mappings and lists JSON.

    A tuple stands for a repeated parameter (``t=a&t=b``).
    """
    parts = [
        f"{quote(key, UNRESERVED)}={quote(_query_text(item), UNRESERVED)}"
        for key, value in query.items()
        for item in (value if isinstance(value, tuple) else (value,))
        if item is not None
    ]
    return "?" + "&".join(parts) if parts else ""


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def render_request(method: str, target: str, headers: Sequence[Tuple[str, str]]) -> bytes:
    """The request's head. Raises ValueError where a value would smuggle in a line of its own."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines.extend(f"{name}: {value}" for name, value in headers)
    if any("\r" in line or "\n" in line or "\0" in line for line in lines) or " " in target:
        raise ValueError("a header or path of the request holds a line break")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def render_chunk(data: bytes) -> bytes:
    """One chunk of a chunked body. Empty data would end the body: use LAST_CHUNK for that."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


class Head:
    """Status line and headers of a response. Names are lower case; repeated ones are joined by a comma."""

    __slots__ = ("headers", "reason", "status", "version")

    def __init__(self, status: int, reason: str, version: str, headers: Dict[str, str]) -> None:
        self.status = status
        self.reason = reason
        self.version = version
        self.headers = headers


def parse_head(block: bytes) -> Head:
    """Parse a head without its closing empty line. Raises ProtocolError."""
    first, *lines = block.decode("latin-1").split("\r\n")
    version, _space, rest = first.partition(" ")
    code, _space, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise ProtocolError("the answer is not HTTP: is this the engine's address, and is TLS set as it is?")
    headers: Dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise ProtocolError("the answer has a malformed header")
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Head(int(code), reason, version, headers)


class ResponseParser:
    """One response, fed as bytes arrive (``b""`` for the end of the stream).

    ``head`` is None until it is complete; ``take`` hands out what has been decoded of the body;
    ``complete`` says that the response has ended, ``reusable`` that another may follow on the stream.
    """

    def __init__(self, method: str) -> None:
        self.head: Optional[Head] = None
        self.complete = False
        self.reusable = False
        self._method = method
        self._buffer = bytearray()
        self._body: List[bytes] = []
        self._steps: Iterator[None] = self._run()
        self._ended = False

    @property
    def started(self) -> bool:
        """Whether any byte of the answer has been seen."""
        return self.head is not None or bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what was received. Raises ProtocolError; the parser is of no use after that."""
        if self.complete:
            if data:
                self.reusable = False  # bytes nobody asked for: never read them as the next answer
            return
        if data:
            self._buffer += data
        else:
            self._ended = True
        next(self._steps, None)

    def take(self) -> bytes:
        """The decoded bytes of the body since the last call."""
        if len(self._body) == 1:
            return self._body.pop()
        data = b"".join(self._body)
        self._body.clear()
        return data

    def _run(self) -> Iterator[None]:
        """Yields wherever more bytes are needed; the body's framing is chosen once, from the head."""
        head = None
        while head is None:
            block = yield from self._until_blank_line()
            head = parse_head(block)
            if head.status < 200 and head.status != 101:
                head = None  # 1xx: an interim answer, the real one follows
        self.head = head
        headers = head.headers
        keep = "close" not in headers.get("connection", "").lower() and head.version != "HTTP/1.0"
        coding = headers.get("transfer-encoding", "").lower()
        if self._method == "HEAD" or head.status in (204, 304):
            pass
        elif head.status == 101:
            keep = False
            yield from self._until_end()
        elif coding and coding != "identity":
            if coding != "chunked":
                raise ProtocolError(f"the answer comes in a coding that was not asked for: {coding[:40]}")
            yield from self._chunks()
        elif "content-length" in headers:
            yield from self._exactly(_parse_length(headers["content-length"]))
        else:
            keep = False
            yield from self._until_end()
        self.complete = True
        self.reusable = keep and not self._buffer and not self._ended

    def _until_blank_line(self) -> Generator[None, None, bytes]:
        while True:
            while self._buffer[:2] == b"\r\n":
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
            if end >= 0:
                block = bytes(self._buffer[:end])
                del self._buffer[: end + 4]
                return block
            if len(self._buffer) >= MAX_HEAD:
                raise ProtocolError(f"the head of the answer is longer than {MAX_HEAD} bytes")
            if len(self._buffer) >= 5 and not self._buffer.startswith(b"HTTP/"):
                parse_head(bytes(self._buffer[:5]))  # raises: no need to wait for the rest of it
            yield from self._more("before the head of the answer was complete")

    def _until_end(self) -> Iterator[None]:
        while True:
            self._hand_over(len(self._buffer))
            if self._ended:
                return
            yield

    def _exactly(self, length: int) -> Iterator[None]:
        while True:
            length -= self._hand_over(min(length, len(self._buffer)))
            if not length:
                return
            yield from self._more(f"{length} bytes before the end of the answer")

    def _chunks(self) -> Iterator[None]:
        while True:
            line = yield from self._line()
            size_text = line.partition(b";")[0].strip()
            if not size_text or len(size_text) > 16 or not _HEX.issuperset(size_text):
                raise ProtocolError("the answer has a malformed chunk")
            size = int(size_text, 16)
            if not size:
                break
            yield from self._exactly(size)
            while len(self._buffer) < 2:
                yield from self._more("in the middle of the answer")
            if self._buffer[:2] != b"\r\n":
                raise ProtocolError("the answer has a malformed chunk")
            del self._buffer[:2]
        trailers = 0
        while True:
            line = yield from self._line()
            if not line:
                return
            trailers += len(line)
            if trailers > MAX_HEAD:
                raise ProtocolError("the trailer of the answer is too long")

    def _line(self) -> Generator[None, None, bytes]:
        while True:
            end = self._buffer.find(b"\r\n", 0, MAX_CHUNK_LINE)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 2]
                return line
            if len(self._buffer) >= MAX_CHUNK_LINE:
                raise ProtocolError("the answer has a malformed chunk")
            yield from self._more("in the middle of the answer")

    def _more(self, where: str) -> Iterator[None]:
        if self._ended:
            raise ProtocolError(f"the connection ended {where}")
        yield

    def _hand_over(self, count: int) -> int:
        if count:
            self._body.append(bytes(self._buffer[:count]))
            del self._buffer[:count]
        return count


def _parse_length(text: str) -> int:
    values = {part.strip() for part in text.split(",")}
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ProtocolError("the answer has a malformed Content-Length")
    return int(value)
