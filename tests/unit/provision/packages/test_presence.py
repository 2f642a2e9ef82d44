# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of sources an engine's packages need, and which they leave."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from provision.files import Files
from provision.packages import presence, repository
from provision.packages.catalogue import RECIPES
from provision.packages.model import Package, Wanted


@pytest.mark.parametrize(
    ("kind", "installed", "removed"),
    [
        ("podman", ["docker-ce", "podman"], []),
        ("podman", ["podman"], [repository.SOURCE]),
        ("docker", ["docker-ce"], [repository.SOURCE]),
    ],
)
def test_the_repository_goes_where_no_engine_of_dockers_is_to_stay(tmp_path, kind, installed, removed):
    files = Files(str(tmp_path))
    files.write(repository.SOURCE, "")
    there = {name: Package("1") for name in installed}
    host = SimpleNamespace(files=files, system=SimpleNamespace(packages="apt"), installed=there)
    recipe = RECIPES["apt", "podman" if kind == "podman" else "distro"]
    changes = presence._source_files(host, Wanted(kind=kind, source="distro"), "distro", recipe)
    assert [change.path for change in changes] == removed
