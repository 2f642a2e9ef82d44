# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lies on the host beside the scripts: one connection to the engine, its events, and questions to the runtime.

Knows HTTP over unix sockets. Knows nothing of what is measured.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

ENGINE, RUNTIME = "/var/run/docker.sock", "/run/stowage"


class Refused(Exception):
    """The engine answered with an error."""


class Engine(http.client.HTTPConnection):
    """One kept-alive connection to the engine, or to whoever listens at another path; it is made anew when closed."""

    def __init__(self, path: str = ENGINE) -> None:
        super().__init__("docker", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer's document; what is not there is no error. Raises Refused."""
        answer = self._ask(method, path, body)
        content = answer.read()
        if answer.status >= 400 and answer.status != 404:
            raise Refused(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        if answer.status == 404 or content[:1] not in (b"{", b"["):
            return None
        return json.loads(content)

    def events(self, **filters: list[str]) -> Iterator[dict[str, Any]]:
        """The engine's events from now on; the connection is of no other use then."""
        answer = self._ask("GET", f"/events?filters={quote(json.dumps(filters))}", None)
        self.sock.settimeout(None)
        return (json.loads(line) for line in iter(answer.readline, b""))

    def _ask(self, method: str, path: str, body: object) -> http.client.HTTPResponse:
        text = None if body is None else json.dumps(body)
        try:
            self.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            return self.getresponse()
        except (OSError, http.client.HTTPException):
            self.close()  # half an exchange is none: the next one begins anew
            raise


def ask_runtime(path: str) -> str:
    """What the runtime answers on its read socket. Raises OSError where nobody listens."""
    runtime = Engine(f"{RUNTIME}/read.sock")
    try:
        runtime.request("GET", path)
        return runtime.getresponse().read().decode()
    finally:
        runtime.close()


def create_and_start(engine: Engine, name: str, body: Mapping[str, Any]) -> None:
    """What it takes at the least to have a container run."""
    engine.call("POST", f"/containers/create?name={name}", body)
    engine.call("POST", f"/containers/{name}/start")
