# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody wants to be rid of, read from plain values as options and arguments have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Tuple

from ..errors import StowageError

DANGLING, ANONYMOUS, ALL = "dangling", "anonymous", "all"
IMAGES = (DANGLING, ALL)
VOLUMES = (ANONYMOUS, ALL)
FILTERS = ("until", "label", "without_label")
_LETTERS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Wanted:
    """Kinds that may go, and what narrows them. ``until`` is how many seconds long they have to be out of use."""

    containers: bool = False
    images: str = ""
    networks: bool = False
    volumes: str = ""
    build_cache: bool = False
    until: float = 0.0
    labels: Tuple[str, ...] = ()
    without: Tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether any kind may go at all."""
        return bool(self.containers or self.images or self.networks or self.volumes or self.build_cache)


def read_wanted(given: Mapping[str, Any]) -> Wanted:
    """Read what is wanted. Raises StowageError for what means nothing."""
    filters = given.get("filters") or {}
    unknown = sorted(str(name) for name in set(filters) - set(FILTERS))
    if unknown:
        raise StowageError(f"there is no filter {unknown[0]!r}; there are {', '.join(FILTERS)}")
    return Wanted(
        containers=bool(given.get("containers")),
        images=_one_of("images", given.get("images"), IMAGES),
        networks=bool(given.get("networks")),
        volumes=_one_of("volumes", given.get("volumes"), VOLUMES),
        build_cache=bool(given.get("build_cache")),
        until=read_age(filters.get("until")),
        labels=_texts(filters.get("label")),
        without=_texts(filters.get("without_label")),
    )


def read_age(text: Any) -> float:
    """Return the seconds of 168h, 7d or 1w12h; 0 for none. Raises StowageError."""
    if text in (None, "", 0):
        return 0.0
    seconds, digits, rest = 0, "", str(text)
    for letter in rest:
        if letter.isascii() and letter.isdigit():
            digits += letter
        elif letter in _LETTERS and digits:
            seconds, digits = seconds + int(digits) * _LETTERS[letter], ""
        else:
            digits = "?"
            break
    if digits or not seconds:
        raise StowageError(f"until: {rest!r} is no span of time: write 168h, 7d or 1w")
    return float(seconds)


def _one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """A choice; false, which YAML makes of no and off, is none."""
    if not value or str(value).lower() in ("false", "no", "none", "off"):
        return ""
    if value not in choices:
        raise StowageError(f"{name}: {value!r} is none of {', '.join(choices)}, false")
    return str(value)


def _texts(value: Any) -> Tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value or ())
