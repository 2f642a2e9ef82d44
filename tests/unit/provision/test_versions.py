# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of packages: the program's own inside them, and Debian's order."""

from __future__ import annotations

import pytest

from provision.versions import compare, fits, newest_first, upstream


@pytest.mark.parametrize(
    ("version", "own"),
    [
        ("5:28.5.2-1~debian.13~trixie", "28.5.2"),
        ("26.1.5+dfsg1-9+deb13u1+b1", "26.1.5"),
        ("28.2.2-0ubuntu1~24.04.1", "28.2.2"),
        ("5:29.0.0~rc.1-1~debian.12~bookworm", "29.0.0~rc.1"),
        ("3:28.5.2-1.el9", "28.5.2"),
        ("5:20.10.24~3-0~debian-bullseye", "20.10.24"),
        ("0.0~20240729.0-4+b7", "0.0~20240729.0"),
        ("1.7.24~ds1-6", "1.7.24~ds1"),
    ],
)
def test_the_programs_own_version(version, own):
    assert upstream(version) == own


@pytest.mark.parametrize(
    ("version", "asked", "fitting"),
    [
        ("5:28.5.2-1~debian.13~trixie", "28.5.2", True),
        ("5:28.5.2-1~debian.13~trixie", "28", True),
        ("5:28.5.2-1~debian.13~trixie", "28.5", True),
        ("5:28.5.2-1~debian.13~trixie", "28.5.2-1~debian.13~trixie", True),
        ("5:28.5.2-1~debian.13~trixie", "5:28.5.2-1~debian.13~trixie", True),
        ("5:28.5.2-1~debian.13~trixie", "28.5.20", False),
        ("5:28.50.2-1", "28.5", False),
        ("5:28.5.2-1~debian.13~trixie", "8.5.2", False),
        ("5:28.5.2-1~debian.13~trixie", "5", False),
        ("5:29.0.0~rc.1-1~debian.13~trixie", "29.0.0-rc.1", True),
        ("5:29.0.0~rc.1-1~debian.13~trixie", "29.0.0", False),
        ("26.1.5+dfsg1-9", "26.1.5+dfsg1-9", True),
        ("26.1.5+dfsg1-9", "26.1.5+dfsg1-8", False),
    ],
)
def test_what_was_asked_for(version, asked, fitting):
    assert fits(version, asked) is fitting


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0", "1.0-1"),
        ("1.0-1", "1.0-1+b1"),
        ("26.1.5+dfsg1-9+deb13u1", "26.1.5+dfsg1-9+deb13u1+b1"),
        ("9.0", "1:0.1"),
        ("1.0a", "1.0+"),
        ("1.0", "1.0a"),
        ("5:28.5.2-1~debian.12~bookworm", "5:28.5.2-1~debian.13~trixie"),
        ("5:29.0.0~rc.1-1", "5:29.0.0-1"),
    ],
)
def test_debians_order(older, newer):
    assert compare(older, newer) < 0 < compare(newer, older)
    assert compare(older, older) == 0


def test_leading_zeros_mean_nothing():
    assert compare("1.07", "1.7") == 0


def test_each_version_once_the_newest_first():
    assert newest_first(["1.9", "1.10", "1.9", "1.10~rc1"]) == ["1.10", "1.10~rc1", "1.9"]
