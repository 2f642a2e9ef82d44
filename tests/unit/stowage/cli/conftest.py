# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import tempfile
import time

import pytest

from stowage.cli import main
from tests.unit.stowage.support.recorded_runtime import Runtime


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """The same on every machine: no colours, no engine of the user's, one zone."""
    for name in ("DOCKER_HOST", "NO_COLOR", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def sockets(monkeypatch):
    """An empty folder of sockets. Its path is short, as a socket's has to be."""
    with tempfile.TemporaryDirectory(prefix="stowage-") as folder:
        monkeypatch.setenv("STOWAGE_SOCKETS", folder)
        yield folder


@pytest.fixture
def runtime(sockets):
    with Runtime(sockets) as running:
        yield running


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def stowage(sockets):
    """The command, as (exit code, output, complaints)."""

    def call(*words, terminal=False):
        kind = Terminal if terminal else io.StringIO
        out, err = kind(), kind()
        code = main(words, out, err)
        return code, out.getvalue(), err.getvalue().replace(sockets, "RUN")

    return call
