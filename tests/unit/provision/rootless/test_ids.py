# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subordinate ids: what is read from the files, and that what is given overlaps with nothing."""

from __future__ import annotations

import pytest

from provision.rootless.ids import COUNT, Range, bounds, free, owned, parse_ranges, shared

WITHIN = (100000, 600100000)
TEXT = "deploy:100000:65536\n\n# a comment\nbroken\n1001:165536:65536\nempty:1:0\nhalf:12:\n"


def test_lines_that_are_no_ranges_are_left_out():
    assert parse_ranges(TEXT) == [Range("deploy", 100000, 65536), Range("1001", 165536, 65536)]


def test_a_user_is_named_by_name_or_number():
    ranges = parse_ranges(TEXT)
    assert owned(ranges, "deploy", 1000) == ranges[:1]
    assert owned(ranges, "second", 1001) == ranges[1:]
    assert owned(ranges, "third", 1002) == []


@pytest.mark.parametrize(
    ("taken", "start"),
    [
        ([], 100000),
        ([(100000, 65536)], 165536),
        ([(165536, 65536), (100000, 65536)], 231072),  # in any order
        ([(100000, 10)], 100010),
        ([(100000, 65536), (300000, 65536)], 165536),  # a gap that is large enough
        ([(100000, 65536), (165600, 65536)], 231136),  # one that is too small
        ([(90000, 20000)], 110000),  # one that begins before
        ([(1, 5)], 100000),
        ([(100000, 200000), (150000, 10)], 300000),  # one within another
    ],
)
def test_what_is_given_overlaps_with_nothing(taken, start):
    ranges = [Range("somebody", *entry) for entry in taken]
    assert free(ranges, WITHIN) == start
    assert not any(Range("new", start, COUNT).overlaps(entry) for entry in ranges)


def test_there_may_be_none_left():
    assert free([Range("a", 100000, 65536)], (100000, 165536 + 65534)) == -1
    assert free([Range("a", 100000, 65536)], (100000, 165536 + 65535)) == 165536


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", WITHIN),
        ("#SUB_UID_MIN 1\nSUB_UID_MIN\t\t 200000\nSUB_UID_MAX 300000\n", (200000, 300000)),
        ("SUB_UID_MIN many\n", WITHIN),
    ],
)
def test_bounds_are_those_of_login_defs(text, expected):
    assert bounds(text) == expected


def test_ids_of_two_users_are_told():
    ranges = [Range("deploy", 100000, 65536), Range("other", 150000, 65536), Range("far", 500000, 65536)]
    assert shared(ranges, "deploy", 1000) == [ranges[1]]
    assert shared(ranges, "far", 1002) == []
