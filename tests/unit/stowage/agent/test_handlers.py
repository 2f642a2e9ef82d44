# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the read socket answers, and to whom; what takes long is bounded and always ends."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest

from stowage.agent.handlers import Handlers, later
from stowage.agent.wire import Call, Caller, HttpProblem
from stowage.errors import StowageError
from tests.unit.stowage.support.world import web

from .callers import until

MOST = 4  # answers that are looked for at a time


def ended(reply):
    """What came of a feed: documents, or the refusal."""
    data, problems = bytearray(), []

    def is_over():
        more, over, problem, _gone = reply.feed.take()
        data.extend(more)
        problems.extend([problem] if problem else [])
        return over

    until(is_over)
    return problems[0] if problems else [json.loads(line) for line in data.splitlines()]


class TestLater:
    def test_the_answer_is_what_was_found(self):
        assert ended(later(lambda: {"a": 1})) == [{"a": 1}]

    @pytest.mark.parametrize(
        ("fault", "status", "words"),
        [
            (HttpProblem(404, "not_found", "no such scope"), 404, "no such scope"),
            (StowageError("the engine said no"), 500, "the engine said no"),
            (KeyError("odd"), 500, "the runtime failed: KeyError: 'odd'"),
            (RecursionError("odd"), 500, "the runtime failed: RecursionError: odd"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_whatever_goes_wrong_is_told(self, fault, status, words):
        def ask():
            raise fault

        problem = ended(later(ask))
        assert (problem.status, str(problem)) == (status, words)

    def test_so_many_at_a_time_and_no_more(self):
        gate, before = threading.Event(), threading.active_count()
        replies = [later(lambda: gate.wait(10.0) and {}) for _time in range(MOST)]
        try:
            for _time in range(50):
                with pytest.raises(HttpProblem, match="too many ask this at once") as caught:
                    later(dict)
                assert caught.value.status == 503
            assert threading.active_count() <= before + MOST
        finally:
            gate.set()
        for reply in replies:
            assert ended(reply) == [{}]

    def test_a_place_is_free_again_however_it_ended(self):
        def odd():
            raise KeyError("odd")

        for _time in range(5 * MOST):
            assert ended(later(odd)).status == 500


@pytest.fixture
def ask(world):
    """Calls on a host on which one scope is declared, twice."""
    world.apply(**web(environment={"PASSWORD": "first-secret"}))
    world.apply(**web(environment={"PASSWORD": "second-secret"}))
    parts = SimpleNamespace(
        address=world.engine.address,
        digest="d1",
        settings=world.settings,
        store=world.store,
        keeper=world.keeper,
        journal=world.journal,
        metrics=world.metrics,
        runs=None,
        started=1.0,
    )
    handlers = Handlers(parts)

    def asked(path, method="GET", *, writes=False, **query):
        return handlers.answer(Call(method, path, query, {}, None, Caller(0, 0, 1, writes=writes)))

    with world.answering():
        yield asked


@pytest.mark.parametrize(
    ("path", "method", "query", "status"),
    [
        ("/v1/nothing", "GET", {}, 404),
        ("/v1/status", "POST", {}, 405),
        ("/v1/apply", "POST", {}, 403),
        ("/v1/pause", "POST", {}, 403),
        ("/v1/drift", "GET", {"scope": "nobody"}, 404),
        ("/v1/history", "GET", {"scope": "nobody"}, 404),
        ("/v1/history/nobody/1", "GET", {}, 404),
        ("/v1/history/host/9", "GET", {}, 404),
        ("/v1/history/host/x", "GET", {}, 400),
        ("/v1/history/host/²", "GET", {}, 400),
        ("/v1/history/host/1111111111", "GET", {}, 400),
        ("/v1/diff/host/1/9", "GET", {}, 404),
        ("/v1/events", "GET", {"after": "-1"}, 400),
        ("/v1/events", "GET", {"after": "99999999999999999999"}, 400),
    ],
)
def test_what_is_asked_for_in_vain(ask, path, method, query, status):
    with pytest.raises(HttpProblem) as caught:
        ask(path, method, **query)
    assert caught.value.status == status


def test_status_is_told_without_asking_the_engine(world, ask):
    world.engine.dead = True
    assert set(ask("/v1/status").document["scopes"]) == {"host"}


def test_drift_is_asked_for_now(world, ask):
    world.remove("web")
    [told] = ended(ask("/v1/drift"))
    assert told["scopes"]["host"]["drifted"]


def test_drift_of_an_engine_that_is_gone(world, ask):
    world.engine.dead = True
    problem = ended(ask("/v1/drift"))
    assert (problem.status, problem.code) == (502, "engine")


def test_versions_are_shown_and_compared_without_secrets(ask):
    versions = ask("/v1/history").document["scopes"]["host"]
    assert [(entry["number"], entry["current"]) for entry in versions] == [(2, True), (1, False)]
    shown, diff = ask("/v1/history/host/1").document, ask("/v1/diff/host/1/2").document
    assert shown["number"] == 1
    assert "PASSWORD" in diff["diff"]
    assert "-secret" not in json.dumps([shown, diff])


def test_events_without_following_end_with_the_last(world, ask):
    world.journal.tell("started", "one")
    world.journal.tell("started", "two")
    last = world.journal.recent()[-1]["number"]
    assert [event["text"] for event in ended(ask("/v1/events", follow="0", after=str(last - 1)))] == ["two"]


def test_events_that_are_followed_go_on(world, ask):
    feed = ask("/v1/events", after=str(world.journal.recent()[-1]["number"])).feed
    world.journal.tell("started", "later")
    data, over, _problem, _gone = feed.take()
    assert (json.loads(data)["text"], over) == ("later", False)


def test_the_doctor_comes_with_the_state_of_each_scope(world, ask):
    world.damage("host")
    world.look()
    [told] = ended(ask("/v1/doctor"))
    assert not told["ok"]
    assert {check["name"]: check["ok"] for check in told["checks"]}["scopes"] is False
