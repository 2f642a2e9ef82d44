# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of dates that are written without quotes, which compose takes for points in time.

Knows in which mappings compose makes text of whatever it finds, and which text of a date. Knows nothing else of
compose's keys.
"""

from __future__ import annotations

from typing import Any

from .located import Map, Seq, Tagged
from .places import place_of
from .problems import Problem, join_path
from .scalars import Date

_TEXTS = frozenset(("annotations", "args", "driver_opts", "environment", "labels", "options", "sysctls"))


def settle_dates(document: Map, problems: list[Problem]) -> None:
    """Replace all dates by strings, in place. Where compose has no use for a date, it is a problem."""
    _settle(document, "", "", False, problems)


def _settle(container: Map | Seq, path: str, name: str, extension: bool, problems: list[Problem]) -> None:
    """Settle the dates of one container, which is the value of the key ``name``."""
    items: Any = container.items() if isinstance(container, Map) else enumerate(container)
    for key, found in items:
        value = found.value if isinstance(found, Tagged) else found
        here = join_path(path, key)
        free = extension or (isinstance(container, Map) and key.startswith("x-"))
        if isinstance(value, (Map, Seq)):
            _settle(value, here, key if isinstance(container, Map) else "", free, problems)
        elif isinstance(value, Date):
            as_text = isinstance(container, Map) and name in _TEXTS and not free
            container[key] = value.text if as_text else str.__str__(value)
            if not as_text and not free:
                message = "a date, as this is to compose, does not fit; a string is written in quotes"
                problems.append(Problem(here, message, *place_of(container, key)))
