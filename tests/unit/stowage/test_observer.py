# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot does not depend on the order in which an engine happens to list things."""

from __future__ import annotations

import time

import pytest

from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import file, stack, together


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


# -- what a registry need not be asked again ---------------------------------------------------------


def tagged(host, seconds_ago):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(time.time() - seconds_ago))
    host.engine.images.get("app:1")["Metadata"] = {"LastTagTime": stamp}


@pytest.mark.parametrize(
    ("policy", "seconds_ago", "asked"),
    [
        ("always", 1, True),
        ("daily", 3600, False),
        ("daily", 90000, True),
        ("weekly", 90000, False),
        ("weekly", 700000, True),
        ("every_10m", 500, False),
        ("every_10m", 700, True),
        ("missing", 700000, False),
    ],
)
def test_a_registry_is_asked_when_its_time_has_come(policy, seconds_ago, asked):
    host = Host((1, 51))
    host.engine.images.offer("app:1")
    tagged(host, seconds_ago)
    observed = host.observe(stack("shop", {"web": {"image": "app:1", "pull_policy": policy}}, networks={}))
    assert ("app:1" in observed.registry_digests) == asked
    assert ("GET /distribution/app:1/json" in host.engine.reads) == asked


@pytest.mark.parametrize(
    "metadata", [None, {}, {"LastTagTime": ""}, {"LastTagTime": "0001-01-01T00:00:00Z"}, {"LastTagTime": "?"}]
)
def test_where_nobody_knows_when_the_registry_is_asked(metadata):
    host = Host((1, 51))
    host.engine.images.offer("app:1")
    host.engine.images.get("app:1")["Metadata"] = metadata
    assert host.observe(
        stack("shop", {"web": {"image": "app:1", "pull_policy": "daily"}}, networks={})
    ).registry_digests


def test_what_is_not_there_is_pulled_without_a_question():
    host = Host((1, 51))
    host.engine.images.offer("new:1")
    host.observe(stack("shop", {"web": {"image": "new:1", "pull_policy": "daily"}}, networks={}))
    assert not [call for call in host.engine.reads if call.startswith("GET /distribution")]


# -- directories -------------------------------------------------------------------------------------


def test_trees_of_stacks_alone(tmp_path):
    host = Host(root=tmp_path)
    files = {"www/a": file("A"), "b": file("B"), "gone": file("gone")}
    host.deploy(stack("shop", {}, files=files))
    (tmp_path / "shop" / "gone").unlink()
    (tmp_path / "shop" / "b").write_text("mine")
    observed = host.observe(together(stack("shop", {}, files=files), stack("none", {}), {"containers": {}}))
    place = str(tmp_path / "shop")
    assert set(observed.trees) == {place, str(tmp_path / "none")}
    tree = observed.trees[place]
    assert {path: (found["kind"], found["mode"]) for path, found in tree.files.items()} == {
        "www/a": ("file", 0o644),
        "b": ("file", 0o644),
    }
    assert tree.files["www/a"]["digest"] == files["www/a"]["digest"]
    assert tree.files["b"]["digest"] != files["b"]["digest"]
    assert {"www/a", "b", "gone"} <= tree.placed
    assert tree.formers == frozenset()
    assert not (tmp_path / "none").exists()


# -- labels that come with an image -------------------------------------------------------------------


@pytest.mark.parametrize("own", [{}, {"com.docker.compose.oneoff": "False", "com.docker.compose.config-hash": "1"}])
def test_the_project_of_an_image_is_not_its_containers(own):
    """docker compose labels what it builds; whoever runs that by hand has started no service."""
    host = Host()
    marks = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    host.engine.images.have("shop-web:latest", {"Labels": marks})
    host.engine.containers.make("mine", {"Image": "shop-web:latest", "Labels": own})
    labels = host.observe({}).containers["mine"].labels
    assert ("com.docker.compose.project" in labels) == bool(own)
