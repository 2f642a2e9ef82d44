# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runtime that answers what was recorded: real unix sockets, one thread, whatever bytes a test wants to come back."""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import threading
from pathlib import Path


def document(value, status=200):
    """A whole answer with a document."""
    body = json.dumps(value).encode() + b"\n"
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


def stream(*values):
    """An answer that is a stream, and ends with its connection."""
    lines = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n" + lines


def refusal(status, message):
    """An answer that says no."""
    return document({"error": {"code": "x", "message": message}}, status)


class Runtime:
    """Listens in ``folder``. ``answers`` leads from "METHOD target" to bytes; ``calls`` tells what was asked."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.answers = {}
        self.calls = []
        self._selector = selectors.DefaultSelector()
        self._ends = socket.socketpair()
        self._selector.register(self._ends[0], selectors.EVENT_READ, "")
        for door in ("read.sock", "write.sock"):
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(str(Path(self.folder, door)))
            listening.listen(16)
            self._selector.register(listening, selectors.EVENT_READ, door)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._ends[1].close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _run(self):
        while True:
            for key, _events in self._selector.select():
                if not key.data:
                    return
                connected, _peer = key.fileobj.accept()
                with connected:
                    self._answer(key.data, connected)

    def _answer(self, door, connected):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connected.recv(1)
        first, *headers = head.decode().rstrip().split("\r\n")
        length = next((int(line.split(":")[1]) for line in headers if line.startswith("Content-Length:")), 0)
        body = b""
        while len(body) < length:
            body += connected.recv(length - len(body))
        call = first.rpartition(" ")[0]
        self.calls.append((door, call, json.loads(body) if body else None))
        with contextlib.suppress(BrokenPipeError):
            connected.sendall(self.answers.get(call, refusal(404, f"there is no {call}")))
