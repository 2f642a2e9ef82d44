# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what must stay secret out of texts: the values a declaration brings, masked wherever they echo.

An engine's error or a container's last log lines may repeat what they were given. Knows where in a
declaration values are that may be secret; knows nothing of who prints them.
"""

from __future__ import annotations

from typing import Iterable, Iterator, List, Mapping

from .model.desired import Desired

MASK = "********"
# Shorter values are words ("true", "80", "live"): masking them would make logs unreadable, and a
# secret that short keeps nothing.
SHORTEST = 6


class Redactor:
    """Replaces known secret values in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        # The longest first, so that one secret inside another does not leave the rest behind.
        self._values: List[str] = sorted({value for value in values if value}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text


def secret_values(desired: Desired) -> Iterator[str]:
    """Passwords and tokens of any length; environment values and build arguments that are no mere words."""
    for login in desired.registries.values():
        yield from (login.password, login.identity_token)
    for image in desired.images:
        if image.build is not None:
            yield from _long(image.build.options.get("args") or {})
    for container in desired.containers:
        yield from _long(container.definition.get("environment") or {})


def _long(values: Mapping[str, object]) -> Iterator[str]:
    return (str(value) for value in values.values() if value is not None and len(str(value)) >= SHORTEST)
