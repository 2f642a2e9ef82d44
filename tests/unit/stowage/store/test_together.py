# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several at once: none undoes what another did, and a reader never takes the middle of a write for damage."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stowage.errors import StowageError
from stowage.store import Store, files

from .stores import CONTENT, DIGEST, PAUSE, declare, finish, folder_of, open_store, shop_of

WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from stowage.store import Pause, Store
store, me = Store(sys.argv[2], "unix:///a", keep=100000), sys.argv[3]
sys.stdin.readline()
for turn in range(40):
    version = store.declare("shop", {"by": me, "turn": turn}, by=me, now=1.0)
    store.declare("shop", {"containers": {me: turn}}, by=me, now=1.0, whole=False)
    store.finish(version, outcome="done", now=2.0, plan=(me,), seconds=1.0)
    store.pause("shop", Pause(float(turn), me))
    store.declare(me, {"turn": turn}, by=me, now=1.0)
    if turn % 10 == 9:
        store.forget(me)
"""


def test_processes_and_a_reader(base):
    source = str(Path(sys.modules["stowage"].__file__).parent.parent)
    store = Store(str(base / "state"), "unix:///a")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, source, str(base / "state"), f"writer{number}"],
            stdin=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.close()
    highest, looks = 0, 0
    while any(writer.poll() is None for writer in writers):
        for standing in store.standings().values():
            assert standing.damage == ""
        found = store.standing("shop").version
        if found is not None:
            assert found.number >= highest
            highest, looks = found.number, looks + 1
            assert {version.number for version in store.versions("shop")} >= set(range(1, highest + 1))
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert looks > 0
    versions = store.versions("shop")
    assert [version.number for version in versions] == list(range(len(versions), 0, -1))
    told = [(v.by, v.manifest["turn"], v.outcome, v.plan) for v in versions if v.outcome == "done"]
    assert sorted(told) == [(w, t, "done", (w,)) for w in ("writer0", "writer1", "writer2") for t in range(40)]
    assert list(store.standings()) == ["shop"]


def test_threads_of_one_process(base):
    store = open_store(base, keep=1000)
    failures = []

    def work(number):
        try:
            for turn in range(15):
                finish(store, declare(store, turn, by=f"{number}", images=None))
                store.keep_blob(DIGEST, CONTENT)
                store.pause("shop", PAUSE if turn % 2 else None)
                store.collect()
        except Exception as error:  # noqa: BLE001  told by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert store.standing("shop").damage == ""
        assert store.stamp() is not None
    for thread in threads:
        thread.join()
    assert failures == []
    numbers = [version.number for version in store.versions("shop")]
    assert numbers == list(range(len(numbers), 0, -1))
    assert store.blob(DIGEST)


def test_one_that_holds_it_forever_is_not_waited_for_forever(base, monkeypatch):
    declare(open_store(base), 1)
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    with files.hold(str(folder_of(base))):
        with pytest.raises(StowageError, match=r"cannot write .*: another process has held it for 0.1 s"):
            declare(open_store(base), 2)
        assert open_store(base).standing("shop").version.number == 1  # readers do not wait
    assert declare(open_store(base), 2).number == 2


def test_a_store_that_is_taken_away_meanwhile_is_made_anew(base):
    """A lock on a folder that nobody finds any more keeps nobody out."""
    declare(open_store(base), 1)
    folder = folder_of(base)
    with files.hold(str(folder)):
        folder.rename(base / "away")
        assert declare(open_store(base), 2).number == 1
    assert open_store(base).standing("shop").version.number == 1


@pytest.mark.parametrize("code", files._NO_LOCKS)
def test_file_systems_without_locks_are_used_all_the_same(base, monkeypatch, code):
    def refuse(descriptor, operation):
        raise OSError(code, "no locks")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    assert declare(open_store(base), 1).number == 1


def test_a_lock_that_fails_is_told(base, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    with pytest.raises(StowageError, match="Input/output error"):
        declare(open_store(base), 1)


def test_what_changes_while_it_is_read_is_read_again(base):
    """The record is replaced between the index and the record that it names."""
    store = open_store(base)
    version = declare(store, 1)
    scope = store._scope("shop")
    look_alone, looks = scope.look_alone, []

    def disturbed():
        looks.append(len(looks))
        if len(looks) == 1:
            kept = (shop_of(base) / "current.json").read_bytes()
            finish(store, version, message="first")
            new = (shop_of(base) / "current.json").read_bytes()
            (shop_of(base) / "current.json").write_bytes(kept)
            found = look_alone()
            assert found.damage
            (shop_of(base) / "current.json").write_bytes(new)
            return found
        return look_alone()

    scope.look_alone = disturbed
    assert scope.standing().version.message == "first"
    assert len(looks) == 2
