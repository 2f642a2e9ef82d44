# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one engine: API version, retries, deadlines, hooks. What the endpoints stand on.

Knows how to ask, not what: no endpoint's path is here but ``/_ping``, which tells the version.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Callable, List, Mapping, Optional, Tuple

from ..errors import EngineTooOld, EngineUnreachable
from . import faults
from .answer import Answer, Lease
from .connection import Body, BodyError, Deadline
from .http import Head, ProtocolError, render_query, render_request
from .pool import Pool
from .transport import Dialer

OLDEST_API = (1, 41)
NEWEST_API = (1, 54)
MAX_JSON = 256 * 1024 * 1024
FOREVER = float("inf")  # as a timeout: none
IDEMPOTENT = frozenset(("GET", "HEAD"))

Hook = Callable[[str, str, str], None]
"""Called as hook(phase, method, path) with phase "before" and "after"; see Session.on_call."""


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
        self._host = dialer.host
        self._pool = Pool(dialer, pool_size)
        self._version: Optional[Tuple[int, int]] = None
        self._version_lock = threading.Lock()

    def close(self) -> None:
        """Close every connection that is idle, and the others when they come back."""
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
        answer = self.open(method, path, query=query, document=body, headers=headers, timeout=timeout, idle=False)
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
        whole answer. FOREVER: none. ``document`` is sent as JSON, ``body`` as it is. ``bounded`` False:
        on a connection of its own beside the pool, for streams without an end. Raises EngineError's family.
        """
        sent_headers = dict(headers or {})
        if document is not None:
            body = json.dumps(document, separators=(",", ":")).encode()
            sent_headers["Content-Type"] = "application/json"
        version = self.api_version if versioned else None
        limit = self.timeout if timeout is None else timeout
        deadline = Deadline(None if limit == FOREVER else limit, idle=idle)
        target = path + render_query(query or {})
        request = _Request(method, path, target=target, headers=sent_headers, body=body, bounded=bounded)
        self._notify("before", request)
        try:
            return self._ask(request, version, deadline)
        except EngineTooOld:
            # The engine was changed for another version while we were connected. It refused before it
            # did anything, so asking again is safe, unless the body has been consumed.
            if version is None or not (body is None or isinstance(body, bytes)):
                raise
            again = self._renegotiate(version)
            if again == version:
                raise
            return self._ask(request, again, deadline)

    def _ask(self, request: _Request, version: Optional[Tuple[int, int]], deadline: Deadline) -> Answer:
        lease, head = self._exchange(request, request.head(self._host, version), deadline)
        answer = Answer(lease, head, deadline)
        if head.status < 300 or head.status == 304:
            return answer
        raise faults.from_status(head.status, answer.read(MAX_JSON), request.call)

    def _exchange(self, request: _Request, head_bytes: bytes, deadline: Deadline) -> Tuple[Lease, Head]:
        """Send on a kept connection and, where that had gone stale unseen, once more on a fresh one.

        Once more only if nothing of the request had left this host, or if repeating it does no harm
        and no byte of an answer was seen.
        """
        fresh = False
        while True:
            lease = self._lend(request, deadline, fresh)
            connection = lease.connection
            try:
                return lease, connection.exchange(request.method, head_bytes, request.body, deadline)
            except BodyError as error:
                lease.discard()
                raise (error.__cause__ or error) from None  # pylint: disable=raising-non-exception
            except Exception as error:
                kept = connection.used and not fresh
                broken = isinstance(error, (ConnectionError, ProtocolError)) and not connection.answered
                if kept and broken and (not connection.bytes_sent or request.method in IDEMPOTENT):
                    fresh = True
                    lease.discard()
                    continue
                translated = lease.translate(error, deadline)
                lease.discard()
                raise translated from error
            except BaseException:
                lease.discard()
                raise

    def _lend(self, request: _Request, deadline: Deadline, fresh: bool) -> Lease:
        pool = self._pool
        try:
            connection = pool.take(deadline, fresh=fresh) if request.bounded else pool.open(deadline)
        except Exception as error:
            raise faults.from_exception(error, self.where, request.call, "", deadline.seconds) from error
        owner = pool if request.bounded else None
        return Lease(owner, connection, request.call, self.where, lambda: self._notify("after", request))

    def _notify(self, phase: str, request: _Request) -> None:
        if self.on_call is not None:
            self.on_call(phase, request.method, request.path)

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


class _Request:
    """What is asked, apart from the version and the connection it is asked on."""

    def __init__(
        self, method: str, path: str, *, target: str, headers: Mapping[str, str], body: Body, bounded: bool
    ) -> None:
        self.method = method
        self.path = path
        self.call = f"{method} {path}"
        self.body = body
        self.bounded = bounded
        self._target = target
        self._headers = headers

    def head(self, host: str, version: Optional[Tuple[int, int]]) -> bytes:
        """The request's head as it is sent."""
        lines: List[Tuple[str, str]] = [("Host", host), ("User-Agent", "stowage"), *self._headers.items()]
        if self.body is None:
            if self.method not in IDEMPOTENT:
                lines.append(("Content-Length", "0"))
        elif isinstance(self.body, bytes):
            lines.append(("Content-Length", str(len(self.body))))
        else:
            lines.append(("Transfer-Encoding", "chunked"))
        prefix = f"/v{version[0]}.{version[1]}" if version else ""
        return render_request(self.method, prefix + self._target, lines)


def _parse_version(text: str) -> Optional[Tuple[int, int]]:
    major, dot, minor = text.partition(".")
    if not dot or not (major.isdigit() and minor.isdigit()) or len(text) > 12:
        return None
    return int(major), int(minor)
