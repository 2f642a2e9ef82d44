# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte streams to an engine: unix socket, tcp, tcp with TLS; ssh lives in ``ssh.py``.

Knows sockets and nothing of HTTP. What it raises is the system's own (OSError, ssl.SSLError, which
is one); ``faults.py`` turns that into the runtime's errors at one border.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from typing import TYPE_CHECKING, Any, Optional

from .address import PLAIN_PORT, TLS_PORT, Address, Tls

if TYPE_CHECKING:  # ssl costs 10 ms to import, and few runs need it
    import ssl

RECEIVE_SIZE = 65536


class Stream:
    """A connected, bidirectional byte stream over a socket or anything shaped like one."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: bytes | memoryview, timeout: Optional[float]) -> int:
        """Send some of data and return how much; waits at most timeout seconds (None: for ever)."""
        self._sock.settimeout(timeout)
        return int(self._sock.send(data))

    def receive(self, timeout: Optional[float]) -> bytes:
        """The next bytes, or ``b""`` when the far side has ended."""
        self._sock.settimeout(timeout)
        return bytes(self._sock.recv(RECEIVE_SIZE))

    def poll(self) -> Optional[bytes]:
        """What has already arrived, without waiting: None for nothing, ``b""`` for the end.

        Reading, not ``select``: behind TLS a readable socket may hold no byte for us.
        """
        try:
            return self.receive(0.0)
        except OSError as error:
            # ssl.SSLWantReadError is told by its name: importing ssl for that would cost unix sockets 10 ms.
            waiting = isinstance(error, (BlockingIOError, socket.timeout))
            if waiting or type(error).__name__ == "SSLWantReadError":
                return None
            raise

    def close(self) -> None:
        """End both directions. A thread that waits in ``receive`` wakes up with the end or an error."""
        with contextlib.suppress(OSError):  # not connected any more
            self._sock.shutdown(socket.SHUT_RDWR)  # close alone would leave that thread waiting
        self._sock.close()

    def explain(self) -> str:
        """What the transport itself had to say about a broken stream, or ""."""
        return ""


def make_dialer(address: Address, tls: Optional[Tls]) -> Dialer:
    """The dialer for an address. Nothing is connected yet."""
    if address.scheme == "unix":
        return UnixDialer(address)
    if address.scheme == "ssh":
        from .ssh import SshDialer

        return SshDialer(address)
    return TcpDialer(address, tls or (Tls() if address.scheme == "https" else None))


class Dialer:
    """Opens streams to one engine; thread-safe."""

    host = "docker"  # for the Host header
    most: Optional[int] = None  # streams at a time, where the way there has a limit of its own

    def open(self, timeout: Optional[float]) -> Stream:
        """Connect one stream within timeout seconds (None: without a limit)."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the streams have in common (the ssh connection)."""


class UnixDialer(Dialer):
    """Streams to a unix socket."""

    def __init__(self, address: Address) -> None:
        self._path = address.path

    def open(self, timeout: Optional[float]) -> Stream:
        """Connect; waits for a place where the engine's backlog is full."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.settimeout(timeout)
                sock.connect(self._path)
                return Stream(sock)
            except OSError as error:
                sock.close()
                # A full backlog of a unix socket refuses at once instead of waiting.
                if error.errno != errno.EAGAIN or (end is not None and time.monotonic() > end):
                    raise
            except BaseException:
                sock.close()
                raise
            time.sleep(0.02)


class TcpDialer(Dialer):
    """Streams over tcp, with TLS where settings for it are given."""

    def __init__(self, address: Address, tls: Optional[Tls]) -> None:
        self._host = address.host
        self._port = address.port or (TLS_PORT if tls else PLAIN_PORT)
        self._tls = tls
        self._context: Optional[ssl.SSLContext] = None
        name = f"[{address.host}]" if ":" in address.host else address.host
        self.host = f"{name}:{self._port}"

    def open(self, timeout: Optional[float]) -> Stream:
        """Connect, shake hands, and check the engine's certificate."""
        sock = socket.create_connection((self._host, self._port), timeout)
        try:
            # Requests are one small write each: waiting to fill a segment would only add delay.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._tls is None:
                return Stream(sock)
            if self._context is None:
                self._context = _make_context(self._tls)
            name = self._tls.server_name or self._host
            return TlsStream(self._context.wrap_socket(sock, server_hostname=name))
        except BaseException:
            sock.close()
            raise


class TlsStream(Stream):
    """A TLS connection."""

    def receive(self, timeout: Optional[float]) -> bytes:
        """Receive; an end without TLS's own goodbye is an end."""
        import ssl

        try:
            return super().receive(timeout)
        except ssl.SSLEOFError:
            return b""  # ended without close_notify; HTTP's own framing tells whether that is early


def _make_context(tls: Tls) -> ssl.SSLContext:
    """Docker's conventions: with a ca only that ca is trusted; a certificate only together with its key."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca:
        context.load_verify_locations(cafile=tls.ca)
    else:
        context.load_default_certs()
    guessed = tls.cert_optional and not (os.path.exists(tls.cert) or os.path.exists(tls.key))
    if (tls.cert or tls.key) and not guessed:
        context.load_cert_chain(tls.cert, tls.key or None)
    return context
