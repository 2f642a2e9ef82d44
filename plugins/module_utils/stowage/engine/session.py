# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one engine: API version, retries, deadlines, hooks. What the endpoints stand on.

Knows how to ask, not what: no endpoint's path is here but ``/_ping``, which tells the version.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Callable, Iterable, Iterator, List, Mapping, Optional, Tuple, TypeVar

from ..errors import EngineError, EngineTooOld, EngineUnreachable
from . import faults
from .connection import Body, BodyFailed, Connection, Deadline
from .http import Head, ProtocolError, render_query, render_request
from .pool import Pool
from .transport import Dialer

OLDEST_API = (1, 41)
NEWEST_API = (1, 54)
MAX_JSON = 256 * 1024 * 1024
FOREVER = float("inf")  # as a timeout: none
IDEMPOTENT = frozenset(("GET", "HEAD"))

T = TypeVar("T")

Hook = Callable[[str, str, str], None]
"""Called as hook(phase, method, path) with phase "before" and "after"; see Session.on_call."""


class Answer:
    """An answer whose body is still to be read. Iterate it for the pieces; close it when done.

    A context manager. Closing early is allowed: the connection is then thrown away.
    """

    def __init__(self, session: "Session", lease: "_Lease", head: Head, deadline: Deadline) -> None:
        self.status = head.status
        self.headers = head.headers
        self.call = lease.call
        self._session = session
        self._lease: Optional[_Lease] = lease
        self._deadline = deadline
        self._aborted = False

    def __iter__(self) -> Iterator[bytes]:
        """The body's pieces. Raises EngineUnreachable where it is cut short, EngineTimeout when late."""
        if self._lease is None:
            return
        lease = self._lease
        try:
            yield from lease.connection.pieces(self._deadline)
        except Exception as error:
            if self._aborted:
                return
            raise self._session.translate(error, lease, self._deadline) from error
        finally:
            self.close()

    def decode(self, decoder: "Callable[[Iterable[bytes]], T]") -> T:
        """What a decoder of ``streams`` makes of the whole body."""
        try:
            return decoder(self)
        except ProtocolError as error:
            raise faults.from_exception(error, self._session.where, self.call) from error

    def each(self, decoder: "Callable[[Iterable[bytes]], Iterator[T]]") -> Iterator[T]:
        """What a decoder of ``streams`` yields, as the body arrives."""
        try:
            yield from decoder(self)
        except ProtocolError as error:
            raise faults.from_exception(error, self._session.where, self.call) from error

    def read(self, limit: int) -> bytes:
        """The whole body. Raises EngineUnreachable when it is longer than limit."""
        pieces: List[bytes] = []
        size = 0
        for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                self.close()
                raise EngineUnreachable(f"the answer is longer than {limit} bytes", call=self.call)
        return b"".join(pieces)

    def close(self) -> None:
        """Give the connection back. May be called more than once."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.give_back()
            self._session.notify("after", lease.method, lease.path)

    def abort(self) -> None:
        """End a stream another thread may be reading: there it ends without an error."""
        self._aborted = True
        self.close()

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class _Lease:
    """A connection in use for one request, and what is needed to name the request and let go of it."""

    def __init__(self, pool: Pool, connection: Connection, method: str, path: str, bounded: bool) -> None:
        self.connection = connection
        self.method = method
        self.path = path
        self.call = f"{method} {path}"
        self._pool = pool
        self._bounded = bounded

    def give_back(self) -> None:
        if self._bounded:
            self._pool.give_back(self.connection)
        else:
            self.connection.close()

    def discard(self) -> None:
        if self._bounded:
            self._pool.discard(self.connection)
        else:
            self.connection.close()


class Session:
    """One engine, any number of threads.

    ``on_call``, where set, is called before each request is sent and after its answer was read (or its
    stream closed), in the calling thread, with the path without version and query. What it raises
    passes through to the caller.
    """

    def __init__(self, dialer: Dialer, where: str, timeout: float, pool_size: int) -> None:
        self.on_call: Optional[Hook] = None
        self.where = where
        self.timeout = timeout
        self._dialer = dialer
        self._pool = Pool(dialer, pool_size)
        self._version: Optional[Tuple[int, int]] = None
        self._version_lock = threading.Lock()

    def close(self) -> None:
        self._pool.close()

    @property
    def api_version(self) -> Tuple[int, int]:
        """The version spoken with this engine, as (1, 45); asked for at first use.

        Raises EngineTooOld below 1.41.
        """
        if self._version is None:
            with self._version_lock:
                if self._version is None:
                    self._version = self._negotiate()
        return self._version

    def json(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> Any:
        """One request and its whole answer, decoded (None where the answer is empty).

        ``body`` is sent as JSON. ``timeout``: seconds for the whole answer, the session's by default.
        Raises EngineError's family.
        """
        answer = self.open(
            method, path, query=query, document=body, headers=headers, timeout=timeout, idle=False
        )
        content = answer.read(MAX_JSON)
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise EngineUnreachable("the answer is not JSON", call=answer.call) from error

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Body = None,
        document: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = None,
        idle: bool = True,
        bounded: bool = True,
        versioned: bool = True,
    ) -> Answer:
        """One request; returns when the answer's head is there and is no error. ``path`` is quoted already.

        ``timeout``: seconds, the session's by default; with ``idle`` the longest silence, else for the
        whole answer. FOREVER: none. ``document`` is sent as JSON, ``body`` as it is. ``bounded`` False: on a connection of its own beside the
        pool, for streams without an end. Raises EngineError's family.
        """
        limit = self.timeout if timeout is None else timeout
        deadline = Deadline(None if limit == FOREVER else limit, idle=idle)
        sent_headers = dict(headers or {})
        if document is not None:
            body = json.dumps(document, separators=(",", ":")).encode()
            sent_headers["Content-Type"] = "application/json"
        target = path + render_query(query or {})
        version = self.api_version if versioned else None
        self.notify("before", method, path)
        try:
            return self._ask(method, path, target, version, sent_headers, body, deadline, bounded)
        except EngineTooOld:
            # The engine was changed for another version while we were connected. It refused before it
            # did anything, so asking again is safe, unless the body has been consumed.
            if version is None or not (body is None or isinstance(body, bytes)):
                raise
            again = self._renegotiate(version)
            if again == version:
                raise
            return self._ask(method, path, target, again, sent_headers, body, deadline, bounded)

    def notify(self, phase: str, method: str, path: str) -> None:
        if self.on_call is not None:
            self.on_call(phase, method, path)

    def translate(self, error: Exception, lease: _Lease, deadline: Deadline) -> EngineError:
        """The runtime's error for what went wrong on a lent connection."""
        return faults.from_exception(error, self.where, lease.call, lease.connection.explain(), deadline.seconds)

    def _ask(
        self,
        method: str,
        path: str,
        target: str,
        version: Optional[Tuple[int, int]],
        headers: Mapping[str, str],
        body: Body,
        deadline: Deadline,
        bounded: bool,
    ) -> Answer:
        prefix = f"/v{version[0]}.{version[1]}" if version else ""
        head_bytes = _request_head(method, prefix + target, self._dialer.host, headers, body)
        lease, head = self._exchange(method, path, head_bytes, body, deadline, bounded)
        answer = Answer(self, lease, head, deadline)
        if head.status < 300 or head.status == 304:
            return answer
        raise faults.from_status(head.status, answer.read(MAX_JSON), lease.call)

    def _exchange(
        self, method: str, path: str, head_bytes: bytes, body: Body, deadline: Deadline, bounded: bool
    ) -> Tuple[_Lease, Head]:
        """Send on a kept connection and, where that had gone stale unseen, once more on a fresh one.

        Once more only if nothing of the request had left this host, or if repeating it does no harm
        and no byte of an answer was seen.
        """
        call = f"{method} {path}"
        fresh = False
        while True:
            try:
                connection = self._pool.take(deadline, fresh=fresh) if bounded else self._pool.open(deadline)
            except Exception as error:
                raise faults.from_exception(error, self.where, call, "", deadline.seconds) from error
            lease = _Lease(self._pool, connection, method, path, bounded)
            try:
                return lease, connection.exchange(method, head_bytes, body, deadline)
            except BodyFailed as error:
                lease.discard()
                raise error.__cause__ or error
            except Exception as error:
                lease.discard()
                kept = connection.used and not fresh
                broken = isinstance(error, (ConnectionError, ProtocolError)) and not connection.answered
                if kept and broken and (not connection.bytes_sent or method in IDEMPOTENT):
                    fresh = True
                    continue
                raise self.translate(error, lease, deadline) from error
            except BaseException:
                lease.discard()
                raise

    def _negotiate(self) -> Tuple[int, int]:
        answer = self.open("GET", "/_ping", versioned=False, idle=False)
        answer.read(MAX_JSON)
        text = answer.headers.get("api-version", "")
        offered = _parse_version(text)
        if offered is None:
            raise EngineUnreachable(f"{self.where} does not answer like a Docker engine", call="GET /_ping")
        if offered < OLDEST_API:
            raise EngineTooOld(f"the engine speaks API {text}, the oldest spoken here is 1.41 (Docker 20.10)")
        return min(offered, NEWEST_API)

    def _renegotiate(self, failed: Tuple[int, int]) -> Tuple[int, int]:
        with self._version_lock:
            if self._version == failed:
                self._version = self._negotiate()
            return self._version or failed


def _request_head(method: str, target: str, host: str, headers: Mapping[str, str], body: Body) -> bytes:
    lines = [("Host", host), ("User-Agent", "stowage"), *headers.items()]
    if body is None:
        if method not in IDEMPOTENT:
            lines.append(("Content-Length", "0"))
    elif isinstance(body, bytes):
        lines.append(("Content-Length", str(len(body))))
    else:
        lines.append(("Transfer-Encoding", "chunked"))
    return render_request(method, target, lines)


def _parse_version(text: str) -> Optional[Tuple[int, int]]:
    major, dot, minor = text.partition(".")
    if not dot or not (major.isdigit() and minor.isdigit()) or len(text) > 12:
        return None
    return int(major), int(minor)
