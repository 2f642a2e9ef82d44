# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scalar of YAML is to compose: YAML 1.2 without "yes" and "no", yet with octals, underscores and dates.

Knows the rules of the YAML library that compose uses. Knows nothing of documents.
"""

from __future__ import annotations

import base64
import math
import re
from datetime import datetime


class Date(str):
    """A date the way JSON has it; ``text`` is what compose makes of it where it wants a string."""

    __slots__ = ("text",)

    text: str


# A plain scalar that begins with none of these is a string, as nearly all are.
HINTS = frozenset("+-.0123456789~<ntfNTF")

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    "-0": -0.0,
}
_TAGS: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "timestamp": (Date,),
}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"([-+]?)0(?:[xX]([0-9a-fA-F]+)|[oO]?([0-7]+)|[bB]([01]+))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# An underscore that does not part digits, which only a number that begins with a point may not have.
_LOOSE = re.compile(r"(?<![0-9])_|_(?![0-9])")
_DATE = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d))|(?: +(\d\d?):(\d\d?):(\d\d?)(\.\d+)?))?"
)


def resolve_scalar(text: str) -> str | int | float | bool | None:
    """Return what the plain scalar ``text`` stands for."""
    if text[:1] not in HINTS:
        return text or None
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789" and not (text[0] == "." and _LOOSE.search(text)):
        number = _number(text.replace("_", ""))
        if number is not None:
            return number
        return _date(text) or text
    return text


def resolve_tagged(tag: str, text: str) -> str | int | float | bool | None:
    """Return what ``text`` with a tag of YAML's own stands for, ``tag`` being without its prefix.

    ValueError means that the text does not fit the tag, KeyError that there is no such tag.
    """
    if tag == "str":
        return text
    if tag == "binary":  # binascii.Error is a ValueError
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    types = _TAGS[tag]
    value = _date(text) if tag == "timestamp" else resolve_scalar(text)
    if type(value) not in types:
        raise ValueError(text)
    return float(value) if tag == "float" and value is not None else value


def _number(text: str) -> int | float | None:
    """Read a number from which the underscores are gone; None where it is none, or too big for compose."""
    if _DECIMAL.fullmatch(text) and len(text) <= 21:
        value = int(text)
        return value if -(2**63) <= value < 2**64 else float(text)
    if based := _BASED.fullmatch(text):
        sign, hexadecimal, octal, binary = based.groups()
        digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (binary, 2)
        value = int(digits, base) * (-1 if sign == "-" else 1)
        if -(2**63) <= value < 2**64:
            return value
    if _FLOAT.fullmatch(text):
        number = float(text)
        return None if math.isinf(number) else number
    return None


def _date(text: str) -> Date | None:
    """Read a point in time."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.group(1, 2, 3))
    time = found.group(4, 5, 6) if found[4] else found.group(9, 10, 11)
    fraction = (found[7] or found[12] or "")[:10].rstrip("0").rstrip(".")
    zone = found[8] or "Z"
    try:
        hour, minute, second = (int(part or 0) for part in time)
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - see zone
    except ValueError:
        return None
    if zone in ("Z", "+00:00", "-00:00"):
        zone, name = "Z", "+0000 UTC"
    else:
        name = " ".join(2 * (zone.replace(":", ""),))
    date = Date(f"{moment.isoformat()}{fraction}{zone}")
    date.text = f"{moment.isoformat(' ')}{fraction} {name}"
    return date
