# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module network: compose's keys of a network, and docker_network's beside them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, OBJECT_SCOPE, Spec, given, own

_POOL: Spec = {
    "subnet": {"type": "str"},
    "ip_range": {"type": "str", "aliases": ["iprange"]},
    "gateway": {"type": "str"},
    "aux_addresses": {"type": "dict"},
}

SPEC: Spec = {
    "name": {"type": "str", "required": True, "aliases": ["network_name"]},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "driver": {"type": "str"},
    "driver_opts": {"type": "dict", "aliases": ["driver_options"]},
    "attachable": {"type": "bool"},
    "enable_ipv4": {"type": "bool"},
    "enable_ipv6": {"type": "bool"},
    "internal": {"type": "bool"},
    "ingress": {"type": "bool"},
    "ipam": {
        "type": "dict",
        "options": {
            "driver": {"type": "str"},
            "options": {"type": "dict"},
            "config": {"type": "list", "elements": "dict", "options": _POOL},
        },
    },
    "ipam_config": {"type": "list", "elements": "dict", "options": _POOL},
    "ipam_driver": {"type": "str"},
    "ipam_driver_options": {"type": "dict"},
    "labels": {"type": "dict"},
    "network_scope": {"type": "str", "choices": ["local", "global", "swarm"]},
    "config_only": {"type": "bool"},
    "config_from": {"type": "str"},
    **OBJECT_SCOPE,
    **LOCK,
    **CONNECTION,
}

REFUSED: Dict[str, str] = {
    "appends": "containers declare their networks themselves",
    "connected": "containers declare their networks themselves",
    "force": "a network whose options changed is always made anew, with its containers reconnected",
}

_AS_THEY_ARE = (
    "driver", "driver_opts", "attachable", "enable_ipv4", "enable_ipv6", "internal", "ingress", "labels",
    "config_only", "config_from",
)  # fmt: skip


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The manifest of this one network."""
    entry = given({key: params.get(key) for key in _AS_THEY_ARE})
    ipam = given(params.get("ipam") or {})
    flat = {"driver": "ipam_driver", "options": "ipam_driver_options", "config": "ipam_config"}
    for key, option in flat.items():
        if params.get(option) is None:
            continue
        if key in ipam:
            problems.append(f"{option}: ipam.{key} is set too")
        ipam[key] = params[option]
    if ipam:
        ipam["config"] = [own(pool, _POOL) for pool in ipam.get("config") or ()]
        entry["ipam"] = ipam
    if params.get("network_scope"):
        entry["scope"] = params["network_scope"]
    entry["state"] = params["state"]
    return {"scope": params["scope"], "prune": False, "networks": {params["name"]: entry}}
