# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot does not depend on the order in which an engine happens to list things."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.hosts import Host


@pytest.fixture
def host():
    found = Host((1, 51), "app:1", "db:1", "old:1", "old:2")
    names = ("aa", "bb", "cc")
    found.deploy(
        {
            "networks": {name: {} for name in names},
            "volumes": {name: {} for name in names},
            "containers": {f"web-{name}": {"image": "app:1", "networks": [name]} for name in names},
        }
    )
    return found


@pytest.mark.parametrize("kind", ["networks", "volumes", "images"])
def test_another_order_gives_the_same_snapshot(host, monkeypatch, kind):
    before = host.observe({})
    group = getattr(host.engine, kind)
    listed = group.list
    monkeypatch.setattr(group, "list", lambda: list(reversed(listed())))
    after = host.observe({})
    assert list(getattr(after, kind)) == list(getattr(before, kind))
    assert after == before
