# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.errors import StowageError
from stowage.pruning.wanted import Wanted, read_age, read_wanted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, 0), ("", 0), ("168h", 604800), ("7d", 604800), ("1w", 604800), ("1d12h", 129600), ("90s", 90)],
)
def test_spans_of_time(text, seconds):
    assert read_age(text) == seconds


@pytest.mark.parametrize("text", ["7", "d", "7 d", "0s", "-1h", "1y", "h7"])
def test_what_is_no_span_of_time_is_refused(text):
    with pytest.raises(StowageError, match="no span of time"):
        read_age(text)


def test_options_are_read():
    given = {
        "containers": True,
        "images": "all",
        "volumes": False,
        "filters": {"until": "1h", "label": "a", "without_label": ["b"]},
    }
    assert read_wanted(given) == Wanted(containers=True, images="all", until=3600.0, labels=("a",), without=("b",))
    assert not read_wanted({"images": "false", "volumes": None}).anything


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"images": "some"}, "images: 'some' is none of dangling, all, false"),
        ({"volumes": "dangling"}, "volumes: 'dangling' is none of anonymous, all, false"),
        ({"filters": {"untill": "1h"}}, "there is no filter 'untill'"),
    ],
)
def test_what_means_nothing_is_refused(given, said):
    with pytest.raises(StowageError, match=said):
        read_wanted(given)
