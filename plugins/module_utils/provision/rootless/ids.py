# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subordinate ids, subuid(5): which a user has, and which are free. Pure.

Containers of a user run under them. Two users with the same ids could reach into each other's containers, so what is
given overlaps with nothing that is there, in either file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

# As many as images expect: the ids 0 to 65535.
COUNT = 65536
_LEAST = 100000
_MOST = 600100000


@dataclass(frozen=True)
class Range:
    """Subordinate ids of one owner."""

    owner: str  # a name, or a number as text
    start: int
    count: int

    @property
    def end(self) -> int:
        """Return the first id after it."""
        return self.start + self.count

    def overlaps(self, other: Range) -> bool:
        """Tell whether an id is in both."""
        return self.start < other.end and other.start < self.end

    def __str__(self) -> str:
        return f"{self.start}-{self.end - 1}"


def parse_ranges(text: str) -> List[Range]:
    """Return the ranges of /etc/subuid or /etc/subgid; lines that are none are left out."""
    found = []
    for line in text.splitlines():
        owner, _colon, numbers = line.strip().partition(":")
        start, _colon, count = numbers.partition(":")
        if owner and start.isdigit() and count.isdigit() and int(count):
            found.append(Range(owner, int(start), int(count)))
    return found


def bounds(login_defs: str, kind: str = "UID") -> Tuple[int, int]:
    """Return from where to where the host gives such ids, by login.defs(5)."""
    words: Dict[str, str] = {}
    for line in login_defs.splitlines():
        parts = line.split()
        if len(parts) == 2 and not parts[0].startswith("#"):
            words[parts[0]] = parts[1]
    least, most = words.get(f"SUB_{kind}_MIN", ""), words.get(f"SUB_{kind}_MAX", "")
    return int(least) if least.isdigit() else _LEAST, int(most) if most.isdigit() else _MOST


def owned(ranges: Iterable[Range], name: str, uid: int) -> List[Range]:
    """Return the ranges of a user, named either way."""
    return [entry for entry in ranges if entry.owner in (name, str(uid))]


def free(taken: Sequence[Range], within: Tuple[int, int], count: int = COUNT) -> int:
    """Return the start of the first free range; -1 where there is none left."""
    start = within[0]
    for entry in sorted(taken, key=lambda range_: range_.start):
        if entry.start < start + count and start < entry.end:
            start = entry.end
    return start if start + count - 1 <= within[1] else -1


def shared(ranges: Sequence[Range], name: str, uid: int) -> List[Range]:
    """Return the ranges of others that overlap with a user's."""
    mine = owned(ranges, name, uid)
    return [entry for entry in ranges if entry not in mine and any(entry.overlaps(own) for own in mine)]
