# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an object is repaired again, and when it is left alone."""

from __future__ import annotations

from stowage.agent.backoff import LASTING, MOST, MOST_AN_HOUR, Backoff
from stowage.planner.holding import Key

WEB = Key("container", "web")


def test_the_first_failure_is_tried_again_at_once_and_the_next_ones_later_and_later():
    backoff, now, waits = Backoff(), 100.0, []
    for _attempt in range(5):
        backoff.failed({WEB: "no"}, now)
        until = backoff.next(now) or now
        waits.append(until - now)
        now = until
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0]


def test_after_many_in_a_row_it_is_left_with_the_last_words():
    backoff = Backoff()
    for attempt in range(MOST):
        backoff.failed({WEB: f"no {attempt}"}, 0.0)
    [trouble] = backoff.held(1e9).values()
    assert (trouble.failures, trouble.until, trouble.message) == (MOST, None, f"no {MOST - 1}")
    assert backoff.next(1e9) is None


def test_what_drifts_again_soon_after_a_repair_counts_as_a_failure():
    backoff = Backoff()
    for now in (0.0, 1.0, 2.0):
        backoff.drifted([WEB], now)
        backoff.repaired([WEB], now)
    backoff.drifted([WEB], 3.0)
    assert backoff.held(3.0)[WEB].failures == 3


def test_looking_again_at_what_is_still_not_repaired_counts_once():
    backoff = Backoff()
    backoff.repaired([WEB], 0.0)
    for now in (1.0, 1.1, 1.2):
        backoff.drifted([WEB], now)
    backoff.failed({WEB: "no"}, 1.3)
    assert backoff.held(1.4)[WEB].failures == 2


def test_what_lasted_begins_anew():
    backoff = Backoff()
    for _attempt in range(4):
        backoff.failed({WEB: "no"}, 0.0)
    backoff.repaired([WEB], 10.0)
    backoff.drifted([WEB], 10.0 + LASTING)
    assert backoff.held(10.0 + LASTING) == {}


def test_what_mended_without_a_repair_is_not_held_any_more():
    backoff = Backoff()
    for _attempt in range(MOST):
        backoff.failed({WEB: "no"}, 0.0)
    backoff.settle(set(), 5.0)
    assert backoff.held(5.0) == {}


def test_somebody_who_asks_for_it_anew_ends_all_waiting():
    backoff = Backoff()
    backoff.give_up({WEB: "failed"})
    assert backoff.held(0.0)
    backoff.clear()
    assert not backoff.held(0.0)


def test_one_that_lasts_a_little_every_time_is_left_in_the_end():
    backoff, repairs = Backoff(), 0
    for second in range(0, 3600, 12):
        backoff.drifted([WEB], float(second))
        if WEB not in backoff.held(float(second)):
            backoff.repaired([WEB], float(second))
            repairs += 1
        backoff.settle(set(), second + 11.0)
        if WEB in backoff.held(second + 11.5):
            break
    assert repairs == MOST_AN_HOUR


def test_what_is_repaired_now_and_then_is_repaired_for_ever():
    backoff = Backoff()
    for minute in range(0, 24 * 60, 2):
        now = minute * 60.0
        backoff.drifted([WEB], now)
        assert not backoff.held(now)
        backoff.repaired([WEB], now)
        backoff.settle(set(), now + 60.0)
