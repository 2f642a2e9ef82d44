# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How values compare, and how a difference reads.

A kind brings a declared value and an inspected one to the same form, and says in words what differs.
The words name things; values are shown only by kinds made with ``show``.
"""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Sequence

Extra = Callable[[str], bool]


def same(value: Any) -> Any:
    """Leave a value as it is."""
    return value


def absent_as(default: Any) -> Callable[[Any], Any]:
    """Take null, zero and the empty text for ``default``."""
    return lambda value: value or default


def always(_entry: str) -> bool:
    """Let every entry count."""
    return True


def never(_entry: str) -> bool:
    """Let no entry count."""
    return False


class Kind:
    """The base: ``noun`` names the thing in causes, ``norm`` brings values to the form that compares."""

    __slots__ = ("norm", "noun", "plural")

    def __init__(self, noun: str, norm: Callable[[Any], Any] = same) -> None:
        self.noun = noun
        self.plural = noun
        self.norm = norm

    def merge(self, _given: Any, declared: Any) -> Any:
        """Return what comes of an image's value and a declared one."""
        return declared

    def causes(self, _want: Any, _have: Any, _extra: Extra) -> List[str]:
        """Return one text for each difference; none where only entries differ that ``extra`` lets pass."""
        return [f"{self.noun} changed"]


class Scalar(Kind):
    """One value. With ``show`` both sides are rendered; without it they are not."""

    __slots__ = ("show",)

    def __init__(
        self, noun: str, norm: Callable[[Any], Any] = absent_as(None), show: Optional[Callable[[Any], str]] = str
    ) -> None:
        super().__init__(noun.replace("_", " "), norm)
        self.show = show

    def causes(self, want: Any, have: Any, _extra: Extra) -> List[str]:
        if not want and want is not False:
            return [f"{self.noun} removed"]
        if self.show is None or want is have is None:
            return [f"{self.noun} changed"]
        if isinstance(want, bool):
            return [f"{self.noun} switched {'on' if want else 'off'}"]
        shown = self.show(want)
        return [f"{self.noun} {self.show(have)} -> {shown}" if have else f"{self.noun} set to {shown}"]


class Ordered(Kind):
    """A list whose order counts."""

    __slots__ = ()

    def __init__(self, noun: str, norm: Callable[[Any], Any] = lambda value: list(value or ())) -> None:
        super().__init__(noun, norm)


def as_set(value: Optional[Sequence[str]]) -> Any:
    """A list as a set; null is the empty one."""
    return frozenset(value or ())


class Set(Kind):
    """A list whose order does not count. ``show`` renders an entry."""

    __slots__ = ("show",)

    def __init__(self, noun: str, norm: Callable[[Any], Any] = as_set, show: Callable[[Any], str] = str) -> None:
        super().__init__(noun, norm)
        self.show = show

    def merge(self, given: Any, declared: Any) -> Any:
        return given | declared

    def causes(self, want: Any, have: Any, extra: Extra) -> List[str]:
        removed = sorted(self.show(entry) for entry in have - want)
        added = sorted(self.show(entry) for entry in want - have)
        return [f"{self.noun} {entry} removed" for entry in removed if extra(entry)] + [
            f"{self.noun} {entry} added" for entry in added
        ]


def as_dict(value: Optional[Mapping[str, Any]]) -> Any:
    """A mapping; null is the empty one."""
    return value or {}


class Table(Kind):
    """A mapping; keys are named in causes, values never. ``ignored`` prefixes count only where declared."""

    __slots__ = ("ignored",)

    def __init__(self, noun: str, norm: Callable[[Any], Any] = as_dict, ignored: Sequence[str] = ()) -> None:
        super().__init__(noun, norm)
        self.plural = f"{noun}s"
        self.ignored = tuple(ignored)

    def merge(self, given: Any, declared: Any) -> Any:
        return {**given, **declared}

    def causes(self, want: Any, have: Any, extra: Extra) -> List[str]:
        found = []
        for key in sorted({*want, *have}):
            if key not in want:
                if extra(key) and not (self.ignored and key.startswith(self.ignored)):
                    found.append(f"{self.noun} {key} removed")
            elif key not in have:
                found.append(f"{self.noun} {key} added")
            elif want[key] != have[key]:
                found.append(f"{self.noun} {key} changed")
        return found
