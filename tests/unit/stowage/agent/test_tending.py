# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a scope: what it is told to be, and what is done about it without asking anybody."""

from __future__ import annotations

import pytest

from stowage.agent import tending
from stowage.agent.backoff import MOST
from stowage.store import Store
from tests.unit.stowage.support.stacks import bind, file, service, stack
from tests.unit.stowage.support.world import WEB, shop, web


class TestUnwell:
    """It runs as declared, and yet not well: no repair would help, and it is not as it should be."""

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ({"Status": "restarting"}, "web keeps restarting"),
            ({"Health": {"Status": "unhealthy", "FailingStreak": 9, "Log": []}}, "web is unhealthy"),
        ],
    )
    def test_it_is_told_and_left(self, world, state, words):
        world.apply(**web(healthcheck={"test": ["CMD", "true"]}))
        assert world.scope()["state"] == "as declared"
        world.set_state("web", **state)
        world.look(20.0)
        assert (world.scope()["state"], world.scope()["message"]) == ("failing", words)
        assert (world.engine.changes, world.scope()["drift"]) == ([], [])

    def test_once_it_is_well_again_it_is_as_declared(self, world):
        world.apply(**WEB)
        world.set_state("web", Status="restarting")
        world.look(20.0)
        world.set_state("web", Status="running")
        world.look(20.0)
        assert (world.scope()["state"], world.scope()["message"]) == ("as declared", "")

    def test_what_is_to_be_stopped_need_not_be_well(self, world):
        world.apply(**web(state="present"))
        world.set_state("web", Health={"Status": "unhealthy", "FailingStreak": 9, "Log": []})
        world.look(20.0)
        assert world.scope()["state"] == "as declared"


class TestContainersOfStacksThatNobodyDeclared:
    def test_a_replica_by_hand_stays(self, world):
        world.apply(**shop())
        labels = dict(world.engine.containers.named("shop-web-1")["Config"]["Labels"])
        labels["com.docker.compose.container-number"] = "2"
        labels = {key: value for key, value in labels.items() if key.startswith("com.docker")}
        world.engine.containers.create("shop-web-2", {"Image": "app:1", "Labels": labels})
        world.engine.containers.start("shop-web-2")
        world.engine.revive()
        for _time in range(3):
            world.look(20.0)
        assert (world.engine.changes, world.status_of("shop-web-2")) == ([], "running")
        assert "shop-web-2" in "".join(world.scope("shop")["drift"])  # it goes with the next apply, which is told

    def test_one_that_was_renamed_stays_beside_the_new_one(self, world):
        world.apply(**shop())
        old = world.engine.containers.named("shop-web-1")["Id"]
        world.engine.containers.rename("shop-web-1", "aside")
        world.engine.revive()
        for _time in range(3):
            world.look(20.0)
        assert world.engine.containers.named("aside")["Id"] == old
        assert (world.status_of("aside"), world.status_of("shop-web-1")) == ("running", "running")


class TestVersionThatFailed:
    """The run undid what it could: what is there is the container that was there before."""

    @pytest.fixture
    def failed(self, world):
        world.apply(**WEB)
        assert world.apply(**web(environment={"BEHAVE": "crash"}), wait=True).failures
        assert world.status_of("web") == "running"
        return world

    def test_the_old_container_is_started_again_and_not_replaced(self, failed):
        old = failed.engine.containers.named("web")["Id"]
        failed.set_state("web", Status="exited", ExitCode=137)
        for _time in range(40):
            failed.look(10.0)
        assert (failed.status_of("web"), failed.engine.containers.named("web")["Id"]) == ("running", old)
        assert len(failed.engine.changes) == 1
        assert failed.scope()["state"] == "failing"

    def test_one_that_is_not_to_run_is_not_started(self, world):
        world.apply(**web(state="stopped"))
        world.engine.fail_at = 1
        assert world.apply(**web(state="stopped", environment={"A": "1"})).failures
        for _time in range(3):
            world.look(20.0)
        assert world.outcome() == "failed"
        assert (world.engine.changes, world.status_of("web")) == ([], "created")

    def test_one_that_does_not_stay_up_is_left_in_the_end(self, failed):
        for _time in range(300):
            failed.set_state("web", Status="exited", ExitCode=137)
            failed.look(1.0)
        assert len(failed.engine.changes) <= MOST
        assert len(failed.told("held")) == 1

    def test_one_that_is_stopped_now_and_then_is_started_each_time(self, failed):
        for _time in range(2 * MOST):
            failed.set_state("web", Status="exited", ExitCode=137)
            failed.look(60.0)
            assert failed.status_of("web") == "running"
            failed.look(0.5)
        assert failed.told("held") == []


def test_a_version_declared_beside_the_runtime_is_none_of_its(world, tmp_path):
    """Somebody's own run, with a store of their own: what they changed is drift of what is declared here."""
    world.apply(**WEB)
    other = Store(str(tmp_path / "other"), world.engine.address)
    world.keep(web(environment={"NEW": "value"}), store=other, strict=False, resident=False)
    world.look(20.0)
    assert "NEW=value" not in world.engine.containers.named("web")["Config"]["Env"]


def test_contents_that_were_not_kept_leave_their_file_alone_and_it_is_told(world, tmp_path):
    place = tmp_path / "shop"
    services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
    world.apply(**stack("shop", services, directory=str(place), files={"app.conf": file("one")}, monitor=0, wait=False))
    (place / "app.conf").write_text("changed by hand")
    for path in world.folder.rglob("blobs/*"):
        path.unlink()
    world.look(20.0)
    world.look(20.0)
    assert (place / "app.conf").read_text() == "changed by hand"
    assert "its content was not kept" in world.scope("shop")["message"]
    assert world.scope("shop")["state"] == "failing"


class TestImagesAreHeld:
    """A run may be killed after it was noted as done, and before that."""

    def test_at_the_next_look(self, world):
        world.keep(WEB, resident=False)
        assert len(world.engine.images.get("app:1")["RepoTags"]) == 1
        world.look(300.0)
        assert len(world.engine.images.get("app:1")["RepoTags"]) == 2

    def test_not_those_of_one_that_failed(self, world, monkeypatch):
        held = []
        monkeypatch.setattr(tending, "hold_images", lambda engine, versions, observed: held.extend(versions))
        world.engine.fail_at = 1
        world.apply(**WEB)
        world.look(20.0)
        assert held == []
