# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of keys: it is whole, and what depends on a path is read off it."""

import pytest

from provision.config import keys, shapes
from provision.config.keys import KEYS, RELOAD, RESETS, RESTART


def test_each_key_has_a_shape_that_can_be_checked():
    assert {key.shape for key in KEYS.values()} <= set(shapes._CHECKS)


@pytest.mark.parametrize("key", [key for key in KEYS.values() if key.neutral is not None], ids=lambda key: key.name)
def test_neutral_values_fit_their_keys(key):
    assert key.takes == RELOAD
    assert shapes.problems({key.name: key.neutral}, ()) == []


def test_what_is_restarted_for_has_no_neutral_value():
    assert [key.name for key in KEYS.values() if key.takes == RESTART and key.neutral is not None] == []


@pytest.mark.parametrize(
    ("path", "takes", "moves", "bridge"),
    [
        ("debug", RELOAD, False, False),
        ("labels/rack", RELOAD, False, False),
        ("features/buildkit", RESETS, False, False),
        ("features/containerd-snapshotter", RESTART, True, False),
        ("log-opts/max-size", RESTART, False, False),
        ("data-root", RESTART, True, False),
        ("icc", RESTART, False, True),
        ("userland-proxy", RESTART, False, False),
        ("unit/command", RESTART, False, False),
    ],
)
def test_what_a_path_takes(path, takes, moves, bridge):
    assert (keys.takes(path), keys.moves(path), keys.of_bridge(path)) == (takes, moves, bridge)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("26.1.5+dfsg1", (26, 1, 5)),
        ("20.10.24+dfsg1", (20, 10, 24)),
        ("5:28.5.2-1~debian.12~bookworm", (28, 5, 2)),
        ("29.0.0-rc.1", (29, 0, 0)),
        ("dev", ()),
        ("", ()),
    ],
)
def test_versions(text, version):
    assert keys.parse_version(text) == version


def test_an_engine_that_is_yet_to_come_is_new_enough():
    assert keys.at_least((), (23,))
    assert keys.at_least((23, 0, 1), (23,))
    assert not keys.at_least((20, 10, 24), (23,))


def test_drivers_options():
    assert "max-size" in keys.log_options("json-file")
    assert "max-size" not in keys.log_options("journald")
    assert "mode" in keys.log_options("journald")
    assert keys.log_options("example/plugin") is None
