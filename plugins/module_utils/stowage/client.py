# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller of the runtime that is resident on this host: one request to a connection, over its unix sockets.

Knows sockets, HTTP as far as the runtime speaks it, and what to tell people who do not get through. Knows no route
and no document. Answers are judged like anybody's: what is cut short, or no JSON, is an error and never a result.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from typing import Any, Dict, Iterator, Mapping, NoReturn, Optional

from .errors import StowageError
from .places import runtime_at

Document = Dict[str, Any]

READ, WRITE = "read.sock", "write.sock"
TIMEOUT = 60.0  # seconds without a byte, where an answer is due at once
MAX_HEAD = 64 << 10
MAX_ANSWER = 256 << 20  # bytes of one document; a declaration is at most 64 MiB, and a result tells of it
_CHUNK = 64 << 10
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RETRY = 0.02  # seconds, where the runtime has more callers than it can take at once


class NotRunning(StowageError):
    """Nobody answers at the sockets of this host."""


class NotAllowed(StowageError):
    """Somebody answers there, but not to this user."""


class Refused(StowageError):
    """The runtime said no, in its own words; ``status`` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def path_of(*segments: str) -> str:
    """The path of a route, whatever its segments hold."""
    return "/v1/" + "/".join(_quoted(segment) for segment in segments)


def _quoted(text: str) -> str:
    """As part of a URL; urllib would bring half a dozen modules for it."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


class Client:
    """Calls the runtime whose sockets lie in ``folder``. Everything raises StowageError."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def engine(self) -> str:
        """The address of the engine that is kept here; "" where no runtime says so."""
        return runtime_at(self.folder).get("engine", "")

    def fetch(
        self,
        door: str,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        document: Optional[Document] = None,
        timeout: Optional[float] = TIMEOUT,
    ) -> Document:
        """Ask for one document. ``timeout`` of None waits for as long as it takes."""
        with self._call(door, method, path, query, document, timeout) as answer:
            return _parsed(answer.body())

    def follow(
        self,
        door: str,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        document: Optional[Document] = None,
    ) -> Iterator[Document]:
        """Ask for a stream, and take one document after the other as they come."""
        with self._call(door, method, path, query, document, None) as answer:
            for line in answer.lines():
                told = _parsed(line)
                if set(told) == {"error"}:
                    raise Refused(answer.status, _words(told, answer.status))
                yield told

    @contextlib.contextmanager
    def _call(
        self,
        door: str,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]],
        document: Optional[Document],
        timeout: Optional[float],
    ) -> Iterator[_Answer]:
        place = os.path.join(self.folder, door)
        asked = "&".join(f"{name}={_quoted(str(value))}" for name, value in (query or {}).items())
        target = f"{path}?{asked}" if asked else path
        head = f"{method} {target} HTTP/1.1\r\nHost: stowage\r\n"
        body = b""
        if document is not None:
            body = json.dumps(document, separators=(",", ":")).encode()
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        with _connect(place, timeout or TIMEOUT) as connected:
            connected.settimeout(timeout)
            try:
                # A refusal may come before all is sent, and is there to be read where sending fails.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connected.sendall(head.encode() + b"\r\n" + body)
                answer = _Answer(connected)
                if answer.status == 403:
                    raise NotAllowed(_rights(place))
                if answer.status != 200:
                    raise Refused(answer.status, _words(_parsed(answer.body()), answer.status))
                yield answer
            except socket.timeout as error:
                raise _silence(timeout) from error
            except OSError as error:
                raise StowageError(f"the runtime went away before it had answered ({error.strerror})") from error


class _Answer:
    """One answer: its head is read, what follows is read when it is asked for."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._rest = bytearray()
        while b"\r\n\r\n" not in self._rest:
            if len(self._rest) > MAX_HEAD or not self._receive():
                raise _strange() if self._rest else _cut()
        head, _empty, rest = bytes(self._rest).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ", 2)
        if not words[0].startswith("HTTP/1.") or len(words) < 2 or not words[1].isdecimal():
            raise _strange()
        self.status = int(words[1])
        headers = {name.strip().lower(): value.strip() for name, _colon, value in (li.partition(":") for li in lines)}
        length = headers.get("content-length")
        if length is not None and not length.isdecimal():
            raise _strange()
        self._length = None if length is None else int(length)
        self._rest = bytearray(rest)

    def body(self) -> bytearray:
        """All of it."""
        while self._length is None or len(self._rest) < self._length:
            if max(len(self._rest), self._length or 0) > MAX_ANSWER:
                raise StowageError(f"the runtime answers with more than {MAX_ANSWER >> 20} MiB")
            if not self._receive():
                if self._length is not None:
                    raise _cut()
                break
        return self._rest

    def lines(self) -> Iterator[bytearray]:
        """Line by line, until the runtime has no more to tell."""
        searched = 0
        while True:
            end = self._rest.find(b"\n", searched)
            if end >= 0:
                line, self._rest, searched = self._rest[:end], self._rest[end + 1 :], 0
                yield line
                continue
            searched = len(self._rest)
            if searched > MAX_ANSWER:
                raise StowageError(f"the runtime tells more than {MAX_ANSWER >> 20} MiB at once")
            if not self._receive():
                if self._rest:
                    raise _cut()
                return

    def _receive(self) -> bool:
        data = self._socket.recv(_CHUNK)
        self._rest += data
        return bool(data)


def _connect(place: str, patience: float) -> socket.socket:
    """A connection to the socket at a path. Raises NotRunning, NotAllowed and StowageError."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    deadline = time.monotonic() + patience
    connected.setblocking(False)  # where the queue is full, a blocking call would wait for ever
    try:
        while not _knock(connected, place):
            if time.monotonic() >= deadline:
                raise StowageError(f"the runtime takes no more callers at {place}")
            time.sleep(_RETRY)
    except BaseException as error:
        connected.close()
        if isinstance(error, OSError):
            _refuse(place, error)
        raise
    return connected


def _knock(connected: socket.socket, place: str) -> bool:
    try:
        connected.connect(place)
    except BlockingIOError:
        return False
    return True


def _refuse(place: str, error: OSError) -> NoReturn:
    if error.errno in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR):
        start = "systemctl start stowage" if os.path.isdir("/run/systemd/system") else "service stowage start"
        text = f"the runtime does not run on this host (nobody listens at {place}): start it with `{start}`, "
        raise NotRunning(text + "or deploy it with the role stowage.docker.runtime") from error
    if error.errno in (errno.EACCES, errno.EPERM):
        raise NotAllowed(_rights(place)) from error
    raise StowageError(f"{place}: {error.strerror or error}") from error


def _rights(place: str) -> str:
    if os.path.basename(place) == WRITE:
        return f"only root may do this, since it goes through {place}: use sudo"
    return f"only root and members of the group {_group(place)} may use {place}: use sudo, or join that group"


def _group(place: str) -> str:
    """The group that may read. Without rights on the folder it cannot be asked, and is the usual one."""
    import grp

    try:
        return grp.getgrgid(os.stat(place).st_gid).gr_name
    except (OSError, KeyError):
        return "stowage"


def _parsed(text: bytearray) -> Document:
    try:
        document = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _strange() from None
    if not isinstance(document, dict):
        raise _strange()
    return document


def _words(document: Document, status: int) -> str:
    error = document.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return str(message) if message else f"the runtime answered with status {status}"


def _silence(timeout: Optional[float]) -> StowageError:
    return StowageError(f"the runtime did not answer within {timeout:g} s; `stowage doctor` may tell why")


def _cut() -> StowageError:
    return StowageError("the runtime went away in the middle of its answer")


def _strange() -> StowageError:
    return StowageError("what listens there does not answer like the runtime; is it of another version?")
