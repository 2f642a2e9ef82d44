# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a project's files, each at most once, and keeps what is wrong with them.

Knows how files are named to users, and what is done to each on its own: parsed, interpolated. Knows nothing of
how several become one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .dotenv import parse_dotenv, parse_raw
from .interpolate import interpolate_document
from .located import Map, Seq
from .problems import Problem
from .source import read_documents

Lookup = Callable[[str], str | None]
# (kind, folder, path as written) -> path in the result; a ValueError's text becomes a problem.
Resolver = Callable[[str, Path, str], str]


class Reading:
    """What all phases of one load share: the way to files, and what they found to be wrong."""

    def __init__(self, directory: Path, read: Callable[[Path], str], resolve: Resolver) -> None:
        self.directory = directory
        self.resolve = resolve
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        # Whether something is missing of the project, so that what leads nowhere may just not have been read.
        self.incomplete = False
        self._read = read
        self._texts: dict[Path, str | None] = {}

    def shown(self, path: Path) -> str:
        """Return a file's name as it is told: relative to the project where it is inside."""
        try:
            return str(Path(os.path.normpath(path)).relative_to(self.directory))
        except ValueError:
            return str(path)

    def text(self, path: Path, problem: Problem | None = None) -> str | None:
        """Return a file's text; None, after a problem, if it cannot be had. ``problem`` says where it was named."""
        try:
            return self._read(path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        except UnicodeDecodeError:
            reason = "the file is not in UTF-8"
        place = problem or Problem("", "", self.shown(path))
        what = f"{self.shown(path)}: {reason}" if problem else reason
        self.problems.append(Problem(place.path, what, place.file, place.line))
        return None

    def documents(self, path: Path, problem: Problem | None = None) -> list[Map]:
        """Return the documents of a compose file, not interpolated yet."""
        text = self.text(path, problem)
        found = [] if text is None else read_documents(text, self.shown(path), self.problems)
        self.incomplete = self.incomplete or not found
        return found

    def interpolated(self, document: Map, lookup: Lookup) -> Map:
        """Return the document with its variables replaced."""
        return interpolate_document(document, lookup, self.problems, self.warnings)

    def variables(
        self,
        path: Path,
        lookup: Lookup,
        problem: Problem | None = None,
        *,
        earlier: Mapping[str, str] | None = None,
        raw: bool = False,
    ) -> dict[str, str]:
        """Return the variables of a file in dotenv syntax, or in the raw one."""
        text = self.text(path, problem)
        if text is None:
            return {}
        if raw:
            return parse_raw(text, self.shown(path), lookup, self.problems)
        return parse_dotenv(text, self.shown(path), lookup, self.problems, self.warnings, earlier)


def located(value: Any, file: str) -> Any:
    """Return plain data as a located tree without lines."""
    if isinstance(value, Mapping):
        return Map({str(key): located(item, file) for key, item in value.items()}, file)
    if isinstance(value, (list, tuple)):
        return Seq([located(item, file) for item in value], file)
    return str.__str__(value) if isinstance(value, str) else value


def chain(*sources: Lookup | Mapping[str, str]) -> Lookup:
    """Return a lookup that asks one after another."""
    lookups = [source.get if isinstance(source, Mapping) else source for source in sources]

    def lookup(name: str) -> str | None:
        for ask in lookups:
            value = ask(name)
            if value is not None:
                return value
        return None

    return lookup
