# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier version again: which one, with which images, and nothing beside it."""

from __future__ import annotations

import pytest

from stowage.agent.rollback import roll_back, target_of
from stowage.errors import StowageError
from tests.unit.stowage.support.stacks import bind, file, service, stack
from tests.unit.stowage.support.world import WEB, web


def back(world, number=None, *, check=False):
    with world.answering() as resident:
        answer = roll_back(target_of(world.store, "host", number), {}, resident, check=check)
    world.look()
    return answer


def environment(world):
    return world.engine.containers.named("web")["Config"]["Env"]


class TestTarget:
    def test_the_last_that_was_applied_before(self, world):
        for value in ("1", "2", "3"):
            world.apply(**web(environment={"V": value}))
        assert target_of(world.store, "host", None).number == 2

    def test_not_one_that_failed(self, world):
        world.apply(**WEB)
        assert world.apply(**web(environment={"BEHAVE": "crash"}), wait=True).failures
        world.apply(**web(environment={"V": "3"}))
        assert target_of(world.store, "host", None).number == 1

    def test_not_one_that_says_what_is_there_already(self, world):
        world.apply(**web(environment={"V": "1"}))
        world.apply(**WEB)
        assert world.apply(**web(environment={"BEHAVE": "crash"}), wait=True).failures
        world.apply(**WEB)
        assert target_of(world.store, "host", None).number == 1

    def test_after_one_that_failed_the_same_words_are_worth_going_back_to(self, world):
        world.apply(**WEB)
        assert world.apply(**web(environment={"BEHAVE": "crash"}), wait=True).failures
        world.apply(**WEB)
        third = world.store.standing("host").version
        world.store.finish(third, outcome="failed", now=1.0, images=third.images)
        assert target_of(world.store, "host", None).number == 1

    @pytest.mark.parametrize(
        ("scope", "number", "words"),
        [
            ("shop", None, "no scope 'shop' is declared here; there are: host"),
            ("host", None, "host has no earlier version"),
            ("host", 7, "there is no version 7 of the scope host; there are 1"),
        ],
    )
    def test_what_there_is_not_is_told_with_what_there_is(self, world, scope, number, words):
        world.apply(**WEB)
        with pytest.raises(StowageError, match=words):
            target_of(world.store, scope, number)


class TestRollBack:
    def test_it_is_a_version_of_its_own_with_the_images_of_then(self, world):
        world.apply(**WEB)
        old = world.image_of("web")
        world.engine.images.tag("app:2", "app", "1")
        world.apply(**web(environment={"V": "2"}))
        assert world.image_of("web") != old
        answer = back(world)
        assert (answer["failed"], answer["changed"]) == (False, True)
        version = world.store.standing("host").version
        assert (version.number, version.outcome, version.images["app:1"].id) == (3, "done", old)
        assert world.image_of("web") == old
        assert world.scope()["state"] == "as declared"

    def test_it_is_exact_where_the_scope_does_not_prune(self, world):
        """Each apply added to the scope; what came later is not part of the version."""
        world.apply(prune=False, **WEB)
        world.apply(prune=False, containers={"db": {"image": "app:1"}})
        world.apply(prune=False, containers={"web": {"image": "app:2"}})
        back(world, 1)
        version = world.store.standing("host").version
        assert set(version.manifest["containers"]) == {"web"}
        assert (world.status_of("db"), version.manifest) == ("missing", world.store.version("host", 1).manifest)
        assert set(version.images) == {"app:1"}
        assert world.scope()["state"] == "as declared"

    def test_going_back_to_what_is_there_changes_nothing(self, world):
        world.apply(**WEB)
        world.apply(**web(environment={"V": "2"}))
        back(world, 1)
        again = back(world, 1)
        assert (again["failed"], again["changed"], world.store.standing("host").version.number) == (False, False, 3)

    def test_a_look_changes_nothing(self, world):
        world.apply(**WEB)
        world.apply(**web(environment={"V": "2"}))
        answer = back(world, check=True)
        assert answer["changed"]
        assert (world.engine.changes, world.store.standing("host").version.number) == ([], 2)

    def test_a_restart_of_then_is_none_of_now(self, world):
        world.apply(**web(state="restarted"))
        world.apply(containers={**web(state="restarted")["containers"], "db": {"image": "app:1"}})
        back(world, 1)
        assert not [call for call in world.engine.changes if call.endswith("/restart")]
        assert world.status_of("db") == "missing"

    def test_images_that_are_gone_are_named(self, world):
        world.apply(**WEB)
        world.apply(containers={"web": {"image": "app:2"}})
        old = world.store.version("host", 1).images["app:1"].id
        for name in list(world.engine.images.all[old]["RepoTags"]):
            world.engine.images.remove(name)
        world.engine.revive()
        answer = back(world)
        assert (answer["failed"], answer["changed"], world.engine.changes) == (True, False, [])
        assert answer["msg"].startswith("version 1 of host needs images that are not kept any more: ")
        assert world.store.standing("host").version.number == 2

    def test_contents_that_are_gone_are_counted(self, world, tmp_path):
        place = str(tmp_path / "shop")
        services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
        for text in ("one", "two"):
            files = {"app.conf": file(text)}
            world.apply(**stack("shop", services, directory=place, files=files, monitor=0, wait=False))
        for path in world.folder.rglob("blobs/*"):
            path.unlink()
        with world.answering() as resident:
            answer = roll_back(target_of(world.store, "shop", None), {}, resident, check=False)
        assert answer["msg"] == "version 1 of shop needs 1 files whose contents were not kept"
        assert (tmp_path / "shop" / "app.conf").read_text() == "two"

    def test_contents_come_back(self, world, tmp_path):
        place = str(tmp_path / "shop")
        services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
        for text in ("one", "two"):
            files = {"app.conf": file(text)}
            world.apply(**stack("shop", services, directory=place, files=files, monitor=0, wait=False))
        with world.answering() as resident:
            assert not roll_back(target_of(world.store, "shop", None), {}, resident, check=False)["failed"]
        assert (tmp_path / "shop" / "app.conf").read_text() == "one"
