# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping containers by the engine's socket; a few lines play the engine. The real one does so in molecule."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from provision.errors import ProvisionError
from provision.packages import stopping


@pytest.fixture
def engine(tmp_path):
    """Answer one request; what was asked is told."""
    path, asked = str(tmp_path / "engine.sock"), []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def answer(status, body=b""):
            def serve():
                with listening.accept()[0] as connection:
                    asked.append(connection.recv(4096).split(b"\r\n")[0].decode())
                    connection.sendall(b"HTTP/1.0 %d X\r\n\r\n" % status + body)

            threading.Thread(target=serve, daemon=True).start()
            return path

        yield answer, asked


def test_which_containers_run(engine):
    answer, asked = engine
    body = json.dumps([{"Id": "a1", "Names": ["/web"]}, {"Id": "b2", "Names": None}]).encode()
    assert stopping.running(answer(200, body)) == [("a1", "web"), ("b2", "b2")]
    assert asked == ["GET /containers/json HTTP/1.0"]


@pytest.mark.parametrize("status", [204, 304, 404])
def test_one_that_stops_or_is_gone(engine, status):
    answer, asked = engine
    stopping.stop(answer(status), "a1")
    assert asked == ["POST /containers/a1/stop?t=10 HTTP/1.0"]


def test_one_that_does_not(engine):
    answer, _ = engine
    with pytest.raises(ProvisionError, match=r"could not be stopped \(status 500\): it hangs"):
        stopping.stop(answer(500, b"it hangs"), "a1")


def test_an_engine_that_does_not_answer(engine, tmp_path):
    answer, _ = engine
    with pytest.raises(ProvisionError, match="status 503"):
        stopping.running(answer(503))
    with pytest.raises(ProvisionError, match="gave no answer"):
        stopping.running(str(tmp_path / "none"))
