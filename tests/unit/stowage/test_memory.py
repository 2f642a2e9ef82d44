# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest

from stowage.manifest import parse_manifest
from stowage.memory import Memory, state_directory

MANIFEST = {"scope": "shop", "containers": {"web": {"image": "app:1", "environment": {"A": "hunter2"}}}}


@pytest.fixture
def memory(tmp_path):
    return Memory(str(tmp_path / "state"), "unix:///a")


def files(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_yet(memory):
    assert memory.recall() == {}
    memory.forget("shop")


def test_what_was_declared_last_without_logins(memory, tmp_path):
    memory.remember("shop", {**MANIFEST, "registries": {"r": {"password": "s3cret"}}})
    memory.remember("a.b", {"scope": "a.b"})
    assert memory.recall() == {"shop": MANIFEST, "a.b": {"scope": "a.b"}}
    assert all("s3cret" not in path.read_text() for path in files(tmp_path))
    memory.remember("shop", {"scope": "shop"})
    memory.forget("a.b")
    assert memory.recall() == {"shop": {"scope": "shop"}}


def test_for_the_owners_eyes_only(memory, tmp_path):
    memory.remember("shop", MANIFEST)
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_other_engines_have_other_memories(memory, tmp_path):
    memory.remember("shop", MANIFEST)
    assert Memory(str(tmp_path / "state"), "unix:///b").recall() == {}


def test_the_same_again_writes_nothing(memory, tmp_path):
    memory.remember("shop", MANIFEST)
    (path,) = files(tmp_path)
    before = path.stat().st_ino
    memory.remember("shop", MANIFEST)
    assert path.stat().st_ino == before
    assert files(tmp_path) == [path]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"manifest": 5}', b'{"manifest": {"containers": [1]}}', b"null"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_damaged_files_are_left_out_and_written_over(memory, tmp_path, damage, whole):
    memory.remember("shop", MANIFEST)
    memory.remember("other", {"scope": "other"})
    next(path for path in files(tmp_path) if path.name == "shop.json").write_bytes(damage)
    assert memory.recall()["other"] == {"scope": "other"}
    memory.remember("shop", MANIFEST, whole=whole)
    assert memory.recall()["shop"] == MANIFEST


def test_a_part_adds_to_what_is_known(memory):
    memory.remember("shop", {"scope": "shop", "containers": {"web": {"image": "app:1"}}, "networks": {"edge": {}}})
    memory.remember("shop", {"scope": "shop", "containers": {"db": {"image": "db:1"}}}, whole=False)
    memory.remember("shop", {"scope": "shop", "containers": {"web": {"image": "app:2"}}, "volumes": None}, whole=False)
    recalled = memory.recall()["shop"]
    assert recalled["containers"] == {"web": {"image": "app:2"}, "db": {"image": "db:1"}}
    assert recalled["networks"] == {"edge": {}}


def test_a_state_alone_takes_nothing_else_away(memory):
    memory.remember("shop", MANIFEST)
    memory.remember("shop", {"scope": "shop", "containers": {"web": {"state": "stopped"}}}, whole=False)
    assert memory.recall()["shop"]["containers"] == {"web": {**MANIFEST["containers"]["web"], "state": "stopped"}}
    memory.remember("shop", {"scope": "shop", "containers": {"web": {"state": "absent"}}}, whole=False)
    assert memory.recall()["shop"]["containers"] == {"web": {"state": "absent"}}


def test_a_disk_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    memory = Memory(str(tmp_path / "state"), "unix:///a")
    memory.remember("shop", MANIFEST)
    assert memory.recall() == {}


def test_foreign_files_are_nobodys_scope(memory, tmp_path):
    memory.remember("shop", MANIFEST)
    (files(tmp_path)[0].parent / "notes.txt").write_text(json.dumps({"manifest": {}}))
    assert list(memory.recall()) == ["shop"]


@pytest.mark.parametrize(
    ("user", "environ", "expected"),
    [
        (0, {"XDG_STATE_HOME": "/x"}, "/var/lib/stowage"),
        (1000, {"XDG_STATE_HOME": "/x"}, "/x/stowage"),
        (1000, {}, "/home/me/.local/state/stowage"),
    ],
)
def test_where(monkeypatch, user, environ, expected):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("HOME", "/home/me")
    assert state_directory(environ) == expected


# -- several scopes ----------------------------------------------------------------------------------

SHOP = {"services": {"web": {"image": "app:1", "environment": {"A": "hunter2"}}}}
BLOG = {"services": {"web": {"image": "blog:1"}}}


def remember(memory, manifest):
    memory.remember_parts(parse_manifest(manifest), manifest)


def test_each_scope_has_its_own(memory):
    login = {"r": {"username": "ci", "password": "s3cret"}}
    remember(memory, {"scope": "mine", "containers": {}, "registries": login, "stacks": {"shop": SHOP, "blog": BLOG}})
    assert memory.recall() == {
        "mine": {"scope": "mine", "containers": {}},
        "shop": {"version": 1, "stacks": {"shop": SHOP}},
        "blog": {"version": 1, "stacks": {"blog": BLOG}},
    }


def test_a_declaration_of_stacks_says_nothing_of_the_host(memory):
    remember(memory, {"containers": {"web": {"image": "app:1"}}})
    remember(memory, {"stacks": {"shop": SHOP}})
    assert memory.recall()["host"] == {"containers": {"web": {"image": "app:1"}}}


def test_a_stack_that_goes_is_forgotten(memory):
    remember(memory, {"stacks": {"shop": SHOP, "blog": BLOG}})
    remember(memory, {"stacks": {"shop": {"state": "absent"}}})
    assert list(memory.recall()) == ["blog"]
    remember(memory, {"stacks": {"blog": {"services": {}}}})
    assert memory.recall()["blog"] == {"version": 1, "stacks": {"blog": {"services": {}}}}


def test_a_part_of_a_stack_is_no_reason_to_forget_the_rest(memory):
    remember(memory, {"stacks": {"shop": SHOP}})
    both = {"services": {"web": {"image": "app:2"}, "db": {"image": "db:1"}}, "left": ["db"]}
    remember(memory, {"stacks": {"shop": both}})
    assert memory.recall()["shop"]["stacks"]["shop"] == SHOP


def test_what_is_not_pruned_adds_up(memory):
    remember(memory, {"containers": {"web": {"image": "app:1"}}, "stacks": {"shop": SHOP}})
    remember(memory, {"prune": False, "containers": {"db": {"image": "db:1"}}})
    assert set(memory.recall()["host"]["containers"]) == {"web", "db"}
