# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom is told of what, how often, and that nobody waits for those who do not listen."""

from __future__ import annotations

import json
import threading
import time

import pytest

from stowage.agent import notify
from stowage.agent.notify import Notifier
from stowage.agent.settings import Notify

from .callers import until
from .hook import Hook
from .processes import command_lines, is_there

YEAR = 365 * 86400.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(notify, "PAUSES", (0.01, 0.01))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def event(number=1, kind="drift", **more):
    return {"number": number, "time": 1.5, "kind": kind, "scope": "shop", "text": "not as declared", **more}


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Told:
    """A notifier, and what it could not deliver."""

    def __init__(self, clock=time.monotonic, **settings):
        self.unsent = []
        self.notifier = Notifier(Notify(**settings), self.unsent.append, clock)

    def tell(self, *events):
        for each in events:
            self.notifier.tell(each)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.notifier.close(60.0)


def script(tmp_path, text):
    """A command for the notifier; ``$here`` in it is the folder."""
    path = tmp_path / "command"
    path.write_text(f"#!/bin/sh\nhere={tmp_path}\n{text}\n")
    path.chmod(0o755)
    return (str(path), "an argument")


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_webhook_gets_the_event():
    with Hook() as hook:
        with Told(webhook=hook.url) as told:
            told.tell(event(plan=["start web"], seconds=0.5))
        assert hook.documents() == [{**event(plan=["start web"], seconds=0.5), "left_out": 0, "operations": 1}]
    assert told.unsent == []


def test_the_command_gets_the_event_on_its_input(tmp_path):
    command = script(tmp_path, 'echo "$1" >$here/argument; cat >>$here/got')
    with Told(command=command) as told:
        told.tell(event(1), event(2))
    assert lines_of(tmp_path / "got") == [{**event(1), "left_out": 0}, {**event(2), "left_out": 0}]
    assert (tmp_path / "argument").read_text() == "an argument\n"
    assert told.unsent == []


def test_both_are_told_though_one_fails(tmp_path):
    with Hook(404) as hook:
        with Told(webhook=hook.url, command=script(tmp_path, "cat >>$here/got")) as told:
            told.tell(event())
    assert len(lines_of(tmp_path / "got")) == 1
    assert told.unsent == ["a notification (drift) was not delivered: the webhook: it was answered with status 404"]


def test_of_a_long_plan_the_beginning_is_sent():
    with Hook() as hook:
        with Told(webhook=hook.url) as told:
            told.tell(event(plan=[f"step {n}" for n in range(1000)]))
        [document] = hook.documents()
    assert document["plan"] == [f"step {n}" for n in range(20)]
    assert document["operations"] == 1000


def test_only_the_kinds_that_were_asked_for_are_sent():
    with Hook() as hook:
        with Told(webhook=hook.url, events=("held", "repair")) as told:
            told.tell(event(1, "drift"), event(2, "repair"), event(3, "failure"), event(4, "held"))
        assert [document["number"] for document in hook.documents()] == [2, 4]


@pytest.mark.parametrize("settings", [{}, {"command": ("/bin/true",), "events": ("held",)}])
def test_without_anybody_to_tell_there_is_no_thread(settings):
    before = threading.active_count()
    with Told(**settings) as told:
        told.tell(event())
        assert threading.active_count() == before


def test_whoever_tells_does_not_wait():
    with Hook(60.0) as hook:
        told = Told(webhook=hook.url, per_minute=1000)
        told.tell(event(0))
        until(lambda: hook.got)
        began = time.monotonic()
        told.tell(*(event(number) for number in range(1, 500)))
        assert time.monotonic() - began < 5.0  # the server takes a minute
        told.notifier.close(0.0)
        # One was on its way, and of those that wait there is a bound.
        until(lambda: len(told.unsent) == notify.WAITING + 1)


def test_closing_sends_what_waits(tmp_path):
    told = Told(command=script(tmp_path, "cat >>$here/got"), per_minute=100)
    told.tell(*(event(number) for number in range(20)))
    told.notifier.close(60.0)
    assert [document["number"] for document in lines_of(tmp_path / "got")] == list(range(20))
    told.tell(event(99))
    assert not told.notifier._waiting


def test_closing_does_not_wait_for_a_server_that_is_silent():
    with Hook(60.0) as hook:
        told = Told(webhook=hook.url)
        told.tell(event(1), event(2))
        until(lambda: hook.got)
        began = time.monotonic()
        told.notifier.close(0.2)
        assert time.monotonic() - began < 3.0
        assert not told.notifier._thread.is_alive()
    assert len(told.unsent) == 2
    assert told.unsent[1].endswith("the runtime ended")


def test_a_server_that_is_in_trouble_is_asked_again(monkeypatch):
    monkeypatch.setattr(notify, "PAUSES", (0.2, 0.4))
    with Hook(500, 503, 204) as hook:
        with Told(webhook=hook.url) as told:
            told.tell(event())
            until(lambda: len(hook.got) == 3)
        first, second, third = hook.times
        assert second - first >= 0.2
        assert third - second >= 0.4
        assert len({json.dumps(document) for document in hook.documents()}) == 1
    assert told.unsent == []


@pytest.mark.parametrize(
    ("answer", "attempts", "said"),
    [
        (500, 3, "it was answered with status 500"),
        (b"", 3, "no answer in time, or none that can be read"),
        (403, 1, "it was answered with status 403"),
        ((302, {"Location": "file:///etc/passwd"}), 1, "it redirects elsewhere (status 302)"),
    ],
)
def test_a_server_that_refuses_is_told_of(answer, attempts, said):
    with Hook(answer) as hook:
        with Told(webhook=hook.url) as told:
            told.tell(event())
            until(lambda: told.unsent)
        assert len(hook.got) == attempts
    [text] = told.unsent
    assert text.startswith(f"a notification (drift) was not delivered: the webhook: {said}")
    assert "secret" not in text


def test_a_silent_server_is_given_up(monkeypatch):
    monkeypatch.setattr(notify, "WEBHOOK_SECONDS", 0.5)
    monkeypatch.setattr(notify, "PAUSES", (0.01,))
    with Hook(20.0) as hook:
        with Told(webhook=hook.url) as told:
            told.tell(event())
            until(lambda: told.unsent)
        assert len(hook.got) == 2


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(monkeypatch):
    """Each byte comes in time; the answer never does."""
    monkeypatch.setattr(notify, "WEBHOOK_SECONDS", 0.4)
    monkeypatch.setattr(notify, "PAUSES", ())
    with Hook() as hook:
        handler = hook.server.RequestHandlerClass

        def drip(self):
            hook.got.append(self.path)
            try:
                for _time in range(200):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                self.close_connection = True

        handler.do_POST = drip
        began = time.monotonic()
        with Told(webhook=hook.url) as told:
            told.tell(event())
            until(lambda: told.unsent)
        assert time.monotonic() - began < 10.0
    assert told.unsent == ["a notification (drift) was not delivered: the webhook: it took too long"]


def test_nobody_sees_the_url_in_the_list_of_processes():
    with Hook(20.0) as hook:
        told = Told(webhook=hook.url)
        told.tell(event())
        until(lambda: hook.got)
        seen = list(command_lines())
        told.notifier.close(0.0)
    assert any(b"urllib" in line for line in seen)
    assert not any(b"secret-path" in line for line in seen)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'no   such\nroom'; exit 3", "it ended with exit code 3: no such room"),
        ("printf '\\033[31mred\\0' >&2; exit 1", "it ended with exit code 1: [31mred"),
        ("kill -KILL $$", "it ended with exit code 137"),
        ("exec yes", "it wrote more than 1 MiB: y y y"),
    ],
)
def test_a_command_that_fails_is_told_of(tmp_path, text, said):
    command = script(tmp_path, text)
    with Told(command=command) as told:
        told.tell(event(kind="failure"))
    [unsent] = told.unsent
    assert unsent.startswith(f"a notification (failure) was not delivered: the command {command[0]}: {said}")
    assert len(unsent) < 400


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(notify, "COMMAND_SECONDS", 0.5)
    command = script(tmp_path, "sleep 600 & echo $! >$here/pid; trap '' TERM; wait; sleep 600")
    with Told(command=command) as told:
        told.tell(event())
        until(lambda: told.unsent)
    assert told.unsent == [f"a notification (drift) was not delivered: the command {command[0]}: it took too long"]
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not is_there(pid))


def test_a_command_that_is_not_there_is_told_of_each_time():
    with Told(command=("/no/such/command",)) as told:
        told.tell(event(1), event(2))
    assert (
        told.unsent
        == ["a notification (drift) was not delivered: the command /no/such/command: No such file or directory"] * 2
    )


def test_no_more_are_sent_a_minute_than_asked_for_and_the_next_one_says_how_many(tmp_path):
    clock = Clock()
    with Told(clock, command=script(tmp_path, "cat >>$here/got"), per_minute=2) as told:
        told.tell(event(1))
        clock.now += 30
        told.tell(event(2), event(3), event(4))
        clock.now += 29.9
        told.tell(event(5))
        clock.now += 0.1  # a minute after the first: there is room for one
        told.tell(event(6), event(7))
        clock.now += 60
        told.tell(event(8), event(9))
    got = lines_of(tmp_path / "got")
    assert [(document["number"], document["left_out"]) for document in got] == [(1, 0), (2, 0), (6, 3), (8, 1), (9, 0)]
    assert [document["text"] for document in got] == [
        "not as declared",
        "not as declared",
        "not as declared (3 more were left out before this)",
        "not as declared (1 more was left out before this)",
        "not as declared",
    ]


def test_kinds_that_nobody_asked_for_are_not_left_out(tmp_path):
    with Told(Clock(), command=script(tmp_path, "cat >>$here/got"), per_minute=1) as told:
        told.tell(event(1), event(2, "engine"))
        assert told.notifier._left_out == 0


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_is_set_lifts_no_limit_and_lengthens_none(tmp_path, monkeypatch, years):
    command = script(tmp_path, "cat >>$here/got")
    monkeypatch.setattr(notify, "_MINUTE", 0.5)
    with Told(command=command, per_minute=1) as told:
        told.tell(event(1))
        wall = time.time
        monkeypatch.setattr(time, "time", lambda: wall() + years * YEAR)
        told.tell(event(2))
        time.sleep(0.6)
        told.tell(event(3))
    got = lines_of(tmp_path / "got")
    assert [(document["number"], document["left_out"]) for document in got] == [(1, 0), (3, 1)]


def test_what_reached_nobody_is_counted_in_the_next_one(tmp_path):
    command = script(tmp_path, "test -e $here/well || exit 1; cat >>$here/got")
    with Told(command=command, per_minute=10) as told:
        told.tell(event(1))
        until(lambda: told.unsent)
        until(lambda: told.notifier._left_out == 1)
        (tmp_path / "well").touch()
        told.tell(event(2))
    [document] = lines_of(tmp_path / "got")
    assert (document["number"], document["left_out"]) == (2, 1)
