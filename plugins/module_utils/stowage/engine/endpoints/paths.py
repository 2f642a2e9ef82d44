# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How names get into paths and filters into queries, the same for every endpoint.

A name that is empty or walks (``..``) would turn one request into another one (``/containers//json``
is the list): such names are refused here, before anything is sent.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ...errors import InvalidRequest
from ..http import UNRESERVED, quote


def segment(name: str, what: str) -> str:
    """A name or id as one segment of a path. Raises InvalidRequest."""
    if not name or name in (".", ".."):
        raise InvalidRequest(f"{name!r} is no name of a {what}")
    return quote(name, UNRESERVED)


def image(reference: str) -> str:
    """An image's reference or id as it goes into a path, slashes and all. Raises InvalidRequest."""
    if any(part in ("", ".", "..") for part in reference.split("/")):
        raise InvalidRequest(f"{reference!r} is no name of an image")
    return quote(reference)


def filters(
    labels: Iterable[str] = (), names: Iterable[str] = (), more: Optional[Mapping[str, Iterable[str]]] = None
) -> Optional[Dict[str, List[str]]]:
    """The ``filters`` parameter, or None for no filter. Labels are ``key`` or ``key=value``."""
    result: Dict[str, List[str]] = {key: list(values) for key, values in (more or {}).items()}
    for key, values in (("label", list(labels)), ("name", list(names))):
        if values:
            result[key] = result.get(key, []) + values
    return result or None


def as_list(answer: Any) -> List[Dict[str, Any]]:
    """A list endpoint's answer; the engine says null for an empty list in places."""
    return answer if isinstance(answer, list) else []
