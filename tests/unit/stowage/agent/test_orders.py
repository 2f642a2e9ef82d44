# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the write socket carries out, and what it refuses of it. The runs are real, on a model engine."""

from __future__ import annotations

import json
import math
import time
from types import SimpleNamespace

import pytest

from stowage import request
from stowage.agent.orders import LONGEST_LOCK, LONGEST_PAUSE, LONGEST_WAIT, Orders
from stowage.agent.runs import Runs
from stowage.agent.wire import Call, Caller, HttpProblem
from stowage.errors import StowageError
from stowage.store import Pause
from tests.unit.stowage.support.world import WEB, web

from .callers import until

NOT_A_NUMBER = [float("nan"), "nan", "soon", [], {}, None]


@pytest.fixture
def desk(world):
    """Orders of a host on which three scopes are declared."""
    world.wall = time.time()  # which is what an order goes by
    for scope in ("aa", "bb", "cc"):
        world.apply(scope=scope, containers={scope: {"image": "app:1"}})
    with world.answering():
        yield Desk(world)


class Desk:
    def __init__(self, world):
        self.world = world
        self.runs = Runs()
        self.parts = SimpleNamespace(
            address=world.engine.address,
            digest="d1",
            settings=world.settings,
            store=world.store,
            keeper=world.keeper,
            journal=world.journal,
            metrics=world.metrics,
            runs=self.runs,
            started=1.0,
        )
        self.orders = Orders(self.parts)

    def order(self, name, document=None, query=None, **values):
        call = Call("POST", f"/v1/{name}", query or {}, {}, document, Caller(0, 0, 1, writes=True))
        return getattr(self.orders, name)(call, values)

    def answer(self, name, document=None, query=None, **values):
        """The documents that the answer's feed brings, once it has ended."""
        feed = self.order(name, document, query, **values).feed
        got = []

        def has_ended():
            data, ended, problem, _gone = feed.take()
            got.append((data, problem))
            return ended

        until(has_ended)
        [problem] = [problem for _data, problem in got if problem] or [None]
        assert problem is None, problem
        return [json.loads(line) for line in b"".join(data for data, _problem in got).splitlines()]

    def refused(self, name, document=None, **more):
        with pytest.raises(HttpProblem) as caught:
            self.order(name, document, **more)
        return caught.value

    def pauses(self):
        return {scope: bool(self.world.store.standing(scope).pause) for scope in ("aa", "bb", "cc")}


class TestPause:
    def test_of_all(self, desk):
        reply = desk.order("pause", {"seconds": 60})
        assert reply.document["scopes"] == ["aa", "bb", "cc"]
        assert desk.pauses() == {"aa": True, "bb": True, "cc": True}

    def test_of_all_with_a_damaged_one_is_of_the_others(self, desk):
        desk.world.damage("bb")
        reply = desk.order("pause", {"seconds": 60, "reason": "work"})
        assert reply.document["scopes"] == ["aa", "cc"]
        assert desk.pauses() == {"aa": True, "bb": False, "cc": True}
        desk.world.look()
        assert desk.world.scope("cc")["mode"] == "paused"
        assert desk.order("resume", {}).document["scopes"] == ["aa", "cc"]
        assert not any(desk.pauses().values())

    def test_what_could_be_paused_is_though_another_could_not(self, desk):
        desk.world.keeper._due.clear()
        with desk.world.full_disk("pause", "bb"), pytest.raises(StowageError, match="No space left"):
            desk.order("pause", {"seconds": 60})
        assert desk.pauses()["aa"]
        assert "aa" in desk.world.keeper._due  # and is known to be from the next look on
        assert [event["scope"] for event in desk.world.events if event["kind"] == "paused"] == ["aa"]

    def test_of_a_damaged_one_is_refused(self, desk):
        desk.world.damage("bb")
        with pytest.raises(StowageError):
            desk.order("pause", {"scope": "bb", "seconds": 60})

    def test_of_one_that_is_not_known(self, desk):
        problem = desk.refused("pause", {"scope": "dd", "seconds": 60})
        assert (problem.status, "there are: aa, bb, cc" in str(problem)) == (404, True)

    @pytest.mark.parametrize(
        "seconds", [0, -1, True, "60", None, [], math.nan, math.inf, -math.inf, LONGEST_PAUSE + 1, 10**400]
    )
    def test_for_no_such_time(self, desk, seconds):
        assert desk.refused("pause", {"seconds": seconds}).status == 400
        assert not any(desk.pauses().values())

    def test_resume_ends_it_and_has_all_tried_again(self, desk):
        world = desk.world
        world.store.pause("aa", Pause(world.wall + 1000, "test", "", world.wall))
        world.remove("aa")
        world.look(1.0)
        assert world.status_of("aa") == "missing"
        desk.order("resume", {"scope": "aa"})
        world.look(20.0)
        assert world.status_of("aa") == "running"


class TestTimes:
    """What callers may ask to wait for is bounded, and a number."""

    @pytest.fixture
    def asked(self, desk, monkeypatch):
        found = []
        monkeypatch.setattr(request, "answer", lambda asked, resident: found.append(asked) or {"failed": False})

        def ask(**document):
            desk.answer("plan", {"manifest": {}, **document})
            return found[-1]["lock_timeout"]

        return ask

    @pytest.mark.parametrize(
        ("given", "taken"),
        [
            (0, 0.0),
            (-5, 0.0),
            (600, 600.0),
            ("7.5", 7.5),
            (1e300, LONGEST_LOCK),
            (math.inf, LONGEST_LOCK),
            (-math.inf, 0.0),
        ],
    )
    def test_for_the_lock(self, asked, given, taken):
        assert asked(lock_timeout=given) == taken

    @pytest.mark.parametrize("given", NOT_A_NUMBER)
    def test_what_is_no_number_is_as_by_default(self, asked, given):
        assert asked(lock_timeout=given) == request.DEFAULT_LOCK_TIMEOUT

    @pytest.mark.parametrize(
        ("given", "waited"), [("1e9", LONGEST_WAIT), ("inf", LONGEST_WAIT), ("nan", 10.0), ("-1", 0.0), ("3", 3.0)]
    )
    def test_for_news_of_a_run(self, desk, given, waited):
        waits = []
        run = SimpleNamespace(wait=lambda after, seconds: waits.append(seconds) or {"events": []})
        desk.runs.get = lambda identity: run
        desk.answer("run", query={"wait": given}, run="r1")
        assert waits == [waited]


class TestRequests:
    def ask(self, desk, asked, **more):
        [told] = desk.answer("request", {"digest": "d1", "wait": 10, "request": {"version": 1, **asked}, **more})
        while "answer" not in told:
            [told] = desk.answer("run", query={"after": str(told["next"])}, run=told["run"])
        return told["answer"]

    def manifest(self, **keys):
        return {"version": 1, "scope": "new", "monitor": 0, "wait": False, **keys}

    def test_an_apply_is_kept_with_who_asked(self, desk):
        answer = self.ask(desk, {"do": "converge", "manifest": self.manifest(**WEB)}, by="ansible (me@here)")
        assert (answer["failed"], answer["changed"]) == (False, True)
        version = desk.world.store.standing("new").version
        assert (version.by, version.outcome) == ("ansible (me@here)", "done")
        assert "applied by ansible (me@here): 2 operations" in desk.world.told("applied")

    def test_the_digest_must_be_ours(self, desk):
        asked = {"version": 1, "do": "converge", "manifest": self.manifest(**WEB)}
        assert desk.refused("request", {"digest": "d2", "request": asked}).status == 409
        assert desk.world.store.standing("new").version is None

    @pytest.mark.parametrize("host", ["tcp://10.0.0.1:2376", "unix:///elsewhere", "what"])
    def test_another_engine_is_not_ours(self, desk, host):
        asked = {"version": 1, "do": "info", "engine": {"host": host}}
        assert desk.refused("request", {"digest": "d1", "request": asked}).status == 409

    @pytest.mark.parametrize("document", [None, [], "x"])
    def test_what_is_no_object(self, desk, document):
        assert desk.refused("request", document).status == 400

    def test_a_request_that_is_none(self, desk):
        assert desk.refused("request", {"digest": "d1", "request": []}).status == 400

    def test_what_was_brought_is_taken_away_and_nothing_else(self, desk, tmp_path):
        (tmp_path / "incoming").mkdir()
        ours, theirs = tmp_path / "incoming" / "1-sha256-a", tmp_path / "mine"
        for path in (ours, theirs):
            path.write_text("content")
        files = {"sha256:a": str(ours), "sha256:b": str(theirs)}
        self.ask(desk, {"do": "converge", "manifest": self.manifest(**WEB), "files": files})
        assert (ours.exists(), theirs.exists()) == (False, True)

    def test_about_the_runtime(self, desk):
        answer = self.ask(desk, {"do": "runtime"})
        assert answer["present"]
        assert (set(answer["scopes"]), set(answer["history"])) == ({"aa", "bb", "cc"}, {"aa", "bb", "cc"})
        one = self.ask(desk, {"do": "runtime", "info": {"scope": "aa"}})
        assert (set(one["scopes"]), set(one["history"])) == ({"aa"}, {"aa"})

    def test_a_rollback(self, desk):
        desk.world.apply(scope="aa", **web())
        answer = self.ask(desk, {"do": "rollback", "info": {"scope": "aa", "number": None}}, by="ansible")
        assert (answer["failed"], answer["changed"], answer["number"]) == (False, True, 1)
        assert desk.world.store.standing("aa").version.by == "rollback to 1, ansible"

    def test_a_rollback_in_check_mode_changes_nothing_and_is_no_event(self, desk):
        desk.world.apply(scope="aa", **web())
        before = len(desk.world.events)
        answer = self.ask(desk, {"do": "rollback", "check": True, "info": {"scope": "aa", "number": None}})
        assert (answer["changed"], desk.world.engine.changes, desk.world.events[before:]) == (True, [], [])


def test_an_apply_that_failed_is_told_as_that(desk):
    manifest = {"version": 1, "scope": "aa", "containers": {"x": {"image": "app:1", "networks": ["nowhere"]}}}
    told = desk.answer("apply", {"manifest": manifest, "by": "me"})
    assert told[-1]["answer"]["failed"]
    assert desk.world.told("failure")[-1].startswith("apply by me failed: the declaration was refused")


@pytest.mark.parametrize("number", [True, "1", 1.5, []])
def test_a_version_is_a_whole_number(desk, number):
    assert desk.refused("rollback", {"scope": "aa", "number": number}).status == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [({"after": "x"}, 400), ({"after": "-1"}, 400), ({"after": "9" * 10}, 400), ({"after": "²"}, 400)],
)
def test_news_are_asked_for_by_number(desk, query, status):
    run = desk.runs.start(lambda _listener: {})
    assert desk.refused("run", query=query, run=run.id).status == status


def test_news_of_a_run_that_nobody_knows(desk):
    assert desk.refused("run", run="none").status == 404


@pytest.mark.parametrize("tail", ["x", "-1", "12345678", ""])
def test_so_many_lines_of_a_log(desk, tail):
    assert desk.refused("logs", query={"tail": tail}, container="aa").status == 400
