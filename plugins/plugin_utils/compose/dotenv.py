# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files of variables: ``.env``, and those that ``env_file`` names.

Knows compose's syntax for them, and the raw one. Knows nothing of who may see the variables. Where compose guesses
what a slip may mean (a value without a name, words behind a quoted value) this says that it is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .interpolate import InterpolationError, Lookup, expand_variables, warn_unset
from .problems import Problem

# Leads to the next statement, over empty lines and comments; spaces are those of Unicode, as everywhere in here.
_GAP = re.compile(r"(?:\s+|#[^\n]*)*")
_NAME = re.compile(r"(?:export\s+(?=[^\s=:]))?([^=:\n]*)")
_NAME_CHARACTER = re.compile(r"[\w.\-\[\]]")
_SPACES = re.compile(r"[^\S\n]*")
_REST = re.compile(r"[^\n]*")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL),
}
# What may follow a quoted value: nothing, a comment, or another statement with a value.
_AFTER_QUOTES = re.compile(r"[^\S\n]*(?:\n|#|$|[\w.\-\[\] \t]+[=:])")
_ESCAPE = re.compile(r'\\(?:([abfnrtv"\\$])|0([0-7]{0,3}))')
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}


def parse_dotenv(
    text: str,
    file: str,
    lookup: Lookup,
    problems: list[Problem],
    warnings: list[str] | None = None,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the variables of a file.

    Where values name other variables ``lookup`` comes before the file's own, and these before the ``earlier`` ones,
    of other files. A name alone takes its value from ``lookup``, and is left out if there is none. What is wrong is
    added to ``problems``; ``warnings``, if given, hears of variables that are not set.
    """
    parser = _Parser(text.removeprefix("\ufeff"), file, lookup, problems, [] if warnings is None else warnings)
    return parser.parse(earlier or {})


def parse_raw(text: str, file: str, lookup: Lookup, problems: list[Problem]) -> dict[str, str]:
    """Return the variables of a file in the format "raw", which has values as they are, without quotes or variables."""
    result: dict[str, str] = {}
    for number, written in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = written.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or re.search(r"\s", name):
            what = "there is no name before the =" if not name else "a name has no spaces; the format is raw"
            problems.append(Problem("", what, file, number))
        elif equals:
            result[name] = value
        elif (inherited := lookup(name)) is not None:
            result[name] = inherited
    return result


class _Parser:
    """One pass over one file."""

    def __init__(self, text: str, file: str, lookup: Lookup, problems: list[Problem], warnings: list[str]) -> None:
        self._text = text
        self._file = file
        self._lookup = lookup
        self._problems = problems
        self._warnings = warnings
        self._position = 0
        self._result: dict[str, str] = {}
        self._earlier: Mapping[str, str] = {}

    def parse(self, earlier: Mapping[str, str]) -> dict[str, str]:
        self._earlier = earlier
        while True:
            self._take(_GAP)
            if self._position >= len(self._text):
                return self._result
            start = self._position
            name = self._name()
            if name is None:
                self._take(_REST)
            elif self._text[self._position : self._position + 1] in ("=", ":"):
                self._position += 1
                self._value(name, start)
            elif (inherited := self._lookup(name)) is not None:
                self._result[name] = inherited

    def _name(self) -> str | None:
        """Read a name up to what follows it; None, after a problem, if it is no name."""
        start = self._position
        name = self._take(_NAME)[1].rstrip()
        wrong = _NAME_CHARACTER.sub("", name)
        if not name:
            self._refuse("", "there is no name before the value", start)
        elif wrong:
            what = "a space" if wrong[0].isspace() else repr(wrong[0])
            self._refuse("", f"a name has letters, digits, and . - _ [ ], but not {what}", start)
        else:
            return name
        return None

    def _value(self, name: str, start: int) -> None:
        self._take(_SPACES)
        quote = self._text[self._position : self._position + 1]
        value = self._quoted(name, quote) if quote in _QUOTED else self._unquoted()
        if value is not None and quote != "'":
            value = self._expanded(name, value, start)
        if value is not None:
            self._result[name] = value

    def _unquoted(self) -> str:
        # A # begins a comment where a space is before it, yet not as the first of the value.
        return self._take(_REST)[0].partition(" #")[0].rstrip()

    def _quoted(self, name: str, quote: str) -> str | None:
        found = _QUOTED[quote].match(self._text, self._position)
        if found is None:
            self._refuse(name, f"the quote {quote} is not closed", self._position)
            self._position = len(self._text)
            return None
        self._position = found.end()
        if not _AFTER_QUOTES.match(self._text, self._position):
            self._refuse(name, "there is something behind the closing quote", self._position)
            self._take(_REST)
        return found[1].replace("\\'", "'") if quote == "'" else _ESCAPE.sub(_unescape, found[1])

    def _expanded(self, name: str, value: str, start: int) -> str | None:
        if "$" not in value:
            return value
        try:
            return expand_variables(value, self._known, lambda unset: self._warn(unset, start))
        except InterpolationError as error:
            self._refuse(name, str(error), start)
            return None

    def _known(self, name: str) -> str | None:
        value = self._lookup(name)
        return self._result.get(name, self._earlier.get(name)) if value is None else value

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Match a pattern that matches anything, and go on behind it."""
        match = pattern.match(self._text, self._position)
        if match is None:
            raise ValueError(pattern.pattern)
        self._position = match.end()
        return match

    def _warn(self, name: str, position: int) -> None:
        warn_unset(name, (self._file, self._line(position)), self._warnings)

    def _line(self, position: int) -> int:
        return self._text.count("\n", 0, position) + 1

    def _refuse(self, name: str, message: str, position: int) -> None:
        self._problems.append(Problem(name, message, self._file, self._line(position)))


def _unescape(match: re.Match[str]) -> str:
    """Return what an escape in double quotes stands for. A $ stays escaped, for variables are replaced after this."""
    letter, octal = match.groups()
    if letter:
        return _ESCAPES.get(letter, letter)
    # Compose wants three octal digits behind the 0, and drops the 0 where there are fewer.
    return chr(int(octal, 8)) if len(octal) == 3 and int(octal, 8) < 256 else "\\" + octal
