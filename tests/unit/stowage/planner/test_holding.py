# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a plan when some of its objects must not be touched."""

from __future__ import annotations

import pytest

from stowage.model import operations as op
from stowage.model.plan import Plan, Rollback, Step
from stowage.planner.holding import Key, disturbed, hold_back, key_of, without_waits

WEB, DB = Key("container", "web"), Key("container", "db")


def plan(*steps, rollbacks=()):
    return Plan("shop", tuple(steps), tuple(rollbacks))


def numbers(left):
    return [step.number for step in left]


REPLACEMENT = (
    Step(1, op.CreateContainer("web.next", "x", body={})),
    Step(2, op.StopContainer("web", "x"), (1,)),
    Step(3, op.StartContainer("web.next", "x"), (2,)),
    Step(4, op.RemoveContainer("web", "x"), (3,)),
    Step(5, op.RenameContainer("web.next", "x", new_name="web"), (4,)),
)


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        (op.StartContainer("web.next", ""), WEB),
        (op.ConnectNetwork("edge", "", container="web"), WEB),
        (op.RunHook("web", "", hook="post_start", body={}), WEB),
        (op.CreateNetwork("edge", "", body={}), Key("network", "edge")),
        (op.CreateVolume("data", "", body={}), Key("volume", "data")),
        (op.TagImage("app:1", "", source="sha256:1"), Key("image", "app:1")),
        (op.WriteFile("a.conf", "", directory="/srv/shop", archive="", mode=0o644), Key("file", "/srv/shop/a.conf")),
    ],
)
def test_each_operation_is_about_one_object(operation, key):
    assert key_of(operation) == key


def test_all_steps_of_a_held_container_go_and_the_others_stay():
    left = hold_back(plan(*REPLACEMENT, Step(6, op.StartContainer("db", "x"))), {WEB})
    assert numbers(left) == [6]


def test_what_comes_after_a_held_object_goes_with_it():
    steps = (Step(1, op.StartContainer("db", "x")), Step(2, op.StartContainer("web", "x"), (1,)))
    assert numbers(hold_back(plan(*steps), {DB})) == []


def test_what_only_had_to_wait_for_it_to_end_is_done_without_it():
    steps = (Step(1, op.StartContainer("db", "x")), Step(2, op.StartContainer("web", "x"), settled=(1,)))
    [step] = hold_back(plan(*steps), {DB})
    assert (step.number, step.settled) == (2, ())


def test_a_rollback_that_spans_a_held_object_takes_all_it_guards_along():
    """Two containers swap a port: half of that is a host where neither has it."""
    steps = (Step(1, op.StopContainer("db", "x")), Step(2, op.StopContainer("web", "x")), Step(3, op.Pause("x", "", 1)))
    left = hold_back(plan(*steps, rollbacks=[Rollback((1, 2), (op.StartContainer("db", "x"),))]), {DB})
    assert numbers(left) == [3]
    assert left.rollbacks == ()


def test_a_plan_without_held_objects_stays_the_same():
    whole = plan(*REPLACEMENT, rollbacks=[Rollback((2, 3), ())])
    assert hold_back(whole, {DB}) is whole


def test_only_what_stops_or_replaces_a_container_disturbs_it():
    steps = (*REPLACEMENT, Step(6, op.StartContainer("db", "x")), Step(7, op.UpdateContainer("cache", "x", body={})))
    assert disturbed(plan(*steps)) == {WEB}


def healthy(name):
    return op.WaitContainer(name, "", condition="healthy", timeout=1.0)


def test_a_wait_that_nothing_comes_after_is_left_out():
    steps = (Step(1, op.StartContainer("db", "x")), Step(2, healthy("db"), (1,)), Step(3, healthy("db"), (2,)))
    assert numbers(without_waits(plan(*steps))) == [1]


def test_one_that_a_change_comes_after_stays_with_all_it_waits_for():
    steps = (
        Step(1, op.StartContainer("db", "x")),
        Step(2, healthy("db"), (1,)),
        Step(3, op.Pause("db", "", 1), settled=(2,)),
        Step(4, op.StartContainer("web", "x"), (3,)),
    )
    assert numbers(without_waits(plan(*steps))) == [1, 2, 3, 4]


def test_one_that_proves_a_replacement_stays():
    steps = (Step(1, op.StartContainer("web.next", "x")), Step(2, healthy("web.next"), (1,)))
    assert numbers(without_waits(plan(*steps, rollbacks=[Rollback((1, 2), ())]))) == [1, 2]
