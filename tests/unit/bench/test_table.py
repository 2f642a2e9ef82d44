# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as text."""

from __future__ import annotations

import pytest

from bench import table


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0], 0.95, 3.0),
        ([2.0, 1.0], 0.5, 1.0),
        ([2.0, 1.0], 0.51, 2.0),
        (range(1, 101), 0.95, 95),
        (range(1, 101), 1.0, 100),
        (range(1, 21), 0.95, 19),
    ],
)
def test_as_many_as_it_says_are_no_greater(values, share, expected):
    assert table.quantile(list(values), share) == expected


@pytest.mark.parametrize(
    ("target", "reached", "expected"),
    [(1.0, 1.0, "1.00 s, target <= 1 s: held"), (1.0, 1.01, "1.01 s, target <= 1 s: MISSED")],
)
def test_a_figure_says_whether_its_target_was_held(target, reached, expected):
    assert table.against(target, reached, " s") == expected
