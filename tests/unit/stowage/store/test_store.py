# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from stowage.errors import StowageError
from stowage.store import KeptImage, Pause, Standing, Store, state_directory

from .stores import (
    ADDRESS,
    CONTENT,
    DIGEST,
    IMAGES,
    PAUSE,
    declare,
    finish,
    folder_of,
    manifest,
    open_store,
    records,
    shop_of,
)


@pytest.fixture
def store(base):
    return open_store(base)


def numbers(store, scope="shop"):
    return [version.number for version in store.versions(scope)]


def untouched(base):
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in records(base)}


# -- declaring ---------------------------------------------------------------------------------------


def test_an_empty_store_knows_nothing_and_makes_nothing(store, base):
    assert store.standings() == {}
    assert store.standing("shop") == Standing("shop", None)
    assert store.versions("shop") == []
    assert store.stamp() == ()
    assert store.collect() == ()
    assert store.blob(DIGEST) is None
    store.forget("shop")
    store.pause("shop", None)
    assert list(base.iterdir()) == []


def test_another_store_finds_what_was_declared(store, base):
    version = declare(store, 1, files=[DIGEST])
    assert (version.number, version.outcome, version.by, version.declared_at) == (1, "pending", "ansible", 1e9 + 1)
    assert version.manifest == manifest(1)
    assert version.files == (DIGEST,)
    assert open_store(base).standings() == {"shop": Standing("shop", version)}
    assert open_store(base).standing("shop") == Standing("shop", version)


def test_logins_are_never_stored(store, base):
    logins = {"registries": {"r": {"username": "ci", "password": "s3cret"}}}
    version = store.declare("shop", {**manifest(1), **logins}, by="a", now=1.0)
    assert version.manifest == manifest(1)
    assert all(b"s3cret" not in path.read_bytes() for path in records(base))


def test_for_the_owners_eyes_only(store, base):
    umask = os.umask(0)
    try:
        declare(store, 1)
        store.keep_blob(DIGEST, CONTENT)
    finally:
        os.umask(umask)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (base / "state").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_a_folder_that_was_opened_to_others_is_closed(store, base):
    declare(store, 1)
    folder_of(base).chmod(0o755)
    declare(store, 2)
    assert stat.S_IMODE(folder_of(base).stat().st_mode) == 0o700


def test_other_engines_have_other_stores(store, base):
    declare(store, 1)
    assert Store(str(base / "state"), "unix:///other").standings() == {}


def test_order_of_keys_is_kept(store, base):
    services = {name: {"image": "a"} for name in ("zoo", "ant", "bee")}
    store.declare("shop", {"version": 1, "stacks": {"shop": {"services": services}}}, by="a", now=1.0)
    found = open_store(base).standing("shop").version.manifest
    assert list(found["stacks"]["shop"]["services"]) == ["zoo", "ant", "bee"]


SAME = {
    "again": {},
    "later and by another": {"now": 5e9, "by": "stowage apply (root)"},
    "with its files in another order": {"files": [DIGEST, "sha256:" + "b" * 64][::-1]},
    "with the images it runs": {"images": IMAGES},
    "with images that came another way": {"images": {"app:1": replace(IMAGES["app:1"], brought=False)}},
}


@pytest.mark.parametrize("options", SAME.values(), ids=SAME)
def test_the_same_again_writes_nothing(store, base, options):
    files = [DIGEST, "sha256:" + "b" * 64]
    version = finish(store, declare(store, 1, files=files))
    before, stamp = untouched(base), store.stamp()
    assert declare(store, 1, **{"files": files, **options}) == version
    assert untouched(base) == before
    assert store.stamp() == stamp


OTHER = {
    "manifest": {"manifest": manifest(2)},
    "a boolean for a number": {"manifest": {**manifest(1), "version": True}},
    "files": {"files": [DIGEST]},
    "images": {"images": {"app:1": KeptImage("sha256:" + "c" * 64, False)}},
}


@pytest.mark.parametrize("options", OTHER.values(), ids=OTHER)
def test_anything_else_is_another_version(store, options):
    finish(store, declare(store, 1))
    settings = {"manifest": manifest(1), "by": "b", "now": 0.0, **options}
    version = store.declare("shop", settings.pop("manifest"), **settings)
    assert (version.number, version.outcome, version.plan) == (2, "pending", ())
    assert store.standing("shop").version == version
    assert numbers(store) == [2, 1]


def test_order_is_by_number_whatever_the_clock_says(store, base):
    for tag, now in ((1, 3e9), (2, 2e9), (3, 0.0), (4, -5.0), (5, 1e9)):
        declare(store, tag, now=now)
        os.utime(shop_of(base) / "current.json", (4e9 - now, 4e9 - now))
    os.utime(shop_of(base) / "1.json", (4e9, 4e9))
    assert numbers(open_store(base)) == [5, 4, 3, 2, 1]
    assert open_store(base).standing("shop").version.manifest == manifest(5)


def test_scopes_know_nothing_of_each_other(store):
    declare(store, 1)
    declare(store, 1, "blog")
    declare(store, 2, "blog")
    assert {scope: standing.version.number for scope, standing in store.standings().items()} == {"blog": 2, "shop": 1}
    store.forget("blog")
    assert list(store.standings()) == ["shop"]


# -- parts -------------------------------------------------------------------------------------------


def test_a_part_adds_to_what_is_known(store):
    add = {"by": "a", "now": 1.0, "whole": False}
    store.declare("shop", {"scope": "shop", "containers": {"web": {"image": "app:1"}}, "networks": {"edge": {}}}, **add)
    store.declare("shop", {"scope": "shop", "containers": {"db": {"image": "db:1"}}}, **add)
    version = store.declare(
        "shop", {"scope": "shop", "containers": {"web": {"image": "app:2"}}, "volumes": None}, **add
    )
    assert version.number == 3
    assert version.manifest["containers"] == {"web": {"image": "app:2"}, "db": {"image": "db:1"}}
    assert version.manifest["networks"] == {"edge": {}}
    assert store.declare("shop", {"scope": "shop", "containers": {"db": {"image": "db:1"}}}, **add) == version


def test_a_state_alone_takes_nothing_else_away(store):
    declare(store, 1)
    change = {"scope": "shop", "containers": {"web": {"state": "stopped"}}}
    version = store.declare("shop", change, by="a", now=1.0, whole=False)
    assert version.manifest["containers"]["web"] == {**manifest(1)["containers"]["web"], "state": "stopped"}
    change["containers"]["web"]["state"] = "absent"
    version = store.declare("shop", change, by="a", now=1.0, whole=False)
    assert version.manifest["containers"] == {"web": {"state": "absent"}}


@pytest.mark.parametrize("first", [[1], {"web": 5}, 7, None])
def test_parts_that_do_not_fit_are_the_manifests_business(store, first):
    store.declare("shop", {"containers": first}, by="a", now=1.0)
    version = store.declare("shop", {"containers": {"web": {"state": "stopped"}}}, by="a", now=1.0, whole=False)
    assert version.manifest == {"containers": {"web": {"state": "stopped"}}}


# -- what cannot be stored ---------------------------------------------------------------------------


def nested(depth):
    value: object = 1
    for _level in range(depth):
        value = [value]
    return value


ENDLESS: dict = {}
ENDLESS["self"] = ENDLESS
UNFIT = {
    "not a number": {"a": float("nan")},
    "infinity": {"a": [float("inf")]},
    "bytes": {"a": b"x"},
    "a set": {"a": {1}},
    "deep": {"a": nested(250)},
    "deeper than Python goes": {"a": nested(200_000)},
    "itself": ENDLESS,
    "two keys that are one": {"a": {1: 2, "1": 3}},
    "larger than 64 MiB": {"a": "x" * (64 << 20)},
}


@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_what_could_not_be_read_again_is_not_stored(store, base, unfit):
    version = declare(store, 1)
    before = untouched(base)
    with pytest.raises(StowageError, match="shop cannot be stored"):
        store.declare("shop", unfit, by="a", now=1.0)
    assert untouched(base) == before
    assert store.standing("shop").version == version


@pytest.mark.parametrize(
    "options", [{"by": None}, {"now": "noon"}, {"now": float("nan")}, {"files": [5]}, {"now": True}]
)
def test_neither_is_a_record_that_would_be_damage(store, options):
    with pytest.raises(StowageError, match="cannot be stored"):
        declare(store, 1, **options)
    assert store.standings() == {}


def test_what_is_just_fit_is_read_again(store, base):
    fit = {"a": nested(190), "text": "\ud800 \0 \U0001f600", "number": 10**40, "float": 1e-7}
    version = store.declare("shop", fit, by="\udcff", now=1.0)
    assert version.manifest == fit
    assert open_store(base).standing("shop").version == version


# -- finishing ---------------------------------------------------------------------------------------


def test_what_came_of_it_is_noted(store, base):
    version = declare(store, 1)
    finished = finish(store, version, message="", outcome="done")
    assert finished == replace(
        version, outcome="done", plan=("+ container web",), images=IMAGES, seconds=1.5, finished_at=2e9
    )
    assert open_store(base).standing("shop").version == finished
    assert numbers(store) == [1]


def test_the_same_outcome_again_writes_nothing(store, base):
    version = declare(store, 1)
    first = finish(store, version)
    before = untouched(base)
    assert finish(store, version, now=3e9) == first
    assert finish(store, first, now=3e9) == first
    assert untouched(base) == before
    assert finish(store, version, outcome="failed", message="no such image").message == "no such image"
    assert store.standing("shop").version.outcome == "failed"


def test_a_version_is_finished_after_the_next_one_was_declared(store):
    first = declare(store, 1)
    second = declare(store, 2)
    finish(store, first, outcome="failed")
    assert store.standing("shop").version == second
    assert store.version("shop", 1).outcome == "failed"


def test_what_is_gone_is_not_brought_back_by_finishing_it(store, base):
    version = declare(store, 1)
    store.forget("shop")
    assert finish(store, version).outcome == "done"
    assert store.standings() == {}
    other = declare(store, 2)
    assert other.number == version.number
    finish(store, version)
    assert store.standing("shop").version == other


def test_a_damaged_scope_is_not_healed_by_finishing(store, base):
    versions = [declare(store, tag) for tag in (1, 2)]
    (shop_of(base) / "2.json").write_bytes(b"")
    before = untouched(base)
    for version in versions:
        assert finish(store, version).outcome == "done"
    assert untouched(base) == before
    assert store.standing("shop").version is None


def test_there_is_no_other_outcome(store):
    version = declare(store, 1)
    with pytest.raises(StowageError, match=r"'well' is no outcome; there are pending, done, failed"):
        finish(store, version, outcome="well")


# -- history -----------------------------------------------------------------------------------------


def test_an_earlier_version_is_found_by_its_number(store):
    versions = [declare(store, tag) for tag in (1, 2, 3)]
    assert store.versions("shop") == versions[::-1]
    assert store.version("shop", 2) == versions[1]
    with pytest.raises(StowageError, match=r"there is no version 9 of the scope shop; there are 1, 2, 3"):
        store.version("shop", 9)
    with pytest.raises(StowageError, match=r"there is no version 1 of the scope blog; there is none"):
        store.version("blog", 1)


def test_a_damaged_one_of_before_is_left_out(store, base):
    for tag in (1, 2, 3):
        declare(store, tag)
    (shop_of(base) / "2.json").write_bytes((shop_of(base) / "1.json").read_bytes())
    assert numbers(store) == [3, 1]
    assert store.standing("shop").version.number == 3
    declare(store, 4)
    assert numbers(store) == [4, 3, 1]


def test_one_of_a_former_life_is_no_version(store, base):
    declare(store, 1)
    declare(store, 2)
    former = (shop_of(base) / "1.json").read_bytes()
    store.forget("shop")
    declare(store, 3)
    declare(store, 4)
    (shop_of(base) / "1.json").write_bytes(former)
    assert [version.manifest for version in store.versions("shop")] == [manifest(4)]


@pytest.mark.parametrize(("keep", "left"), [(1, [5]), (2, [5, 4]), (10, [5, 4, 3, 2, 1]), (0, [5]), (-3, [5])])
def test_the_newest_are_kept(base, keep, left):
    store = open_store(base, keep=keep)
    versions = [declare(store, tag) for tag in (1, 2, 3, 4, 5)]
    assert numbers(store) == [5, 4, 3, 2, 1]
    assert store.collect() == tuple(version for version in versions[::-1] if version.number not in left)
    assert numbers(store) == numbers(open_store(base)) == left
    assert {path.name for path in shop_of(base).iterdir()} == {"current.json", *(f"{number}.json" for number in left)}
    assert store.collect() == ()
    assert declare(store, 6).number == 6


def test_a_damaged_scope_loses_no_more(base):
    store = open_store(base, keep=1)
    for tag in (1, 2, 3):
        declare(store, tag, files=[DIGEST])
    store.keep_blob(DIGEST, CONTENT)
    declare(store, 4)
    (shop_of(base) / "4.json").write_bytes(b"")
    assert store.collect() == ()
    assert numbers(store) == [3, 2, 1]
    assert open_store(base).collect() == ()
    assert store.blob(DIGEST)


def test_a_lost_version_takes_no_ones_place_among_those_kept(base):
    store = open_store(base, keep=2)
    for tag in (1, 2, 3):
        declare(store, tag)
    (shop_of(base) / "3.json").write_bytes(b"")
    declare(store, 4)
    store.collect()
    assert numbers(store) == [4, 2]


# -- forgetting --------------------------------------------------------------------------------------


def test_what_is_forgotten_leaves_no_trace_of_its_secrets(store, base):
    declare(store, 1)
    (shop_of(base) / "1.json").write_bytes(b"hunter2")
    declare(store, 2)
    assert any(b"hunter2" in path.read_bytes() for path in records(base))
    store.forget("shop")
    assert records(base) == []
    assert store.standings() == {}
    assert declare(store, 3).number == 1


# -- pausing -----------------------------------------------------------------------------------------


def test_a_pause_lasts_through_declarations_until_it_is_lifted(store, base):
    declare(store, 1)
    store.pause("shop", PAUSE)
    assert open_store(base).standing("shop").pause == PAUSE
    finish(store, declare(store, 2))
    assert open_store(base).standing("shop").pause == PAUSE
    before = untouched(base)
    store.pause("shop", PAUSE)
    assert untouched(base) == before
    store.pause("shop", replace(PAUSE, until=3e9))
    assert store.standing("shop").pause.until == 3e9
    store.pause("shop", None)
    assert open_store(base).standing("shop") == Standing("shop", store.version("shop", 2))


def test_what_is_not_kept_cannot_be_paused(store, base):
    with pytest.raises(StowageError, match="nothing is declared for the scope shop"):
        store.pause("shop", PAUSE)
    declare(store, 1)
    (shop_of(base) / "current.json").write_bytes(b"")
    with pytest.raises(StowageError, match=r"current\.json: it does not match its checksum"):
        store.pause("shop", PAUSE)
    store.pause("shop", None)


@pytest.mark.parametrize("unfit", [Pause(float("inf"), "a"), Pause(None, "a"), Pause(1.0, None)])
def test_a_pause_that_could_not_be_read_again_is_refused(store, unfit):
    version = declare(store, 1)
    with pytest.raises(StowageError):
        store.pause("shop", unfit)
    assert store.standing("shop") == Standing("shop", version)


# -- stamps ------------------------------------------------------------------------------------------

CHANGES = {
    "declared": lambda store: declare(store, 2),
    "declared anew": lambda store: declare(store, 1, "blog"),
    "finished": lambda store: finish(store, store.standing("shop").version),
    "paused": lambda store: store.pause("shop", PAUSE),
    "forgotten": lambda store: store.forget("shop"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_stamp_changes_with_what_it_stands_for(store, base, change):
    declare(store, 1)
    stamp = store.stamp()
    assert open_store(base).stamp() == stamp
    change(open_store(base))
    assert store.stamp() != stamp


def test_a_stamp_changes_when_the_clock_stands_still(store, base, monkeypatch):
    monkeypatch.setattr("stowage.store.files.time.time_ns", lambda: 10**18)
    declare(store, 1)
    moments = set()
    for until in (1.0, 2.0, 3.0, 1.0, 2.0, 3.0):
        store.pause("shop", replace(PAUSE, until=until))
        moments.add((shop_of(base) / "current.json").stat().st_mtime_ns)
    assert len(moments) == 6


def test_a_stamp_changes_with_damage(store, base):
    declare(store, 1)
    stamp = store.stamp()
    (shop_of(base) / "1.json").write_bytes(b"")
    assert store.stamp() != stamp


# -- contents ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_path", [True, False])
def test_a_content_is_kept_as_long_as_a_version_needs_it(base, by_path):
    store = open_store(base, keep=1)
    source = base / "source"
    source.write_bytes(CONTENT)
    store.keep_blob(DIGEST, str(source) if by_path else CONTENT)
    assert store.collect() == ()
    assert Path(store.blob(DIGEST)).read_bytes() == CONTENT  # what is to be declared is not collected
    declare(store, 1, files=[DIGEST])
    declare(store, 2)
    store.keep_blob(DIGEST, CONTENT)
    store = open_store(base, keep=1)
    assert store.blobs_for([DIGEST, "sha256:" + "0" * 64]) == {DIGEST: store.blob(DIGEST)}
    assert [version.number for version in store.collect()] == [1]
    assert store.blob(DIGEST) is None
    assert list((folder_of(base) / "blobs").iterdir()) == []


def test_a_content_that_is_there_is_not_written_again(store, base):
    store.keep_blob(DIGEST, CONTENT)
    before = untouched(base)
    store.keep_blob(DIGEST, "/nowhere")
    assert untouched(base) == before


BAD_SOURCES = {
    "other bytes": (b"other", "what was brought is not the content"),
    "another file": ("file", "file is not the content"),
    "no file": ("missing", "cannot read .*missing: No such file"),
    "a folder": ("folder", "cannot read .*folder: not a regular file"),
    "a pipe": ("pipe", "cannot read .*pipe: not a regular file"),
}


@pytest.mark.parametrize(("source", "message"), BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_what_has_another_digest_is_not_kept(store, base, source, message):
    (base / "file").write_bytes(b"other")
    (base / "folder").mkdir()
    os.mkfifo(base / "pipe")
    with pytest.raises(StowageError, match=message):
        store.keep_blob(DIGEST, source if isinstance(source, bytes) else str(base / source))
    assert store.blob(DIGEST) is None
    assert list((folder_of(base) / "blobs").iterdir()) == []


@pytest.mark.parametrize(
    "digest", ["", "sha256:", "sha256:../../../etc/passwd", "sha256:" + "A" * 64, DIGEST + "\n", "a" * 64]
)
def test_no_digest_is_a_way_out(store, base, digest):
    with pytest.raises(StowageError, match="is no digest"):
        store.keep_blob(digest, CONTENT)
    assert store.blob(digest) is None
    assert store.blobs_for([digest]) == {}
    assert records(base) == []


def _folder_in_place(path):
    path.unlink()
    (path / "x").mkdir(parents=True)


def _link_in_place(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b"x"), lambda path: path.unlink(), _folder_in_place, _link_in_place]
)
def test_a_damaged_content_is_none_and_can_be_kept_again(store, base, damage):
    store.keep_blob(DIGEST, CONTENT)
    damage(Path(store.blob(DIGEST)))
    assert store.blob(DIGEST) is None
    store.keep_blob(DIGEST, CONTENT)
    assert Path(store.blob(DIGEST)).read_bytes() == CONTENT


# -- names -------------------------------------------------------------------------------------------

SCOPES = [
    "host",
    "a.b_c-1",
    "A",
    "a",
    "",
    ".",
    "..",
    "../../../etc",
    "/etc/passwd",
    ".new",
    ".gone",
    "%",
    "%2e",
    "%%",
    "a/b",
    "a%2fb",
    "a\0b",
    "a\nb",
    "ö",
    "\udcff",
    "\ud800",
    "x" * 200,
    "x" * 201,
    "x" * 5000,
    "x" * 5000 + "y",
    "../" * 2000,
    "current.json",
    "-rf",
    "damaged",
]


def test_every_scope_has_a_place_of_its_own_inside_the_store(store, base):
    for tag, scope in enumerate(SCOPES):
        declare(store, tag, scope)
    again = open_store(base)
    assert set(again.standings()) == set(SCOPES)
    for tag, scope in enumerate(SCOPES):
        assert again.standing(scope) == again.standings()[scope]
        assert again.standing(scope).version.manifest == manifest(tag, scope)
    scopes = folder_of(base) / "scopes"
    assert len(list(scopes.iterdir())) == len(SCOPES)
    assert {path.parent.parent for path in records(base)} == {scopes}
    assert [path.name for path in base.iterdir()] == ["state"]
    for scope in SCOPES:
        (scopes / again._scope(scope)._folder / "current.json").write_bytes(b"")
        assert again.standing(scope).damage
        assert declare(again, 77, scope).number == 2
        again.pause(scope, PAUSE)
        again.forget(scope)
    assert records(base) == []


def test_a_long_name_is_told_as_long_as_its_record_is_sound(store, base):
    declare(store, 1, "x" * 300)
    [folder] = (folder_of(base) / "scopes").iterdir()
    (folder / "current.json").unlink()
    assert list(store.standings()) == [folder.name]
    assert store.standing("x" * 300).damage
    declare(store, 2, "x" * 300)
    assert list(store.standings()) == ["x" * 300]


# -- where -------------------------------------------------------------------------------------------


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


def test_a_file_where_the_folder_should_be(base):
    (base / "state").write_text("mine")
    store = open_store(base)
    assert store.standings() == {}
    assert store.stamp() == ()
    with pytest.raises(StowageError, match=r"cannot write .*state"):
        declare(store, 1)
    assert (base / "state").read_text() == "mine"


def test_a_state_directory_may_be_a_link(base):
    (base / "disk").mkdir()
    (base / "state").symlink_to("disk")
    declare(open_store(base), 1)
    assert open_store(base).standing("shop").version.number == 1


@pytest.mark.parametrize("level", ["engines", "engines/it"])
def test_no_link_within_leads_elsewhere(base, level):
    declare(open_store(base), 1)
    link = base / "state" / "engines" if level == "engines" else folder_of(base)
    link.rename(base / "elsewhere")
    link.symlink_to(base / "elsewhere")
    before = untouched(base)
    store = open_store(base)
    assert store.standings() == {}
    assert store.standing("shop").version is None
    assert store.versions("shop") == []
    assert store.collect() == ()
    store.forget("shop")
    with pytest.raises(StowageError, match="Not a directory"):
        declare(store, 2)
    assert untouched(base) == before


def test_the_address_is_not_in_the_path(base):
    Store(str(base / "state"), "ssh://me@../../x", keep=1).declare("s", {}, by="a", now=1.0)
    assert folder_of(base).name.isalnum()
    assert ADDRESS not in str(folder_of(base))
