# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that take the place of others, all or none."""

import os

import pytest

from provision.config.staging import Exchange, sweep
from provision.errors import ProvisionError
from provision.files import Files


@pytest.fixture
def files(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/a").write_text("old a")
    (tmp_path / "etc/a").chmod(0o640)
    (tmp_path / "etc/b").write_text("old b")
    return Files(str(tmp_path))


def state(tmp_path):
    return {str(path.relative_to(tmp_path)): path.read_text() for path in sorted(tmp_path.rglob("*")) if path.is_file()}


OLD = {"etc/a": "old a", "etc/b": "old b"}


def exchange(files):
    found = Exchange(files)
    found.stage("/etc/a", "new a", 0o600)
    found.stage("/etc/b", None, 0)
    found.stage("/etc/more/c", "new c", 0o644)
    return found


def test_all(files, tmp_path):
    done = exchange(files)
    assert {path: text for path, text in state(tmp_path).items() if ".stowage-" not in path} == OLD
    done.commit()
    done.settle()
    assert state(tmp_path) == {"etc/a": "new a", "etc/more/c": "new c"}
    assert (tmp_path / "etc/a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("committed", [False, True])
def test_none(files, tmp_path, committed):
    before = (tmp_path / "etc/a").stat()
    done = exchange(files)
    if committed:
        done.commit()
    done.undo()
    assert state(tmp_path) == OLD
    assert not (tmp_path / "etc/more").exists()
    after = (tmp_path / "etc/a").stat()
    # The very file comes back, with its mode and its age.
    assert (after.st_ino, after.st_mode, after.st_mtime) == (before.st_ino, before.st_mode, before.st_mtime)


def test_what_is_written_in_between_is_undone_too(files, tmp_path):
    done = exchange(files)
    done.hold("/etc/a")
    files.write("/etc/a", "in between")
    done.commit()
    done.undo()
    assert state(tmp_path) == OLD


def test_without_links(files, tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError("links")

    monkeypatch.setattr(os, "link", refuse)
    done = exchange(files)
    done.commit()
    done.undo()
    assert state(tmp_path) == OLD


def test_no_room(files, tmp_path, monkeypatch):
    def refuse(_handle):
        raise OSError(28, "No space left on device")

    done = Exchange(files)
    done.stage("/etc/b", None, 0)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ProvisionError, match="/etc/a cannot be written: No space left on device"):
        done.stage("/etc/a", "new a", 0o644)
    done.undo()
    assert state(tmp_path) == OLD


def test_a_link_of_others_is_followed(files, tmp_path):
    (tmp_path / "etc/link").symlink_to("a")
    done = Exchange(files)
    done.stage("/etc/link", "new a", 0o644)
    done.commit()
    done.settle()
    assert (tmp_path / "etc/link").is_symlink()
    assert state(tmp_path)["etc/a"] == "new a"


def test_a_folder_in_which_nothing_is_left_goes(files, tmp_path):
    (tmp_path / "etc/registry").mkdir()
    (tmp_path / "etc/registry/ca.crt").write_text("ca")
    done = Exchange(files)
    done.stage("/etc/registry/ca.crt", None, 0)
    done.commit()
    done.settle()
    assert not (tmp_path / "etc/registry").exists()


def test_what_a_killed_run_left_is_swept_away(files, tmp_path):
    exchange(files).commit()
    assert any(".stowage-" in path for path in state(tmp_path))
    sweep(files, ["/etc", "/none"])
    assert state(tmp_path) == {"etc/a": "new a", "etc/more/c": "new c"}
