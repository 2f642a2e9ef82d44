# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of packages: Debian's order, and the engine's own version inside a package's. Pure."""

from __future__ import annotations

import re
from functools import cmp_to_key
from typing import Iterable, List, Tuple

_PARTS = re.compile(r"(\d+)")


def upstream(version: str) -> str:
    """Return the program's own version: ``28.5.2`` of ``5:28.5.2-1~debian.13~trixie`` or ``28.5.2+dfsg1-1``.

    Also ``20.10.24`` of ``5:20.10.24~3-0~debian-bullseye``: Docker's packages of before 23.0 count their builds so.
    """
    return re.sub(r"~\d+$", "", re.split(r"[+-]", _split(version)[1], maxsplit=1)[0])


def fits(version: str, asked: str) -> bool:
    """Tell whether a package's version is what was asked for: its whole text, or the beginning of the program's own."""
    own = upstream(version)
    wanted = re.sub(r"-(?=[a-z])", "~", asked)  # the program itself says 29.0.0-rc.1
    return asked in (version, _split(version)[1]) or own == wanted or own.startswith(f"{wanted}.")


def compare(one: str, other: str) -> int:
    """Return a number below, equal to or above zero, by Debian's rules (deb-version(7)); rpm's differ little."""
    (epoch, text), (other_epoch, other_text) = _split(one), _split(other)
    if epoch != other_epoch:
        return epoch - other_epoch
    start, _dash, revision = text.rpartition("-")
    other_start, _dash, other_revision = other_text.rpartition("-")
    if not start:
        start, revision = revision, ""
    if not other_start:
        other_start, other_revision = other_revision, ""
    return _compare_text(start, other_start) or _compare_text(revision, other_revision)


def newest_first(versions: Iterable[str]) -> List[str]:
    """Sort versions, each once."""
    return sorted(set(versions), key=cmp_to_key(compare), reverse=True)


def _split(version: str) -> Tuple[int, str]:
    epoch, colon, rest = version.partition(":")
    return (int(epoch), rest) if colon and epoch.isdigit() else (0, version)


def _compare_text(one: str, other: str) -> int:
    """Compare in turns what is no number, and numbers."""
    # Splitting by numbers puts text at even places and numbers at odd ones.
    left, right = _PARTS.split(one), _PARTS.split(other)
    for place in range(max(len(left), len(right))):
        a = left[place] if place < len(left) else ""
        b = right[place] if place < len(right) else ""
        difference = int(a or 0) - int(b or 0) if place % 2 else _compare_letters(a, b)
        if difference:
            return difference
    return 0


def _compare_letters(one: str, other: str) -> int:
    for place in range(max(len(one), len(other))):
        difference = _weight(one[place : place + 1]) - _weight(other[place : place + 1])
        if difference:
            return difference
    return 0


def _weight(letter: str) -> int:
    """A tilde sorts before the end, letters before all else."""
    if not letter:
        return 0
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
