# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what must stay secret out of texts: the values a declaration brings, masked wherever they echo.

An engine's error or a container's last log lines may repeat what they were given. Knows where in a
declaration values are that may be secret; knows nothing of who prints them.
"""

from __future__ import annotations

import json
from typing import Iterable, Iterator, List, Mapping, Optional

from .model.desired import Desired
from .service.hooks import POST_START, PRE_STOP

MASK = "********"
# Shorter values are words ("true", "80", "live"): masking them would make logs unreadable, and a
# secret that short keeps nothing.
SHORTEST = 6


class Redactor:
    """Replaces known secret values in texts, also where they come line by line, or quoted as JSON and Go quote."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if value for form in _forms(value)}
        # The longest first, so that one secret inside another does not leave the rest behind.
        self._forms: List[str] = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text


def _forms(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    if "\n" in value:
        # Logs are cut into lines before they are shown; each line of a private key is a part of it.
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST)


def secret_values(desired: Desired) -> Iterator[str]:
    """Passwords and tokens of any length; of what builds, processes, log drivers and volumes get, no mere words."""
    for login in desired.registries.values():
        yield from (login.password, login.identity_token)
    for image in desired.images:
        if image.build is not None:
            yield from _long(image.build.options.get("args"))
    for volume in desired.volumes:
        yield from _long(volume.body.get("DriverOpts"))
    hooks = [hook for container in desired.containers for hook in container.pre_start]
    for container in (*desired.containers, *hooks):
        yield from _long(container.definition.get("environment"))
        yield from _long((container.definition.get("logging") or {}).get("options"))
        for key in (POST_START, PRE_STOP):
            for hook in container.definition.get(key) or ():
                yield from _long(hook.get("environment"))


def _long(values: Optional[Mapping[str, object]]) -> Iterator[str]:
    found = (str(value) for value in (values or {}).values() if value is not None)
    return (value for value in found if len(value) >= SHORTEST)
