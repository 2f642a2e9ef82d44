# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces the variables in compose files, ``${NAME:-default}`` and its kin, by their values.

Knows the notation. Knows nothing of where values come from, nor what the strings mean: the readers of the
keys take "5" for a number and "true" for a boolean, which is what compose casts them for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .located import Map, Seq, Tagged
from .places import Place, place_of
from .problems import Problem, join_path

Lookup = Callable[[str], str | None]
# The path to a value, last key first: paths are only spelled out for problems.
_Path = tuple[Any, Any] | None

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
# "$$", "$NAME", "${NAME}", the beginning of "${NAME:-", and of what is wrong. Any other $ stands for itself.
_VARIABLE = re.compile(rf"\$(?:\$|({_NAME})|\{{({_NAME})(?:\}}|(:?[-+?]))|\{{)")
_DEEPEST = 20


class InterpolationError(ValueError):
    """A string has a variable that is wrong, or is missing though it must be there."""


def interpolate_document(document: Map, lookup: Lookup, problems: list[Problem], warnings: list[str]) -> Map:
    """Replace the variables in all values of a document, in place. Keys have none.

    A variable that is not set counts as empty, and is warned of once. What is wrong is added to ``problems``.
    """
    _Interpolation(lookup, problems, warnings).walk(document, None)
    return document


def expand_variables(text: str, lookup: Lookup, unset: Callable[[str], None], depth: int = 0) -> str:
    """Return ``text`` with its variables replaced; ``unset`` is told of those that have neither value nor default."""
    if depth > _DEEPEST:
        raise InterpolationError(f"variables are nested more than {_DEEPEST} levels deep")
    parts = []
    position = 0
    while (found := text.find("$", position)) >= 0:
        parts.append(text[position:found])
        match = _VARIABLE.match(text, found)
        if match is None or match[0] == "$$":
            parts.append("$")
            position = match.end() if match else found + 1
            continue
        name, operator = match[1] or match[2], match[3]
        position = match.end()
        value = lookup(name) if name else None
        if operator is None:
            if name is None:
                raise InterpolationError("not a variable as in ${NAME}; a $ of its own is written $$")
            if value is None:
                unset(name)
            parts.append(value or "")
            continue
        end = _closing(text, found, position)
        argument = text[position:end]
        position = end + 1
        is_there = value is not None if len(operator) == 1 else bool(value)
        if operator[-1] == "+":
            parts.append(expand_variables(argument, lookup, unset, depth + 1) if is_there else "")
        elif is_there:
            parts.append(value or "")
        elif operator[-1] == "-":
            parts.append(expand_variables(argument, lookup, unset, depth + 1))
        else:
            reason = expand_variables(argument, lookup, unset, depth + 1).strip()
            what = "empty" if value == "" else "not set"
            raise InterpolationError(f"the variable {name} is {what}, and required{': ' if reason else ''}{reason}")
    parts.append(text[position:])
    return "".join(parts)


def warn_unset(name: str, place: Place, warnings: list[str]) -> None:
    """Warn of a variable that is not set, once, at the first of the places that want it."""
    what = f"the variable {name} is not set; it counts as empty"
    if not any(warning.endswith(what) for warning in warnings):
        warnings.append(str(Problem("", what, *place)))


def _closing(text: str, start: int, position: int) -> int:
    """Return where the ``}`` of the variable at ``start`` is, whose argument begins at ``position``.

    As to compose, it is in the same line, all braces count, except for one right behind an opening brace, and
    the last brace in the line closes a variable whose braces do not match.
    """
    newline = text.find("\n", position)
    last = text.rfind("}", position, newline if newline >= 0 else len(text))
    if last < 0:
        raise InterpolationError("the } of a variable is missing; a $ of its own is written $$")
    level = 0
    at = start
    while at <= last:
        if text[at] == "{":
            level += 1
            at += 1
        elif text[at] == "}":
            level -= 1
            if level == 0:
                return at
        at += 1
    return last


class _Interpolation:
    """One pass over a document."""

    def __init__(self, lookup: Lookup, problems: list[Problem], warnings: list[str]) -> None:
        self._lookup = lookup
        self._problems = problems
        self._warnings = warnings
        self._values: dict[str, str | None] = {}
        self._warned: set[str] = set()

    def walk(self, container: Map | Seq, path: _Path) -> None:
        items: Any = container.items() if isinstance(container, Map) else enumerate(container)
        for key, value in items:
            kind = value.__class__
            if kind is str:
                if "$" in value:
                    container[key] = self._replace(value, container, key, path)
            elif kind is Map or kind is Seq:
                self.walk(value, (path, key))
            elif kind is Tagged and value.tag != "!reset":
                if value.value.__class__ is str:
                    container[key] = Tagged(value.tag, self._replace(value.value, container, key, path))
                elif value.value.__class__ in (Map, Seq):
                    self.walk(value.value, (path, key))

    def _replace(self, text: str, container: Map | Seq, key: Any, path: _Path) -> str:
        place = place_of(container, key)
        try:
            return expand_variables(text, self._value_of, lambda name: self._warn(name, place))
        except InterpolationError as error:
            self._problems.append(Problem(_spell((path, key)), str(error), *place))
            return text

    def _value_of(self, name: str) -> str | None:
        try:
            return self._values[name]
        except KeyError:
            value = self._values[name] = self._lookup(name)
            return value

    def _warn(self, name: str, place: Place) -> None:
        if name not in self._warned:
            self._warned.add(name)
            warn_unset(name, place, self._warnings)


def _spell(path: _Path) -> str:
    keys = []
    while path is not None:
        path, key = path
        keys.append(key)
    result = ""
    for key in reversed(keys):
        result = join_path(result, key)
    return result
