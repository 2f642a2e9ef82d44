# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on the host already asks the runtime that keeps it, and goes without where there is none."""

from __future__ import annotations

import pytest

from stowage import handing
from stowage.errors import StowageError

ASKED = {"version": 1, "do": "converge"}


class Desk:
    """Stands for the runtime's write socket: what it is asked, and what it says in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def __call__(self, folder):
        self.folder = folder
        return self

    def fetch(self, door, method, path, *, query=None, document=None):
        self.calls.append((door, method, path, query, document))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def ask(monkeypatch):
    def asked(*answers, about=None, user=0):
        desk = Desk(*answers)
        monkeypatch.setattr(handing, "Client", desk)
        monkeypatch.setattr(handing, "runtime_at", lambda folder: {"digest": "d1"} if about is None else about)
        monkeypatch.setattr(handing.os, "geteuid", lambda: user)
        monkeypatch.setattr(handing.request, "answer", lambda request: {"here": request})
        return handing.ask_resident(ASKED), desk.calls

    return asked


@pytest.mark.parametrize(("about", "user"), [({}, 0), (None, 1000)], ids=["no runtime", "not root"])
def test_where_none_is_to_be_asked_it_is_answered_here(ask, about, user):
    assert ask(about=about, user=user) == ({"here": ASKED}, [])


def test_a_short_run_is_one_call(ask):
    answer, calls = ask({"run": "r1", "next": 3, "events": [], "answer": {"changed": True}})
    assert answer == {"changed": True}
    [(door, method, path, _query, document)] = calls
    assert (door, method, path) == ("write.sock", "POST", "/v1/requests")
    assert (document["request"], document["digest"]) == (ASKED, "d1")


def test_a_long_run_is_come_back_for_until_it_has_ended(ask):
    going = [{"run": "r1", "next": number, "events": []} for number in (2, 5)]
    answer, calls = ask(*going, {"run": "r1", "next": 5, "answer": {"changed": False}})
    assert answer == {"changed": False}
    assert [(path, query["after"]) for _door, _method, path, query, _document in calls[1:]] == [
        ("/v1/runs/r1", 2),
        ("/v1/runs/r1", 5),
    ]


@pytest.mark.parametrize("before", [(), ({"run": "r1", "next": 0},)], ids=["at once", "in the middle"])
def test_a_runtime_that_goes_away_is_a_failure(ask, before):
    """And no reason to go on without it: it may be at work."""
    answer, _calls = ask(*before, StowageError("the runtime went away"))
    assert answer == {"changed": False, "failed": True, "msg": "the runtime went away"}
