# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stowage.service.units import parse_bytes, parse_duration, render_bytes, render_duration

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1024", 1024),
        ("1b", 1),
        ("1k", 1024),
        ("2kb", 2048),
        ("64m", 64 << 20),
        ("64M", 64 << 20),
        ("64MB", 64 << 20),
        ("64 MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("1t", 1 << 40),
        ("1p", 1 << 50),
        ("-1", -1),
    ],
)
def test_bytes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "m", "64x", "1.m", "six", "1 2", "64mbb", "1e3", "ib", "9999999p", "\u0661"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|large"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds", "canonical"),
    [
        ("0", 0, "0s"),
        ("0s", 0, "0s"),
        ("1ns", 1, "1ns"),
        ("1500ns", 1500, "1.5µs"),
        ("100us", 100_000, "100µs"),
        ("100µs", 100_000, "100µs"),
        ("500ms", SECOND // 2, "500ms"),
        (".5s", SECOND // 2, "500ms"),
        ("1.5s", 3 * SECOND // 2, "1.5s"),
        ("90s", 90 * SECOND, "1m30s"),
        ("1m30s", 90 * SECOND, "1m30s"),
        ("2h", 7200 * SECOND, "2h0m0s"),
        ("1h1ms", 3600 * SECOND + 10**6, "1h0m0.001s"),
        ("1d", 86400 * SECOND, "24h0m0s"),
        ("-1s", -SECOND, "-1s"),
        ("+1s", SECOND, "1s"),
    ],
)
def test_durations(text: str, nanoseconds: int, canonical: str) -> None:
    assert parse_duration(text) == nanoseconds
    assert render_duration(nanoseconds) == canonical


@pytest.mark.parametrize("text", ["", "5", "s", "1x", "1s2", "1.s.", "one", "1 s", "-", "3000000h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|long"):
        parse_duration(text)


@given(st.integers(0, 2**62))
def test_a_rendered_duration_reads_as_it_was(nanoseconds: int) -> None:
    assert parse_duration(render_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1000, "1000 B"),
        (1024, "1 KiB"),
        (64 << 20, "64 MiB"),
        (3 << 29, "1.5 GiB"),
        ((64 << 20) + 1, "67108865 B"),
    ],
)
def test_bytes_as_people_read_them(size: int, text: str) -> None:
    assert render_bytes(size) == text
