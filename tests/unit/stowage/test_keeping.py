# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration is on the disk before anything is done for it; what came of it is told as it is, whatever the disk says."""

from __future__ import annotations

import shutil

import pytest

from stowage import request
from stowage.errors import DeclarationError, StowageError
from stowage.store import Store
from tests.unit.stowage.support.stacks import bind, file, service, stack
from tests.unit.stowage.support.world import WEB, shop, web


def test_a_declaration_is_durable_before_the_first_change(world):
    world.begin(WEB)
    assert world.engine.changes == []
    version = Store(str(world.folder), world.engine.address).standing("host").version
    assert (version.outcome, version.manifest["containers"]) == ("pending", WEB["containers"])


def test_what_is_refused_is_not_kept(world):
    with pytest.raises(DeclarationError):
        world.keep(web(networks={"nowhere": None}))
    assert world.store.standings() == {}


def test_where_the_disk_refuses_nothing_is_changed(world):
    with world.full_disk("declare"), pytest.raises(StowageError, match="No space left"):
        world.keep(WEB)
    assert world.engine.changes == []


def test_who_does_not_rely_on_the_store_goes_on_without(world, tmp_path):
    with world.full_disk("declare"):
        kept = world.keep(WEB, strict=False, resident=False)
    assert not kept.run.report.failures
    assert not kept.fault
    assert ["No space left" in warning for warning in kept.warnings] == [True]
    assert world.status_of("web") == "running"


class TestDiskThatIsFullInTheEnd:
    """All was done, and could not be noted."""

    def test_what_was_done_is_told_and_that_it_could_not_be_noted(self, world):
        with world.full_disk("finish"):
            kept = world.keep(WEB)
        assert kept.run.report.changed
        assert not kept.run.report.failures
        assert "could not be noted: cannot write" in kept.fault

    def test_the_answer_is_a_failure_that_changed_something(self, world):
        asked = {"version": 1, "do": "converge", "manifest": {"version": 1, "monitor": 0, "wait": False, **WEB}}
        with world.answering() as resident, world.full_disk("finish"):
            answer = request.answer(asked, resident)
        assert (answer["failed"], answer["changed"]) == (True, True)
        assert "could not be noted: cannot write: No space left" in answer["msg"]
        assert [operation["status"] for operation in answer["operations"]] == ["done", "done"]
        assert answer["containers"]["web"]["status"] == "running"

    def test_it_is_finished_and_the_others_are_kept_meanwhile(self, world):
        world.apply(scope="good", containers={"db": {"image": "app:1"}})
        with world.full_disk("finish", "host"):
            world.keep(WEB)
            world.remove("db")
            for _time in range(20):
                world.look(6.0)
            assert world.status_of("db") == "running"
        world.restart()
        assert world.outcome() == "done"

    def test_nothing_that_went_with_it_is_let_go_of(self, world, monkeypatch):
        monkeypatch.setattr(world.store, "collect", lambda: pytest.fail("collected"))
        with world.full_disk("finish"):
            assert world.keep(WEB).fault


def test_a_full_disk_while_collecting_costs_nothing(world):
    with world.full_disk("collect"):
        kept = world.keep(WEB)
    assert (kept.fault, kept.run.report.failures) == ("", ())


def test_a_run_that_lacks_files_keeps_and_changes_nothing(world, tmp_path):
    lacking = {"digest": f"sha256:{'0' * 64}", "mode": 0o644}
    place = str(tmp_path / "shop")
    services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
    kept = world.keep(stack("shop", services, directory=place, files={"app.conf": lacking}, monitor=0, wait=False))
    assert kept.run.missing == (lacking["digest"],)
    assert (world.store.standings(), world.engine.changes) == ({}, [])


class TestContents:
    """What files hold is kept, to put it back with nobody asking for it."""

    def declared(self, tmp_path, text):
        place = str(tmp_path / "shop")
        services = {"web": service(volumes=[bind(f"{place}/app.conf", "/app.conf")])}
        return stack("shop", services, directory=place, files={"app.conf": file(text)}, monitor=0, wait=False)

    def test_what_was_brought_is_kept(self, world, tmp_path):
        world.keep(self.declared(tmp_path, "one"))
        shutil.rmtree(tmp_path / "shop")
        world.look(20.0)
        assert (tmp_path / "shop" / "app.conf").read_text() == "one"

    def test_what_lay_in_its_place_already_is_kept_too(self, world, tmp_path):
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "app.conf").write_text("one")
        world.keep(self.declared(tmp_path, "one"))
        assert world.store.blob(file("one")["digest"])

    def test_who_is_not_resident_keeps_none(self, world, tmp_path):
        world.keep(self.declared(tmp_path, "one"), resident=False)
        assert world.store.blob(file("one")["digest"]) is None


def test_a_scope_that_goes_as_a_whole_takes_its_record_along(world):
    world.keep(shop())
    assert set(world.store.standings()) == {"shop"}
    world.keep({"stacks": {"shop": {"state": "absent"}}})
    assert world.store.standings() == {}
