# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from stowage import tree as package
from stowage.errors import StowageError
from stowage.tree import Tree, TreeError, changes, handles, record

MEMORY = "/dev/shm"
AS_ROOT = os.geteuid() == 0
ME = (os.geteuid(), os.getegid())


@pytest.fixture
def base():
    """In memory where that is possible: thousands of runs would wait for a disk most of the time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Path(folder) / "stacks" / "shop"


@pytest.fixture
def tree(base):
    return Tree(str(base))


def contents(base):
    """Path -> content, None for a directory, of all but what is the tree's own."""
    found = {}
    for path in base.rglob("*"):
        name = path.relative_to(base).as_posix()
        if name != ".stowage" and not name.startswith((".stowage/files", ".stowage/former")):
            found[name] = content_of(path)
    return found


def content_of(path):
    bits = path.lstat().st_mode
    if stat.S_ISREG(bits):
        return path.read_bytes()
    if stat.S_ISLNK(bits):
        return str(path.readlink())
    return None if stat.S_ISDIR(bits) else "special"


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class TestWrite:
    def test_a_file_with_content_mode_and_parents_whatever_the_umask(self, tree, base):
        before = os.umask(0o077)
        try:
            tree.write("conf/site/a.conf", b"new", 0o664)
        finally:
            os.umask(before)
        assert contents(base) == {"conf": None, "conf/site": None, "conf/site/a.conf": b"new"}
        assert [mode(base / name) for name in ("", "conf", "conf/site", "conf/site/a.conf")] == [
            0o755,
            0o755,
            0o755,
            0o664,
        ]
        assert mode(base / ".stowage") == 0o700
        assert mode(base / ".stowage/files.json") == 0o600
        assert tree.placed() == {"conf/site/a.conf"}

    @pytest.mark.parametrize("content", [b"", b"x" * 700_000])
    def test_the_content_of_another_file(self, tree, base, tmp_path, content):
        put(tmp_path / "real", content)
        (tmp_path / "source").symlink_to("real")
        tree.write("a", str(tmp_path / "source"), 0o600)
        assert (base / "a").read_bytes() == content

    @pytest.mark.parametrize("source", ["missing", "."])
    def test_a_source_that_is_no_file_changes_nothing(self, tree, base, tmp_path, source):
        with pytest.raises(TreeError, match=f"cannot read {tmp_path}"):
            tree.write("a", str(tmp_path / source), 0o600)
        assert not base.exists()

    @pytest.mark.skipif(not AS_ROOT, reason="gives files away")
    @pytest.mark.parametrize(
        ("uid", "gid", "owner"), [(1234, 1235, (1234, 1235)), (1234, None, (1234, ME[1])), (None, 1235, (ME[0], 1235))]
    )
    def test_owner(self, tree, base, uid, gid, owner):
        tree.write("a", b"", 0o6755, uid, gid)
        tree.make_directory("d", 0o2750, uid, gid)
        for name, bits in (("a", 0o6755), ("d", 0o2750)):
            found = (base / name).stat()
            assert ((found.st_uid, found.st_gid), mode(base / name)) == (owner, bits)

    @pytest.mark.skipif(AS_ROOT, reason="root may give files away")
    def test_an_owner_that_cannot_be_set_leaves_no_file(self, tree, base):
        with pytest.raises(TreeError, match="not permitted"):
            tree.write("a", b"", 0o600, ME[0] + 1, None)
        assert contents(base) == {}

    def test_a_secret_of_the_tree(self, tree, base):
        tree.write(".stowage/secrets/db", b"s", 0o400)
        assert tree.placed() == {".stowage/secrets/db"}
        assert mode(base / ".stowage") == 0o700
        tree.remove(".stowage/secrets/db")
        assert contents(base) == {}

    def test_a_name_as_long_as_names_get(self, tree, base):
        tree.write("n" * 255, b"new", 0o600)
        assert contents(base) == {"n" * 255: b"new"}

    def test_a_full_disk_leaves_what_was_there_and_nothing_half(self, tree, base, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        tree.write("a", b"old", 0o600)
        monkeypatch.setattr(handles, "_fill", full)
        with pytest.raises(TreeError, match=f"cannot write {base}/a: No space left"):
            tree.write("a", b"new", 0o600)
        assert contents(base) == {"a": b"old"}


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/etc/passwd", "a/../b", "../a", "a/./b", "a//b", "a/", "./a", "a\0b", "\ud800",
     ".stowage", ".stowage/files.json", ".stowage/files.json/x", ".stowage/former", ".stowage/former/a", ".stowage-0123", "a/.stowage-x/b"],
)  # fmt: skip
def test_a_path_that_is_not_to_be_used_is_refused_by_all(tree, base, path):
    calls = [
        lambda: tree.write(path, b"", 0o600),
        lambda: tree.make_directory(path, 0o700),
        lambda: tree.restore(path),
        lambda: tree.remove(path),
    ]
    base.mkdir(parents=True)
    for call in [*calls, lambda: tree.observe([path])]:
        with pytest.raises(TreeError):
            call()
    assert contents(base) == {}


def a_file(path):
    put(path, b"foreign")


def a_directory(path):
    path.mkdir(parents=True)


def a_link(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "elsewhere").mkdir(exist_ok=True)
    path.symlink_to("elsewhere")


def a_pipe(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("there", "at", "call", "message"),
    [
        (a_file, "a", lambda tree: tree.write("a/b/c", b"", 0o600), "write {}/a/b/c: a is not a directory"),
        (a_file, "a/b", lambda tree: tree.make_directory("a/b/c", 0o700), "make {}/a/b/c: a/b is not a directory"),
        (a_link, "a", lambda tree: tree.write("a/b", b"", 0o600), "write {}/a/b: a is a symbolic link"),
        (a_link, "a/b", lambda tree: tree.make_directory("a/b/c", 0o700), "make {}/a/b/c: a/b is a symbolic link"),
        (a_directory, "a", lambda tree: tree.write("a", b"", 0o600), "write {}/a: a directory is in the way"),
        (a_link, "a", lambda tree: tree.write("a", b"", 0o600), "write {}/a: a symbolic link is in the way"),
        (a_pipe, "a", lambda tree: tree.write("a", b"", 0o600), "write {}/a: a special file is in the way"),
        (a_file, "a", lambda tree: tree.make_directory("a", 0o700), "make {}/a: a file is in the way"),
        (a_link, "a", lambda tree: tree.make_directory("a", 0o700), "make {}/a: a symbolic link is in the way"),
        (a_link, "", lambda tree: tree.write("a", b"", 0o600), "write {}/a: {} is a symbolic link"),
        (a_file, "", lambda tree: tree.write("a", b"", 0o600), "write {}/a: {} is not a directory"),
        (a_link, "", lambda tree: tree.remove_all(), "remove {}: {} is a symbolic link"),
        (a_link, ".stowage", lambda tree: tree.write("a", b"", 0o600), "write {}/a: .stowage is a symbolic link"),
        (a_file, ".stowage", lambda tree: tree.placed(), "look into {}: .stowage is not a directory"),
    ],
)
def test_what_is_in_the_way_is_named_and_left(tree, base, there, at, call, message):
    there(base / at if at else base)
    before = contents(base.parent)
    with pytest.raises(StowageError) as caught:
        call(tree)
    assert str(caught.value) == "cannot " + message.replace("{}", str(base))
    assert contents(base.parent) == before


def test_a_directory_that_the_engine_made_in_place_of_a_file_of_ours_gives_way(tree, base):
    tree.write("a", b"one", 0o600)
    (base / "a").unlink()
    (base / "a").mkdir()
    tree.write("a", b"two", 0o600)
    assert (base / "a").read_bytes() == b"two"


def test_one_that_somebody_put_something_into_stays(tree, base):
    tree.write("a", b"one", 0o600)
    (base / "a").unlink()
    put(base / "a" / "theirs", b"x")
    with pytest.raises(StowageError, match="a directory is in the way"):
        tree.write("a", b"two", 0o600)
    assert (base / "a" / "theirs").read_bytes() == b"x"


class TestObserve:
    def test_kinds_digests_modes_and_owners(self, tree, base):
        put(base / "d/file", b"x" * 600_000)
        (base / "d/file").chmod(0o640)
        (base / "d").chmod(0o711)
        a_pipe(base / "pipe")
        (base / "link").symlink_to("d")
        rest = {"uid": ME[0], "gid": ME[1]}
        assert tree.observe(["d/file", "d", "pipe", "link", "gone", "gone/too", "d/file/below", "link/file"]) == {
            "d/file": {
                "kind": "file",
                "digest": f"sha256:{hashlib.sha256(b'x' * 600_000).hexdigest()}",
                "mode": 0o640,
                **rest,
            },
            "d": {"kind": "directory", "digest": "", "mode": 0o711, **rest},
            "pipe": {"kind": "other", "digest": "", "mode": mode(base / "pipe"), **rest},
            "link": {"kind": "other", "digest": "", "mode": 0o777, **rest},
        }

    def test_nothing_of_a_tree_that_is_not_there(self, tree, base):
        assert (tree.observe(["a"]), tree.placed(), tree.formers()) == ({}, frozenset(), frozenset())
        tree.restore("a")
        tree.remove("a")
        tree.settle()
        tree.remove_all()
        assert not base.parent.exists()

    def test_a_file_that_grows_while_it_is_read_has_an_end(self, tree, base, monkeypatch):
        put(base / "log", b"x")
        read = os.read

        def read_and_append(descriptor, size):
            with (base / "log").open("ab") as file:
                assert file.tell() < 1000
                file.write(b"x" * 10)
            return read(descriptor, size)

        monkeypatch.setattr(os, "read", read_and_append)
        assert tree.observe(["log"])["log"]["digest"] == f"sha256:{hashlib.sha256(b'x').hexdigest()}"

    def test_a_file_that_cannot_be_read_is_named(self, tree, base, monkeypatch):
        def refuse(_):
            raise PermissionError(13, "Permission denied")

        put(base / "a", b"")
        monkeypatch.setattr(package, "open_pinned", refuse)
        with pytest.raises(TreeError, match=f"cannot read {base}/a: Permission denied"):
            tree.observe(["a"])


class TestDirectories:
    def test_made_and_given_another_mode(self, tree, base):
        tree.make_directory("a/b", 0o700)
        assert (mode(base / "a"), mode(base / "a/b")) == (0o755, 0o700)
        tree.make_directory("a/b", 0o1777)
        assert mode(base / "a/b") == 0o1777
        assert tree.placed() == {"a/b"}

    def test_goes_when_it_is_empty_with_its_parents(self, tree, base):
        tree.make_directory("a/b", 0o700)
        tree.remove("a/b")
        assert (contents(base), tree.placed()) == ({}, frozenset())

    def test_stays_with_what_is_in_it(self, tree, base):
        tree.make_directory("a/b", 0o700)
        put(base / "a/b/theirs", b"theirs")
        tree.remove("a/b")
        assert contents(base) == {"a": None, "a/b": None, "a/b/theirs": b"theirs"}
        assert tree.placed() == frozenset()

    def test_that_holds_more_of_ours_goes_with_the_last_of_it(self, tree, base):
        tree.make_directory("a", 0o700)
        tree.write("a/b", b"", 0o600)
        tree.remove("a")
        assert (contents(base), tree.placed()) == ({"a": None, "a/b": b""}, {"a/b"})
        tree.remove("a/b")
        assert contents(base) == {}

    def test_that_was_declared_stays_when_its_last_file_goes(self, tree, base):
        tree.make_directory("a", 0o700)
        tree.write("a/b", b"", 0o600)
        tree.remove("a/b")
        assert (contents(base), tree.placed()) == ({"a": None}, {"a"})


class TestFormers:
    def test_content_mode_and_owner_come_back(self, tree, base):
        owner = (1234, 1235) if AS_ROOT else ME
        tree.write("d/a", b"old", 0o4711, *owner)
        tree.settle()
        tree.write("d/a", b"new", 0o600, *ME)
        tree.write("d/a", b"newer", 0o600)
        assert tree.formers() == {"d/a"}
        assert (base / ".stowage/former/d/a").read_bytes() == b"old"
        assert mode(base / ".stowage/former/d/a") == 0o600
        tree.restore("d/a")
        found = (base / "d/a").stat()
        assert (contents(base)["d/a"], mode(base / "d/a"), (found.st_uid, found.st_gid)) == (b"old", 0o4711, owner)
        assert (tree.formers(), tree.placed()) == (frozenset(), {"d/a"})
        tree.write("d/a", b"again", 0o600)
        tree.restore("d/a")
        assert contents(base)["d/a"] == b"old"

    def test_to_nothing(self, tree, base):
        tree.write("d/a", b"new", 0o600)
        tree.write("d/a", b"newer", 0o600)
        assert tree.formers() == {"d/a"}
        tree.restore("d/a")
        assert (contents(base), tree.placed(), tree.formers()) == ({}, frozenset(), frozenset())

    def test_none_after_all_is_settled(self, tree, base):
        for name in ("a", "b/c"):
            tree.write(name, b"old", 0o600)
            tree.write(name, b"new", 0o600)
        tree.settle()
        tree.restore("a")
        tree.restore("b/c")
        assert contents(base) == {"a": b"new", "b": None, "b/c": b"new"}
        assert (tree.formers(), tree.placed()) == (frozenset(), {"a", "b/c"})
        assert not (base / ".stowage/former").exists()

    def test_a_removed_file_comes_back_and_is_ours_again(self, tree, base):
        tree.write("d/a", b"old", 0o640)
        tree.settle()
        tree.remove("d/a")
        assert (contents(base), tree.placed(), tree.formers()) == ({}, frozenset(), {"d/a"})
        tree.restore("d/a")
        assert (contents(base), mode(base / "d/a")) == ({"d": None, "d/a": b"old"}, 0o640)
        tree.remove_all()
        assert not base.exists()

    def test_somebody_elses_file_is_theirs_again(self, tree, base):
        put(base / "a", b"theirs")
        tree.write("a", b"ours", 0o600)
        assert tree.placed() == {"a"}
        tree.restore("a")
        assert tree.placed() == frozenset()
        tree.remove_all()
        assert contents(base) == {"a": b"theirs"}

    def test_somebody_elses_file_comes_back_with_the_end_of_a_tree_that_was_never_settled(self, tree, base):
        put(base / "a", b"theirs")
        tree.write("a", b"ours", 0o600)
        tree.remove_all()
        assert contents(base) == {"a": b"theirs"}
        tree.write("a", b"ours", 0o600)
        tree.settle()
        tree.remove_all()
        assert not base.exists()

    def test_the_end_does_not_wait_for_one_that_is_gone(self, tree, base):
        put(base / "a", b"theirs")
        tree.write("a", b"ours", 0o600)
        (base / ".stowage/former/a").unlink()
        tree.remove_all()
        assert not base.exists()

    def test_a_file_that_others_made_after_ours_was_removed_stays(self, tree, base):
        tree.write("a", b"ours", 0o600)
        tree.remove("a")
        put(base / "a", b"theirs")
        tree.restore("a")
        assert contents(base) == {"a": b"theirs"}

    def test_one_that_is_gone_is_told(self, tree, base):
        tree.write("a", b"old", 0o600)
        tree.settle()
        tree.write("a", b"new", 0o600)
        (base / ".stowage/former/a").unlink()
        with pytest.raises(TreeError, match=f"cannot restore {base}/a: its former content is gone"):
            tree.restore("a")
        assert contents(base) == {"a": b"new"}

    def test_what_lies_there_unknown_is_in_nobodys_way(self, tree, base):
        tree.write("a/b", b"old", 0o600)
        put(base / ".stowage/former/a", b"left by a killed run")
        tree.settle()
        put(base / ".stowage/former/a", b"left by a killed run")
        tree.write("a/b", b"new", 0o600)
        tree.restore("a/b")
        assert contents(base)["a/b"] == b"old"


class TestRemove:
    def test_not_what_we_did_not_put_there(self, tree, base):
        put(base / "d/theirs", b"")
        tree.write("d/ours", b"", 0o600)
        for name in ("d/theirs", "d", "gone"):
            tree.remove(name)
        tree.remove("d/ours")
        assert contents(base) == {"d": None, "d/theirs": b""}

    @pytest.mark.parametrize(
        ("instead", "left"),
        [
            (lambda path: None, {}),
            (lambda path: path.mkdir(), {"d": None, "d/a": None}),
            (lambda path: path.symlink_to("/etc"), {}),
            (lambda path: (path.parent.rmdir(), path.parent.symlink_to("/etc")), {"d": "/etc"}),
            (lambda path: (path.parent.rmdir(), path.parent.write_bytes(b"x")), {"d": b"x"}),
            (lambda path: path.parent.rmdir(), {}),
        ],
    )
    @pytest.mark.parametrize("remove", [lambda tree: tree.remove("d/a"), lambda tree: tree.remove_all()])
    def test_what_took_the_place_of_a_file_does_not_hold_it_up(self, tree, base, instead, left, remove):
        tree.write("d/a", b"", 0o600)
        tree.settle()
        (base / "d/a").unlink()
        instead(base / "d/a")
        remove(tree)
        assert (contents(base), tree.placed()) == (left, frozenset())

    def test_a_file_where_our_directory_was_is_not_ours(self, tree, base):
        tree.make_directory("d", 0o700)
        (base / "d").rmdir()
        put(base / "d", b"theirs")
        tree.remove("d")
        assert contents(base) == {"d": b"theirs"}

    def test_all_but_what_others_put_there(self, tree, base):
        tree.make_directory("data", 0o700)
        tree.write("conf/a", b"", 0o600)
        tree.write("conf/a", b"new", 0o600)
        tree.write(".stowage/secrets/db", b"", 0o600)
        put(base / "data/1", b"theirs")
        tree.remove_all()
        assert contents(base) == {"data": None, "data/1": b"theirs"}
        assert not (base / ".stowage").exists()
        (base / "data/1").unlink()
        (base / "data").rmdir()
        tree.remove_all()
        assert not base.exists()
        assert base.parent.exists()


DAMAGED = [
    "", "{", "[]", "null", '"x"', "\xff", "{}", '{"version":2,"files":{"a":"file"},"formers":{}}', '{"version":1,"files":{"a":"file"}}',
    '{"version":1,"files":["a"],"formers":{}}', '{"version":1,"files":{"a":"thing"},"formers":{}}', '{"version":1,"files":{"a":[]},"formers":{}}',
    '{"version":1,"files":{"../a":"file"},"formers":{}}', '{"version":1,"files":{"a":"file"},"formers":{"a":{"was":"ours"}}}',
    '{"version":1,"files":{"a":"file"},"formers":{"a":{"was":"ours","mode":"1","uid":0,"gid":0}}}', '{"version":1,"files":{"a":"file"},"formers":{"a":3}}',
    '{"version":1,"files":{"a":"file"},"formers":{"a":{"was":"ours","mode":1,"uid":-1,"gid":0}}}', "[" * 100_000,
]  # fmt: skip


class TestRecord:
    @pytest.mark.parametrize("text", DAMAGED)
    def test_damaged_nothing_is_ours_and_nothing_is_removed(self, tree, base, text):
        tree.write("a", b"old", 0o600)
        (base / ".stowage/files.json").write_text(text, encoding="latin-1")
        assert (tree.placed(), tree.formers()) == (frozenset(), frozenset())
        tree.remove("a")
        tree.restore("a")
        tree.settle()
        tree.write("b", b"", 0o600)
        assert tree.placed() == {"b"}
        tree.remove_all()
        assert contents(base) == {"a": b"old"}

    def test_a_link_or_a_pipe_is_no_record(self, tree, base, tmp_path):
        (tmp_path / "record").write_text('{"version":1,"files":{"a":"file"},"formers":{}}')
        for there in (lambda path: path.symlink_to(tmp_path / "record"), os.mkfifo):
            (base / ".stowage").mkdir(parents=True)
            there(base / ".stowage/files.json")
            assert tree.placed() == frozenset()
            tree.write("a", b"", 0o600)
            assert tree.placed() == {"a"}
            shutil.rmtree(base)

    @pytest.mark.skipif(not AS_ROOT, reason="gives directories away")
    def test_somebody_elses_is_refused(self, tree, base):
        tree.write("a", b"", 0o600)
        os.chown(base / ".stowage", 1234, -1)
        for call in (tree.placed, tree.remove_all, lambda: tree.write(".stowage/secrets/db", b"s", 0o600)):
            with pytest.raises(TreeError, match=rf"{base}\S*: its .stowage belongs to the user 1234, not to 0"):
                call()
        assert contents(base) == {"a": b""}

    def test_survives_any_name_a_file_can_have(self, tree, base):
        names = {"a b\n", "é", '"', os.fsdecode(b"\xff"), "x" * 200}
        for name in names:
            tree.write(name, b"", 0o600)
        assert Tree(str(base)).placed() == names
        tree.remove_all()
        assert not base.exists()


def test_threads_side_by_side(tree, base):
    faults = []

    def work(number):
        try:
            for turn in range(5):
                tree.write(f"shared/{number}/a", b"%d" % turn, 0o600)
                tree.observe([f"shared/{other}/a" for other in range(4)])
                tree.write(f"shared/gone-{number}", b"", 0o600)
                tree.remove(f"shared/gone-{number}")
        except Exception as error:  # noqa: BLE001  told by the test, not by a thread
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert tree.placed() == {f"shared/{number}/a" for number in range(4)}
    assert contents(base) == {
        "shared": None,
        **{f"shared/{n}": None for n in range(4)},
        **{f"shared/{n}/a": b"4" for n in range(4)},
    }


class Killed(BaseException):
    """Nothing that follows happens."""


# A kill before a call that changes nothing is the same as one before the next that does.
CHANGES = frozenset(("fchmod", "fchown", "fsync", "mkdir", "open", "rename", "rmdir", "unlink", "write"))
# What a name leads to matters to these alone; the others are given a descriptor.
BY_NAME = frozenset(("mkdir", "open", "rename", "rmdir", "stat", "unlink"))


class Calls:
    """Stands in for ``os``: does something before each call from that of a number on, and logs what was done where."""

    def __init__(self, counted, number, act):
        self.counted, self.number, self.act, self.count, self.log = counted, number, act, 0, []

    def __getattr__(self, name):
        function = getattr(os, name)
        if name not in self.counted:
            return function

        def call(*args, **kwargs):
            if name != "open" or self.counted is BY_NAME or args[1] & os.O_CREAT:
                self.count += 1
                if self.count >= self.number:
                    self.act(self)
            if name == "write" and (not self.log or self.log[-1][0] != name):
                args = (args[0], bytes(args[1])[: max(1, len(args[1]) // 2)])
            # Nothing here tells what a disk loses; the order of the calls is looked at instead.
            result = None if name == "fsync" else function(*args, **kwargs)
            if name not in ("stat", "open", "mkdir"):
                descriptor = args[0] if isinstance(args[0], int) else kwargs.get("dst_dir_fd", kwargs.get("dir_fd"))
                self.log.append((name, args, str(Path(f"/proc/self/fd/{descriptor}").readlink())))
            return result

        return call


def kill(_calls):
    raise Killed


def once(act):
    def do(calls):
        if calls.count == calls.number:
            act()

    return do


def with_calls(monkeypatch, calls, action):
    """Whether the action came to its end."""
    with monkeypatch.context() as patch:
        for module in (package, changes, handles, record):
            patch.setattr(module, "os", calls)
        try:
            action()
        except Killed:
            return False
    return True


# name: (what somebody else had put there, what was done and settled, what was done since, the action)
STORIES = {
    "first file": ({}, [], [], lambda tree: tree.write("d/e/a", b"new content", 0o640)),
    "a secret": ({}, [], [], lambda tree: tree.write(".stowage/secrets/db", b"new content", 0o640)),
    "our file": ({}, [("d/a", b"old content")], [], lambda tree: tree.write("d/a", b"new content", 0o640)),
    "our file again": ({}, [("a", b"old content")], [("a", b"half way")], lambda tree: tree.write("a", b"new content", 0o640)),
    "their file": ({"d/a": b"their content"}, [], [], lambda tree: tree.write("d/a", b"new content", 0o640)),
    "first directory": ({}, [], [], lambda tree: tree.make_directory("d/e/f", 0o750)),
    "a directory": ({"d/x": b"their content"}, [], [], lambda tree: tree.make_directory("d", 0o750)),
    "restore ours": ({}, [("d/a", b"old content")], [("d/a", b"new content")], lambda tree: tree.restore("d/a")),
    "restore theirs": ({"d/a": b"their content"}, [], [("d/a", b"new content")], lambda tree: tree.restore("d/a")),
    "restore nothing": ({}, [], [("d/a", b"new content")], lambda tree: tree.restore("d/a")),
    "restore removed": ({}, [("d/a", b"old content")], [("d/a", None)], lambda tree: tree.restore("d/a")),
    "settle": ({"a": b"their content"}, [("b", b"old content")], [("a", b"1"), ("b", b"2"), ("c", b"3")], lambda tree: tree.settle()),
    "remove": ({}, [("d/e/a", b"old content")], [], lambda tree: tree.remove("d/e/a")),
    "remove one of two": ({}, [("d/a", b"old content"), ("d/b", b"more")], [], lambda tree: tree.remove("d/a")),
    "remove changed": ({}, [("d/a", b"old content")], [("d/a", b"new content")], lambda tree: tree.remove("d/a")),
    "remove all": (
        {"x": b"their content", "y": b"their content"},
        [("d/a", b"old content"), (".stowage/secrets/db", b"secret")],
        [("d/a", b"new content"), ("b", b"new"), ("y", b"ours")],
        lambda tree: tree.remove_all(),
    ),
}  # fmt: skip


@pytest.fixture
def prepare(base, monkeypatch):
    """Makes the directory anew as a story has it before its action; without waiting for the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    model = base.parent.parent / "model" / base.name

    def make(theirs, settled, since):
        for name, content in theirs.items():
            put(model / name, content)
        tree = Tree(str(model))
        for todo in (settled, since):
            for name, content in todo:
                if content is None:
                    tree.remove(name)
                else:
                    tree.write(name, content, 0o600)
            if todo is settled and settled:
                tree.settle()

    def copy(*story):
        if not model.parent.exists():
            model.parent.mkdir()
            make(*story)
        shutil.rmtree(base.parent, ignore_errors=True)
        shutil.copytree(model.parent, base.parent)
        return Tree(str(base))

    return copy


def leftovers(base):
    return [str(path) for path in base.parent.rglob(".stowage-*")]


def kept(base):
    document = (
        json.loads((base / ".stowage/files.json").read_text())
        if (base / ".stowage/files.json").exists()
        else {"formers": {}}
    )
    return {
        path: (base / ".stowage/former" / path).read_bytes()
        for path, former in document["formers"].items()
        if former["was"] != "nothing"
    }


@pytest.mark.parametrize("story", STORIES)
def test_killed_before_any_call_the_next_run_goes_on(base, prepare, monkeypatch, story):
    theirs, settled, since, action = STORIES[story]
    tree = prepare(theirs, settled, since)
    before, kept_before = contents(base), kept(base)
    action(tree)
    after, kept_after, known, formers = contents(base), kept(base), tree.placed(), tree.formers()

    for number in itertools.count(1):
        for ending in ("again", "absent"):
            tree = prepare(theirs, settled, since)
            done = with_calls(monkeypatch, Calls(CHANGES, number, kill), lambda tree=tree: action(tree))
            tree = Tree(str(base))
            found = {name: content for name, content in contents(base).items() if "/.stowage-" not in f"/{name}"}
            # Whole contents only, all that came about by us known as ours, and what is kept is what was first.
            assert all(
                content in (before.get(name, content), after.get(name, content)) and name in {**before, **after}
                for name, content in found.items()
            ), number
            assert {
                name for name, content in found.items() if content is not None and content != theirs.get(name)
            } <= tree.placed(), number
            assert all(
                content in (kept_before.get(name), kept_after.get(name)) for name, content in kept(base).items()
            ), number
            if ending == "again":
                action(tree)
                assert (contents(base), kept(base), tree.placed(), tree.formers()) == (
                    after,
                    kept_after,
                    known,
                    formers,
                ), number
                assert leftovers(base) == [], number
            else:
                was_settled = story == "settle" and not tree.formers()
                tree.remove_all()
                assert {name: content for name, content in contents(base).items() if content is not None} == (
                    {} if was_settled else theirs
                ), number
                assert leftovers(base) == [], number
                assert base.exists() == (bool(theirs) and not was_settled), number
        if done:
            break
    assert number > 8


@pytest.mark.parametrize("story", STORIES)
def test_on_disk_before_it_has_its_name_and_each_name_before_what_follows(base, prepare, monkeypatch, story):
    tree = prepare(*STORIES[story][:3])
    calls = Calls(CHANGES, 1, lambda _: None)
    assert with_calls(monkeypatch, calls, lambda: STORIES[story][3](tree))
    dirty, renamed, removed = set(), set(), set()
    for name, args, where in calls.log:
        if name in ("write", "fchmod", "fchown"):
            dirty.add(where)
        elif name == "fsync":
            for paths in (dirty, renamed, removed):
                paths.discard(where)
        elif name in ("rename", "rmdir", "unlink"):
            assert not renamed, args
            if args[-1] == "files.json":
                assert not removed, args
            if name == "rename":
                assert f"{where}/{args[0]}" not in dirty, args
                renamed.add(where)
            elif "/.stowage" not in f"{where}/{args[0]}":
                removed.add(where)
    assert not renamed


@pytest.mark.parametrize("swapped", ["d", "d/e", "d/e/a"])
@pytest.mark.parametrize(
    "action",
    [
        lambda tree: tree.write("d/e/a", b"new", 0o777, *ME),
        lambda tree: tree.write("d/e/b", b"new", 0o777, *ME),
        lambda tree: tree.write("d/e/new/a", b"new", 0o777, *ME),
        lambda tree: tree.make_directory("d/e", 0o777),
        lambda tree: tree.make_directory("d/e/f", 0o777),
        lambda tree: tree.restore("d/e/a"),
        lambda tree: tree.restore("d/e/fresh"),
        lambda tree: tree.remove("d/e/a"),
        lambda tree: tree.remove_all(),
        lambda tree: tree.observe(["d/e/a", "d/e/fresh"]),
    ],
    ids=[
        "write",
        "write beside",
        "write below",
        "directory",
        "directory below",
        "restore",
        "restore nothing",
        "remove",
        "remove all",
        "observe",
    ],
)
def test_a_container_that_swaps_a_directory_for_a_link_at_any_call_leads_nowhere(
    base, prepare, tmp_path, monkeypatch, action, swapped
):
    outside = tmp_path / "outside"
    for below in ("", "e/"):
        for name in ("a", "fresh"):
            put(outside / f"{below}{name}", b"outside")
    target = outside / "a" if swapped == "d/e/a" else outside
    before = [(path, path.lstat()) for path in sorted([outside, *outside.rglob("*")])]
    unmoved = [
        (path, found.st_mode, found.st_uid, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        for path, found in before
    ]
    seen = hashlib.sha256(b"outside").hexdigest()

    def swap():
        path = base / swapped
        if path.exists() and not path.is_symlink():
            path.rename(f"{path}.moved")
            path.symlink_to(target)

    def attempt(tree):
        try:
            return action(tree)
        except TreeError:
            return None

    for number in itertools.count(1):
        tree = prepare({}, [("d/e/a", b"old")], [("d/e/a", b"changed"), ("d/e/fresh", b"fresh")])
        results = []
        calls = Calls(BY_NAME, number, once(swap))
        with_calls(monkeypatch, calls, lambda tree=tree, results=results: results.append(attempt(tree)))
        now = [(path, path.lstat()) for path in sorted([outside, *outside.rglob("*")])]
        assert [
            (path, found.st_mode, found.st_uid, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
            for path, found in now
        ] == unmoved, number
        assert seen not in str(results)
        kept_files = (base / ".stowage/former").rglob("*")
        assert all(path.read_bytes() != b"outside" for path in kept_files if path.is_file())
        if calls.count < number:
            break
    assert number > 8
