# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was declared, laid over what is there: keys of others stay, ours go when they are no longer declared. Pure.

A *claim* is a path with the digests of what we set there. A value is ours where it is still one of those: what others
changed since is theirs, until it is declared again. A value that was there already as declared is theirs too.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

from ..memory import digest
from ..steps import Step
from .document import Document, dotted, drop, flatten, put, shown

# Several digests: one that a run meant to set and one of before it, as it may have been killed in between.
Claims = Dict[str, List[str]]


@dataclass(frozen=True)
class Merged:
    """A document as it is to be, and how it comes to that."""

    document: Document
    claims: Claims
    steps: Tuple[Step, ...]
    changed: Tuple[str, ...]  # paths


def merge(
    current: Mapping[str, Any],
    claims: Mapping[str, List[str]],
    declared: Mapping[str, Any],
    suggested: Mapping[str, Any],
) -> Merged:
    """Lay values by path over a document: what is declared always, what is suggested where others set nothing.

    A key that is declared as a whole, as with nothing in it, has no room for suggestions.
    """
    document = copy.deepcopy(dict(current))
    there = flatten(current)
    wanted: Document = dict(declared)
    for path, value in suggested.items():
        declares = path in wanted or path.partition("/")[0] in declared
        if not declares and (path not in there or _ours(path, there, claims)):
            wanted[path] = value
    mine: Claims = {}
    removed = [path for path in claims if path not in wanted and _ours(path, there, claims)]
    for path in removed:
        drop(document, path)
    steps = [Step("RemoveKey", dotted(path), "is not declared any more") for path in removed]
    added: List[str] = []
    for path, value in wanted.items():
        if path in there and digest(there[path]) == digest(value):
            if path in claims:
                mine[path] = [digest(value)]
            continue
        put(document, path, value)
        mine[path] = [digest(value)]
        # A key as a whole takes the place of its entries.
        was = there.get(path, current.get(path))
        before = "was not set" if was is None else f"was {shown(path, was)}"
        steps.append(Step("SetKey", dotted(path), f"{shown(path, value)}; {before}"))
        added.append(path)
    return Merged(document, mine, tuple(steps), (*removed, *added))


def both(before: Mapping[str, List[str]], after: Mapping[str, List[str]]) -> Claims:
    """Return claims that hold whether or not what lies between them was done."""
    paths = {**before, **after}
    return {path: sorted({*before.get(path, ()), *after.get(path, ())}) for path in paths}


def _ours(path: str, there: Mapping[str, Any], claims: Mapping[str, List[str]]) -> bool:
    return path in there and path in claims and digest(there[path]) in claims[path]
