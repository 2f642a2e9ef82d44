# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link to an engine that comes and goes."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from stowage.agent import watch
from stowage.agent.service import StopSign
from stowage.agent.watch import Watch
from stowage.errors import EngineUnreachable


class Engine:
    """One connection's worth of engine: tells these events, and is gone."""

    def __init__(self, events):
        self._events = events
        self.system = SimpleNamespace(events=lambda **_filters: self)

    def __iter__(self):
        for event in self._events:
            if isinstance(event, BaseException):
                raise event
            yield event

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def close(self):
        pass


@pytest.fixture
def follow(monkeypatch):
    """Watch these connections one after the other; what was told, once there is no more."""
    monkeypatch.setattr(watch, "SHORTEST", 0.001)
    monkeypatch.setattr(watch, "LONGEST", 0.002)
    monkeypatch.setattr(watch, "PAUSE", 0.001)

    def run(*connections, is_stopped=lambda: False):
        told, left, over = [], iter(connections), threading.Event()

        def connect():
            connection = next(left, None)
            if connection is None:
                over.set()
                raise EngineUnreachable("no more")
            if isinstance(connection, BaseException):
                raise connection
            return Engine(connection)

        link = Watch(connect, lambda _e: told.append("came"), told.append, told.append, is_stopped)
        link.start()
        assert over.wait(5.0)
        link.stop()
        return told[: told.index("no more")] if "no more" in told else told

    return run


def test_events_are_told_and_the_end_is_followed_by_another_beginning(follow):
    assert follow([1, 2], [3]) == [
        "came", 1, 2, "the engine ended its stream of events", "came", 3, "the engine ended its stream of events",
    ]  # fmt: skip


@pytest.mark.parametrize("fault", [EngineUnreachable("refused"), OSError(5, "gone"), KeyError("Actor")], ids=repr)
def test_no_fault_ends_it(follow, fault):
    told = follow([1, fault], fault, [2])
    assert told.count("came") == 2
    assert told[-2:] == [2, "the engine ended its stream of events"]


def test_one_that_was_stopped_is_not_called(follow):
    looks = iter([True] * 20)
    began = time.monotonic()
    assert follow([1], [2], is_stopped=lambda: next(looks, False)).count("came") == 2
    assert time.monotonic() - began > 0.02


def test_an_engine_is_stopped_when_its_file_goes_and_not_where_there_never_was_one(tmp_path):
    path = tmp_path / "docker.pid"
    is_stopped = StopSign(str(path))
    assert not is_stopped()
    path.write_text("1")
    assert not is_stopped()
    path.unlink()
    assert is_stopped()
    path.write_text("2")
    assert not is_stopped()
