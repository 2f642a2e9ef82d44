# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module host: the whole document. Its sections are read by the runtime."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, REGISTRIES, WAITING, Spec
from .peer import translate_service

_SECTIONS = ("registries", "images", "networks", "volumes")

SPEC: Spec = {
    "scope": {"type": "str", "default": "host"},
    **REGISTRIES,
    "images": {"type": "dict"},
    "networks": {"type": "dict"},
    "volumes": {"type": "dict"},
    "containers": {"type": "dict"},
    "prune": {"type": "bool", "default": True},
    **WAITING,
    **LOCK,
    **CONNECTION,
}


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The manifest, with containers in compose's words."""
    manifest: Dict[str, Any] = {key: params[key] for key in ("scope", "prune", "wait", "wait_timeout", "monitor")}
    manifest.update((key, params[key]) for key in _SECTIONS if params.get(key))
    containers: Dict[str, Any] = {}
    for name, service in (params.get("containers") or {}).items():
        translate = isinstance(service, dict)
        containers[name] = translate_service(service, f"containers.{name}.", problems) if translate else service
    manifest["containers"] = containers
    return manifest
