# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role remembers of a host: kept, forgotten, and root's alone."""

from __future__ import annotations

import stat

import pytest

from provision.files import Files
from provision.memory import Memory, parts


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def test_what_is_kept_is_recalled_and_an_empty_document_is_forgotten(files):
    memory = Memory(files, "firewall")
    memory.keep({"files": ["/etc/one"]})
    assert (memory.recall(), parts(files)) == ({"files": ["/etc/one"]}, ["firewall"])
    memory.keep({})
    assert (memory.recall(), parts(files)) == ({}, [])


def test_what_is_damaged_says_that_nothing_is_ours(files):
    Memory(files, "firewall").keep({"files": []})
    for text in ("{", "[]"):
        files.write("/var/lib/stowage/engine/firewall.json", text)
        assert Memory(files, "firewall").recall() == {}


def test_the_folder_that_is_the_runtimes_too_is_closed_to_others(files, tmp_path):
    Memory(files, "firewall").keep({"files": []})
    assert stat.S_IMODE((tmp_path / "var/lib/stowage").stat().st_mode) == 0o700


def test_who_may_not_look_is_told_of_nothing(files, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(files, "list", refuse)
    assert parts(files) == []
