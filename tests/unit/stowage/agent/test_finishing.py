# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run was killed in is brought to its end, in a few attempts, at the cost of no other scope."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stowage.agent.backoff import LONGEST
from stowage.agent.keeper import MOST_ATTEMPTS
from stowage.agent.rollback import roll_back
from stowage.errors import EngineUnreachable, ServerFault
from stowage.store import Pause
from tests.unit.stowage.support.stacks import bind, file, service, stack
from tests.unit.stowage.support.world import WEB, Killed, web

GOOD = {"scope": "good", "containers": {"db": {"image": "app:1"}}}
# What cannot be planned on this host: nothing could be done about it when it was declared.
UNPLANNABLE = {
    "version": 1,
    "scope": "bad",
    "networks": {"nope": {"external": True}},
    "containers": {"xx": {"image": "app:1", "networks": ["nope"]}},
}


def starts(world, name="web"):
    """Calls that start, or start again, a container of this name."""
    found = world.engine.containers.named(name)
    called = (name, found["Id"]) if found else (name,)
    return [
        call for call in world.engine.changes if call.endswith(("/start", "/restart")) and call.split("/")[2] in called
    ]


class TestOneThatCannotBeFinished:
    def pending(self, world, manifest=UNPLANNABLE):
        world.apply(**GOOD)
        world.store.declare("bad", manifest, by="test", now=world.wall)
        world.remove("db")
        world.restart()

    def test_costs_the_others_nothing(self, world):
        self.pending(world)
        assert world.status_of("db") == "running"
        world.remove("db")
        world.look(20.0)
        assert (world.status_of("db"), world.scope("good")["state"]) == ("running", "repairing")

    def test_is_told_and_ends_after_some_attempts(self, world):
        self.pending(world)
        assert world.scope("bad")["state"] == "failing"
        assert "nope" in world.scope("bad")["message"]
        for _time in range(30):
            world.look(10.0)
        assert len([text for text in world.told("repair") if "not applied to its end" in text]) == MOST_ATTEMPTS
        assert world.outcome("bad") == "failed"
        assert len([text for text in world.told("failure") if "could not be finished" in text]) == 1
        assert world.scope("bad")["state"] == "failing"

    def test_is_tried_later_and_later(self, world):
        self.pending(world)
        for _time in range(12):
            world.look(0.1)
        assert len([text for text in world.told("repair") if "not applied to its end" in text]) == 2

    def test_is_not_given_up_by_an_engine_that_is_away(self, world, monkeypatch):
        self.pending(world, {**UNPLANNABLE, "networks": {"nope": {}}})
        world.store.declare("bad", {"version": 1, "scope": "bad", **WEB}, by="test", now=world.wall)

        def away(*_arguments, **_more):
            raise EngineUnreachable("gone")

        with monkeypatch.context() as patch:
            patch.setattr(world.keeper._tending, "finish", away)
            for _time in range(3 * MOST_ATTEMPTS):
                world.look(20.0)
        assert world.outcome("bad") == "pending"
        world.restart()
        assert world.outcome("bad") == "done"

    def test_nor_by_a_disk_that_takes_nothing(self, world):
        self.pending(world)
        with world.full_disk("finish"):
            for _time in range(30):
                world.look(LONGEST)
            world.remove("db")
            world.look(LONGEST)  # in which the other one is tried once more
            assert world.status_of("db") == "running"
        world.look(LONGEST)
        assert world.outcome("bad") == "failed"

    def test_by_a_registry_that_is_away_neither(self, world, monkeypatch):
        def refuse(*_arguments, **_more):
            raise ServerFault("unauthorized: authentication required", status=500)

        monkeypatch.setattr(world.engine.images, "distribution", refuse)
        images = {"app:2": {"pull": "always"}}
        self.pending(world, {"version": 1, "scope": "bad", "images": images, "containers": {"xx": {"image": "app:2"}}})
        for _time in range(5):
            world.look(10.0)
        assert world.status_of("db") == "running"
        assert world.outcome("bad") == "done"  # no registry is asked by later attempts
        assert world.status_of("xx") == "running"

    def test_one_whose_contents_are_lost_is_given_up_at_once(self, world, tmp_path):
        place = str(tmp_path / "shop")
        services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
        lost = file("lost with the disk")
        [manifest] = [stack("shop", services, directory=place, files={"app.conf": lost}, monitor=0, wait=False)]
        world.store.declare("shop", {"version": 1, **manifest}, by="test", now=world.wall, files=[lost["digest"]])
        world.restart()
        assert world.outcome("shop") == "failed"
        assert "was not kept; apply it again" in world.store.standing("shop").version.message


class TestOneThatFails:
    def test_is_tried_again_and_may_succeed(self, world):
        world.begin(WEB)
        world.engine.fail_at = 1
        world.restart()
        assert world.outcome() == "pending"
        world.look(5.0)
        assert (world.outcome(), world.status_of("web")) == ("done", "running")

    def test_has_failed_in_the_end(self, world):
        world.begin(web(environment={"BEHAVE": "crash"}))
        version = world.store.standing("host").version
        world.store.forget("host")
        world.store.declare("host", {**version.manifest, "wait": True}, by="test", now=world.wall)
        world.restart()
        for _time in range(30):
            world.look(10.0)
        assert world.outcome() == "failed"
        assert len([text for text in world.told("repair") if "not applied to its end" in text]) == MOST_ATTEMPTS


def test_what_is_asked_for_once_is_done_once(world):
    """The restart of one container succeeds; that another keeps failing is no reason to do it again."""
    world.apply(**WEB)
    bad = {"image": "app:1", "environment": {"BEHAVE": "crash"}}
    containers = {"web": {"image": "app:1", "state": "restarted"}, "bad": bad}
    manifest = {"version": 1, "monitor": 0, "wait": True, "containers": containers}
    world.store.declare("host", manifest, by="test", now=world.wall)
    world.restart()
    for _time in range(30):
        world.look(10.0)
    assert world.outcome() == "failed"
    assert len(starts(world)) == 1, world.engine.changes


@pytest.mark.parametrize("mode", ["report", "paused"])
def test_nothing_is_finished_where_nothing_may_be_done(world, mode):
    world.begin(WEB)
    if mode == "report":
        world.settings = replace(world.settings, mode="report")
    else:
        world.store.pause("host", Pause(world.wall + 1000, "test", "", world.wall))
    world.restart()
    for _time in range(5):
        world.look(10.0)
    assert (world.engine.changes, world.outcome()) == ([], "pending")


class TestImages:
    """Names may have moved since it was declared; what it was to have stays."""

    def moved(self, world):
        """app:1 stood for one image when version 1 was applied, and for another in version 2."""
        world.apply(**WEB)
        old, new = (world.engine.images.get(name)["Id"] for name in ("app:1", "app:2"))
        world.engine.images.tag("app:2", "app", "1")
        world.apply(**web(environment={"A": "1"}))
        assert world.image_of("web") == new
        return old

    def test_an_interrupted_rollback_ends_with_those_of_its_version(self, world):
        old = self.moved(world)
        with world.answering() as resident, world.killing(), pytest.raises(Killed):
            roll_back(world.store.version("host", 1), {}, resident, check=False)
        world.restart()
        for _time in range(2):
            world.look(5.0)
        version = world.store.standing("host").version
        assert (version.number, version.outcome) == (3, "done")
        assert world.image_of("web") == old
        assert version.images["app:1"].id == old

    def test_an_interrupted_apply_ends_with_those_that_it_was_planned_with(self, world):
        old = world.engine.images.get("app:1")["Id"]
        world.begin(WEB)
        world.engine.images.tag("app:2", "app", "1")
        world.restart()
        assert world.image_of("web") == old
        assert world.store.standing("host").version.images["app:1"].id == old

    def test_they_are_held_though_the_run_was_killed_before_it_had_done_that(self, world):
        world.keep(WEB, resident=False)
        old = world.engine.images.get("app:1")["Id"]
        world.engine.images.tag("app:2", "app", "1")
        world.restart()
        assert world.engine.images.all[old]["RepoTags"], "anybody may prune it"
