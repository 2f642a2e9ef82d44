# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images stay as long as a kept version names them, and no longer; what is not ours stays."""

from __future__ import annotations

import pytest

from stowage.errors import NotFound, ServerFault
from stowage.retention import collect_images, hold_images, kept_reference
from stowage.store import KeptImage, Store, Version
from tests.unit.stowage.support.world import WEB, shop, web


def image(world, name):
    return world.engine.images.get(name)["Id"]


def names(world, identity):
    """The names an image has, or None where it is gone."""
    found = world.engine.images.all.get(identity)
    return None if found is None else set(found["RepoTags"])


def is_held(world, identity):
    return kept_reference(identity) in (names(world, identity) or ())


def pulled(world, **keys):
    """A container of an image that the run brought."""
    world.engine.images.offer("new:1", {"Env": [f"SERIAL={world.engine.new_id('offer')}"]})
    world.keep({"images": {"new:1": {"pull": "always"}}, "containers": {"web": {"image": "new:1", **keys}}})
    return image(world, "new:1")


def only_the_last(world):
    """A store that keeps no more than the current versions."""
    world.store = Store(str(world.folder), world.engine.address, keep=1)


class TestHolding:
    def test_an_image_that_is_run_is_held_though_its_name_moves(self, world):
        world.keep(WEB)
        old = image(world, "app:1")
        world.engine.images.tag("app:2", "app", "1")
        world.keep(web(environment={"A": "1"}))
        assert names(world, old) == {kept_reference(old)}

    def test_nobody_holds_images_beside_the_runtime(self, world):
        world.keep(WEB, resident=False)
        assert not is_held(world, image(world, "app:1"))

    def test_one_that_failed_holds_nothing(self, world):
        world.engine.fail_at = 1
        world.keep(WEB)
        assert not is_held(world, image(world, "app:1"))

    def test_what_is_held_already_is_not_tagged_again(self, world):
        world.keep(WEB)
        world.engine.revive()
        world.keep(WEB)
        assert world.engine.changes == []

    def test_an_engine_that_refuses_costs_nobody_anything(self, world, monkeypatch):
        def refuse(*_arguments):
            raise ServerFault("no", status=500)

        monkeypatch.setattr(world.engine.images, "tag", refuse)
        assert not world.keep(WEB).fault
        assert world.outcome() == "done"

    def test_what_is_gone_cannot_be_held(self, world):
        kept = world.keep(WEB)
        world.engine.revive()
        gone = Version("host", 1, {}, 0.0, "test", {"x:1": KeptImage(f"sha256:{'0' * 64}", brought=True)})
        hold_images(world.engine, [gone], kept.after)
        assert world.engine.changes == []


class TestLettingGo:
    def test_with_the_last_version_that_named_it(self, world):
        only_the_last(world)
        first = pulled(world)
        second = pulled(world, environment={"A": "1"})
        assert (first != second, names(world, first)) == (True, None)
        assert names(world, second) == {"new:1", kept_reference(second)}

    def test_not_while_a_version_names_it(self, world):
        first = pulled(world)
        pulled(world, environment={"A": "1"})
        assert names(world, first) == {kept_reference(first)}

    def test_not_while_an_older_version_names_it_though_others_go(self, world):
        world.store = Store(str(world.folder), world.engine.address, keep=2)
        first = pulled(world)
        for name in ("app:2", "app:1"):
            world.keep({"containers": {"web": {"image": name}}})
        assert names(world, first) is None
        assert is_held(world, image(world, "app:2"))
        assert is_held(world, image(world, "app:1"))

    def test_not_what_was_there_before_us(self, world):
        only_the_last(world)
        old = image(world, "app:1")
        world.keep(WEB)
        world.keep({"containers": {"web": {"image": "app:2"}}})
        assert names(world, old) == {"app:1"}

    def test_not_the_last_name_of_what_was_there_before_us(self, world):
        only_the_last(world)
        old = image(world, "app:1")
        world.keep(WEB)
        world.engine.images.remove("app:1")
        world.keep({"containers": {"web": {"image": "app:2"}}})
        assert names(world, old) == {kept_reference(old)}

    def test_not_the_names_of_what_somebody_else_runs(self, world):
        only_the_last(world)
        first = pulled(world)
        world.engine.images.tag(first, "theirs", "1")
        world.engine.containers.create("theirs", {"Image": first})
        world.keep({"containers": {"web": {"image": "app:2"}}})
        assert names(world, first) == {"new:1", "theirs:1"}

    def test_not_what_another_scope_declares(self, world):
        only_the_last(world)
        first = pulled(world)
        world.keep({"scope": "other", "containers": {"db": {"image": "new:1"}}})
        world.keep({"containers": {"web": {"image": "app:2"}}})
        assert names(world, first) == {"new:1", kept_reference(first)}

    def test_not_a_name_that_is_declared_and_was_given_back_to_it(self, world):
        first = pulled(world)
        pulled(world, environment={"A": "1"})
        world.engine.images.tag(first, "new", "1")
        only_the_last(world)
        world.keep({"scope": "other", "containers": {"db": {"image": "app:2"}}})
        assert names(world, first) == {"new:1"}

    def test_nothing_while_a_scope_is_damaged(self, world):
        only_the_last(world)
        world.keep({"scope": "other", **web()})
        world.damage("other")
        old = image(world, "app:1")
        world.engine.images.tag("app:2", "app", "1")  # held by its version's tag alone
        world.engine.images.offer("new:1")
        world.keep({"containers": {"db": {"image": "new:1"}}})
        first = image(world, "new:1")
        world.keep({"containers": {"db": {"image": "app:2"}}})
        assert names(world, old) == {kept_reference(old)}
        assert names(world, first) == {"new:1", kept_reference(first)}

    def test_all_of_a_scope_that_is_forgotten(self, world):
        world.engine.images.offer("new:1")
        services = {"web": {"image": "new:1", "networks": {"default": None}}}
        world.keep(shop(services))
        identity = image(world, "new:1")
        assert is_held(world, identity)
        world.keep({"stacks": {"shop": {"state": "absent"}}})
        assert world.store.standings() == {}
        assert names(world, identity) is None

    def test_of_a_scope_that_is_forgotten_what_was_there_before_keeps_its_name(self, world):
        world.keep(shop())
        world.keep({"stacks": {"shop": {"state": "absent"}}})
        assert names(world, image(world, "app:1")) == {"app:1"}

    def test_what_the_engine_refuses_is_left(self, world, monkeypatch):
        first = pulled(world)
        [version] = world.store.versions("host")
        world.remove("web")
        world.store.forget("host")

        def refuse(*_arguments):
            raise NotFound("no such image", status=404)

        monkeypatch.setattr(world.engine.images, "remove", refuse)
        assert collect_images(world.engine, world.store, [version]) == ()
        assert first in world.engine.images.all


@pytest.mark.parametrize("identity", ["sha256:abc"])
def test_the_tag_that_holds_an_image_is_a_tag(identity):
    name, _colon, tag = kept_reference(identity).rpartition(":")
    assert name
    assert tag == "sha256-abc"
