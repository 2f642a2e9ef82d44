# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an engine listens, and how TLS is to be done there: two frozen values and their parser.

Knows the forms of DOCKER_HOST and the environment variables beside it. Opens nothing and reads
neither files nor ``os.environ``: the environment is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from ..errors import EngineUnreachable

DEFAULT_HOST = "unix:///var/run/docker.sock"
PLAIN_PORT = 2375
TLS_PORT = 2376


@dataclass(frozen=True)
class Address:
    """One engine's address. ``path`` is the socket's for unix, and for ssh the far socket's or ""."""

    scheme: str  # unix, tcp, https, ssh
    host: str = ""
    port: int = 0  # 0: not given; the transport knows its default
    path: str = ""
    user: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}{self.path}"


@dataclass(frozen=True)
class Tls:
    """How to speak TLS. Empty paths mean: the system's authorities, no client certificate.

    ``server_name`` replaces the host's name in the check of the certificate. ``cert_optional``: cert
    and key are a guess (docker's folder) and are left out where neither file exists.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True
    server_name: str = ""
    cert_optional: bool = False


def parse_address(text: str) -> Address:
    """``unix:///path``, ``/path``, ``tcp://host[:port]``, ``http(s)://``, ``ssh://[user@]host[:port][/socket]``.

    Raises EngineUnreachable with the form that was expected.
    """
    if text.startswith("/"):
        return Address("unix", path=text)
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise _bad(text, "expected unix:///path, tcp://host:port, https://host:port or ssh://user@host")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise _bad(text, "the path of a unix socket starts with /, as in unix:///var/run/docker.sock")
        return Address("unix", path=rest)
    if scheme in ("tcp", "http", "https"):
        host, port = _host_and_port(text, rest.rstrip("/"))
        return Address("https" if scheme == "https" else "tcp", host=host, port=port)
    if scheme == "ssh":
        return _parse_ssh(text, rest)
    raise _bad(text, f"the transport {scheme} is not known; known are unix, tcp, https and ssh")


def from_environment(environ: Mapping[str, str]) -> Tuple[Address, Optional[Tls]]:
    """What the docker command would use, from its variables.

    DOCKER_HOST, DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH and DOCKER_TLS_HOSTNAME. As there,
    DOCKER_TLS_VERIFY counts when it is set to anything at all.
    """
    address = parse_address(environ.get("DOCKER_HOST") or DEFAULT_HOST)
    if address.scheme not in ("tcp", "https"):
        return address, None
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    folder = environ.get("DOCKER_CERT_PATH", "")
    name = environ.get("DOCKER_TLS_HOSTNAME", "")
    if not (verify or environ.get("DOCKER_TLS")):
        if address.scheme != "https":
            return address, None
        verify = True  # https without a word about TLS: checked, never silently trusted
        if not folder:
            return address, Tls(server_name=name)
    folder = (folder or environ.get("HOME", "") + "/.docker").rstrip("/")
    tls = Tls(f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem", verify, name, True)
    return address, tls


def _parse_ssh(text: str, rest: str) -> Address:
    authority, slash, path = rest.partition("/")
    user, _at, host_part = authority.rpartition("@")
    if ":" in user:
        raise EngineUnreachable("ssh addresses carry no password: use a key or an agent")
    host, port = _host_and_port(text, host_part)
    if host.startswith("-") or user.startswith("-"):
        raise _bad(text, "neither user nor host may start with -")
    return Address("ssh", host=host, port=port, path=slash + path if path else "", user=user)


def _host_and_port(text: str, authority: str) -> Tuple[str, int]:
    if authority.startswith("["):
        host, bracket, tail = authority[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise _bad(text, "an IPv6 address is written [::1]:2376")
        port = tail[1:]
    else:
        host, _colon, port = authority.partition(":")
    if not host or any(character in host for character in "/@?# \r\n"):
        raise _bad(text, "the host's name is missing or has characters no name has")
    if not port:
        return host, 0
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise _bad(text, "the port is a number from 1 to 65535")
    return host, int(port)


def _bad(text: str, reason: str) -> EngineUnreachable:
    # user:password@host is not a form known here, but people paste such things.
    before_host = (text.partition("://")[2] or text).rpartition("@")[0]
    shown = "what was given" if ":" in before_host else repr(text)
    return EngineUnreachable(f"{shown} is no engine address: {reason}")
