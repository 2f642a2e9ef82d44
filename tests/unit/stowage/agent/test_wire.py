# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds: what was pushed by any thread comes out once and in order, and nobody piles up more than the bound."""

from __future__ import annotations

import json
import threading

import pytest

from stowage.agent.wire import Feed, HttpProblem

LARGE = {"text": "x" * (Feed.BEHIND // 4)}


def attached(**options):
    feed, woken = Feed(**options), []
    feed.attach(lambda: woken.append(1))
    return feed, woken


def take_all(feed):
    data = feed.take()[0]
    feed.sent(len(data))
    return [json.loads(line) for line in data.splitlines()]


def test_documents_come_out_in_order_and_the_reader_is_woken_once_until_it_takes_them():
    feed, woken = attached()
    assert feed.push({"n": 1})
    assert feed.push({"n": 2})
    assert len(woken) == 1
    assert take_all(feed) == [{"n": 1}, {"n": 2}]
    feed.push({"n": 3})
    assert len(woken) == 2


def test_what_came_before_there_was_a_reader_is_kept_for_it():
    feed, woken = Feed(), []
    for _ in range(12):
        assert feed.push(LARGE)  # three times what a reader may be behind
    feed.attach(lambda: woken.append(1))
    assert feed.push({"n": 1})
    assert woken
    assert take_all(feed) == [LARGE] * 12 + [{"n": 1}]


def test_what_came_early_is_an_excuse_only_until_it_was_taken():
    feed = Feed()
    for _ in range(12):
        feed.push(LARGE)
    feed.attach(lambda: None)
    assert take_all(feed) == [LARGE] * 12
    assert [feed.push(LARGE) for _ in range(5)] == [True] * 4 + [False]


def test_without_a_reader_it_does_not_grow_for_ever():
    feed, pushed = Feed(), 0
    while feed.push(LARGE):
        pushed += 1
    assert pushed * Feed.BEHIND / 4 <= Feed.BEFORE


def test_who_is_too_far_behind_is_cut_off():
    feed, _woken = attached()
    gone = []
    feed.when_gone(lambda: gone.append(1))
    assert [feed.push(LARGE) for _ in range(6)] == [True] * 4 + [False] * 2
    assert feed.take()[3]
    feed.leave()
    assert gone == [1]


def test_one_large_document_is_not_being_behind():
    feed, _woken = attached()
    assert feed.push({"text": "x" * 3 * Feed.BEHIND})
    assert not feed.push({})


def test_a_patient_one_waits_for_its_reader():
    feed, woken = Feed(patience=20.0), threading.Event()
    feed.attach(woken.set)
    pushed = []

    def push():
        pushed.extend(feed.push({**LARGE, "n": number}) for number in range(40))
        feed.close()

    thread = threading.Thread(target=push)
    thread.start()
    numbers, ended = [], False
    while not ended:
        assert woken.wait(20.0)
        woken.clear()
        data, ended = feed.take()[:2]
        assert len(data) <= 2 * Feed.BEHIND
        feed.sent(len(data))
        numbers += [json.loads(line)["n"] for line in data.splitlines()]
    thread.join()
    assert numbers == list(range(40))
    assert all(pushed)


def test_a_patient_one_gives_up_on_a_reader_who_takes_nothing_and_on_one_who_left():
    feed = Feed(patience=0.01)
    feed.attach(lambda: None)
    assert [feed.push(LARGE) for _ in range(5)] == [True] * 4 + [False]
    feed = Feed(patience=20.0)
    feed.attach(lambda: None)
    threading.Timer(0.05, feed.leave).start()
    assert [feed.push(LARGE) for _ in range(5)] == [True] * 4 + [False]


def test_nothing_is_pushed_to_one_that_has_ended_or_was_left():
    feed, _woken = attached()
    feed.close()
    assert not feed.push({})
    feed, _woken = attached()
    feed.leave()
    assert not feed.push({})


def test_a_single_one_takes_one_document():
    feed, _woken = attached(single=True)
    assert feed.push({"n": 1})
    assert not feed.push({"n": 2})
    feed.close()
    data, ended, problem, gone = feed.take()
    assert (json.loads(data), ended, problem, gone) == ({"n": 1}, True, None, False)


def test_a_single_one_without_a_document_is_a_failure():
    feed, _woken = attached(single=True)
    feed.close()
    assert feed.take()[2].status == 500


def test_a_refusal_stands_for_the_answer_or_at_its_end():
    feed, _woken = attached()
    feed.fail(HttpProblem(404, "not_found", "no"))
    assert (feed.take()[1], feed.take()[2].status) == (True, 404)
    feed, _woken = attached()
    feed.push({"n": 1})
    feed.fail(HttpProblem(502, "engine", "gone"))
    assert take_all(feed) == [{"n": 1}, {"error": {"code": "engine", "message": "gone"}}]
    assert feed.take()[1:3] == (True, None)


def test_a_refusal_after_the_end_changes_nothing():
    feed, _woken = attached(single=True)
    feed.push({"n": 1})
    feed.fail(HttpProblem(500, "failed", "late"))
    assert take_all(feed) == [{"n": 1}]


@pytest.mark.parametrize("early", [True, False])
def test_who_asked_to_hear_of_the_callers_leaving_hears_it_once(early):
    feed, _woken = attached()
    gone = []
    if early:
        feed.when_gone(lambda: gone.append(1))
    feed.leave()
    feed.leave()
    if not early:
        feed.when_gone(lambda: gone.append(1))
    assert gone == [1]


def test_leaving_after_the_end_is_nobodys_concern():
    feed, _woken = attached()
    gone = []
    feed.when_gone(lambda: gone.append(1))
    feed.close()
    feed.leave()
    assert gone == []


def test_threads_may_push_side_by_side():
    feed, woken = Feed(), threading.Event()
    feed.attach(woken.set)

    def push(name):
        for number in range(500):
            assert feed.push({"name": name, "n": number})

    threads = [threading.Thread(target=push, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    seen = {name: [] for name in range(4)}
    while any(len(numbers) < 500 for numbers in seen.values()):
        assert woken.wait(20.0)
        woken.clear()
        for document in take_all(feed):
            seen[document["name"]].append(document["n"])
    assert all(numbers == list(range(500)) for numbers in seen.values())
