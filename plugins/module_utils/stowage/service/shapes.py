# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers for the shapes that values of a compose service have, to be put together into tables.

A reader takes a value, its path and the list of problems; it returns the canonical value, or BAD
after it has added at least one problem. Readers know nothing of compose's keys. Their messages
name the type that is wanted and never quote a value that may be secret.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from ..errors import Problem
from . import units

Reader = Callable[[Any, str, List[Problem]], Any]


class _Bad:
    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "BAD"


BAD: Any = _Bad()

_TRUE = frozenset(("true", "yes", "on", "y", "1"))
_FALSE = frozenset(("false", "no", "off", "n", "0"))


def refuse(path: str, message: str, problems: List[Problem]) -> Any:
    """Record a problem and return BAD."""
    problems.append(Problem(path, message))
    return BAD


def refuse_key(path: str, key: object, known: Iterable[str], problems: List[Problem], hint: str = "") -> None:
    """Record a key that does not exist, with the one it looks like, else with the ``hint``."""
    from difflib import get_close_matches  # few declarations have such a key

    near = get_close_matches(str(key), known, 1)
    refuse(child(path, key), f"unknown key; did you mean {near[0]}?" if near else f"unknown key{hint}", problems)


def child(path: str, key: object) -> str:
    """Return the path of ``key`` below ``path``: ``$.a.b``, or ``$.a["b.c"]`` where dots would mislead."""
    text = str(key)
    return f"{path}.{text}" if text.replace("-", "_").isidentifier() else f'{path}["{text}"]'


def kind_of(value: object) -> str:
    """Return the value's type in the words of JSON."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "null" if value is None else type(value).__name__


def scalar_text(value: Any) -> Optional[str]:
    """Return a scalar the way compose writes it into a string; None for anything else."""
    if isinstance(value, str):
        # Ansible hands over subclasses of str; only the plain text may go on from here.
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    return None


def _float_text(value: float) -> str:
    """A float as Go prints it: the shortest digits, with an exponent from a million on."""
    if abs(value) < 1e6 or value in (float("inf"), float("-inf")):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    digits, _e, exponent = repr(value).partition("e")
    if not exponent:
        whole, _point, fraction = digits.lstrip("-").partition(".")
        exponent = f"{len(whole) - 1:02d}"
        digits = f"{'-' if value < 0 else ''}{whole[0]}.{(whole[1:] + fraction).rstrip('0')}".rstrip(".")
    return f"{digits}e+{exponent.lstrip('+')}"


def text(value: Any, path: str, problems: List[Problem]) -> Any:
    """A string; numbers are taken as they are written, booleans are not (YAML makes them of words)."""
    result = None if isinstance(value, bool) else scalar_text(value)
    if result is None:
        return refuse(path, f"must be a string, not {kind_of(value)}", problems)
    if "\0" in result:
        return refuse(path, "must not contain a NUL character", problems)
    return result


def name(value: Any, path: str, problems: List[Problem]) -> Any:
    """A string that is not empty."""
    result = text(value, path, problems)
    return refuse(path, "must not be empty", problems) if result == "" else result


def matching(pattern: str, wanted: str) -> Reader:
    """A string that the whole pattern matches; ``wanted`` says in words what it is to be.

    The pattern is compiled at its first use: most runs read few of the keys that have one.
    """

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        result = text(value, path, problems)
        if result is BAD or re.fullmatch(pattern, result):
            return result
        return refuse(path, f"must be {wanted}", problems)

    return read


def choice(*words: str) -> Reader:
    """One of some words."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        result = text(value, path, problems)
        if result is BAD or result in words:
            return result
        return refuse(path, f"must be one of {', '.join(words)}", problems)

    return read


def boolean(value: Any, path: str, problems: List[Problem]) -> Any:
    """A boolean, or a word that compose takes for one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
    return refuse(path, f"must be a boolean, not {kind_of(value)}", problems)


def integer(low: Optional[int] = None, high: Optional[int] = None) -> Reader:
    """A whole number within bounds, or its decimal text."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        result = value
        if isinstance(value, str):
            try:
                result = int(value)
            except ValueError:
                return refuse(path, "must be a whole number", problems)
        elif isinstance(value, float) and value.is_integer():
            result = int(value)
        if isinstance(result, bool) or not isinstance(result, int):
            return refuse(path, f"must be a whole number, not {kind_of(value)}", problems)
        if low is not None and result < low:
            return refuse(path, f"must be at least {low}", problems)
        if result > (high if high is not None else 2**63 - 1):
            return refuse(path, f"must be at most {high if high is not None else 2**63 - 1}", problems)
        return result

    return read


def number(value: Any, path: str, problems: List[Problem]) -> Any:
    """A number not below zero, or its decimal text; whole numbers come back as int."""
    result = value
    if isinstance(value, str):
        try:
            result = float(value)
        except ValueError:
            return refuse(path, "must be a number", problems)
    if isinstance(result, bool) or not isinstance(result, (int, float)):
        return refuse(path, f"must be a number, not {kind_of(value)}", problems)
    if not 0 <= result < 2**53:
        return refuse(path, "must be a number not below 0", problems)
    return int(result) if float(result).is_integer() else result


def size(low: int = 0) -> Reader:
    """Bytes, as a number or with a unit; canonical is the decimal text."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return refuse(path, f"must be a size such as 64m, not {kind_of(value)}", problems)
        try:
            exact = int(value) if isinstance(value, float) and value.is_integer() else value
            result = units.parse_bytes(scalar_text(exact) or "")
        except ValueError as error:
            return refuse(path, str(error), problems)
        if result < low:
            return refuse(path, f"must be at least {low}", problems)
        return str(result)

    return read


def duration(value: Any, path: str, problems: List[Problem]) -> Any:
    """A duration not below zero in Go's notation."""
    if not isinstance(value, str) and value != 0:
        return refuse(path, f"must be a duration such as 1m30s, not {kind_of(value)}", problems)
    try:
        result = units.parse_duration(str(value))
    except ValueError as error:
        return refuse(path, str(error), problems)
    if result < 0:
        return refuse(path, "must not be negative", problems)
    return units.render_duration(result)


def list_of(reader: Reader, *, single: bool = False, unique: bool = False) -> Reader:
    """A list of what ``reader`` reads; ``single`` takes one bare value, ``unique`` refuses repetition."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        if single and isinstance(value, str):
            value = [value]
        if not isinstance(value, (list, tuple)):
            return refuse(path, f"must be a list, not {kind_of(value)}", problems)
        result: List[Any] = []
        before = len(problems)
        for position, item in enumerate(value):
            place = f"{path}[{position}]"
            entry = reader(item, place, problems)
            if entry is BAD:
                continue
            if unique and entry in result:
                refuse(place, "stands here twice", problems)
                continue
            result.append(entry)
        return BAD if len(problems) > before else result

    return read


def strings(*, absent: Optional[str] = "", again: bool = False) -> Reader:
    """A mapping of strings, or a list of ``key=value``.

    ``absent`` is the value of a null and of a list entry without ``=``. ``again`` takes a key that is
    repeated in the list, of which the last counts. Values may be secret and are never quoted.
    """

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        if not isinstance(value, Mapping):
            return _pairs(value, path, problems)
        result: Dict[str, Optional[str]] = {}
        before = len(problems)
        for key, item in value.items():
            entry = scalar_text(item)
            if item is not None and entry is None:
                refuse(child(path, key), f"must be a string, number, boolean or null, not {kind_of(item)}", problems)
            elif not key or "\0" in (entry or "") or "=" in str(key):
                refuse(child(path, key), "is not a name that can be set", problems)
            else:
                result[str(key)] = absent if item is None else entry
        return BAD if len(problems) > before else result

    def _pairs(value: Any, path: str, problems: List[Problem]) -> Any:
        if not isinstance(value, (list, tuple)):
            return refuse(path, f"must be a mapping or a list of key=value, not {kind_of(value)}", problems)
        result: Dict[str, Optional[str]] = {}
        before = len(problems)
        for position, item in enumerate(value):
            if not isinstance(item, str):
                refuse(f"{path}[{position}]", f"must be key=value, not {kind_of(item)}", problems)
                continue
            key, equals, entry = str.__str__(item).partition("=")
            if not key or "\0" in item:
                refuse(f"{path}[{position}]", "must be key=value", problems)
            elif key in result and not again:
                # The value may be secret, the key never is.
                refuse(f"{path}[{position}]", f"{key} is set twice", problems)
            else:
                result[key] = entry if equals else absent
        return BAD if len(problems) > before else result

    return read


def record(readers: Mapping[str, Reader], required: Tuple[str, ...] = (), *, keep_zero: bool = False) -> Reader:
    """A mapping with known keys. Keys that are null, and x- extensions, are left out.

    Like compose, empty lists and mappings, zeros and false are left out as well; ``keep_zero`` keeps them.
    """

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        if not isinstance(value, Mapping):
            return refuse(path, f"must be a mapping, not {kind_of(value)}", problems)
        result: Dict[str, Any] = {}
        before = len(problems)
        for key, item in value.items():
            reader = readers.get(key)
            if reader is None:
                if not str(key).startswith("x-"):
                    refuse_key(path, key, readers, problems)
            elif item is not None:
                entry = reader(item, child(path, key), problems)
                if entry is not BAD and (keep_zero or entry or isinstance(entry, dict)):
                    result[key] = entry
        for key in required:
            if value.get(key) is None:
                refuse(path, f"{key} is missing", problems)
        return BAD if len(problems) > before else result

    return read
