# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time

import pytest

from stowage.errors import Conflict, EngineUnreachable
from stowage.model.operations import CreateContainer, Pause, StartContainer, StopContainer, WaitContainer
from stowage.model.plan import Plan, Rollback, Step
from stowage.walk import Walk


def plan_of(*steps, rollbacks=()):
    """``(name, after[, settled])`` each, numbered from 1."""
    made = []
    for number, (name, after, *settled) in enumerate(steps, 1):
        made.append(Step(number, StartContainer(name, "test"), tuple(after), tuple(settled[0]) if settled else ()))
    return Plan("host", tuple(made), tuple(rollbacks))


class Recorder:
    """Performs operations by name; ``faults`` raises, ``effects`` is called, all is written down."""

    def __init__(self, faults=None, effects=None):
        self.faults = faults or {}
        self.effects = effects or {}
        self.begun = []
        self.ended = []
        self.events = []
        self.at_work = 0
        self.most = 0
        self.lock = threading.Lock()

    def perform(self, operation):
        with self.lock:
            self.begun.append(operation.name)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        try:
            if operation.name in self.effects:
                self.effects[operation.name]()
            if operation.name in self.faults:
                raise self.faults[operation.name]
        finally:
            with self.lock:
                self.at_work -= 1
                self.ended.append(operation.name)
        return f"{operation.name} is well"

    def walk(self, plan, workers=1, redact=str, explain=lambda operation: ()):
        return Walk(plan, self.perform, explain, self.events.append, redact, workers).run()


def statuses(report):
    return {outcome.step.operation.name: outcome.status for outcome in report.outcomes}


def test_no_steps_no_work():
    report = Recorder().walk(Plan("host"), workers=4)
    assert (report.outcomes, report.failures, report.changed) == ((), (), False)


def test_each_step_comes_after_what_it_waits_for_and_ready_ones_in_the_plans_order():
    recorder = Recorder()
    report = recorder.walk(plan_of(("a", []), ("b", [1]), ("c", []), ("d", [2, 3]), ("e", [1])))
    assert recorder.begun == ["a", "b", "c", "d", "e"]
    assert [outcome.step.number for outcome in report.outcomes] == [1, 2, 3, 4, 5]
    assert report.changed
    assert report.outcomes[0].message == "a is well"


@pytest.mark.parametrize("workers", [2, 3])
def test_no_more_side_by_side_than_there_are_workers(workers):
    gate = threading.Barrier(workers)
    names = [str(number) for number in range(workers * 3)]
    recorder = Recorder(effects={name: lambda: gate.wait(5) for name in names})
    recorder.walk(plan_of(*((name, []) for name in names)), workers=workers)
    assert recorder.most == workers


def test_a_step_that_only_waits_takes_no_worker():
    started = threading.Event()
    came = []
    recorder = Recorder(effects={"slow": lambda: came.append(started.wait(5)), "z": started.set})
    steps = (
        Step(1, StartContainer("a", "test")),
        Step(2, WaitContainer("slow", "test", condition="ready", timeout=9.0), (1,)),
        Step(3, StartContainer("z", "test")),
        Step(4, StartContainer("last", "test"), (2,)),
    )
    report = recorder.walk(Plan("host", steps), workers=1)
    assert came == [True]
    assert set(statuses(report).values()) == {"done"}
    assert recorder.ended[-1] == "last"


def test_what_comes_after_a_failure_is_skipped_all_the_way_and_the_rest_goes_on():
    recorder = Recorder(faults={"a": Conflict("in use", status=409, call="POST /x")})
    report = recorder.walk(plan_of(("a", []), ("b", [1]), ("c", [2]), ("d", []), ("e", [3, 4])))
    assert statuses(report) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "done", "e": "skipped"}
    assert [failure.message for failure in report.failures] == ["POST /x: in use"]
    assert report.outcomes[1].message == "a step it comes after failed"


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ([("a", []), ("z", [], [1])], "done"),  # settled: ended, however it did
        ([("a", []), ("b", [1]), ("z", [], [2])], "done"),  # a skipped step has ended as well
        ([("a", []), ("z", [1], [1])], "skipped"),
        ([("a", []), ("b", []), ("z", [2], [1])], "done"),
    ],
)
def test_after_needs_success_and_settled_does_not(steps, last):
    report = Recorder(faults={"a": Conflict("no")}).walk(plan_of(*steps))
    assert statuses(report)["z"] == last


def test_any_exception_fails_its_step_alone():
    recorder = Recorder(
        faults={"a": ZeroDivisionError("oops"), "b": EngineUnreachable("gone"), "c": OSError(28, "No space left")}
    )
    report = recorder.walk(plan_of(("a", []), ("b", []), ("c", []), ("d", [])))
    assert [failure.message for failure in report.failures] == [
        "ZeroDivisionError: oops",
        "gone",
        "[Errno 28] No space left",
    ]
    assert statuses(report)["d"] == "done"


def test_secrets_are_taken_out_of_messages_logs_and_rollbacks():
    rollback = Rollback((1,), (StopContainer("undo", "test"),))
    recorder = Recorder(faults={"a": Conflict("bad hunter2"), "undo": Conflict("hunter2 again")})
    report = recorder.walk(
        plan_of(("a", []), rollbacks=[rollback]),
        redact=lambda text: text.replace("hunter2", "***"),
        explain=lambda operation: ["log hunter2"],
    )
    assert report.failures[0].message == "bad ***"
    assert report.failures[0].log == ("log ***",)
    assert report.failures[0].rolled_back == ("StopContainer undo failed: *** again",)
    assert "hunter2" not in str(recorder.events)


def test_a_log_that_cannot_be_had_hides_no_failure():
    def explain(operation):
        raise RuntimeError

    report = Recorder(faults={"a": Conflict("no")}).walk(plan_of(("a", []), ("b", [])), explain=explain)
    assert [failure.message for failure in report.failures] == ["no"]


def test_rollbacks_run_in_order_each_part_on_its_own_and_only_those_that_guard_the_step():
    rollbacks = [
        Rollback((1, 2), (StopContainer("u1", "t"), StopContainer("u2", "t"), StopContainer("u3", "t"))),
        Rollback((3,), (StopContainer("other", "t"),)),
    ]
    recorder = Recorder(faults={"b": Conflict("no"), "u2": Conflict("neither")})
    report = recorder.walk(plan_of(("a", []), ("b", [1]), ("c", []), rollbacks=rollbacks))
    assert recorder.begun == ["a", "b", "u1", "u2", "u3", "c"]
    assert report.failures[0].rolled_back == (
        "StopContainer u1",
        "StopContainer u2 failed: neither",
        "StopContainer u3",
    )


def test_what_is_rolled_back_is_not_begun_afterwards():
    rollback = Rollback((1, 2, 3), (StopContainer("undo", "t"),))
    recorder = Recorder(faults={"a": Conflict("no")})
    report = recorder.walk(plan_of(("a", []), ("b", []), ("c", [2]), ("d", []), ("e", [], [2]), rollbacks=[rollback]))
    assert recorder.begun == ["a", "undo", "d", "e"]
    assert statuses(report) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "done", "e": "done"}
    assert report.outcomes[1].message == "what it belongs to was rolled back"


def test_a_rollback_waits_for_what_it_undoes_and_happens_once():
    begun = threading.Barrier(3)

    def after(seconds):
        return lambda: (begun.wait(5), time.sleep(seconds))

    slow = {"a": after(0), "b": after(0.05), "c": after(0.02)}
    rollback = Rollback((1, 2, 3), (StopContainer("undo", "t"),))
    recorder = Recorder(faults={"a": Conflict("no"), "c": Conflict("neither")}, effects=slow)
    report = recorder.walk(plan_of(("a", []), ("b", []), ("c", []), rollbacks=[rollback]), workers=3)
    assert recorder.ended.index("undo") > recorder.ended.index("b")
    assert recorder.begun.count("undo") == 1
    assert statuses(report) == {"a": "failed", "b": "done", "c": "failed"}
    assert sorted(failure.rolled_back for failure in report.failures) == [(), ("StopContainer undo",)]


def test_progress_is_told_in_order():
    rollback = Rollback((2,), (StopContainer("undo", "t"),))
    recorder = Recorder(faults={"b": Conflict("no")})
    recorder.walk(plan_of(("a", []), ("b", [1]), ("c", [2]), rollbacks=[rollback]))
    assert [(event["step"], event["event"], event["text"]) for event in recorder.events] == [
        (1, "started", ""),
        (1, "done", "a is well"),
        (2, "started", ""),
        (2, "failed", "no"),
        (2, "undone", "StopContainer undo"),
        (3, "skipped", ""),
    ]


def test_whoever_watches_cannot_stop_the_work():
    told = []

    def progress(event):
        told.append(event)
        raise BrokenPipeError

    recorder = Recorder(faults={"b": Conflict("no")})
    report = Walk(plan_of(("a", []), ("b", []), ("c", [2])), recorder.perform, lambda o: (), progress, str, 2).run()
    assert statuses(report) == {"a": "done", "b": "failed", "c": "skipped"}
    assert len(told) <= 2  # nobody is told anything once the telling has failed


def test_waiting_alone_changes_nothing():
    steps = (
        Step(1, WaitContainer("web", "t", condition="ready", timeout=1.0)),
        Step(2, Pause("web", "t", seconds=0.0)),
    )
    assert not Recorder().walk(Plan("host", steps)).changed
    assert Recorder().walk(Plan("host", (*steps, Step(3, CreateContainer("web", "t", {}))))).changed
