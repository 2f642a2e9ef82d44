# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies that callers send: from bytes that nobody vouches for to a plain document, or one sentence against them.

Knows JSON and its traps. Knows neither HTTP nor what a document is about.
"""

from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Tuple

DEPTH = 64  # levels of objects and lists
DIGITS = 20  # of a whole number: what 64 bits take

_MARKS = b'"[]{}'
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(byte for byte in range(256) if byte not in _MARKS)


def parse_document(body: bytearray) -> Dict[str, Any]:
    """Return the object that the body is. Raises ValueError with a sentence that quotes nothing of it."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not UTF-8, at byte {error.start}") from None
    _check_depth(body)
    try:
        document = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    if not isinstance(document, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  one kind of error for the caller
    _check_characters(text, document)
    return document


def render_document(document: Any) -> bytes:
    """Return a document as one line of JSON. Raises ValueError or TypeError for what has no JSON."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _check_depth(body: bytearray) -> None:
    """Refuse what nests too deep before the parser sees it, which would go down with it.

    All in passes over the whole, none byte by byte: escapes go, all but quotes and brackets goes, strings go, and
    then one level of brackets in each pass, from the innermost out.
    """
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    # Two quotes side by side are an empty string, or the end of one and the start of the next.
    marks = bare.translate(_BRACKETS, _OTHERS).replace(b'""', b"")
    marks = bytearray().join(marks.split(b'"')[::2])
    bomb = b"[" * (DEPTH + 1) in marks  # not worth the passes
    for _level in range(0 if bomb else DEPTH):
        if not marks:
            return
        marks = marks.replace(b"[]", b"")
    if marks:
        raise ValueError(f"the body nests deeper than {DEPTH} levels, or its brackets do not match")


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object of the body has a key twice")
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"the body holds {name}, which is not JSON")


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a number of the body has more than {DIGITS} digits")
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number of the body is too large")
    return number


def _check_characters(text: str, document: Any) -> None:
    """Halves of surrogate pairs only come by escapes; they can be written nowhere, a log or a file least of all."""
    lowered = text.lower() if "\\" in text else ""
    if any(f"\\ud{digit}" in lowered for digit in "89abcdef"):
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a text of the body holds half of a surrogate pair") from None
