# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept, what is only told of, and what is left alone. The engine is a model, all else is real."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from stowage import lock
from stowage.agent.backoff import MOST
from stowage.agent.keeper import ALL, Keeper
from stowage.agent.metrics import Metrics
from stowage.agent.tending import Tending
from stowage.store import Pause
from tests.unit.stowage.support.world import WEB, World, web


def test_a_removed_container_comes_back_and_it_is_told(world):
    world.apply(**WEB)
    assert world.scope()["state"] == "as declared"
    world.remove("web")
    world.look(20.0)
    assert world.status_of("web") == "running"
    assert world.told("drift") == ["not as declared: 2 operations would bring it back"]
    assert world.told("repair") == ["repaired container web"]
    world.look(0.5)
    assert world.scope()["state"] == "as declared"
    assert world.scope()["drift"] == []


@pytest.mark.parametrize(
    ("spoil", "mended"),
    [
        (lambda e: e.containers.get("web")["State"].update(Status="exited", ExitCode=137), lambda e: True),
        (
            lambda e: e.containers.get("web")["HostConfig"].update(Memory=1 << 30),
            lambda e: e.containers.get("web")["HostConfig"]["Memory"] == 64 << 20,
        ),
    ],
    ids=["stopped", "limits changed"],
)
def test_every_kind_of_drift_is_repaired(world, spoil, mended):
    world.apply(**web(mem_limit="64m"))
    spoil(world.engine)
    world.look(20.0)
    world.look(0.5)
    assert world.status_of("web") == "running"
    assert mended(world.engine)
    assert world.scope()["state"] == "as declared", world.scope()


def test_a_name_that_was_given_to_another_image_is_put_back_only_for_a_container_that_needs_it(world):
    """Somebody builds or pulls what is to be declared next: that must not be undone under their hands."""
    world.apply(**WEB)
    old, new = world.engine.images.get("app:1")["Id"], world.engine.images.get("app:2")["Id"]
    world.engine.images.tag("app:2", "app", "1")
    world.look(20.0)
    assert world.engine.images.get("app:1")["Id"] == new
    assert (world.scope()["state"], world.scope()["drift"]) == ("as declared", [])
    assert "app:1 stands for another image by now" in world.scope()["message"]
    world.remove("web")
    world.look(20.0)
    assert world.engine.containers.named("web")["Image"] == old
    assert world.engine.images.get("app:1")["Id"] == old


def test_an_image_that_lost_its_name_gets_it_back(world):
    world.apply(**WEB)
    old = world.engine.images.get("app:1")["Id"]
    world.engine.images.remove("app:1")
    world.look(20.0)
    assert world.engine.images.get("app:1")["Id"] == old


def test_one_that_was_renamed_is_made_anew_and_the_other_is_left_to_the_next_apply(world):
    world.apply(**WEB)
    world.engine.containers.rename("web", "other")
    world.look(20.0)
    world.look(0.5)
    assert (world.status_of("web"), world.status_of("other")) == ("running", "running")
    assert "RemoveContainer other" in world.scope()["drift"][-1]


def test_a_removed_network_comes_back_with_who_was_on_it(world):
    world.apply(networks={"edge": {}}, **web(networks={"edge": None}))
    world.engine.containers.get("web")["State"].update(Status="exited")
    world.engine.networks.disconnect("edge", "web")
    world.engine.networks.remove("edge")
    world.look(20.0)
    world.look(0.5)
    assert "edge" in world.engine.containers.get("web")["NetworkSettings"]["Networks"]
    assert world.scope()["state"] == "as declared", world.scope()


def test_report_only_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    world = World(tmp_path / "state", mode="report")
    world.apply(**WEB)
    world.remove("web")
    for _time in range(3):
        world.look(1.0)
    assert world.engine.changes == []
    assert (world.scope()["state"], world.scope()["mode"]) == ("drifted", "report")
    assert world.scope()["drift"][0].startswith("#1 CreateContainer web")
    assert len(world.told("drift")) == 1


def test_a_scope_has_the_mode_that_is_set_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    world = World(tmp_path / "state", modes={"host": "report"})
    world.apply(**WEB)
    world.apply(scope="kept", containers={"db": {"image": "app:1"}})
    world.remove("web")
    world.remove("db")
    world.look(20.0)
    assert (world.status_of("web"), world.status_of("db")) == ("missing", "running")


class TestPause:
    def test_nothing_is_repaired_until_it_ends(self, world):
        world.apply(**WEB)
        world.store.pause("host", Pause(world.wall + 60, "test", "work on it", world.wall))
        world.remove("web")
        world.look(20.0)
        assert world.status_of("web") == "missing"
        assert (world.scope()["mode"], world.scope()["reason"]) == ("paused", "work on it")
        world.look(60.0)
        assert world.status_of("web") == "running"

    @pytest.mark.parametrize("years", [-30, 30])
    def test_a_clock_that_is_set_neither_ends_nor_stretches_it(self, world, years):
        world.apply(**WEB)
        world.store.pause("host", Pause(world.wall + 60, "test", "", world.wall))
        world.remove("web")
        world.look()
        world.wall += years * 365 * 86400
        world.look(20.0)
        assert world.status_of("web") == "missing"
        world.look(60.0)
        assert world.status_of("web") == "running"

    def test_a_runtime_that_starts_under_a_clock_set_back_waits_no_longer_than_was_asked_for(self, world):
        world.apply(**WEB)
        world.store.pause("host", Pause(world.wall + 60, "test", "", world.wall))
        world.remove("web")
        world.wall -= 30 * 365 * 86400
        world.restart()
        assert world.status_of("web") == "missing"
        world.look(61.0)
        assert world.status_of("web") == "running"


class TestBackoff:
    def crash(self, world):
        """A container that ends as soon as it is started."""
        world.apply(**web(environment={"BEHAVE": "crash"}))

    def test_a_container_that_keeps_failing_is_left_with_a_report(self, world):
        self.crash(world)
        for _second in range(300):
            world.look(1.0)
        starts = [call for call in world.engine.changes if call.endswith("/start")]
        assert len(starts) <= MOST
        assert world.scope()["state"] == "failing"
        assert world.held()["failures"] == MOST
        assert world.held()["until"] is None
        assert len(world.told("held")) == 1, world.told("held")

    def test_the_others_are_kept_meanwhile(self, world):
        world.apply(containers={**web(environment={"BEHAVE": "crash"})["containers"], "db": {"image": "app:1"}})
        for _second in range(100):
            world.look(1.0)
        world.remove("db")
        world.look(1.0)
        assert world.status_of("db") == "running"

    def test_somebody_who_asks_for_it_has_it_tried_again(self, world):
        self.crash(world)
        for _second in range(300):
            world.look(1.0)
        world.engine.revive()
        world.keeper.release(["host"])
        world.look()
        assert [call for call in world.engine.changes if call.endswith("/start")]

    def test_removing_it_now_and_then_is_no_failure(self, world):
        world.apply(**WEB)
        for _time in range(3 * MOST):
            world.remove("web")
            world.look(15.0)
            assert world.status_of("web") == "running"


class TestVersions:
    def test_what_runs_is_not_disturbed_for_a_version_that_failed(self, world):
        world.apply(**WEB)
        report = world.apply(**web(environment={"BEHAVE": "crash"}), wait=True)
        assert report.failures
        running = world.engine.containers.named("web")["Id"]
        for _second in range(50):
            world.look(10.0)
        assert (world.engine.changes, world.engine.containers.named("web")["Id"]) == ([], running)
        assert world.scope()["state"] == "failing"
        assert "version 2 failed" in world.scope()["message"]

    def test_what_is_gone_is_brought_about_even_for_one_that_failed(self, world):
        world.apply(**WEB)
        world.apply(**web(environment={"BEHAVE": "crash"}), wait=True)
        world.remove("web")
        world.look(20.0)
        assert world.engine.containers.named("web")

    def test_one_that_was_killed_in_the_middle_is_finished_with_its_removals(self, world):
        world.apply(containers={"web": {"image": "app:1"}, "old": {"image": "app:1"}})
        new = {"monitor": 0, "wait": False, "containers": {"web": {"image": "app:2"}}}
        world.store.declare("host", new, by="test", now=world.wall)
        world.restart()
        assert world.status_of("old") == "missing"
        assert world.engine.containers.named("web")["Config"]["Image"] == "app:2"
        assert world.store.standing("host").version.outcome == "done"

    def test_what_is_not_declared_any_more_is_told_and_stays_until_somebody_applies(self, world):
        world.apply(**WEB)
        labels = dict(world.engine.containers.named("web")["Config"]["Labels"])
        world.engine.containers.create("extra", {"Image": "app:1", "Labels": labels})
        world.engine.revive()
        world.look(20.0)
        assert (world.engine.changes, world.scope()["state"]) == ([], "drifted")
        assert "RemoveContainer extra" in world.scope()["drift"][-1]


class TestStore:
    def test_a_damaged_record_costs_nobody_a_container(self, world):
        world.apply(**WEB)
        world.cut_records(7)
        world.remove("web")
        world.restart()
        world.look(400.0)
        assert world.engine.changes == []
        assert world.scope()["state"] == "damaged"
        assert world.told("damaged")

    def test_a_lost_store_knows_scopes_by_their_labels_alone(self, world):
        world.apply(**WEB)
        world.store.forget("host")
        world.restart()
        world.keeper.turn([ALL])
        assert (world.scope()["state"], world.engine.changes) == ("unknown", [])
        assert "run its playbook again" in world.scope()["message"]
        assert [entry["name"] for entry in world.scope()["objects"]] == ["web"]

    def test_a_later_declaration_heals_it(self, world):
        world.apply(**WEB)
        world.cut_records(0)
        world.restart()
        world.apply(**WEB)
        assert world.scope()["state"] == "as declared"

    def test_a_scope_that_is_forgotten_is_not_kept_any_more(self, world):
        world.apply(**WEB)
        world.store.forget("host")
        world.remove("web")
        world.keeper.turn([ALL])
        assert world.engine.changes == []
        assert "host" not in world.keeper.status()["scopes"]


class TestEngine:
    def test_an_engine_that_goes_away_is_told_and_looked_at_again_when_it_is_back(self, world):
        world.apply(**WEB)
        world.engine.dead = True
        world.keeper.left("connection refused")
        assert world.keeper.status()["engine"]["reachable"] is False
        assert world.scope()["state"] == "unknown"
        world.engine.revive()
        world.remove("web")
        world.keeper.came(world.engine)
        world.look(1.0)
        assert world.status_of("web") == "running"

    def test_one_that_dies_during_a_look_costs_nothing(self, world):
        world.apply(**WEB)
        world.engine.dead = True
        world.look(1.0)
        assert world.scope()["state"] == "unknown"
        assert "connection was closed" in world.scope()["message"]

    def test_objects_of_nobody_and_of_others_are_untouched(self, world):
        world.engine.containers.create("strange", {"Image": "app:1"})
        world.apply(**WEB)
        before = dict(world.engine.containers.named("strange"))
        world.remove("web")
        world.look(20.0)
        assert world.engine.containers.named("strange") == before


def test_the_loop_itself_repairs_within_a_second_of_an_event(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    world = World(tmp_path / "state")
    world.apply(**WEB)
    keeper = Keeper(
        world.engine.address,
        world.store,
        world.settings,
        Tending(world.store, world.journal, Metrics()),
        world.journal,
    )
    keeper.start()
    keeper.came(world.engine)
    try:
        deadline = time.monotonic() + 10.0
        while keeper.status()["scopes"]["host"]["state"] != "as declared" and time.monotonic() < deadline:
            time.sleep(0.01)
        world.remove("web")
        keeper.saw({"Type": "container", "Action": "destroy", "Actor": {"ID": "x", "Attributes": {"name": "web"}}})
        while world.status_of("web") != "running" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert world.status_of("web") == "running"
    finally:
        keeper.stop()


@pytest.mark.parametrize("manifest", [{}, {"containers": {"web": {"state": "absent"}}}], ids=["empty", "absent"])
def test_a_scope_that_goes_as_a_whole_is_not_known_any_more(world, manifest):
    world.apply(**WEB)
    world.apply(**manifest)
    assert world.status_of("web") == "missing"
    assert world.keeper.status()["scopes"] == {}


def test_what_no_event_told_of_is_found_by_the_slow_timer(world):
    world.apply(**WEB)
    world.settings = replace(world.settings, resync=0.3)
    tending = Tending(world.store, world.journal, Metrics())
    keeper = Keeper(world.engine.address, world.store, world.settings, tending, world.journal)
    keeper.start()
    keeper.came(world.engine)
    try:
        deadline = time.monotonic() + 10.0
        while keeper.status()["scopes"]["host"]["state"] != "as declared" and time.monotonic() < deadline:
            time.sleep(0.01)
        world.remove("web")
        while world.status_of("web") != "running" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert world.status_of("web") == "running"
    finally:
        keeper.stop()


@pytest.mark.parametrize("years", [-40, 40])
def test_applies_and_repairs_go_on_under_a_clock_that_is_set(world, years, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: world.wall)
    world.apply(**WEB)
    world.wall += years * 365 * 86400
    world.apply(**web(environment={"V": "2"}))
    world.remove("web")
    world.look(20.0)
    assert world.status_of("web") == "running"
    world.wall -= years * 365 * 86400
    world.apply(**web(environment={"V": "3"}))
    assert [version.number for version in world.store.versions("host")] == [3, 2, 1]
    world.remove("web")
    world.look(20.0)
    assert "V=3" in world.engine.containers.named("web")["Config"]["Env"]
