# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the soak chooses what to spoil, and sees that it was repaired."""

from __future__ import annotations

import random
import sys
from importlib import import_module

import pytest

from bench import soaking
from bench.runtime import ROOT

DECLARED = {"memory": 32, "networks": ["back", "bench"], "ports": False}


@pytest.fixture
def spoiling(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench" / "on_host"))
    yield import_module("spoiling")
    for name in ("spoiling", "calls"):
        sys.modules.pop(name, None)


def found(status="running", memory=32, networks=("bench", "back"), endpoint="e"):
    return {
        "State": {"Status": status},
        "HostConfig": {"Memory": memory},
        "NetworkSettings": {"Networks": {name: {"EndpointID": endpoint} for name in networks}},
    }


@pytest.mark.parametrize(
    ("inspected", "is_declared"),
    [
        (found(), True),
        ({}, False),
        (found(status="paused"), False),
        (found(status="exited"), False),
        (found(status="restarting"), False),
        (found(memory=64), False),
        (found(networks=("bench",)), False),
        (found(networks=("bench", "back", "other")), False),
        (found(endpoint=""), False),
    ],
)
def test_a_container_is_as_declared_or_not(spoiling, inspected, is_declared):
    assert spoiling.is_declared(inspected, DECLARED) is is_declared


@pytest.fixture
def spoiler(spoiling):
    scene = soaking.scene_of({"containers": [], "networks": [], "volumes": []})
    return spoiling.Spoiler(scene, random.Random(1))


def test_everything_is_chosen_sooner_or_later(spoiling, spoiler):
    chosen = [spoiler.choose(lambda _name: True) for _ in range(3000)]
    assert {spoil.kind for spoil in chosen} == set(spoiling.WEIGHTS)
    touched = {name for spoil in chosen for name in spoil.touched}
    assert touched >= {*spoiler.scene["containers"], *spoiler.scene["files"]}


def test_what_is_busy_is_left_alone_with_all_that_hangs_together_with_it(spoiler):
    for _ in range(300):
        spoil = spoiler.choose(lambda name: name != "web0001")
        assert "web0001" not in spoil.touched
        assert spoil.target != "back", "web0001 is on it"


def test_nothing_is_chosen_where_all_is_busy(spoiler):
    assert spoiler.choose(lambda _name: False) is None


def test_nobody_with_a_port_is_renamed(spoiler):
    renamed = [spoil for _ in range(3000) if (spoil := spoiler.choose(lambda _name: True)).kind == "renamed"]
    assert renamed
    assert not any(spoiler.scene["containers"][spoil.target]["ports"] for spoil in renamed)
