# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors from below as a table: which of the runtime's errors they become, and which advice goes along."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Optional

import pytest

from stowage import errors
from stowage.engine import faults
from stowage.engine.http import ProtocolError

UNIX = "unix:///var/run/docker.sock"
TCP = "tcp://engine.example:2376"


def system(code: int) -> OSError:
    return OSError(code, os.strerror(code))


@pytest.mark.parametrize(
    ("error", "where", "kind", "words"),
    [
        (system(errno.EACCES), UNIX, errors.EngineUnreachable, "become: true, or put the user into the docker"),
        (system(errno.ENOENT), UNIX, errors.EngineUnreachable, "installed and running"),
        (system(errno.ECONNREFUSED), UNIX, errors.EngineUnreachable, "is not running"),
        (system(errno.ECONNREFUSED), TCP, errors.EngineUnreachable, "tcp://engine.example:2376: Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), TCP, errors.EngineUnreachable, "Name or service"),
        (socket.timeout("timed out"), TCP, errors.EngineTimeout, "did not answer within 5 s"),
        (system(errno.ETIMEDOUT), TCP, errors.EngineUnreachable, "timed out"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), TCP, errors.EngineUnreachable, "ca_path"),
        (ssl.SSLError(1, "wrong version number"), TCP, errors.EngineUnreachable, "speaks TLS on this port"),
        (ProtocolError("the answer is not HTTP"), TCP, errors.EngineUnreachable, "the answer is not HTTP"),
        (errors.NotFound("as it was"), TCP, errors.NotFound, "as it was"),
        (ValueError(), TCP, errors.EngineUnreachable, "ValueError"),
    ],
    ids=repr,
)
def test_exceptions(error: Exception, where: str, kind: type, words: str) -> None:
    fault = faults.from_exception(error, where, "GET /info", seconds=5.0)
    assert type(fault) is kind
    assert words in str(fault)


def test_the_transports_own_words_are_kept() -> None:
    fault = faults.from_exception(ProtocolError("the connection ended"), "ssh://h", "", "docker: not found")
    assert str(fault) == "the connection ended: docker: not found"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"No such container: x"}\n', "No such container: x"),
        (b'{"cause":"no such container","response":404}', "no such container"),
        (b"404 page not found\n", "404 page not found"),
        (b'"text"', '"text"'),
        (b"", "status 404 and no explanation"),
        (b"{}", "status 404 and no explanation"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 100000, "[[["),
    ],
)
def test_the_engines_words(body: bytes, message: str) -> None:
    fault = faults.from_status(404, body, "GET /x")
    assert isinstance(fault, errors.NotFound)
    assert message in fault.message
    assert len(fault.message) <= faults.MAX_WORDS


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"errorDetail": {"code": 1, "message": "exit code: 1"}, "error": "other"}, "exit code: 1"),
        ({"error": "denied"}, "denied"),
        ({"errorDetail": "odd", "error": "denied"}, "denied"),
        ({"status": "error"}, None),
        ({"error": ""}, None),
        (["error"], None),
    ],
)
def test_events(event: object, message: Optional[str]) -> None:
    fault = faults.from_event(event, "POST /build")
    assert (fault.message if fault else None) == message
