# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the samples of a runtime on a host."""

from __future__ import annotations

import pytest

from bench import resident


@pytest.mark.parametrize(
    ("slots", "resync", "minute", "look"),
    [
        ([0.0] * 120, 60, 0.0, 0.0),
        ([0.0] * 119 + [0.030], 60, 0.0, 0.030),
        ([0.020, 0.010, *[0.0] * 118], 60, 0.0, 0.030),  # one look in two slots
        ([0.030, *[0.0] * 119, 0.050, *[0.0] * 119], 60, 0.0, 0.040),  # two periods
        ([0.001] * 120, 60, 0.120, 0.0),
        ([0.001] * 119 + [0.030], 60, 0.120, 0.030),  # the slot with the look is no idle one
    ],
)
def test_what_a_look_takes_is_told_apart_from_just_being_there(slots, resync, minute, look):
    idle = resident.idle_of(slots, 0.5, resync, looks=4)
    assert idle["minute_seconds"] == pytest.approx(minute)
    assert idle["resync_seconds"] == pytest.approx(look)
    assert idle["core_share"] == pytest.approx(minute / 60 + look / 300)


def test_one_that_is_never_idle_is_told_so():
    idle = resident.idle_of([0.030] * 120, 0.5, 60, looks=4)
    assert idle["core_share"] == pytest.approx(0.060, rel=0.05)


def test_repairs_are_held_against_what_was_made_beside_them():
    samples = {
        "repairs": [{"all": 1.0}, {"all": 9.0}, {"all": 1.5}],
        "beside": [{"all": 0.5}, {"all": 0.7}, {"all": 4}],
    }
    assert resident.beyond(samples) == pytest.approx(0.8)


def test_each_playbook_is_held_against_its_own_ping():
    pairs = [{"ping": 1.0, "host": 0.9}, {"ping": 4.0, "host": 5.0}]
    assert resident.ratios(pairs) == pytest.approx([0.9, 1.25])
