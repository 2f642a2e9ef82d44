# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container remembers of its declaration."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.spec import declared_keys, parse_declared, spec_hash

from .reading import canonical

BASE = {"command": "a", "environment": {"A": "1"}, "ports": ["80:80", "81:81"]}


@pytest.mark.parametrize(
    "document",
    [
        {**BASE, "container_name": "web"},
        {**BASE, "depends_on": ["db"]},
        {**BASE, "scale": 3, "attach": False},
        {**BASE, "build": ".", "pull_policy": "always"},
        {**BASE, "post_start": [{"command": "x"}], "pre_stop": [{"command": "x"}]},
        {
            **BASE,
            "deploy": {"replicas": 3, "update_config": {"order": "start-first"}, "placement": {"constraints": ["x"]}},
        },
        {"ports": ["80:80", "81:81"], "command": ["a"], "environment": ["A=1"]},
        {**BASE, "image": "other"},
    ],
)
def test_what_does_not_shape_the_container(document: dict[str, Any]) -> None:
    assert spec_hash(canonical(**document), "x:1") == spec_hash(canonical(**BASE), "x:1")


@pytest.mark.parametrize(
    "document",
    [
        {**BASE, "command": "b"},
        {**BASE, "environment": {"A": "2"}},
        {**BASE, "environment": {"A": None}},
        {**BASE, "ports": ["81:81", "80:80"]},
        {**BASE, "platform": "linux/arm64"},
        {**BASE, "deploy": {"resources": {"limits": {"pids": 5}}}},
        {**BASE, "deploy": {"restart_policy": {"condition": "any"}}},
    ],
)
def test_what_does(document: dict[str, Any]) -> None:
    assert spec_hash(canonical(**document), "x:1") != spec_hash(canonical(**BASE), "x:1")


def test_the_hash() -> None:
    found = spec_hash(canonical(**BASE), "x:1")
    assert found.startswith("sha256:")
    assert len(found) == 71
    assert spec_hash(canonical(**BASE), "x:2") != found
    assert spec_hash({"command": ["\ud800 caf\u00e9"]}, "x").startswith("sha256:")


def test_declared_keys_say_no_values() -> None:
    service = canonical(
        **BASE,
        ulimits={"nofile": 5},
        logging={"driver": "local", "options": {"max-size": "1m", "a b": "c"}},
        depends_on=["db"],
    )
    keys = declared_keys(service)
    assert keys == "command environment logging logging.max-size logging/driver ports ulimits ulimits.nofile"
    assert parse_declared(keys) == frozenset(keys.split())


def test_reading_the_label() -> None:
    assert parse_declared(None) is None
    assert parse_declared("") == frozenset()
