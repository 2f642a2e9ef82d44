# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module volume: compose's keys of a volume, and docker_volume's beside them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, OBJECT_SCOPE, Spec, given

SPEC: Spec = {
    "name": {"type": "str", "required": True, "aliases": ["volume_name"]},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "driver": {"type": "str"},
    "driver_opts": {"type": "dict", "aliases": ["driver_options"]},
    "labels": {"type": "dict"},
    "recreate": {"type": "raw", "default": False},
    **OBJECT_SCOPE,
    **LOCK,
    **CONNECTION,
}

# docker_volume's words for it; "always" would lose the data on every run.
_RECREATE = {"true": True, "yes": True, "options-changed": True, "false": False, "no": False, "never": False}


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The manifest of this one volume."""
    entry = given({key: params.get(key) for key in ("driver", "driver_opts", "labels", "state")})
    recreate = _RECREATE.get(str(params["recreate"]).lower())
    if recreate is None:
        problems.append(f"recreate: {params['recreate']!r} is none of: true, false, options-changed, never")
    entry["recreate"] = bool(recreate)
    return {"scope": params["scope"], "prune": False, "volumes": {params["name"]: entry}}
