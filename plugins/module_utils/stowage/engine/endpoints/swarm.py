# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A swarm's nodes and tasks, as one of its managers tells them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..session import Session
from . import paths


class Swarm:
    """``/nodes`` and ``/tasks``. An engine that is no manager refuses them all (ServerFault, its 503)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def nodes(self, filters: Optional[Mapping[str, Iterable[str]]] = None) -> List[Dict[str, Any]]:
        """The nodes of the swarm."""
        return paths.as_list(self._session.json("GET", "/nodes", query={"filters": paths.filters(more=filters)}))

    def node(self, node: str) -> Dict[str, Any]:
        """Everything about one node, by id or name. Raises NotFound."""
        return dict(self._session.json("GET", f"/nodes/{paths.segment(node, 'node')}") or {})

    def update_node(self, node: str, version: int, spec: Mapping[str, Any]) -> None:
        """Put a node's whole spec in place of the one of that version. Raises a fault where it is another by now."""
        path = f"/nodes/{paths.segment(node, 'node')}/update"
        self._session.json("POST", path, query={"version": version}, body=spec)

    def tasks(self, filters: Optional[Mapping[str, Iterable[str]]] = None) -> List[Dict[str, Any]]:
        """The tasks of all services, those that have ended included."""
        return paths.as_list(self._session.json("GET", "/tasks", query={"filters": paths.filters(more=filters)}))
