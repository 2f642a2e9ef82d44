# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder that check mode plans in: as the host's sources would be, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.files import Files
from provision.packages import repository, scratch
from provision.packages.model import Wanted

from .test_keys import ONE, ONE_IS
from .test_repository import PLACE, system

LIST = "/var/lib/apt/lists/deb.example_debian_dists_trixie_InRelease"


@pytest.fixture
def files(tmp_path):
    found = Files(str(tmp_path))
    for path in (LIST, "/var/lib/apt/lists/lock", "/var/lib/apt/lists/partial/half", "/var/tmp/theirs"):
        found.write(path, "content")
    found.write("/etc/apt/sources.list", "deb http://deb.example/debian trixie main\n")
    return found


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def places(options):
    return dict(word.split("=", 1) for word in options if "=" in word)


def test_sources_as_they_would_be(files):
    wanted = Wanted(repository_key=ONE, fingerprints=(ONE_IS,))
    changes = repository.plan_presence(files, wanted, PLACE, system(), "amd64")
    with scratch.lists_of_our_own(files, changes) as options:
        found = places(options)
        folder = Path(found["Dir::State::lists"]).parent
        assert names(folder / "lists") == [Path(LIST).name, "partial"]
        source = Path(found["Dir::Etc::sourceparts"], "stowage-docker.sources").read_text()
        assert f"Signed-By: {folder}/key.asc\n" in source
        assert (folder / "key.asc").read_text() == ONE
    assert files.list("/var/tmp") == ["theirs"]
    assert files.read(LIST) == "content"


def test_an_archive_is_a_repository_of_its_own(files, tmp_path):
    brought = tmp_path / "brought"
    brought.mkdir()
    (brought / "a.deb").write_text("a")
    offers = [
        {"Package": "a", "Version": "1", "Filename": "a.deb", "Size": "1", "SHA256": "aa"},
        {"Package": "b", "Version": "2", "Filename": "b.deb", "Size": "1"},
    ]
    with scratch.archive_alone(files, offers, str(brought)) as options:
        folder = Path(places(options)["Dir::State::lists"]).parent
        assert names(folder / "archive") == ["Packages", "a.deb"]
        assert (folder / "archive" / "Packages").read_text().split("\n\n")[0].splitlines() == [
            "Package: a", "Version: 1", "Filename: ./a.deb", "Size: 1", "SHA256: aa",
        ]  # fmt: skip
        assert (folder / "sources.list").read_text() == f"deb [trusted=yes] file:{folder}/archive ./\n"
    assert files.list("/var/tmp") == ["theirs"]


def test_what_a_killed_run_left_is_taken_away(files):
    files.write("/var/tmp/stowage-apt-x/lists/y", "")
    with scratch.archive_alone(files, [], ""):
        assert "stowage-apt-x" not in files.list("/var/tmp")
