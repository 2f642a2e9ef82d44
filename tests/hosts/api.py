# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test's own hand on a host's engine, independent of the client under test.

One request per call, made on the host by a few lines of Python over ssh: hosts of newer suites have no
docker client. Slow (one ssh call each) and plain; for setting a scene and for checking what came of it.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any, Protocol

_REQUEST = """
import http.client, socket, sys
class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("/var/run/docker.sock")
method, path, kind, length = sys.argv[1:]
headers = {"Content-Type": kind, "Content-Length": length} if kind else {}
engine = Engine("docker", timeout=600)
engine.request(method, path, body=sys.stdin.buffer if kind else None, headers=headers)
answer = engine.getresponse()
sys.stdout.buffer.write(b"%d\\n" % answer.status + answer.read())
"""


class EngineError(Exception):
    """The host's engine answered with an error; the text is the engine's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class RunsCommands(Protocol):
    """What this module needs of a host."""

    def run(self, command: list[str], input: bytes | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
        """Run a command with the given standard input."""


def request(host: RunsCommands, method: str, path: str, body: Any = None) -> Any:
    """Ask the host's engine; a body of bytes is sent as an archive, any other as JSON.

    Returns the decoded JSON (a list of documents where the engine streams several, the text where it
    is none). Raises EngineError for a status of 400 and above.
    """
    kind = "" if body is None else "application/x-tar" if isinstance(body, bytes) else "application/json"
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = host.run(["python3", "-c", _REQUEST, method, path, kind, str(len(data))], input=data).stdout
    status, _, text = answer.partition("\n")
    content = _decoded(text)
    if int(status) >= 400:
        raise EngineError(int(status), content.get("message", text) if isinstance(content, dict) else text)
    return content


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return text
