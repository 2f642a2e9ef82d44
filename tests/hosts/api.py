# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test's own hand on a host's engine, independent of the client under test.

One request per call, made on the host by a few lines of Python over ssh: hosts of newer suites have no
docker client. Slow (one ssh call each) and plain; for setting a scene and for checking what came of it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Protocol

# What to ask comes as the first line of its input, the body after it: headers may carry credentials,
# which have no place in a command line.
_REQUEST = """
import http.client, json, socket, sys
class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("/var/run/docker.sock")
asked = json.loads(sys.stdin.buffer.readline())
engine = Engine("docker", timeout=600)
body = sys.stdin.buffer if "Content-Length" in asked["headers"] else None
engine.request(asked["method"], asked["path"], body=body, headers=asked["headers"])
answer = engine.getresponse()
kind = answer.getheader("Content-Type", "text/plain")
sys.stdout.buffer.write(b"%d %s\\n" % (answer.status, kind.encode()) + answer.read())
"""


class EngineError(Exception):
    """The host's engine answered with an error; the text is the engine's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class RunsCommands(Protocol):
    """What this package's helpers need of a host."""

    def run(self, command: list[str], input: bytes | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
        """Run a command with the given standard input."""


def request(
    host: RunsCommands, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Ask the host's engine; a body of bytes is sent as an archive, any other as JSON.

    Returns the decoded JSON (a list of documents where the engine streams several), or the text where
    the engine says it is something else. Raises EngineError for a status of 400 and above, and for an
    error within a stream.
    """
    sent = dict(headers or {})
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    if body is not None:
        sent["Content-Type"] = "application/x-tar" if isinstance(body, bytes) else "application/json"
        sent["Content-Length"] = str(len(data))
    head = json.dumps({"method": method, "path": path, "headers": sent}).encode()
    answer = host.run(["python3", "-c", _REQUEST], input=head + b"\n" + (b"" if body is None else data)).stdout
    first, _, text = answer.partition("\n")
    status, _, kind = first.partition(" ")
    content = _decoded(text) if "json" in kind else text
    if int(status) >= 400:
        raise EngineError(int(status), content.get("message", text) if isinstance(content, dict) else text)
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict) and "errorDetail" in part:
            raise EngineError(int(status), part["error"])
    return content


def wipe(host: RunsCommands) -> None:
    """Remove every container, network, volume and image of the host's engine."""
    for container in request(host, "GET", "/containers/json?all=1"):
        request(host, "DELETE", f"/containers/{container['Id']}?force=1&v=1")
    request(host, "POST", "/networks/prune")
    for volume in request(host, "GET", "/volumes")["Volumes"] or []:
        request(host, "DELETE", f"/volumes/{volume['Name']}")
    for image in request(host, "GET", "/images/json"):
        for name in image["RepoTags"] or image["RepoDigests"] or [image["Id"]]:
            request(host, "DELETE", f"/images/{image['Id'] if '<none>' in name else name}?force=1")


def _decoded(text: str) -> Any:
    documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    return documents[0] if len(documents) == 1 else documents
