# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real apt makes of a transaction's words, with a host's state and a repository of the test's own."""

from __future__ import annotations

import shutil

import pytest

from provision.commands import Commands
from provision.files import Files
from provision.packages.apt import Apt
from provision.packages.model import Change, Choice

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="the real apt is asked")


def stanza(name, version, **fields):
    lines = {
        "Package": name,
        "Version": version,
        "Architecture": "all",
        "Maintainer": "x",
        "Description": "x",
        **fields,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items()) + "\n"


@pytest.fixture
def apt(tmp_path):
    def make(installed, offered):
        for folder in ("lists/partial", "archives/partial", "parts", "repository"):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / "status").write_text(installed)
        (tmp_path / "repository/Packages").write_text(offered)
        (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{tmp_path}/repository ./\n")
        places = {
            "Dir::State": tmp_path, "Dir::State::lists": tmp_path / "lists", "Dir::State::status": tmp_path / "status",
            "Dir::Cache": tmp_path, "Dir::Etc::sourcelist": tmp_path / "sources.list",
            "Dir::Etc::sourceparts": tmp_path / "parts", "Dir::Etc::preferencesparts": tmp_path / "parts",
        }  # fmt: skip
        options = [word for key, value in places.items() for word in ("-o", f"{key}={value}")]
        found = Apt(Files(str(tmp_path)), Commands(), 0, [*options, "-o", "APT::Sandbox::User=root"])
        assert found.update().code == 0
        return found

    return make


def test_what_is_held_and_needed_moves_along(apt):
    held = {"Status": "hold ok installed"}
    found = apt(
        "".join(stanza(name, "1", **held) for name in ("engine", "containerd", "other")),
        stanza("engine", "2", Filename="./e.deb", Size="1", Depends="containerd (>= 2)")
        + stanza("containerd", "2", Filename="./c.deb", Size="1")
        + stanza("other", "2", Filename="./o.deb", Size="1"),
    )
    changes = found.simulate(Choice({"engine": "2"}, (), {}))
    assert set(changes) == {Change("engine", "1", "2"), Change("containerd", "1", "2")}


def test_a_repository_without_releases_has_none(apt):
    found = apt("", stanza("engine", "2", Filename="./e.deb", Size="1"))
    assert found.offers(["engine"])["engine"].releases == {}
