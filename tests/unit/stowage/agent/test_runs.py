# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is waited for, and come back for."""

from __future__ import annotations

import threading

from stowage.agent.runs import KEPT_RUNS, Runs
from stowage.model import operations as op
from stowage.model.plan import Plan, Step


def test_a_short_run_is_answered_at_once():
    run = Runs().start(lambda _listener: {"changed": True})
    assert run.wait(0, 5.0)["answer"] == {"changed": True}


def test_a_long_run_tells_what_came_since_and_at_last_the_answer():
    goes_on = threading.Event()
    plan = Plan("shop", (Step(1, op.StartContainer("web", "is missing")),))

    def work(listener):
        listener.planned(plan)
        listener.progress({"step": 1, "event": "started", "text": ""})
        goes_on.wait(5.0)
        listener.progress({"step": 1, "event": "done", "text": ""})
        return {"changed": True}

    run, seen = Runs().start(work), []
    while len(seen) < 2:
        seen += run.wait(len(seen), 5.0)["events"]
    assert [event["event"] for event in seen] == ["plan", "started"]
    assert (seen[1]["operation"], seen[1]["target"]) == ("StartContainer", "web")
    assert "answer" not in run.wait(len(seen), 0.0)
    goes_on.set()
    told = run.wait(len(seen), 5.0)
    while "answer" not in told:
        told = run.wait(told["next"], 5.0)
    assert told["answer"] == {"changed": True}


def test_who_listens_no_more_does_not_end_the_work():
    def work(listener):
        for _time in range(3):
            listener.progress({"step": 1, "event": "started", "text": ""})
        return {"changed": False}

    heard = []
    run = Runs().start(work, lambda event: heard.append(event) and False)
    assert run.wait(0, 5.0)
    while run.answer is None:
        run.wait(3, 5.0)
    assert run.answer == {"changed": False}
    assert len(heard) == 1


def test_a_fault_becomes_a_failed_answer():
    def work(_listener):
        raise ZeroDivisionError("no")

    run = Runs().start(work)
    while run.answer is None:
        run.wait(0, 5.0)
    assert run.answer["failed"]
    assert "ZeroDivisionError: no" in run.answer["msg"]


def test_what_the_engine_says_of_one_step_is_told_now_and_then_only():
    def work(listener):
        pull = op.PullImage("app:1", "")
        for number in range(1000):
            listener.detail(pull, {"id": "layer", "status": f"{number} bytes"})
        return {}

    run = Runs().start(work)
    while run.answer is None:
        run.wait(0, 0.1)
    assert 1 <= len(run.wait(0, 0.0)["events"]) < 10


def test_only_the_last_runs_are_remembered():
    runs = Runs()
    first = runs.start(lambda _listener: {})
    for _time in range(KEPT_RUNS + 5):
        run = runs.start(lambda _listener: {})
        while run.answer is None:
            run.wait(0, 5.0)
    assert runs.get(first.id) is None
    assert runs.get(run.id) is run
