# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand in the files: from a container and key, or from a path such as ``services.web.ports[0]``.

Knows located trees, also those that were merged from several files. Knows nothing of what they mean.
"""

from __future__ import annotations

import re
from typing import Any

from .located import Map, Seq, Tagged
from .problems import Problem

Place = tuple[str, int]

NOWHERE: Place = ("", 0)
_STEP = re.compile(r'\[(\d+)\]|\["(.*?)"\]|\.?([^.\[]+)')


class Line(int):
    """The line of something that was merged into a container from another file."""

    file: str

    @classmethod
    def of(cls, place: Place) -> Line:
        """Return the place as an entry of ``lines``."""
        line = cls(place[1])
        line.file = place[0]
        return line


def place_of(container: Any, key: Any) -> Place:
    """Return file and line of a mapping's key or a sequence's item; what has no line is where its container is."""
    if not isinstance(container, (Map, Seq)):
        return NOWHERE
    lines: Any = container.lines
    try:
        line = lines[key]
    except (KeyError, IndexError, TypeError):
        return (container.file, 0)
    return (getattr(line, "file", container.file), int(line))


def find(tree: Any, path: str) -> Place:
    """Return the place of the deepest step of ``path`` that is there."""
    found, known = NOWHERE, tree
    for step in _STEP.finditer(path):
        if isinstance(known, Tagged):
            known = known.value
        index, quoted, word = step.groups()
        key: Any = int(index) if index is not None and isinstance(known, list) else index or quoted or word
        if isinstance(known, Seq) and isinstance(key, str):
            key = _position(known, key)
        here = place_of(known, key)
        if not here[1]:
            return found if found[0] else here
        found = here
        known = known[key]
    return found


def _position(items: Seq, name: str) -> int | None:
    """Return where a list has what is a key of the mapping that it stands for: ``name`` or ``name=value``."""
    heads = (re.split("[=:]", item, maxsplit=1)[0] if isinstance(item, str) else "" for item in items)
    return next((position for position, head in enumerate(heads) if head == name), None)


def problem_at(container: Any, key: Any, path: str, message: str) -> Problem:
    """Return a problem with the place of what it is about."""
    return Problem(path, message, *place_of(container, key))
