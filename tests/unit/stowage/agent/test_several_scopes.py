# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scopes share a host, a lock and a thread, and nothing else: the trouble of one is not another's."""

from __future__ import annotations

import threading
import time

import pytest

from stowage import lock
from stowage.agent import keeper as keeping
from stowage.agent import tending
from stowage.agent.keeper import ALL, Keeper
from stowage.errors import BusyError, DeclarationError, Problem, StowageError
from stowage.lock import engine_lock
from tests.unit.stowage.support.world import WEB

FIRST = {"scope": "aa", "containers": {"first": {"image": "app:1"}}}
LAST = {"scope": "zz", "containers": {"last": {"image": "app:1"}}}


@pytest.fixture
def several(world):
    """The good one between two places at which trouble may come up: before it and after it."""
    world.apply(**FIRST)
    world.apply(scope="good", **WEB)
    world.apply(**LAST)
    return world


FAULTS = [
    ValueError("odd"),
    KeyError("odd"),
    RecursionError("odd"),
    OSError(5, "odd"),
    StowageError("odd"),
    DeclarationError([Problem("$", "odd")]),
]


@pytest.mark.parametrize("scope", ["aa", "zz"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("place", ["plan_around", "objects_of", "pin"])
def test_a_bad_and_a_good_one_in_one_turn(several, monkeypatch, scope, fault, place):
    real = getattr(tending, place)

    def odd(part, *arguments):
        if part.desired.scope == scope:
            raise fault
        return real(part, *arguments)

    several.remove("web")
    if place == "pin" and not isinstance(fault, (StowageError, OSError)):
        # Ahead of the look at all of them nothing is known of one alone: such a fault would be ours.
        monkeypatch.setattr(several.keeper._tending, "_observe_all", lambda engine, charges: (
            several.keeper._tending._observe(engine, []), True))  # fmt: skip
    monkeypatch.setattr(tending, place, odd)
    several.look(20.0)
    assert several.status_of("web") == "running"
    assert several.scope(scope)["state"] == "failing"
    assert "odd" in several.scope(scope)["message"]
    several.look(0.5)
    assert several.scope("good")["state"] == "as declared"
    monkeypatch.undo()


def test_a_repair_that_cannot_be_made_leaves_the_others_their_turn(several, monkeypatch):
    real = tending.carry_out

    def odd(engine, parts, *arguments):
        if parts[0].desired.scope == "aa":
            raise ValueError("odd")
        return real(engine, parts, *arguments)

    monkeypatch.setattr(tending, "carry_out", odd)
    for name in ("first", "web", "last"):
        several.remove(name)
    several.look(20.0)
    assert [several.status_of(name) for name in ("first", "web", "last")] == ["missing", "running", "running"]
    assert several.scope("aa")["message"] == "it cannot be looked at: ValueError: odd"


def test_a_damaged_one_is_told_and_the_others_are_kept(several):
    several.damage("aa")
    several.remove("web")
    several.remove("first")
    several.restart()
    several.look(20.0)
    assert (several.status_of("first"), several.status_of("web")) == ("missing", "running")
    assert (several.scope("aa")["state"], several.scope("zz")["state"]) == ("damaged", "as declared")


class TestThread:
    """It is all that keeps the host: whatever goes wrong in a turn, there is a next one."""

    @pytest.mark.parametrize("fault", [*FAULTS, MemoryError("odd")], ids=lambda fault: type(fault).__name__)
    @pytest.mark.parametrize("place", ["look", "_refresh"])
    def test_it_outlives_every_fault(self, world, monkeypatch, fault, place):
        world.apply(**WEB)
        monkeypatch.setattr(keeping, "RETRY", 0.01)
        tended = world.keeper._tending
        keeper = Keeper(world.engine.address, world.store, world.settings, tended, world.journal)
        keeper.start()
        owner = tended if place == "look" else keeper
        real, faults = getattr(owner, place), []

        def odd(*arguments):
            if len(faults) < 2:
                faults.append(fault)
                raise fault
            return real(*arguments)

        monkeypatch.setattr(owner, place, odd)
        world.remove("web")
        keeper.came(world.engine)
        try:
            deadline = time.monotonic() + 10.0
            while world.status_of("web") != "running" and time.monotonic() < deadline:
                time.sleep(0.005)
            assert world.status_of("web") == "running"
            assert len(faults) == 2
        finally:
            keeper.stop()
        assert not keeper._thread.is_alive()

    def test_what_went_wrong_is_told(self, world, monkeypatch):
        world.apply(**WEB)

        def odd(*_arguments):
            raise KeyError("odd")

        monkeypatch.setattr(world.keeper._tending, "look", odd)
        world.look(20.0)
        assert (world.scope()["state"], world.scope()["message"]) == ("unknown", "KeyError: 'odd'")
        assert world.keeper._due["host"] - world.now <= keeping.RETRY


def test_a_new_scope_whose_first_look_failed_is_looked_at_soon(world):
    world.apply(**WEB)
    world.keep({"scope": "new", "containers": {"db": {"image": "app:1"}}})
    world.engine.dead = True
    world.keeper.turn(["host"])
    assert world.keeper._due["new"] - world.now <= keeping.RETRY


class TestLock:
    """Another run has the engine. For a while that is as it should be."""

    @pytest.fixture
    def taken(self, several, monkeypatch):
        monkeypatch.setattr(keeping, "LOCK_PATIENCE", 0.0)
        several.remove("web")
        with engine_lock(several.engine.address, 1.0):
            yield several

    def test_for_a_while_nothing_is_said(self, taken):
        for _time in range(4):
            taken.look(5.0)
        assert taken.scope("good")["state"] == "as declared"
        assert taken.status_of("web") == "missing"

    def test_one_that_takes_long_is_told(self, taken):
        for _time in range(5):
            taken.look(20.0)
        assert taken.scope("good")["state"] == "unknown"
        assert "nothing is repaired meanwhile: another run is at work" in taken.scope("good")["message"]

    def test_it_is_looked_again_at_once(self, taken):
        taken.look(20.0)
        assert taken.keeper._due["good"] <= taken.now

    def test_several_short_ones_are_not_one_long_one(self, several, monkeypatch):
        def busy(*_arguments):
            raise BusyError("another run is at work")

        for _time in range(10):
            with monkeypatch.context() as patch:
                patch.setattr(keeping, "engine_lock", busy)
                several.look(20.0)
            several.look(20.0)
        with monkeypatch.context() as patch:
            patch.setattr(keeping, "engine_lock", busy)
            several.look(20.0)
        assert several.scope("good")["state"] == "as declared"


class TestLostStore:
    """It was taken away from under a runtime that goes on: nothing is done, and it is told."""

    @pytest.fixture
    def lost(self, several):
        import shutil

        shutil.rmtree(several.folder)
        several.folder.mkdir()
        several.remove("web")
        several.keeper.turn(["aa", "good", "zz", ALL])
        several.keeper.turn([ALL])
        return several

    def test_each_scope_is_told_once(self, lost):
        lost.keeper.turn([ALL])
        told = [event for event in lost.events if event["kind"] == "damaged"]
        assert sorted(event["scope"] for event in told) == ["aa", "zz"]
        assert all("run its playbook again" in event["text"] for event in told)

    def test_the_status_says_so(self, lost):
        scopes = lost.keeper.status()["scopes"]
        assert {scope: told["state"] for scope, told in scopes.items()} == {"aa": "damaged", "zz": "damaged"}
        assert scopes["aa"]["message"].startswith("the store has nothing of it any more")

    def test_nothing_is_done(self, lost):
        lost.look(400.0)
        assert (lost.engine.changes, lost.status_of("first")) == ([], "running")

    def test_one_that_is_declared_again_is_kept_again(self, lost):
        lost.apply(**FIRST)
        assert lost.scope("aa")["state"] == "as declared"
        lost.remove("first")
        lost.look(20.0)
        assert lost.status_of("first") == "running"
        # And should it be lost once more, that is told once more.
        before = len(lost.told("damaged"))
        lost.store.forget("aa")
        lost.keeper.turn(["aa"])
        lost.keeper.turn([ALL])
        assert len(lost.told("damaged")) == before + 1


def test_the_lock_is_taken_for_each_turn(several, monkeypatch):
    taken = []
    real = lock.engine_lock
    monkeypatch.setattr(keeping, "engine_lock", lambda *given: taken.append(given) or real(*given))
    several.look(1.0)
    assert [address for address, _patience in taken] == [several.engine.address]
    assert threading.active_count() < 50
