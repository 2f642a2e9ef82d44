# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks. The engine accepts names, ids and id prefixes; two networks may even share a name."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..session import Session
from . import paths


class Networks:
    """``/networks``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        labels: Iterable[str] = (),
        names: Iterable[str] = (),
        filters: Optional[Mapping[str, Iterable[str]]] = None,
    ) -> List[Dict[str, Any]]:
        """All, or those with every label; ``names`` match parts of names too, as the engine does it.

        The containers in a network are left out of lists by the engine: ``inspect`` has them.
        """
        query = {"filters": paths.filters(labels, names, filters)}
        return paths.as_list(self._session.json("GET", "/networks", query=query))

    def inspect(self, id: str, *, verbose: bool = False, scope: str = "") -> Dict[str, Any]:
        """Everything about one network. Raises NotFound."""
        query = {"verbose": verbose or None, "scope": scope or None}
        return dict(self._session.json("GET", f"/networks/{paths.segment(id, 'network')}", query=query) or {})

    def create(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        """``{"Id": …, "Warning": …}``. Raises Conflict for a name in use (all engines are asked to check)."""
        full: Dict[str, Any] = {**body, "Name": name}
        if self._session.api_version < (1, 44):
            full["CheckDuplicate"] = True  # always so from 1.44 on, and the field is gone
        return dict(self._session.json("POST", "/networks/create", body=full) or {})

    def remove(self, id: str) -> None:
        """Raises AccessDenied (403, as the engine says it) or Conflict where endpoints are still in it."""
        self._session.json("DELETE", f"/networks/{paths.segment(id, 'network')}")

    def connect(self, id: str, container: str, endpoint: Optional[Mapping[str, Any]] = None) -> None:
        """Put a container into a network. ``endpoint`` is the API's EndpointSettings (Aliases, IPAMConfig …)."""
        body = {"Container": container, "EndpointConfig": dict(endpoint or {})}
        self._session.json("POST", f"/networks/{paths.segment(id, 'network')}/connect", body=body)

    def disconnect(self, id: str, container: str, force: bool = False) -> None:
        """Take a container out of a network."""
        body = {"Container": container, "Force": force}
        self._session.json("POST", f"/networks/{paths.segment(id, 'network')}/disconnect", body=body)
