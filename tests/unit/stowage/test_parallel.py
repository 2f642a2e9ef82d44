# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

import pytest

from stowage.parallel import run_all


def test_results_in_order():
    assert run_all([]) == []
    assert run_all([lambda: 1]) == [1]
    assert run_all([lambda number=number: number * 2 for number in range(20)]) == list(range(0, 40, 2))


def test_side_by_side_and_no_more_than_asked_for():
    gate = threading.Barrier(3)
    assert run_all([lambda: bool(gate.wait(5) + 1)] * 6, workers=3) == [True] * 6
    seen = []
    run_all([lambda: seen.append(threading.active_count())] * 8, workers=2)
    assert max(seen) - threading.active_count() <= 2


@pytest.mark.parametrize("count", [1, 5])
def test_the_first_error_in_order_is_raised_after_all_have_run(count):
    ran = []

    def call(number):
        ran.append(number)
        if number in (0, 3):
            raise ValueError(number)

    with pytest.raises(ValueError, match=r"^0$"):
        run_all([lambda number=number: call(number) for number in range(count)])
    assert sorted(ran) == list(range(count))
