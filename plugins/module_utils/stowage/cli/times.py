# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as people say them: "3 minutes ago", "for 1 hour", and 1h30m on a command line.

Knows numbers of seconds. Clocks may have been set: a time that is still to come is told as such.
"""

from __future__ import annotations

import re
import time
from typing import Any, List, Tuple

from ..errors import StowageError

_UNITS: Tuple[Tuple[str, int], ...] = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)
_LETTERS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SPAN = re.compile(r"(?:\d{1,9}[dhms])+", re.ASCII)
_PART = re.compile(r"(\d+)([dhms])", re.ASCII)


def ago(then: Any, now: float) -> str:
    """How long ago that was, or how far ahead it is; "" for none and for never."""
    if not then:
        return ""
    seconds = now - float(then)
    if abs(seconds) < 1:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def span(seconds: float) -> str:
    """So much time in the largest unit that tells it well: 90 minutes, since 1 hour would be less, and 2 hours more."""
    for name, length in _UNITS:
        count = round(seconds / length)
        if seconds >= 1.9 * length or abs(seconds - length) < length / 10:
            return f"{count} {name}{'' if count == 1 else 's'}"
    count = round(seconds)
    return f"{count} second{'' if count == 1 else 's'}"


def moment(then: Any) -> str:
    """Date and time of this host's clock and zone."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(then)))
    except (OverflowError, OSError, ValueError):
        return "at a time that no clock shows"


def parse_span(text: str) -> float:
    """The seconds of 90s, 30m, 1h or 1d12h. Raises StowageError."""
    if not _SPAN.fullmatch(text):
        raise StowageError(f"{text!r} is no span of time: write 90s, 30m, 1h, 1d or 1h30m")
    parts: List[Tuple[str, str]] = _PART.findall(text)
    seconds = sum(int(count) * _LETTERS[unit] for count, unit in parts)
    if not seconds:
        raise StowageError("a span of time has to be longer than none")
    return float(seconds)
