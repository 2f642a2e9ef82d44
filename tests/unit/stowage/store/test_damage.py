# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store whose files were damaged: nobody is told a declaration that is not the last one, and nothing breaks."""

from __future__ import annotations

import collections
import hashlib
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from stowage.store.damaged import MOST
from stowage.store.files import load_sealed, parse_sealed, render_sealed

from .conftest import MEMORY
from .stores import CONTENT, DIGEST, PAUSE, declare, finish, folder_of, open_store, shop_of

pytestmark = pytest.mark.slow

ROUNDS = 60  # of each mutation
SEALED = b'{"sha256":"%s"}\n%s'


# -- mutations: each takes the store's folder, a file and dice ---------------------------------------


def truncate(path, dice):
    os.truncate(path, dice.randrange(path.stat().st_size))


def empty(path, dice):
    os.truncate(path, 0)


def flip_a_bit(path, dice):
    content = bytearray(path.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


def zero_a_page(path, dice):
    """What a power failure leaves on some file systems: the length, and no content."""
    path.write_bytes(bytes(path.stat().st_size))


def append(path, dice):
    path.write_bytes(path.read_bytes() + dice.choice([b"\n", b" ", b"x", b"\0", path.read_bytes()]))


def delete(path, dice):
    path.unlink()


def overwrite(path, dice):
    path.write_bytes(dice.choice([b"null", b"[]", b"{}", b"{", b"\xff\xfe", b"5", b'"x"', dice.randbytes(500)]))


def swap(path, dice):
    other = dice.choice([other for other in files_of(path) if other != path])
    mine = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(mine)


def copy_another(path, dice):
    path.write_bytes(dice.choice([other for other in files_of(path) if other != path]).read_bytes())


def restore_an_older_copy(path, dice):
    copies = OLDER[path.parent.name, path.name]
    path.write_bytes(dice.choice(copies))


def put_a_folder(path, dice):
    path.unlink()
    (path / dice.choice(["", "x", "x/y", "current.json"])).mkdir(parents=True)


def put_a_link(path, dice):
    path.unlink()
    others = [str(other) for other in files_of(path)]
    path.symlink_to(dice.choice(["/etc/passwd", path.name, "nowhere", "/dev/zero", "..", "/", *others]))


def move_away_and_link(path, dice):
    """Whoever can change what is elsewhere would change the store."""
    elsewhere = Path(str(path).partition("/state/")[0]) / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def put_a_pipe(path, dice):
    path.unlink()
    os.mkfifo(path)


def put_a_huge_file(path, dice):
    os.truncate(path, dice.choice([65 << 20, 1 << 30, 1 << 40]))


def forge(path, dice):
    """A record whose checksum is right, and whose content is none of ours."""
    document, _checksum = load_sealed(str(path))
    text = json.dumps(document, separators=(",", ":"))
    body = dice.choice(
        [
            "[" * 1_000_000,
            '{"a":' * 1_000_000,
            "[" * 100_000 + "]" * 100_000,
            text[:-1] + f",{text[1:-1]}}}",
            text.replace(":1,", ":NaN,", 1).replace(":1.", ":NaN,.", 1),
            text[:-1] + ',"extra":NaN}',
            text[:-1] + ',"extra":1e999}',
            text[:-1] + ',"extra":-Infinity}',
            text.replace('"number":', '"number":' + "9" * 5000, 1),
            text.replace('"number":', '"number":1.0,"x":', 1),
            text.replace('"number":', '"number":true,"x":', 1),
            text.replace('"number":', '"number":-', 1),
            text.replace('"scope":"', '"scope":"../../', 1),
            text.replace('"scope":"', '"scope":5,"x":"', 1),
            text.replace('"versions":', '"versions":{},"x":', 1),
            text.replace('"outcome":', '"outcome":"well","x":', 1),
            text.replace('"manifest":', '"manifest":[],"x":', 1),
            text.replace('"images":{', '"images":{"a":5,', 1),
            text.replace('"pause":', '"pause":{"until":"noon"},"x":', 1),
            " " + text,
            "null",
            "[]",
            "{}",
            '""',
        ]
    )
    body = f"{body}\n".encode()
    path.write_bytes(SEALED % (hashlib.sha256(body).hexdigest().encode(), body))


def nest_deep(path, dice):
    path.write_bytes(dice.choice([b"[", b'{"sha256":', b'{"a":[']) * 200_000)


def forbid(path, dice):
    path.chmod(0)


MUTATIONS = (
    truncate,
    empty,
    flip_a_bit,
    zero_a_page,
    append,
    delete,
    overwrite,
    swap,
    copy_another,
    restore_an_older_copy,
    put_a_folder,
    put_a_link,
    move_away_and_link,
    put_a_pipe,
    put_a_huge_file,
    forge,
    nest_deep,
    forbid,
)

# -- the store that is damaged -----------------------------------------------------------------------

SCOPES = ("shop", "blog")
OLDER: dict = collections.defaultdict(list)


def remember_copies(base):
    for path in files_of(folder_of(base) / "scopes" / "x"):
        OLDER[path.parent.name, path.name].append(path.read_bytes())


def said(content):
    """What a record says, but for a pause: one that was put back tells the truth of all else."""
    return {**parse_sealed(content)[0], "pause": None}


def files_of(path):
    scopes = path.parent.parent if path.parent.parent.name == "scopes" else path.parent
    return sorted(path for path in scopes.glob("*/*") if path.is_file() and not path.is_symlink())


@pytest.fixture(scope="module")
def original():
    """Two scopes with a history, and every copy that their files ever were."""
    OLDER.clear()
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        base = Path(folder) / "original"
        store = open_store(base)
        store.keep_blob(DIGEST, CONTENT)
        for tag in (1, 2, 3):
            for scope in SCOPES:
                version = declare(store, tag, scope, files=[DIGEST])
                remember_copies(base)
                finish(store, version)
                remember_copies(base)
        store.pause("blog", PAUSE)
        for key, copies in list(OLDER.items()):
            now = folder_of(base) / "scopes" / key[0] / key[1]
            OLDER[key] = [copy for copy in copies if said(copy) != said(now.read_bytes())] or [b""]
        yield base


class Damaged:
    """A copy of the store, to be damaged and looked at."""

    def __init__(self, original, base):
        shutil.rmtree(base / "state", ignore_errors=True)
        shutil.copytree(original / "state", base / "state")
        self.base = base
        self.truth = {scope: open_store(base).standing(scope) for scope in SCOPES}
        self.history = {scope: open_store(base).versions(scope) for scope in SCOPES}

    def files(self):
        return files_of(self.base / "state" / "engines" / folder_of(self.base).name / "scopes" / "x")

    def check(self):
        """Nothing raises, and nothing that is told is untrue. Returns the scopes told to be damaged."""
        store = open_store(self.base)
        store.stamp()
        standings = store.standings()
        assert set(standings) <= set(SCOPES)
        for scope in SCOPES:
            found = store.standing(scope)
            assert found == standings.get(scope, found)
            assert found.version in (None, self.truth[scope].version)
            assert found.version or found.damage or scope not in standings
            told = store.versions(scope)
            assert [version for version in told if version not in self.history[scope]] == []
            assert [version.number for version in told] == sorted({v.number for v in told}, reverse=True)
            if found.version:
                assert told[0] == found.version
        return {scope for scope in SCOPES if standings.get(scope) is None or standings[scope].damage}

    def heal(self):
        """Everything works again, and what was declared before is not mistaken for it."""
        store = open_store(self.base)
        store.collect()
        for scope in SCOPES:
            before = store.versions(scope)
            version = declare(store, 9, scope)
            assert version.number > max((v.number for v in before), default=0)
            version = finish(store, version, plan=["healed"])
            again = open_store(self.base)
            assert again.standing(scope).version == version
            assert again.standing(scope).damage == ""
            assert again.versions(scope) == [version, *before]
            again.pause(scope, PAUSE)
            assert again.standing(scope).pause == PAUSE
        store.collect()
        for scope in SCOPES:
            store.forget(scope)
        assert open_store(self.base).standings() == {}


def is_as_before(path, content):
    whole = path.is_file() and not path.is_symlink() and os.access(path, os.R_OK) and path.stat().st_size < 1 << 20
    return whole and path.read_bytes() == content


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_one_file_damaged(original, base, mutate):
    """More than a thousand of them in all."""
    dice = random.Random(mutate.__name__)
    told = 0
    for turn in range(ROUNDS):
        damaged = Damaged(original, base)
        path = dice.choice(damaged.files())
        before = path.read_bytes()
        mutate(path, dice)
        found = damaged.check()
        is_current = path.name in ("current.json", "3.json")
        if is_current and not is_as_before(path, before):
            assert path.parent.name in found
            told += 1
        if mutate is not swap:
            assert found <= {path.parent.name}
        assert damaged.truth.keys() - found == {s for s in SCOPES if open_store(base).standing(s).version}
        if turn % 5 == 0:
            damaged.heal()
        (base / "elsewhere").unlink(missing_ok=True)
    assert told or mutate is forbid


def test_a_thousand_mutations():
    assert len(MUTATIONS) * ROUNDS > 1000


def test_several_files_damaged(original, base):
    """Short of putting back all of a scope's files of an earlier time, which is what it was then."""
    dice = random.Random(3)
    kinds = [mutate for mutate in MUTATIONS if mutate is not restore_an_older_copy]
    for _round in range(60):
        damaged = Damaged(original, base)
        for _time in range(dice.randrange(2, 5)):
            files = [path for path in damaged.files() if path.stat().st_size in range(1, 1 << 20)]
            mutate = dice.choice(kinds)
            if mutate is forge:
                files = [path for path in files if _is_sound(path)]
            if len(files) > 1:
                mutate(dice.choice(files), dice)
            (base / "elsewhere").unlink(missing_ok=True)
        damaged.check()
        damaged.heal()


def _is_sound(path):
    try:
        load_sealed(str(path))
    except ValueError:
        return False
    return True


# -- folders -----------------------------------------------------------------------------------------


def to_nothing(path, elsewhere):
    shutil.rmtree(path)


def to_a_file(path, elsewhere):
    shutil.rmtree(path)
    path.write_bytes(b"x")


def to_a_link(path, elsewhere):
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def to_a_pipe(path, elsewhere):
    shutil.rmtree(path)
    os.mkfifo(path)


def to_an_empty_one(path, elsewhere):
    shutil.rmtree(path)
    path.mkdir()


@pytest.mark.parametrize("change", [to_nothing, to_a_file, to_a_link, to_a_pipe, to_an_empty_one])
@pytest.mark.parametrize("place", ["scopes", "scopes/shop", "blobs", "damaged", "."])
def test_a_folder_damaged(original, base, place, change):
    damaged = Damaged(original, base)
    (shop_of(base) / "2.json").write_bytes(b"")
    os.truncate(folder_of(base) / "scopes/blog/current.json", 5)
    declare(open_store(base), 3, "blog", files=[DIGEST])  # makes the folder for damaged files
    damaged.truth["blog"] = open_store(base).standing("blog")
    damaged.history["blog"] = open_store(base).versions("blog")
    change(folder_of(base) / place, base / "elsewhere")
    found = damaged.check()
    if place == "scopes/shop" and change is not to_nothing:
        assert found == {"shop"}
    if place == "." and change in (to_a_file, to_a_link, to_a_pipe):
        return  # nobody but a person can say what that is
    before = sorted((base / "elsewhere").rglob("*"))
    open_store(base).keep_blob(DIGEST, CONTENT)
    assert open_store(base).blob(DIGEST)
    damaged.heal()
    assert sorted((base / "elsewhere").rglob("*")) == before


# -- what is set aside -------------------------------------------------------------------------------


def test_a_bad_file_is_kept_to_be_looked_at(base):
    declare(open_store(base), 1)
    (shop_of(base) / "1.json").write_bytes(b"look at me")
    damage = open_store(base).standing("shop").damage
    assert damage == (
        f"what was declared last for shop is lost: {shop_of(base) / '1.json'}: it does not match its checksum; "
        "nothing is done for this scope until it is declared again: run its playbook"
    )
    assert (shop_of(base) / "1.json").read_bytes() == b"look at me"
    declare(open_store(base), 2)
    [aside] = (folder_of(base) / "damaged").iterdir()
    assert aside.name == "000001-shop-1.json"
    assert aside.read_bytes() == b"look at me"


def test_no_more_than_the_latest_are_kept(base):
    store = open_store(base)
    for tag in range(MOST + 7):
        version = declare(store, tag)
        path = shop_of(base) / f"{version.number}.json"
        path.unlink()
        (path / "folder").mkdir(parents=True)
    declare(store, 99)
    entries = sorted(path.name for path in (folder_of(base) / "damaged").iterdir())
    assert len(entries) == MOST
    assert entries[-1] == f"{MOST + 7:06d}-shop-{MOST + 7}.json"


def test_strange_files_beside_them_are_no_reason_to_fail(base):
    store = open_store(base)
    declare(store, 1)
    for name in ("notes.txt", "0.json", "01.json", "-1.json", "1.json.bak", "x.new", "\udcff"):
        (shop_of(base) / name).write_bytes(b"x")
    (folder_of(base) / "damaged").mkdir()
    for name in ("notes.txt", "x-shop-9.json", "-", "--", "1-", "99999999999999999999-shop-5.json"):
        (folder_of(base) / "damaged" / name).write_bytes(b"x")
    assert open_store(base).standing("shop").damage == ""
    assert declare(store, 2).number == 6
    (shop_of(base) / "current.json").unlink()
    assert declare(store, 3).number == 7
    assert (shop_of(base) / "notes.txt").exists()


def test_a_number_goes_on_beyond_every_number_seen(base):
    store = open_store(base, keep=1)
    for tag in range(1, 6):
        declare(store, tag)
    store.collect()
    (shop_of(base) / "current.json").write_bytes(b"")
    assert declare(store, 6).number == 6
    (shop_of(base) / "6.json").write_bytes(b"")
    assert declare(store, 7).number == 7
    (shop_of(base) / "7.json").unlink()
    assert declare(store, 8).number == 8
    (shop_of(base) / "8.json").write_bytes(b"")
    store.pause("shop", None)
    (shop_of(base) / "current.json").unlink()
    assert declare(store, 9).number == 9
    assert [version.number for version in store.versions("shop")] == [9, 5]


def test_a_version_that_nobody_declared_is_damage(base):
    declare(open_store(base), 1)
    shutil.copy(shop_of(base) / "1.json", shop_of(base) / "2.json")
    assert "older one, for there is a version 2" in open_store(base).standing("shop").damage
    assert [version.number for version in open_store(base).versions("shop")] == [1]
    version = declare(open_store(base), 1)
    assert version.number == 3
    assert open_store(base).standing("shop").version == version


def test_only_what_is_written_by_it_is_read_by_it():
    content, checksum = render_sealed({"a": [1, "ö"]})
    assert content == SEALED % (checksum.encode(), b'{"a":[1,"\\u00f6"]}\n')
