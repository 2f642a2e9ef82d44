# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: the collection laid out, and hosts with the tests' own tools on them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import ROOT


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes: of two workers one would end with it, and the other wait."""
    items.sort(key=lambda item: item.path.name != "test_demo.py")


@pytest.fixture(scope="session")
def collection() -> None:
    """The collection as ansible-playbook finds it, equal to this tree."""
    subprocess.run([sys.executable, ROOT / "tools" / "collection.py"], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def place(host: Host, collection: None) -> Host:
    """A host whose engine holds two versions of a small web server's image, and nothing else."""
    scene.prepare(host)
    return host
