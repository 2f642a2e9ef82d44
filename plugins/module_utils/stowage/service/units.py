# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes and durations: compose's notations, Go's notation, and plain numbers.

Knows the grammar of both and nothing of the keys they stand in. Bad text raises ValueError with
words that follow the value's path.
"""

from __future__ import annotations

import re

_BYTES = r"(-?[0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)(i?b)?"
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_PART = r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w)"
_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_LIMIT = 2**63


def parse_bytes(text: str) -> int:
    """Return the bytes in ``64m``, ``1.5gb``, ``512KiB`` or ``1024``; units are powers of 1024."""
    match = re.fullmatch(_BYTES, text.strip().lower())
    if match is None or (match[3] in ("i", "ib") and not match[2]):
        raise ValueError("not a size such as 64m, 1.5gb or 1024")
    size = float(match[1]) if "." in match[1] else int(match[1])
    result = int(size * 1024 ** _POWER[match[2]])
    if abs(result) >= _LIMIT:
        raise ValueError("too large")
    return result


def render_bytes(size: int) -> str:
    """Return bytes as people write them: ``64 MiB``, ``1.5 GiB``, ``1000 B``."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size * 4 % unit == 0:
            return f"{size / unit:g} {name}"
    return f"{size} B"


def parse_duration(text: str) -> int:
    """Return the nanoseconds in a Go duration such as ``1m30s``, ``500ms`` or ``0``; ``d`` and ``w`` too."""
    text = text.strip()
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in "+-" else text
    if rest == "0":
        return 0
    part = re.compile(_PART)
    total = 0
    position = 0
    while position < len(rest):
        match = part.match(rest, position)
        if match is None:
            break
        unit = _NANOSECONDS[match[2]]
        whole, _sep, fraction = match[1].partition(".")
        total += int(whole or 0) * unit
        if fraction:
            total += int(fraction) * unit // 10 ** len(fraction)
        position = match.end()
    if not rest or position != len(rest):
        raise ValueError("not a duration such as 1m30s, 500ms or 2h")
    if total >= _LIMIT:
        raise ValueError("too long")
    return sign * total


def render_duration(nanoseconds: int) -> str:
    """Return the duration as Go prints it: ``1m30s``, ``1h0m0s``, ``1.5s``, ``500ms``, ``0s``."""
    if nanoseconds == 0:
        return "0s"
    sign = "-" if nanoseconds < 0 else ""
    rest = abs(nanoseconds)
    if rest < 1_000_000_000:
        for unit, name in ((1_000_000, "ms"), (1_000, "µs"), (1, "ns")):
            if rest >= unit:
                return f"{sign}{_decimal(rest, unit)}{name}"
    minutes, below = divmod(rest, 60_000_000_000)
    seconds = f"{_decimal(below, 1_000_000_000)}s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def _decimal(amount: int, unit: int) -> str:
    """``amount / unit`` without the rounding of floats: units are powers of ten here."""
    whole, fraction = divmod(amount, unit)
    digits = f"{fraction:0{len(str(unit)) - 1}d}".rstrip("0") if fraction else ""
    return f"{whole}.{digits}" if digits else str(whole)
