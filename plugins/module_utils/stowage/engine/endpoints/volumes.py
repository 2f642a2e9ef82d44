# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..session import Session
from . import paths


class Volumes:
    """``/volumes``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        labels: Iterable[str] = (),
        names: Iterable[str] = (),
        filters: Optional[Mapping[str, Iterable[str]]] = None,
    ) -> List[Dict[str, Any]]:
        """All, or those with every label; ``names`` match parts of names too, as the engine does it."""
        query = {"filters": paths.filters(labels, names, filters)}
        answer = self._session.json("GET", "/volumes", query=query)
        return paths.as_list((answer or {}).get("Volumes"))

    def inspect(self, name: str) -> Dict[str, Any]:
        """Everything about one volume. Raises NotFound."""
        return dict(self._session.json("GET", f"/volumes/{paths.segment(name, 'volume')}") or {})

    def create(self, name: str, body: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        """Create; the volume as it now is. An empty name makes an anonymous volume.

        Where the name is in use with the same driver, the engine answers with the existing volume,
        whatever the options: compare before.
        """
        full = dict(body or {})
        if name:
            full["Name"] = name
        return dict(self._session.json("POST", "/volumes/create", body=full) or {})

    def remove(self, name: str, force: bool = False) -> None:
        """Remove. Raises Conflict where a container uses it; ``force`` only forgives a missing driver."""
        self._session.json("DELETE", f"/volumes/{paths.segment(name, 'volume')}", query={"force": force or None})
