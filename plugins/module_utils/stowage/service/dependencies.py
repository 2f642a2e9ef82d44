# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service needs of others before it can start.

Knows the keys of a service that name another one. Knows nothing of plans.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping

STARTED = "service_started"
HEALTHY = "service_healthy"
COMPLETED = "service_completed_successfully"

_NAMESPACES = ("network_mode", "ipc", "pid")
_IMPLIED: Mapping[str, Any] = {"condition": STARTED, "required": True}


def dependencies(service: Mapping[str, Any]) -> Dict[str, Mapping[str, Any]]:
    """The services named by ``depends_on``, links and ``service:x``, with compose's depends_on options."""
    needed: Dict[str, Mapping[str, Any]] = {}
    for key in _NAMESPACES:
        value = service.get(key)
        if isinstance(value, str) and value.startswith("service:"):
            needed[value.partition(":")[2]] = _IMPLIED
    for link in service.get("links") or ():
        needed[str(link).partition(":")[0]] = _IMPLIED
    for source in service.get("volumes_from") or ():
        name = str(source).partition(":")[0]
        if name != "container":
            needed[name] = _IMPLIED
    needed.update(service.get("depends_on") or {})
    return needed
