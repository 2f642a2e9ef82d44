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

    def inspect(self, network: str, *, verbose: bool = False, scope: str = "") -> Dict[str, Any]:
        """Everything about one network. Raises NotFound."""
        query = {"verbose": verbose or None, "scope": scope or None}
        return dict(self._session.json("GET", f"/networks/{paths.segment(network, 'network')}", query=query) or {})

    def create(self, name: str, body: Mapping[str, Any]) -> Dict[str, Any]:
        """Create: ``{"Id": …, "Warning": …}``. Raises Conflict for a name in use."""
        full: Dict[str, Any] = {**body, "Name": name}
        if self._session.api_version < (1, 44):
            # Without it two networks may get the same name; from 1.44 on it is always so.
            full["CheckDuplicate"] = True
        return dict(self._session.json("POST", "/networks/create", body=full) or {})

    def remove(self, network: str) -> None:
        """Remove. Raises AccessDenied (the engine's 403) or Conflict where containers are still in it."""
        self._session.json("DELETE", f"/networks/{paths.segment(network, 'network')}")

    def connect(self, network: str, container: str, endpoint: Optional[Mapping[str, Any]] = None) -> None:
        """Put a container into a network; ``endpoint`` is the API's EndpointSettings (Aliases …)."""
        body = {"Container": container, "EndpointConfig": dict(endpoint or {})}
        self._session.json("POST", f"/networks/{paths.segment(network, 'network')}/connect", body=body)

    def disconnect(self, network: str, container: str, force: bool = False) -> None:
        """Take a container out of a network."""
        body = {"Container": container, "Force": force}
        self._session.json("POST", f"/networks/{paths.segment(network, 'network')}/disconnect", body=body)
