# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who must be there before whom, and the refusal of circles in it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ..service.dependencies import dependencies
from ..service.references import parents
from .reader import Reader


def check_cycles(services: Mapping[str, Mapping[str, Any]], entries: Mapping[str, Reader]) -> None:
    """Report circles of ``depends_on``, links or shared namespaces, each spelled out from start to end.

    Circles that share a service with one that is reported may wait for the next reading.
    """
    done: Dict[str, bool] = {}
    for start in services:
        circle = _find_circle(start, services, done)
        if circle:
            entries[circle[0]].problem(f"depends on itself: {' -> '.join(circle)}", "depends_on")
            done.update(dict.fromkeys(circle, True))


def _find_circle(start: str, services: Mapping[str, Mapping[str, Any]], done: Dict[str, bool]) -> List[str]:
    """Depth first without recursion: a document may chain more services than the stack has frames."""
    trail: Dict[str, None] = {}
    pending = [(start, False)]
    while pending:
        name, leaving = pending.pop()
        if leaving:
            del trail[name]
            done[name] = True
            continue
        if name in trail:
            names = list(trail)
            return names[names.index(name) :] + [name]
        if done.get(name):
            continue
        trail[name] = None
        pending.append((name, True))
        needed = {*dependencies(services[name]), *parents(services[name])}
        pending.extend((other, False) for other in sorted(needed) if other in services)
    return []
