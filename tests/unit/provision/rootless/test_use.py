# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of things: refused before anything is changed, remembered before the first change.

What the steps do to a host is shown by the molecule scenario engine-rootless.
"""

from __future__ import annotations

import json

import pytest

from provision.errors import ProvisionError
from provision.files import Files
from provision.rootless import ground, use
from provision.rootless.people import Person

MEMORY = "var/lib/stowage/engine/rootless.json"
NEW = Person("deploy", exists=True, uid=1000, home="/home/deploy")


class Hands:
    """Notes what it is told to do, and what was remembered by then; ``fails`` at a verb."""

    def __init__(self, root, fails=""):
        self.root, self.fails, self.done = root, fails, []

    def do(self, action):
        noted = json.loads((self.root / MEMORY).read_text())["users"]
        self.done.append((action.step.verb, sorted(noted)))
        if action.step.verb == self.fails:
            raise ProvisionError("no")


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host on which ``people`` are, and ``hands`` do nothing."""
    people = {"deploy": NEW}
    hands = Hands(tmp_path)
    monkeypatch.setattr(use.ground, "observe_ground", lambda *_: ground.Ground())
    monkeypatch.setattr(use, "observe_person", lambda name, *_: people.get(name, Person(name)))
    monkeypatch.setattr(use, "ask", lambda _: None)
    monkeypatch.setattr(use, "Hands", lambda *_: hands)
    return tmp_path, people, hands


def have(host, *declared, check=False):
    return use.have_engines(declared, check, files=Files(str(host[0])))


def test_check_plans_the_same_and_does_nothing(host):
    checked = have(host, "deploy", check=True)
    assert host[2].done == []
    assert not (host[0] / MEMORY).exists()
    assert have(host, "deploy").plan == checked.plan


def test_what_is_begun_is_remembered_first(host):
    host[2].fails = "WriteUnit"
    with pytest.raises(ProvisionError):
        have(host, "deploy")
    assert host[2].done[0] == ("AllocateIds", ["deploy"])
    assert json.loads((host[0] / MEMORY).read_text())["users"]["deploy"]["linger"]


def test_obstacles_come_before_any_change(host, monkeypatch):
    monkeypatch.setattr(use.ground, "observe_ground", lambda *_: ground.Ground(clone=False, tun=False))
    for check in (True, False):
        with pytest.raises(ProvisionError, match=r"unprivileged_userns_clone(.|\n)*modprobe tun"):
            have(host, "deploy", check=check)
    assert host[2].done == []


def test_check_forgives_what_may_come_before_the_next_run(host, monkeypatch):
    monkeypatch.setattr(use.ground, "observe_ground", lambda *_: ground.Ground(script="", newuidmap="missing"))
    result = have(host, "deploy", "nobody-yet", check=True)
    assert any("WriteUnit ~nobody-yet" in str(step) for step in result.plan)
    assert any("nobody-yet" in warning for warning in result.warnings)
    with pytest.raises(ProvisionError, match=r"dockerd-rootless(.|\n)*newuidmap(.|\n)*no user nobody-yet"):
        have(host, "deploy", "nobody-yet")


def test_nobody_declared_and_nothing_remembered_looks_at_nothing(host, monkeypatch):
    monkeypatch.setattr(use.ground, "observe_ground", lambda *_: pytest.fail("looked"))
    assert have(host) == use.Result([], [], [])


def test_obstacles_do_not_keep_us_from_taking_back(host, monkeypatch):
    have(host, "deploy")
    monkeypatch.setattr(use.ground, "observe_ground", lambda *_: ground.Ground(clone=False))
    del host[1]["deploy"]
    assert [str(step) for step in have(host).plan] == ["ForgetUser deploy (there is no such user any more)"]
    assert not (host[0] / MEMORY).exists()
