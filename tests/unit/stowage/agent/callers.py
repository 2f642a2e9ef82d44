# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a folder, and callers who speak to it in bytes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time

from stowage.agent.server import Door, Server
from stowage.agent.wire import Limits, Reply

GET = b"GET /v1/status HTTP/1.1\r\nHost: stowage\r\n\r\n"
PATIENCE = 20.0  # seconds after which a test gives up


def echo(call):
    return Reply(200, {"method": call.method, "path": call.path, "query": dict(call.query), "document": call.document})


class Served:
    """A running server with both doors."""

    def __init__(self, folder, answer=echo, limits=None):
        self.folder = folder
        self.read, self.write = str(folder / "read.sock"), str(folder / "write.sock")
        doors = (
            Door(self.read, 0o660, os.getegid()),
            Door(self.write, 0o600, os.getegid(), writes=True),
        )
        self.server = Server(doors, answer, limits or Limits())

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_error):
        self.server.stop()

    def connect(self, *, write=False):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(self.write if write else self.read)
        return connection

    def ask(self, request=GET, *, write=False):
        """The status and the body of an answer; the document where that is one."""
        with self.connect(write=write) as connection:
            with contextlib.suppress(BrokenPipeError):  # refused before all of it was sent
                connection.sendall(request)
            return answer_of(connection)

    def post(self, body, **headers):
        lines = [b"POST /v1/plan HTTP/1.1", b"Host: stowage", b"Content-Length: %d" % len(body)]
        lines += [f"{name}: {value}".encode() for name, value in headers.items()]
        return self.ask(b"\r\n".join(lines) + b"\r\n\r\n" + body, write=True)


def answer_of(connection):
    data = bytearray()
    while True:
        more = connection.recv(1 << 16)
        if not more:
            break
        data += more
    return parsed(bytes(data))


def parsed(data):
    head, _blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert headers["connection"] == "close"
    assert int(headers.get("content-length", len(body))) == len(body)
    return int(first.split(" ")[1]), json.loads(body) if headers[
        "content-type"
    ] == "application/json" else body.decode()


def until(condition):
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)
