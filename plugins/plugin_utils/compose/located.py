# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of a document that was read: dicts and lists which know where they were written.

Knows nothing of YAML or of compose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class Map(dict[str, Any]):
    """A mapping, the file it is from, and the line (from 1) of each of its keys."""

    __slots__ = ("file", "lines")

    def __init__(
        self,
        items: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        file: str = "",
        lines: dict[str, int] | None = None,
    ) -> None:
        super().__init__(items)
        self.file = file
        self.lines: dict[str, int] = {} if lines is None else lines


class Seq(list[Any]):
    """A sequence, the file it is from, and the line (from 1) of each of its items."""

    __slots__ = ("file", "lines")

    def __init__(self, items: Iterable[Any] = (), file: str = "", lines: list[int] | None = None) -> None:
        super().__init__(items)
        self.file = file
        self.lines: list[int] = [] if lines is None else lines


@dataclass(frozen=True)
class Tagged:
    """A value that says how it is merged: ``tag`` is "!reset" or "!override". There is none inside another."""

    tag: str
    value: Any
