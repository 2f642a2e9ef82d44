# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with compose files: problems with their place, collected and raised together.

Knows how a path in a document is written. Knows nothing of what documents hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``path`` is empty where it is the file itself, ``line`` 0 where there is none."""

    path: str
    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class LoadError(Exception):
    """A project cannot be loaded; ``problems`` says all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def join_path(path: str, key: object) -> str:
    """Return the path of ``key`` below ``path``: ``a.b``, ``a[0]``, or ``a["b.c"]`` where dots would mislead."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    text = str(key)
    if not text.replace("-", "_").isidentifier() and not text.isalnum():
        return f'{path}["{text}"]'
    return f"{path}.{text}" if path else text
