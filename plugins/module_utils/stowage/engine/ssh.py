# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte streams to an engine on another host, through ssh: ``docker system dial-stdio`` over there.

Hosts need no docker command for anything else, and some have none: there a few words of Python do what
dial-stdio does. One ssh connection, one channel for each stream. Host keys are verified against known_hosts, always:
``StrictHostKeyChecking no`` is not honoured, for whoever answers gets root on what it claims to be.
paramiko is imported only when a connection is made; other transports never need it.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from functools import partial
from typing import Any, Callable, Dict, List, Optional

from ..errors import EngineUnreachable
from .address import DEFAULT_HOST, Address, parse_address
from .transport import RECEIVE_SIZE, Dialer, Stream

MAX_JUMPS = 8
LAST_WORDS = 2000  # bytes of the far side's stderr that are kept
EXIT_WAIT = 1.0  # seconds to wait for the far command's exit code, once its output has ended
CLOSE_WAIT = 5.0  # seconds to wait for the end of the ssh connection's thread

# stdin to the engine's socket and back, without a byte held; for hosts without the docker command.
_RELAY = """
import os, socket, sys, threading
engine = socket.socket(socket.AF_UNIX)
engine.connect(sys.argv[1])
def upwards():
    any(engine.sendall(data) for data in iter(lambda: os.read(0, 65536), b""))
    engine.shutdown(socket.SHUT_WR)
threading.Thread(target=upwards, daemon=True).start()
out = sys.stdout.buffer
any(out.write(data) and out.flush() for data in iter(lambda: engine.recv(65536), b""))
"""


class SshStream(Stream):
    """A paramiko channel, with what it raises made equal to what a socket raises."""

    def send(self, data: bytes | memoryview, timeout: Optional[float]) -> int:
        """Send; a closed channel is a broken pipe."""
        try:
            return super().send(data, timeout)
        except socket.timeout:
            raise
        except (OSError, EOFError) as error:
            raise BrokenPipeError(str(error) or "the ssh channel is closed") from error

    def close(self) -> None:
        """Close the channel; the ssh connection stays."""
        self._sock.close()

    def explain(self) -> str:
        """What the far command printed on stderr, and its exit code, where it has ended."""
        channel = self._sock
        channel.status_event.wait(EXIT_WAIT)
        words = b""
        while channel.recv_stderr_ready() and len(words) < LAST_WORDS:
            words += channel.recv_stderr(RECEIVE_SIZE)
        text = words[:LAST_WORDS].decode("utf-8", "replace").strip()
        if not channel.status_event.is_set() or channel.exit_status <= 0:
            return text
        return f"{text} (exit code {channel.exit_status} on the far side)".lstrip()


class SshDialer(Dialer):
    """Streams through one ssh connection, made at the first need and again after it broke."""

    most = 8  # sshd's MaxSessions is 10 by default; two are left for event streams

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._transport: Any = None
        self._closers: List[Callable[[], None]] = []  # for all that is open, in the order it was opened
        self._command = ""  # what is run over there, found out at the login

    def open(self, timeout: Optional[float]) -> Stream:
        """Open a channel, logging in first where there is no live connection."""
        transport = self._connected(timeout)
        channel = transport.open_session(timeout=timeout)
        try:
            channel.settimeout(timeout)
            channel.exec_command(self._command)
        except BaseException:
            channel.close()
            raise
        return SshStream(channel)

    def close(self) -> None:
        """End the ssh connection and those of the jump hosts."""
        with self._lock:
            self._hang_up()

    def _connected(self, timeout: Optional[float]) -> Any:
        # The lock is held while connecting: every other thread needs this very connection.
        with self._lock:
            if self._transport is not None and self._transport.is_active():
                return self._transport
            self._hang_up()
            paramiko = _import_paramiko()
            try:
                transport = self._log_in(paramiko, _read_config(paramiko), self._address, timeout)
            except BaseException:
                self._hang_up()
                raise
            transport.set_keepalive(30)
            self._command = _dial_command(self._address.path, _has_docker(transport, timeout))
            self._transport = transport
            return transport

    def _hang_up(self) -> None:
        self._transport = None
        while self._closers:
            self._closers.pop()()

    def _log_in(
        self,
        paramiko: Any,
        config: Any,
        address: Address,
        timeout: Optional[float],
        *,
        through: Any = None,
        depth: int = 0,
    ) -> Any:
        """Log in at an address as ~/.ssh/config has it, through its ProxyJump; the transport."""
        if depth > MAX_JUMPS:
            raise EngineUnreachable(f"more than {MAX_JUMPS} jump hosts on the way to {self._address}")
        settings = config.lookup(address.host)
        host = settings.get("hostname", address.host)
        port = address.port or int(settings.get("port", 22))
        jumps = settings.get("proxyjump", "none")
        if through is None and jumps.lower() != "none":
            for jump in jumps.split(","):
                hop = parse_address(f"ssh://{jump.strip()}")
                through = self._log_in(paramiko, config, hop, timeout, through=through, depth=depth + 1)
        sock = None
        if through is not None:
            sock = through.open_channel("direct-tcpip", (host, port), ("", 0), timeout=timeout)
        elif settings.get("proxycommand", "none").lower() != "none":
            sock = paramiko.ProxyCommand(settings["proxycommand"])
            self._closers.append(partial(_close_proxy, sock.process))
        client = paramiko.SSHClient()
        self._closers.append(partial(_close_client, client))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        for path in _known_hosts(settings):
            client.load_system_host_keys(path)
        alone = settings.get("identitiesonly", "no").lower() == "yes"
        client.connect(
            host,
            port=port,
            username=address.user or settings.get("user"),
            key_filename=settings.get("identityfile"),
            look_for_keys=not alone,
            allow_agent=not alone,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            channel_timeout=timeout,
            sock=sock,
        )
        return client.get_transport()


def _close_client(client: Any) -> None:
    transport = client.get_transport()
    client.close()
    if transport is not None:
        transport.join(CLOSE_WAIT)  # its thread uses the socket a little longer, and complains if that is gone


def _close_proxy(process: Any) -> None:
    """End a ProxyCommand for good: paramiko only sends it a signal."""
    process.terminate()
    with process:
        pass


def _has_docker(transport: Any, timeout: Optional[float]) -> bool:
    """Whether the far side has the docker command.

    A key may be bound to ``docker system dial-stdio`` there, whatever is asked for: that ends well when
    its input does, and counts as having it.
    """
    with transport.open_session(timeout=timeout) as channel:
        channel.settimeout(timeout)
        channel.exec_command("command -v docker")
        channel.shutdown_write()
        while channel.recv(RECEIVE_SIZE):
            pass
        channel.status_event.wait(EXIT_WAIT)
        return bool(channel.exit_status <= 0)


def _dial_command(path: str, has_docker: bool) -> str:
    if has_docker and not path:
        return "docker system dial-stdio"
    import shlex

    if has_docker:
        return f"docker --host {shlex.quote('unix://' + path)} system dial-stdio"
    socket_path = path or DEFAULT_HOST.partition("://")[2]
    return f"python3 -c {shlex.quote(_RELAY)} {shlex.quote(socket_path)}"


def _read_config(paramiko: Any) -> Any:
    try:
        return paramiko.SSHConfig.from_path(os.path.expanduser("~/.ssh/config"))
    except FileNotFoundError:
        return paramiko.SSHConfig()


def _known_hosts(settings: Dict[str, Any]) -> List[str]:
    """The files that vouch for hosts, those that exist; a named file that does not is skipped as ssh does."""
    user = settings.get("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")
    everyone = settings.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2")
    paths = [os.path.expanduser(path.strip('"')) for path in f"{user} {everyone}".split()]
    return [path for path in paths if os.path.isfile(path)]


def _import_paramiko() -> Any:
    import importlib
    import logging

    try:
        paramiko = importlib.import_module("paramiko")
    except ImportError as error:
        raise EngineUnreachable(
            f"engines at ssh:// addresses need the library paramiko in {sys.executable or 'this Python'}: "
            "install the package python3-paramiko, or run pip install paramiko"
        ) from error
    # Without a handler Python prints the library's own complaints, beside the error that we raise.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    return paramiko
