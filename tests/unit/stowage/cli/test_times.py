# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.cli.times import ago, moment, parse_span, span
from stowage.errors import StowageError

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"), (1, "1 second"), (50, "50 seconds"), (59.96, "1 minute"), (60, "1 minute"), (65, "1 minute"), (90, "90 seconds"),
        (110, "110 seconds"), (119, "2 minutes"), (120, "2 minutes"), (599.9, "10 minutes"), (3599, "1 hour"), (3600, "1 hour"), (5400, "90 minutes"),
        (7200, "2 hours"), (86400, "1 day"), (172800, "2 days"), (40 * 86400, "40 days"), (400 * 86400, "1 year"),
        (800 * 86400, "2 years"),
    ],
)  # fmt: skip
def test_spans(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (None, ""), (0, ""), (NOW, "just now"), (NOW - 0.9, "just now"), (NOW - 180, "3 minutes ago"),
        (NOW + 600, "in 10 minutes"), (NOW + 365 * 86400 * 30, "in 30 years"),
    ],
)  # fmt: skip
def test_how_long_ago(then, text):
    assert ago(then, NOW) == text


def test_moments():
    assert moment(NOW) == "2027-01-15 08:00:00"
    assert moment(1e30) == moment(float("nan")) == "at a time that no clock shows"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h", 3600), ("1d", 86400), ("1h30m", 5400), ("1d12h5m1s", 129901)],
)
def test_spans_that_are_written(text, seconds):
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1.5h", "1w", "1h-", "0s", "٣h", "1h\n", "9999999999s"])
def test_what_is_no_span(text):
    with pytest.raises(StowageError, match="span of time"):
        parse_span(text)
