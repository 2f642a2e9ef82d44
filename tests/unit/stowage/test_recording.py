# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a run goes into which scope's record."""

from __future__ import annotations

import pytest

from stowage.errors import StowageError
from stowage.manifest import parse_manifest
from stowage.recording import is_gone
from stowage.store import KeptImage
from tests.unit.stowage.support.stacks import service
from tests.unit.stowage.support.world import WEB, shop, web


def both(first=None, second=None, **keys):
    """Two stacks in one declaration, in this order."""
    found = {"a": shop(first, "a"), "b": shop(second, "b", **keys)}
    return {"stacks": {name: found[name]["stacks"][name] for name in ("a", "b")}}


def crashing():
    return {"web": service(environment={"BEHAVE": "crash"})}


class TestTakingBack:
    """One of several scopes cannot be stored: nothing was changed, so nothing is declared anew."""

    def test_a_new_one_is_not_known(self, world):
        with world.full_disk("declare", "b"), pytest.raises(StowageError, match="No space left"):
            world.keep(both())
        assert world.store.standings() == {}
        world.look(300.0)
        assert world.engine.changes == []

    def test_what_held_before_holds_again_with_all_that_was_known_of_it(self, world):
        world.keep(both())
        before = world.store.standing("a").version
        world.engine.revive()
        other = {"web": service(environment={"NEW": "1"})}
        with world.full_disk("declare", "b"), pytest.raises(StowageError, match="No space left"):
            world.keep(both(other, other))
        after = world.store.standing("a").version
        assert after.number > before.number
        for known in ("manifest", "outcome", "by", "images", "plan", "message", "seconds", "files"):
            assert getattr(after, known) == getattr(before, known), known
        world.look(300.0)
        assert world.engine.changes == []

    def test_one_that_failed_has_failed_again(self, world):
        world.keep(both())
        assert world.keep(both(crashing())).run.report is not None
        world.store.finish(world.store.standing("a").version, outcome="failed", now=1.0, message="it did not start")
        with world.full_disk("declare", "b"), pytest.raises(StowageError):
            world.keep(both())
        after = world.store.standing("a").version
        assert (after.outcome, after.message) == ("failed", "it did not start")

    def test_one_that_was_declared_the_same_stays_as_it_is(self, world):
        world.keep(both())
        before = world.store.standing("a").version
        with world.full_disk("declare", "b"), pytest.raises(StowageError):
            world.keep(both(None, {"web": service(environment={"NEW": "1"})}))
        assert world.store.standing("a").version == before


class TestFailures:
    def test_of_one_scope_are_none_of_the_others(self, world):
        world.keep(both())
        kept = world.keep(both(None, crashing(), wait=True))
        assert kept.run.report.failures
        first, second = (world.store.standing(name).version for name in ("a", "b"))
        assert (first.outcome, first.message) == ("done", "")
        assert second.outcome == "failed"
        assert "b-web-1" in second.message

    def test_each_of_two_has_its_own(self, world):
        crashing_both = both(crashing(), crashing(), wait=True)
        crashing_both["stacks"]["a"]["wait"] = True
        assert world.keep(crashing_both).run.report.failures
        for name, other in (("a", "b"), ("b", "a")):
            version = world.store.standing(name).version
            assert version.outcome == "failed"
            assert (f"{name}-web-1" in version.message, f"{other}-web-1" in version.message) == (True, False)

    def test_a_version_that_failed_and_is_tried_again_is_unfinished_meanwhile(self, world):
        manifest = web(environment={"BEHAVE": "crash"})
        assert world.keep({**manifest, "wait": True}).run.report.failures
        assert world.outcome() == "failed"
        number = world.store.standing("host").version.number
        world.remove("web")
        world.begin({**manifest, "wait": True})
        assert (world.store.standing("host").version.number, world.outcome()) == (number, "pending")

    def test_what_was_applied_and_is_only_mended_keeps_its_story(self, world):
        world.keep(WEB)
        before = world.store.standing("host").version
        world.set_state("web", Status="exited", ExitCode=137)
        assert "StartContainer web" in str(world.keep(WEB).run.plan)
        after = world.store.standing("host").version
        assert (after.number, after.plan, after.seconds) == (before.number, before.plan, before.seconds)
        assert "CreateContainer web" in before.plan[0]

    def test_what_was_applied_and_cannot_be_mended_has_failed(self, world):
        world.keep(WEB)
        world.remove("web")
        world.engine.fail_at = 1
        assert world.keep(WEB).run.report.failures
        assert world.outcome() == "failed"


class TestFinishing:
    @pytest.mark.parametrize("unfinished", ["failed", "pending"])
    def test_what_fails_again_is_left_as_is_wanted(self, world, unfinished):
        world.begin(WEB)
        version = world.store.standing("host").version
        world.engine.fail_at = 1
        world.keep(version.manifest, finishing=version, unfinished=unfinished)
        assert world.outcome() == unfinished

    def test_it_stays_the_same_version(self, world):
        world.begin(WEB)
        version = world.store.standing("host").version
        world.keep(version.manifest, finishing=version)
        after = world.store.standing("host").version
        assert (after.number, after.outcome, after.declared_at) == (version.number, "done", version.declared_at)


class TestImages:
    def test_they_are_what_the_names_stood_for_in_the_end(self, world):
        world.keep(WEB)
        identity = world.engine.images.get("app:1")["Id"]
        assert world.store.standing("host").version.images == {"app:1": KeptImage(identity, brought=False)}

    def test_one_that_came_by_the_plan_is_ours(self, world):
        world.engine.images.offer("new:1")
        world.keep({"containers": {"web": {"image": "new:1"}}})
        identity = world.engine.images.get("new:1")["Id"]
        assert world.store.standing("host").version.images == {"new:1": KeptImage(identity, brought=True)}
        # And stays ours, whatever is declared beside it later.
        world.keep({"containers": {"web": {"image": "new:1", "environment": {"A": "1"}}}})
        assert world.store.standing("host").version.images["new:1"].brought

    def test_what_is_to_be_brought_is_known_by_name_before_it_is(self, world):
        world.engine.images.offer("new:1")
        world.begin({"containers": {"web": {"image": "new:1"}}})
        assert world.store.standing("host").version.images == {"new:1": KeptImage("", brought=True)}

    def test_the_same_words_with_another_image_are_another_version(self, world):
        world.keep(WEB)
        world.engine.images.tag("app:2", "app", "1")
        world.keep(WEB)
        first, second = world.store.version("host", 1), world.store.version("host", 2)
        assert first.manifest == second.manifest
        assert first.images["app:1"].id != second.images["app:1"].id == world.engine.images.get("app:2")["Id"]

    def test_one_that_is_declared_away_is_held_no_longer(self, world):
        world.keep(WEB)
        world.keep({"images": {"app:1": {"state": "absent"}}, "containers": {"web": {"image": "app:2"}}})
        assert set(world.store.standing("host").version.images) == {"app:2"}


def test_a_declaration_beside_others_adds_to_its_scope(world):
    world.keep(WEB)
    world.keep({"prune": False, "containers": {"db": {"image": "app:2"}}})
    version = world.store.standing("host").version
    assert set(version.manifest["containers"]) == {"web", "db"}
    assert set(version.images) == {"app:1", "app:2"}


@pytest.mark.parametrize(
    ("manifest", "gone"),
    [
        ({}, True),
        ({"containers": {"web": {"state": "absent"}}}, True),
        ({"prune": False, "containers": {"web": {"state": "absent"}}}, False),
        (WEB, False),
        ({"containers": {"web": {"state": "absent"}}, "volumes": {"data": {}}}, False),
        ({"stacks": {"shop": {"state": "absent"}}}, True),
        (shop(), False),
    ],
)
def test_whether_anything_of_a_scope_is_left(manifest, gone):
    [part] = parse_manifest(manifest)
    assert is_gone(part) is gone
