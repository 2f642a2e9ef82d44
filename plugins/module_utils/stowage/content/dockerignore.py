# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a build context docker leaves out.

The rules are those of docker's own client: lines as in moby's ``ignorefile``, patterns as in
``patternmatcher``, and folders left unread as in BuildKit's file sync. Pure text; reads no file.
"""

from __future__ import annotations

import re
from typing import Iterable, List, Optional, Pattern, Sequence, Tuple

from . import ContentError

_WILD = frozenset("*[]?^\\")
_ESCAPED = frozenset(".+()|{}$")


def clean(path: str) -> str:
    """Go's ``filepath.Clean``: no empty, ``.`` or inner ``..`` parts; ``.`` for nothing."""
    rooted = path.startswith("/")
    parts: List[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".." or not rooted:
            parts.append(part)
    return ("/" if rooted else "") + "/".join(parts) or "."


def read_patterns(text: str) -> List[str]:
    """The patterns of an ignore file: comments and blanks gone, anchors dropped, ``!`` kept."""
    patterns: List[str] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        negated = pattern.startswith("!")
        if negated:
            pattern = pattern[1:].strip()
        if pattern:
            pattern = clean(pattern)
            if len(pattern) > 1 and pattern.startswith("/"):
                pattern = pattern[1:]
        patterns.append("!" + pattern if negated else pattern)
    return patterns


class _Rule:
    """One pattern: ``keeps`` marks an exception (``!``). Exact, prefix and suffix forms need no regex."""

    def __init__(self, pattern: str) -> None:
        self.keeps = pattern.startswith("!")
        self.text = pattern[1:] if self.keeps else pattern
        if not self.text:
            raise ContentError('.dockerignore: "!" alone excludes nothing; remove the line')
        _check_syntax(self.text)
        self.form, self.regex = _translate(self.text)

    def matches(self, path: str) -> bool:
        if self.regex is not None:
            return self.regex.match(path) is not None
        if self.form == "prefix":
            return path.startswith(self.text[:-2])
        if self.form == "suffix":
            suffix = self.text[2:]
            return path.endswith(suffix) or (suffix[:1] == "/" and path == suffix[1:])
        return path == self.text

    @property
    def stem(self) -> str:
        """The pattern without a trailing ``/**`` or ``/*``: the folder everything it names lies in."""
        return self.text.removesuffix("/**").removesuffix("/*")


class Ignore:
    """The rules of one ignore file. ``Verdict`` of a folder is handed on to what lies in it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules = [_Rule(clean(pattern.strip())) for pattern in patterns if pattern.strip()]
        self._exceptions = [rule for rule in self._rules if rule.keeps]
        self._plain = not any(_WILD.intersection(rule.stem) for rule in self._exceptions)

    def judge(self, path: str, parent: Sequence[bool] = ()) -> Tuple[bool, List[bool]]:
        """Whether ``path`` is left out, and which rules matched: pass that on for what lies in a folder.

        A path judged without its parent's result is tried with all folders above it.
        """
        ignored = False
        matched: List[bool] = [False] * len(self._rules)
        for index, rule in enumerate(self._rules):
            match = bool(parent) and parent[index]
            if not match:
                if rule.keeps != ignored:
                    continue
                match = rule.matches(path) or (not parent and any(rule.matches(folder) for folder in _above(path)))
            matched[index] = match
            if match:
                ignored = not rule.keeps
        return ignored, matched

    def may_hold_kept(self, folder: str) -> bool:
        """Whether an ignored folder must be read all the same, because an exception may name its content."""
        if not self._exceptions:
            return False
        return not self._plain or any((rule.stem + "/").startswith(folder + "/") for rule in self._exceptions)


def _above(path: str) -> List[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _translate(pattern: str) -> Tuple[str, Optional[Pattern[str]]]:
    """``(form, regex)``: form is exact, prefix (``a/**``), suffix (``**/a``) or regex."""
    form, regex, at, first = "exact", "", 0, True
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*" and pattern[at : at + 1] == "*":
            at += 1
            at += pattern[at : at + 1] == "/"
            if at < len(pattern):
                regex += "(.*/)?"
                form = "regex"
            elif form == "exact":
                form = "prefix"
            else:
                regex += ".*"
                form = "regex"
            form = "suffix" if first else form
        elif character in "*?":
            regex += "[^/]*" if character == "*" else "[^/]"
            form = "regex"
        elif character in _ESCAPED:
            regex += "\\" + character
        elif character == "\\":
            regex += "\\" + pattern[at : at + 1]
            form = "regex"
            at += 1
        else:
            regex += character
            form = "regex" if character in "[]" else form
        first = False
    if form != "regex":
        return form, None
    try:
        return form, re.compile(regex + r"\Z")
    except re.error as error:
        raise _bad(pattern) from error


def _check_syntax(pattern: str) -> None:
    """The syntax errors of Go's ``filepath.Match``: open classes and a lone backslash at the end."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "\\":
            if at == len(pattern):
                raise _bad(pattern)
            at += 1
        elif character == "[":
            at = _check_class(pattern, at)


def _check_class(pattern: str, at: int) -> int:
    """The position behind the character class whose ``[`` stands before ``at``."""
    at += pattern[at : at + 1] == "^"
    start = at
    while at == start or pattern[at : at + 1] != "]":
        at = _check_member(pattern, at)
        if pattern[at : at + 1] == "-":
            at = _check_member(pattern, at + 1)
    return at + 1


def _check_member(pattern: str, at: int) -> int:
    if pattern[at : at + 1] in ("", "-", "]"):
        raise _bad(pattern)
    at += 2 if pattern[at] == "\\" else 1
    if at >= len(pattern):
        raise _bad(pattern)
    return at


def _bad(pattern: str) -> ContentError:
    return ContentError(f".dockerignore: {pattern!r} is no valid pattern")
