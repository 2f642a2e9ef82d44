# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels inside the engine's long answers: JSON lines, and stdout and stderr in one stream.

Pure: pieces of bytes in, events or frames out, at whatever boundaries the pieces come. Bounded, for
the engine is not trusted with this host's memory.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any, Deque, Iterable, Iterator, List, Tuple

from .http import ProtocolError

MAX_LINE = 8 * 1024 * 1024  # one event; the longest real ones are buildkit traces of some 100 KB
MAX_OUTPUT = 8 * 1024 * 1024  # of a container's output that is kept, counted from its end

MAX_LOG_LINE = 64 * 1024  # of a container's output that is told as one line

STDIN, STDOUT, STDERR, SYSTEM_ERROR = 0, 1, 2, 3
_NAMES = {STDOUT: "stdout", STDERR: "stderr"}


def json_lines(pieces: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[Any]:
    """Decode a stream of JSON documents, one a line. Raises ProtocolError on anything else."""
    rest: List[bytes] = []
    size = 0
    for piece in pieces:
        *complete, last = piece.split(b"\n")
        for line in complete:
            rest.append(line)
            yield from _decode(b"".join(rest), limit)
            rest.clear()
            size = 0
        rest.append(last)
        size += len(last)
        if size > limit:
            raise ProtocolError(f"an event of the engine is longer than {limit} bytes")
    yield from _decode(b"".join(rest), limit)


def _decode(line: bytes, limit: int) -> Iterator[Any]:
    if len(line) > limit:
        raise ProtocolError(f"an event of the engine is longer than {limit} bytes")
    if not line.strip():
        return
    try:
        yield json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an event of the engine is not JSON: {line[:80]!r}") from error


def frames(pieces: Iterable[bytes]) -> Iterator[Tuple[int, bytes]]:
    """Split a multiplexed stream into (stream, bytes). A long frame comes in several parts.

    Raises ProtocolError for a header that is none (then it was a terminal's stream) and for an end in
    the middle of a frame.
    """
    header = b""
    left = 0
    stream = 0
    for piece in pieces:
        position = 0
        while position < len(piece):
            if not left:
                taken = piece[position : position + 8 - len(header)]
                header += taken
                position += len(taken)
                if len(header) < 8:
                    break
                if header[0] > SYSTEM_ERROR or header[1:4] != b"\0\0\0":
                    raise ProtocolError("the container's output is not in frames: has it a terminal?")
                stream = header[0]
                left = int.from_bytes(header[4:], "big")
                header = b""
            else:
                part = piece[position : position + left]
                position += len(part)
                left -= len(part)
                yield stream, part
    if left or header:
        raise ProtocolError("the container's output ended in the middle of a frame")


def log_lines(pieces: Iterable[bytes], tty: bool) -> Iterator[Tuple[str, str]]:
    """A container's output line by line, as it comes: ("stdout" or "stderr", text without its end)."""
    rests = {STDOUT: b"", STDERR: b""}
    for number, part in ((STDOUT, piece) for piece in pieces) if tty else frames(pieces):
        stream = STDERR if number in (STDERR, SYSTEM_ERROR) else STDOUT
        *complete, rests[stream] = (rests[stream] + part).split(b"\n")
        if len(rests[stream]) > MAX_LOG_LINE:
            complete, rests[stream] = [*complete, rests[stream]], b""
        for line in complete:
            yield _NAMES[stream], line.rstrip(b"\r").decode("utf-8", "replace")
    for stream, rest in rests.items():
        if rest:
            yield _NAMES[stream], rest.decode("utf-8", "replace")


class Tail:
    """Keeps the last ``limit`` bytes of what is added to it."""

    def __init__(self, limit: int = MAX_OUTPUT) -> None:
        self._limit = limit
        self._pieces: Deque[bytes] = deque()
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Add to the end, and let go of whole pieces that are out of reach."""
        self._pieces.append(piece)
        self._size += len(piece)
        while self._size - len(self._pieces[0]) >= self._limit:
            self._size -= len(self._pieces.popleft())

    def value(self) -> bytes:
        """The last ``limit`` bytes."""
        data = b"".join(self._pieces)
        return data[max(0, len(data) - self._limit) :]


def split_output(pieces: Iterable[bytes], tty: bool, limit: int = MAX_OUTPUT) -> Tuple[bytes, bytes]:
    """Read a container's output to its end: (stdout, stderr), each cut to its last ``limit`` bytes.

    With a terminal there is one raw stream, which is stdout.
    """
    out, err = Tail(limit), Tail(limit)
    if tty:
        for piece in pieces:
            out.add(piece)
    else:
        for stream, part in frames(pieces):
            (err if stream in (STDERR, SYSTEM_ERROR) else out).add(part)
    return out.value(), err.value()


def joined_output(pieces: Iterable[bytes], tty: bool, limit: int = MAX_OUTPUT) -> bytes:
    """Read a container's output to its end as one text, in the order in which it was written."""
    tail = Tail(limit)
    for part in pieces if tty else (part for _stream, part in frames(pieces)):
        tail.add(part)
    return tail.value()
