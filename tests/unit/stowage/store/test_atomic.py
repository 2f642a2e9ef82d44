# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens in the middle of a change: the old record holds, or the new one."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stowage.errors import StowageError
from stowage.store import Standing, Version

from .stores import (
    CONTENT,
    DIGEST,
    IMAGES,
    PAUSE,
    Killed,
    declare,
    finish,
    folder_of,
    manifest,
    moments_of,
    open_store,
    records,
    shop_of,
    stopping_at,
)

pytestmark = pytest.mark.slow


def nothing(base):
    base.mkdir()


def another_scope(base):
    declare(open_store(base), 1, "blog")


def declared(base):
    store = open_store(base)
    finish(store, declare(store, 1))
    store.pause("shop", PAUSE)
    declare(store, 2, "shop")
    declare(store, 1, "blog")


def long_history(base):
    store = open_store(base)
    store.keep_blob(DIGEST, CONTENT)
    for tag in (1, 2, 3, 4):
        finish(store, declare(store, tag, files=[DIGEST] if tag == 1 else ()))


def no_current(base):
    declared(base)
    (shop_of(base) / "current.json").unlink()


def bad_current(base):
    declared(base)
    (shop_of(base) / "current.json").write_bytes(b"{}")


def older_current(base):
    declared(base)
    older = (shop_of(base) / "current.json").read_bytes()
    declare(open_store(base), 3)
    (shop_of(base) / "current.json").write_bytes(older)


def bad_version(base):
    declared(base)
    (shop_of(base) / "2.json").write_bytes(b"")


def folder_for_current(base):
    declared(base)
    (shop_of(base) / "current.json").unlink()
    (shop_of(base) / "current.json" / "x").mkdir(parents=True)


def file_for_scope(base):
    declared(base)
    shutil.rmtree(shop_of(base))
    shop_of(base).write_bytes(b"x")


LOST = Version("shop", 2, {}, 0.0, "")


def finish_last(store):
    standing = store.standing("shop")
    finish(store, standing.version or LOST, outcome="failed", message="no such image")


def declare_next(store):
    declare(store, 7, files=[DIGEST])


ACTS = {
    "first declaration": (nothing, declare_next),
    "first of a scope": (another_scope, declare_next),
    "declaration": (declared, declare_next),
    "partial declaration": (declared, lambda store: declare(store, 8, whole=False)),
    "outcome": (declared, finish_last),
    "outcome of before": (declared, lambda store: finish(store, store.version("shop", 1), outcome="failed")),
    "pause": (long_history, lambda store: store.pause("shop", PAUSE)),
    "resume": (declared, lambda store: store.pause("shop", None)),
    "forget": (declared, lambda store: store.forget("shop")),
    "collect": (long_history, lambda store: store.collect()),
    "heal a lost current": (no_current, declare_next),
    "heal a bad current": (bad_current, declare_next),
    "heal an older current": (older_current, declare_next),
    "heal a bad version": (bad_version, declare_next),
    "heal a folder for current": (folder_for_current, declare_next),
    "heal a file for a scope": (file_for_scope, declare_next),
    "forget a damaged one": (bad_current, lambda store: store.forget("shop")),
}


NEXT = (
    lambda store: declare(store, 8),
    lambda store: finish(store, (store.versions("shop") or [LOST])[0], outcome="failed", message="again"),
    lambda store: store.pause("shop", PAUSE),
    lambda store: store.collect(),
)


def standing(base):
    found = open_store(base, keep=2).standing("shop")
    version = found.version and replace(found.version, finished_at=0.0)
    return replace(found, version=version, damage="damaged" if found.damage else "")


def is_step_from(before, after):
    """Whether it is the next version, or the same one finished."""
    if after is None:
        return False
    if after.manifest == manifest(8):
        return True
    return before is not None and after.number == before.number and after.outcome == "failed"


def torn(path):
    """What was not synced when the power went may be half there."""
    path = Path(path)
    if path.is_file() and (path.suffix == ".new" or path.parent.name == ".new"):
        os.truncate(path, path.stat().st_size // 2)


def told(act):
    """What the error said, if there was one."""
    try:
        act()
    except StowageError as error:
        return str(error)
    return ""


class Case:
    """One act, from one state, to be stopped anywhere."""

    def __init__(self, base, name):
        self.base, self.name, (prepare, self.act) = base, name, ACTS[name]
        prepare(base / "before")
        shutil.copytree(base / "before", base / "after", symlinks=True)
        self.moments = moments_of(open_store(base / "after", keep=2), self.act)
        self.old, self.new = standing(base / "before"), standing(base / "after")
        self.blog = open_store(base / "before").standing("blog")
        self.numbers = {v.number for v in open_store(base / "before").versions("shop")}

    def again(self):
        shutil.rmtree(self.base / "now", ignore_errors=True)
        shutil.copytree(self.base / "before", self.base / "now", symlinks=True)
        return self.base / "now"

    def check(self, now, *, go_on=True):
        """Old or new, and nothing else was touched; what comes next finds its way."""
        found = standing(now)
        nothing_is_left = self.name == "heal a file for a scope" and found == Standing("shop", None)
        assert found in (self.old, self.new) or nothing_is_left
        assert open_store(now).standing("blog") == self.blog
        if not go_on:
            return
        store = open_store(now, keep=2)
        lost = self.old.damage and not found.version
        before = {version.number for version in store.versions("shop")}
        version = finish(store, declare(store, 9))
        assert open_store(now).standing("shop") == Standing("shop", version, pause=found.pause)
        assert version.number > max(before, default=0)
        assert lost or version.number > max((*self.numbers, 0)) or not found.version
        store.collect()
        assert [path.name for path in records(now) if path.name.endswith(".new")] == []
        assert [path.name for path in (folder_of(now) / "scopes").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("power", [True, False], ids=["power lost", "killed"])
@pytest.mark.parametrize("name", ACTS)
def test_killed_at_any_write(base, name, power):
    case = Case(base, name)
    assert case.moments > 4
    assert case.new != case.old or name in ("collect", "outcome of before")
    seen = set()
    for moment in range(case.moments):
        now = case.again()
        store = open_store(now, keep=2)
        store.on_write, stopped = stopping_at(moment)
        with pytest.raises(Killed):
            case.act(store)
        if power:
            torn(stopped[0][1])
        seen.add(standing(now) == case.new)
        case.check(now, go_on=power)
    assert seen == ({True, False} if case.new != case.old else {True})


@pytest.mark.parametrize(
    "name", ["first of a scope", "declaration", "outcome", "heal a bad current", "forget", "collect"]
)
def test_killed_and_killed_again(base, name):
    case = Case(base, name)
    dice = random.Random(name)
    for moment in range(case.moments):
        for _attempt in range(4):
            now = case.again()
            store = open_store(now, keep=2)
            store.on_write, _stopped = stopping_at(moment)
            with pytest.raises(Killed):
                case.act(store)
            between = standing(now)
            store.on_write, _stopped = stopping_at(dice.randrange(50))
            with contextlib.suppress(Killed, StowageError):
                dice.choice(NEXT)(store)
            found = standing(now)
            assert found in (between, replace(between, pause=PAUSE)) or is_step_from(between.version, found.version)
            store.on_write = None
            assert declare(store, 9) == open_store(now).standing("shop").version


@pytest.mark.parametrize("name", ACTS)
def test_refused_by_the_disk_at_any_write(base, name):
    case = Case(base, name)
    codes = itertools.cycle([errno.ENOSPC, errno.EROFS, errno.EIO])
    for moment, code in zip(range(case.moments), codes):
        now = case.again()
        store = open_store(now, keep=2)
        store.on_write, stopped = stopping_at(moment, OSError(code, os.strerror(code)))
        refused = told(lambda store=store: case.act(store))
        assert os.strerror(code) in refused and str(now) in refused if refused else standing(now) == case.new
        store.on_write = None
        assert stopped
        case.check(now)


@pytest.mark.parametrize("stop", [Killed, OSError(errno.ENOSPC, "full")], ids=["killed", "disk full"])
def test_a_content_is_whole_or_not_there(base, stop):
    open_store(base / "state")
    moments = moments_of(open_store(base / "counted"), lambda store: store.keep_blob(DIGEST, CONTENT))
    for moment in range(moments):
        now = base / f"now{moment}"
        store = open_store(now)
        store.on_write, stopped = stopping_at(moment, stop)
        with pytest.raises((Killed, StowageError)):
            store.keep_blob(DIGEST, CONTENT)
        torn(stopped[0][1])
        found = open_store(now).blob(DIGEST)
        assert found is None or Path(found).read_bytes() == CONTENT
        open_store(now).keep_blob(DIGEST, CONTENT)
        assert Path(open_store(now).blob(DIGEST)).read_bytes() == CONTENT
        declare(open_store(now), 1, files=[DIGEST])
        open_store(now).collect()
        assert len(records(now)) == 3


def test_each_step_is_on_the_disk_before_the_next_one(base):
    """A machine that loses power has the names that were synced, and perhaps others."""
    store = open_store(base)
    declare(store, 1)
    log = []
    store.on_write = lambda phase, path: log.append(Path(path).name) if phase == "after" else None
    declare(store, 2)
    # Made, filled and synced; then the folder with both names; then the name that makes it hold.
    assert log == ["2.new"] * 3 + ["current.new"] * 3 + ["shop", "current.json", "shop", "2.json", "shop"]
    log.clear()
    declare(store, 1, "blog")
    assert log == [".new", "scopes", *["1.json"] * 3, *["current.json"] * 3, ".new", "blog", "scopes"]
    log.clear()
    store.keep_blob(DIGEST, CONTENT)
    name = DIGEST.partition(":")[2]
    assert log == ["blobs", folder_of(base).name, *[f"{name}.new"] * 3, name, "blobs"]
    log.clear()
    store.forget("shop")
    assert log == [".gone", "scopes", ".gone"]


def test_an_outcome_that_only_keeps_its_new_name_is_read(base):
    """Killed when the index had its name, and the record not yet: the next change gives it."""
    declared(base)
    store = open_store(base)
    version = store.standing("shop").version
    (shop_of(base) / "2.json").rename(shop_of(base) / "2.new")
    assert open_store(base).standing("shop").version == version
    assert open_store(base).versions("shop")[0] == version
    finished = finish(open_store(base), version)
    assert open_store(base).standing("shop").version == finished
    assert not (shop_of(base) / "2.new").exists()


def test_what_holds_is_not_written_over_before_it_has_its_name(base):
    """A rename that the disk refuses keeps the next change from making the file anew."""
    declared(base)
    version = open_store(base).standing("shop").version
    (shop_of(base) / "2.json").rename(shop_of(base) / "2.new")
    (shop_of(base) / "2.json" / "in the way").mkdir(parents=True)
    with pytest.raises(StowageError, match="cannot write"):
        finish(open_store(base), version)
    assert open_store(base).standing("shop").version == version


# -- real disks --------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(base):
    """A file system of 128 KiB."""
    disk = base / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k,mode=0700", "stowage-test", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(disk, free_pages):
    """Leave no more than that many pages of 4 KiB."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    os.truncate(disk / "filler", (disk / "filler").stat().st_size // 4096 * 4096 - free_pages * 4096)


def test_a_full_disk(small_disk):
    store = open_store(small_disk)
    version = finish(store, declare(store, 1))
    outcomes = set()
    for tag, free_pages in enumerate((0, 1, 2, 3, 8), 2):
        (small_disk / "filler").unlink(missing_ok=True)
        fill(small_disk, free_pages)
        large = {**manifest(tag), "volumes": {"a" * 5000: {}}}
        refused = told(lambda large=large: store.declare("shop", large, by="a", now=1.0))
        if refused:
            assert "No space left on device" in refused
            assert str(shop_of(small_disk)) in refused
        outcomes.add(bool(refused))
        standing = open_store(small_disk).standing("shop")
        assert standing.damage == ""
        assert standing.version.manifest == (version.manifest if refused else large)
        version = standing.version
        assert [path for path in records(small_disk) if path.name.endswith(".new")] == []
    assert outcomes == {True, False}


def test_a_disk_full_from_the_start(small_disk):
    fill(small_disk, 0)
    with pytest.raises(StowageError, match="No space left on device"):
        declare(open_store(small_disk), 1)
    with pytest.raises(StowageError, match="No space left on device"):
        open_store(small_disk).keep_blob(DIGEST, CONTENT)
    assert open_store(small_disk).standings() == {}
    (small_disk / "filler").unlink()
    assert declare(open_store(small_disk), 1).number == 1


def test_a_full_disk_heals_nothing_and_breaks_nothing(small_disk):
    declare(open_store(small_disk), 1)
    (shop_of(small_disk) / "1.json").write_bytes(b"")
    fill(small_disk, 0)
    before = sorted(small_disk.rglob("*"))
    with pytest.raises(StowageError, match="No space left on device"):
        declare(open_store(small_disk), 2)
    assert sorted(small_disk.rglob("*")) == before
    assert open_store(small_disk).standing("shop").damage
    (small_disk / "filler").unlink()
    assert declare(open_store(small_disk), 2).number == 2


def test_a_read_only_disk(small_disk):
    store = open_store(small_disk)
    version = declare(store, 1)
    store.keep_blob(DIGEST, CONTENT)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for act in (
        lambda: declare(store, 2),
        lambda: declare(store, 1, "blog"),
        lambda: finish(store, version),
        lambda: store.pause("shop", PAUSE),
        lambda: store.forget("shop"),
        lambda: store.keep_blob(f"sha256:{'0' * 64}", b""),
    ):
        with pytest.raises(StowageError, match=r"cannot write .*: Read-only file system"):
            act()
    # What changes nothing needs no disk.
    assert declare(store, 1) == version
    store.pause("shop", None)
    store.keep_blob(DIGEST, CONTENT)
    assert open_store(small_disk).standings() == {"shop": Standing("shop", version)}


# -- real signals ------------------------------------------------------------------------------------

ROUNDS = 10
WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from stowage.store import KeptImage, Pause, Store
store = Store(sys.argv[2], "unix:///a", keep=3)
number = int(sys.argv[3])
while True:
    number += 1
    version = store.declare("shop", {"number": number, "text": "x" * 3000}, by="a", now=1.0)
    print(number, flush=True)
    store.finish(version, outcome="done", now=1.0, plan=("a",))
    store.pause("shop", Pause(float(number), "a"))
    store.collect()
"""


def test_killed_by_the_kernel(base):
    source = str(Path(sys.modules["stowage"].__file__).parent.parent)
    dice = random.Random(5)
    last = 0
    from stowage.store import Store

    for _round in range(ROUNDS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, source, str(base / "state"), str(last)], stdout=subprocess.PIPE, text=True
        )
        told = [int(writer.stdout.readline()) for _line in range(dice.randrange(1, 6))]
        time.sleep(dice.uniform(0, 0.005))
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines() if line]
        writer.wait()
        writer.stdout.close()
        store = Store(str(base / "state"), "unix:///a", keep=3)
        found = store.standing("shop")
        assert found.damage == ""
        # What was told is durable; of the next one nothing was told yet.
        assert told[-1] <= found.version.manifest["number"] <= told[-1] + 1
        last = found.version.manifest["number"]
    assert last >= ROUNDS


def test_images_and_plan_survive_with_their_version(base):
    store = open_store(base)
    finish(store, declare(store, 1))
    assert open_store(base).version("shop", 1).images == IMAGES
