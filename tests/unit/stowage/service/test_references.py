# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""References to other containers."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.references import (
    by_container,
    container_of,
    link,
    named_services,
    parents,
    points_at,
    same_container,
    source_of_volumes,
)

from .reading import canonical

IDS = {"db": "1" * 64, "shop-db-1": "1" * 64, "other": "2" * 64}


def resolve(name: str) -> str:
    return IDS.get(name, "")


@pytest.mark.parametrize(
    ("mode", "name"), [("service:a", "a"), ("container:b", "b"), ("host", ""), ("", ""), ("edge", "")]
)
def test_container_of(mode: str, name: str) -> None:
    assert container_of(mode) == name


@pytest.mark.parametrize(
    ("declared", "actual", "same"),
    [
        ("db", "1" * 64, True),
        ("db", "db", True),
        ("db", "shop-db-1", True),
        ("db", "2" * 64, False),
        ("db", "other", False),
        ("gone", "1" * 64, False),
        ("gone", "gone", True),
    ],
)
def test_same_container(declared: str, actual: str, same: bool) -> None:
    assert same_container(declared, actual, resolve) is same
    assert points_at(f"service:{declared}", f"container:{actual}", resolve) is same


def test_modes_that_point_at_no_container() -> None:
    assert not points_at("host", "host", resolve)
    assert not points_at("service:db", "bridge", resolve)


def test_short_syntaxes() -> None:
    assert link("db") == ("db", "db")
    assert link("db:x") == ("db", "x")
    assert source_of_volumes("db") == ("db", "rw")
    assert source_of_volumes("db:ro") == ("db", "ro")
    assert source_of_volumes("container:db:ro") == ("db", "ro")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({}, {}),
        ({"network_mode": "host", "pid": "host"}, {}),
        ({"network_mode": "service:a", "pid": "container:b", "ipc": "service:a"}, {"a": "network_mode", "b": "pid"}),
        ({"volumes_from": ["c:ro", "container:d"]}, {"c": "volumes_from", "d": "volumes_from"}),
        ({"links": ["e"]}, {}),
    ],
)
def test_parents(document: dict[str, Any], found: dict[str, str]) -> None:
    assert parents(canonical(**document)) == found


def test_services_become_containers_and_containers_stay():
    service = {
        "network_mode": "service:db",
        "pid": "container:db",
        "volumes_from": ["db:ro", "container:db", "elsewhere"],
        "links": ["db", "db:store"],
        "external_links": ["db:old"],
    }
    assert by_container(service, {"db": "shop-db-1"}) == {
        "network_mode": "container:shop-db-1",
        "pid": "container:db",
        "volumes_from": ["container:shop-db-1:ro", "container:db", "elsewhere"],
        "external_links": ["shop-db-1:db", "shop-db-1:store", "db:old"],
    }
    assert named_services(service) == {"db": "network_mode", "elsewhere": "volumes_from"}
