# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of the runtime agrees: figures with the status, and durations with what was done."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from stowage import lock, request
from stowage.agent.journal import Journal
from stowage.agent.metrics import Metrics
from stowage.agent.orders import Orders
from stowage.agent.runs import Runs
from stowage.agent.settings import Settings
from stowage.agent.telling import figures
from stowage.agent.wire import Call, Caller
from tests.unit.stowage.support.world import WEB, World

from .callers import until


def told(world):
    """The figures: series to value."""
    text = figures(SimpleNamespace(keeper=world.keeper, metrics=world.metrics))
    return {name: float(value) for name, value in re.findall(r"^stowage_(\S+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


def state(found, scope="host"):
    prefix = f'scope_state{{scope="{scope}",state="'
    return [name[len(prefix) : -2] for name, value in found.items() if name.startswith(prefix) and value]


def test_a_scope_as_declared(world):
    world.apply(**WEB)
    looked = world.wall
    world.wall += 50
    found = told(world)
    assert state(found) == ["as declared"]
    assert found['objects{scope="host",kind="container",status="running",health=""}'] == 1
    assert found['scope_drift_operations{scope="host"}'] == 0
    # Asking is no look.
    assert found['scope_checked_timestamp_seconds{scope="host"}'] == looked
    assert found['scope_last_as_declared_timestamp_seconds{scope="host"}'] == looked


def test_a_scope_that_drifted(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    world = World(tmp_path / "state", mode="report")
    world.apply(**WEB)
    well = world.wall
    world.remove("web")
    world.look(20.0)
    found = told(world)
    assert state(found) == ["drifted"]
    assert found['scope_drift_operations{scope="host"}'] == 2
    assert found['objects{scope="host",kind="container",status="missing",health=""}'] == 1
    assert found['scope_last_as_declared_timestamp_seconds{scope="host"}'] == well
    assert found['scope_checked_timestamp_seconds{scope="host"}'] == well + 20


def test_scopes_are_unknown_once_the_engine_has_gone(world):
    world.apply(**WEB)
    world.keeper.left("gone")
    assert state(told(world)) == ["unknown"]


def test_a_scope_whose_record_is_damaged(world):
    world.apply(**WEB)
    world.cut_records(10)
    world.restart()
    assert state(told(world)) == ["damaged"]


def test_a_scope_that_is_forgotten_is_told_of_no_more(world):
    world.apply(**WEB)
    assert any('scope="host"' in name for name in told(world))
    world.store.forget("host")
    world.remove("web")
    world.keeper.turn(["host", ""])
    assert not any('scope="host"' in name for name in told(world))


def test_a_scope_that_only_labels_tell_of(world):
    world.apply(**WEB)
    world.store.forget("host")
    world.restart()
    world.keeper.turn([""])
    found = told(world)
    assert state(found) == ["unknown"]
    assert found['scope_checked_timestamp_seconds{scope="host"}'] == 0


def test_repairs_are_no_part_of_the_look_in_which_they_are_made(world, monkeypatch):
    world.apply(**WEB)
    world.remove("web")
    tell = world.journal.tell

    def slowly(kind, *arguments, **more):
        world.now += 7.0 if kind == "repair" else 0.25
        tell(kind, *arguments, **more)

    monkeypatch.setattr(world.journal, "tell", slowly)
    world.look(20.0)
    found = told(world)
    assert found["repair_duration_seconds_count"] == 1
    assert found["repair_last_duration_seconds"] == 7
    assert found["plan_last_duration_seconds"] == 0.25  # of telling the drift
    assert found['repairs_total{scope="host"}'] == 1
    world.look(0.5)
    assert told(world)["plan_last_duration_seconds"] == 0


def test_an_apply_that_is_brought_to_its_end_is_one(world):
    world.store.declare("host", {"version": 1, "scope": "host", **WEB}, by="test", now=world.wall)
    world.look()
    assert world.status_of("web") == "running"
    assert told(world)["apply_duration_seconds_count"] == 1


class Desk:
    """Orders whose requests are answered by this test."""

    def __init__(self, monkeypatch, answer):
        self.events, self.metrics = [], Metrics()
        journal = Journal([self.events.append])
        keeper = SimpleNamespace(release=lambda scopes: None, look=lambda scopes: None)
        store = SimpleNamespace(collect=tuple)
        monkeypatch.setattr(request, "answer", lambda asked, resident: answer)
        parts = SimpleNamespace(
            settings=Settings(), journal=journal, keeper=keeper, store=store, metrics=self.metrics, runs=Runs()
        )
        self.orders = Orders(parts)

    def order(self, name):
        document = {"manifest": {"version": 1, "scope": "shop", **WEB}, "by": "root"}
        getattr(self.orders, name)(Call("POST", f"/v1/{name}", {}, {}, document, Caller(0, 0, 1, writes=True)), {})

    def told(self, name):
        return float(re.search(rf"^stowage_{re.escape(name)} (\S+)$", self.metrics.render(), re.MULTILINE)[1])


def test_an_apply_is_counted_and_told_with_its_duration(monkeypatch):
    desk = Desk(monkeypatch, {"changed": True, "failed": False, "plan": ["a", "b"]})
    desk.order("apply")
    until(lambda: desk.events)
    assert desk.told("apply_duration_seconds_count") == 1
    [event] = desk.events
    assert (event["kind"], event["scope"], event["by"]) == ("applied", "shop", "root")
    assert event["plan"] == ["a", "b"]
    assert 0 <= event["seconds"] < 60


def test_an_apply_that_failed_is_counted_as_that_too(monkeypatch):
    desk = Desk(monkeypatch, {"changed": False, "failed": True, "msg": "no"})
    desk.order("apply")
    until(lambda: desk.events)
    assert desk.told("apply_duration_seconds_count") == 1
    assert desk.told('failures_total{scope="shop"}') == 1
    assert [event["text"] for event in desk.events] == ["apply by root failed: no"]


@pytest.mark.parametrize("answer", [{"needed_files": ["sha256:0"]}, {"changed": False, "failed": False}])
def test_what_is_no_apply_or_changes_nothing_is_not_told(monkeypatch, answer):
    desk = Desk(monkeypatch, answer)
    desk.order("apply")
    until(lambda: not desk.orders._parts.runs.busy())
    assert desk.events == []
    assert desk.told("apply_duration_seconds_count") == ("needed_files" not in answer)


def test_asking_for_a_plan_is_no_apply(monkeypatch):
    desk = Desk(monkeypatch, {"changed": True, "failed": False, "plan": ["a"]})
    desk.order("plan")
    until(lambda: not desk.orders._parts.runs.busy())
    assert desk.events == []
    assert desk.told("apply_duration_seconds_count") == 0
