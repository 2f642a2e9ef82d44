# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store says of whose things are: by scope, by image and by name."""

from __future__ import annotations

import pytest

from stowage.pruning import owning
from stowage.pruning.stock import Owners
from stowage.store import KeptImage, Store

ADDRESS = "unix:///run/docker.sock"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(owning, "_STATE", str(tmp_path / "none"))
    monkeypatch.setattr(owning, "state_directory", lambda _environ: str(tmp_path))
    return Store(str(tmp_path), ADDRESS)


@pytest.fixture
def owners(store, tmp_path):
    return lambda: owning.owners_at(ADDRESS, {"STOWAGE_SOCKETS": str(tmp_path)})


def declare(store, scope="host", **sections):
    return store.declare(scope, {"version": 1, "scope": scope, **sections}, by="x", now=1.0)


def test_owners_are_what_the_store_has(store, owners):
    version = declare(store, "shop")
    store.finish(version, outcome="done", now=2.0, images={"shop/web": KeptImage("sha256:1", brought=True)})
    assert owners() == Owners(frozenset(["shop"]), frozenset(["sha256:1", "shop/web:latest"]))


def test_what_is_declared_is_known_by_its_name(store, owners):
    declare(
        store,
        networks={"front": {"name": "lan", "external": True}, "old": {"state": "absent"}},
        volumes={"data": {}, "logs": {"external": True}, "gone": {"state": "absent"}},
        containers={"legacy": {"state": "stopped"}, "former": {"state": "absent"}},
    )
    assert owners().names == {
        ("network", "lan"),
        ("volume", "data"),
        ("volume", "logs"),
        ("container", "legacy"),
    }


def test_what_a_declared_container_is_made_with_is_known_too(store, owners):
    web = {
        "image": "web:1",
        "networks": ["lan"],
        "volumes": ["uploads:/data", "/etc/web:/etc/web"],
        "volumes_from": ["container:assets"],
        "scale": 2,
    }
    declare(store, containers={"web": web, "job": {"image": "job:1", "network_mode": "batch"}})
    assert owners().names >= {
        ("container", "web-1"),
        ("container", "web-2"),
        ("container", "assets"),
        ("network", "lan"),
        ("network", "batch"),
        ("volume", "uploads"),
    }
    assert ("volume", "/etc/web") not in owners().names


def test_stacks_are_known_by_the_names_of_their_objects(store, owners):
    stack = {
        "services": {"web": {"image": "web:1", "networks": {"default": None}}},
        "networks": {"default": {"name": "shop_default"}},
        "volumes": {"data": {"name": "elsewhere", "external": True}},
    }
    store.declare("shop", {"version": 1, "stacks": {"shop": stack}}, by="x", now=1.0)
    assert owners().names >= {("container", "shop-web-1"), ("network", "shop_default"), ("volume", "elsewhere")}


def test_what_an_earlier_version_names_can_be_brought_back(store, owners):
    declare(store, volumes={"data": {}})
    declare(store, volumes={"other": {}})
    assert owners().names == {("volume", "data"), ("volume", "other")}


def test_a_declaration_that_is_damaged_or_not_understood_leaves_the_rest_unknown(store, owners, tmp_path):
    declare(store, "new", containers={"web": {"image": "web:1", "of_tomorrow": True}})
    assert "what is declared in new is not known" in owners().unknown
    declare(store, "new")
    assert owners().unknown == ""
    declare(store, "shop")
    for path in tmp_path.glob("engines/*/scopes/shop/1.json"):
        path.write_text("{}")
    assert "what is declared in shop is not known" in owners().unknown
