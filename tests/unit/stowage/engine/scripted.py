# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on a real socket that says exactly what a test tells it to, and remembers what it heard.

For what no real engine does when asked: half answers, silence, garbage, going away at a bad moment.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from typing import Callable, Iterator, List

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nOK"


class Peer:
    """One accepted connection, seen from the server."""

    def __init__(self, sock: socket.socket, heard: List[bytes]) -> None:
        self._sock = sock
        self._heard = heard
        self._rest = b""

    def hear(self) -> bytes:
        """One request, head and body; b"" when the client has gone."""
        head = self._until(b"\r\n\r\n")
        if not head:
            return b""
        body = b""
        for line in head.split(b"\r\n"):
            name, _colon, value = line.partition(b":")
            if name.lower() == b"content-length":
                body = self._exactly(int(value))
            elif name.lower() == b"transfer-encoding":
                body = self._chunked()
        self._heard.append(head + body)
        return head + body

    def say(self, data: bytes) -> None:
        self._sock.sendall(data)

    def answer(self, status: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.say("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self) -> None:
        """Go away with unread bytes pending, which the client sees as a reset."""
        self._sock.close()

    def wait_for_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            while self._sock.recv(65536):
                pass

    def head(self) -> bytes:
        """Only a request's head; its body is left unread."""
        head = self._until(b"\r\n\r\n")
        self._heard.append(head)
        return head

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            data = self._sock.recv(65536)
            if not data:
                return b""
            self._rest += data
        found, _mark, self._rest = self._rest.partition(mark)
        return found + mark

    def _exactly(self, length: int) -> bytes:
        while len(self._rest) < length:
            data = self._sock.recv(65536)
            if not data:
                return b""
            self._rest += data
        found, self._rest = self._rest[:length], self._rest[length:]
        return found

    def _chunked(self) -> bytes:
        body = b""
        while True:
            line = self._until(b"\r\n")
            if not line:
                raise ConnectionResetError("the client left in the middle of its request")
            size = int(line, 16)
            body += self._exactly(size)
            self._exactly(2)
            if not size:
                return body


class Server:
    """Serves each connection with the next script; the last one serves all that follow."""

    def __init__(self, path: Path, scripts: List[Callable[[Peer], None]]) -> None:
        self.url = f"unix://{path}"
        self.heard: List[bytes] = []
        self.connections = 0
        self._scripts = scripts
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._peers: List[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def asked(self) -> List[str]:
        """The request lines heard, without the version of HTTP."""
        return [request.split(b" HTTP/")[0].decode() for request in self.heard]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        self._accepting.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                self._peers.append(sock)
                threading.Thread(target=self._serve, args=(sock, script), daemon=True).start()

    def _serve(self, sock: socket.socket, script: Callable[[Peer], None]) -> None:
        with contextlib.suppress(OSError), sock:
            script(Peer(sock, self.heard))


@contextlib.contextmanager
def serving(path: Path, *scripts: Callable[[Peer], None]) -> Iterator[Server]:
    server = Server(path, list(scripts))
    try:
        yield server
    finally:
        server.close()
