# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``deploy``: resources, restart policy, the way of an update, and what only a swarm gives effect.

Knows the section's shape (compose spec, "deploy"). On a single engine ``mode``, ``endpoint_mode``,
``labels``, ``placement``, ``rollback_config`` and a restart policy's ``delay`` and ``window`` have no
effect; they are read all the same, since a document may be meant for both.
"""

from __future__ import annotations

from typing import Any, List, Mapping

from ..errors import Problem
from . import units
from .devices import reserved_devices
from .shapes import choice, duration, integer, list_of, name, number, record, refuse, size, strings

_update = record(
    {
        "parallelism": integer(0),
        "delay": duration,
        "failure_action": choice("continue", "rollback", "pause"),
        "monitor": duration,
        "max_failure_ratio": number,
        "order": choice("start-first", "stop-first"),
    },
    keep_zero=True,
)
_generic = record({"discrete_resource_spec": record({"kind": name, "value": integer(0)}, keep_zero=True)})

deploy = record(
    {
        "mode": choice("replicated", "global", "replicated-job", "global-job"),
        "replicas": integer(0),
        "labels": strings(),
        "update_config": _update,
        "rollback_config": _update,
        "endpoint_mode": choice("vip", "dnsrr"),
        "resources": record(
            {
                "limits": record({"cpus": number, "memory": size(), "pids": integer(-1)}),
                "reservations": record(
                    {
                        "cpus": number,
                        "memory": size(),
                        "devices": reserved_devices,
                        "generic_resources": list_of(_generic),
                    }
                ),
            }
        ),
        "restart_policy": record(
            {
                "condition": choice("none", "no", "on-failure", "any", "always", "unless-stopped"),
                "delay": duration,
                "max_attempts": integer(0),
                "window": duration,
            },
        ),
        "placement": record(
            {
                "constraints": list_of(name),
                "preferences": list_of(record({"spread": name})),
                "max_replicas_per_node": integer(0),
            }
        ),
    },
    keep_zero=True,
)

# What can be said in two places must be said alike: (key, path below deploy).
_TWICE = (
    ("cpus", ("resources", "limits", "cpus")),
    ("mem_limit", ("resources", "limits", "memory")),
    ("pids_limit", ("resources", "limits", "pids")),
    ("mem_reservation", ("resources", "reservations", "memory")),
    ("scale", ("replicas",)),
)


def within(service: Mapping[str, Any], *keys: str) -> Any:
    """Return the value below ``deploy``, or None."""
    value: Any = service.get("deploy")
    for key in keys:
        if not value:
            return None
        value = value.get(key)
    return value


def check_limits(service: Mapping[str, Any], path: str, problems: List[Problem]) -> None:
    """Record what the engine would refuse of limits, and what is said twice and differently."""
    if "deploy" in service:
        for key, below in _TWICE:
            inner = within(service, *below)
            if inner is not None and key in service and service[key] != inner:
                refuse(f"{path}.{key}", f"differs from deploy.{'.'.join(below)}", problems)
    memory = int(service.get("mem_limit") or within(service, "resources", "limits", "memory") or 0)
    swap = int(service.get("memswap_limit", 0))
    reservation = int(service.get("mem_reservation") or within(service, "resources", "reservations", "memory") or 0)
    if 0 < memory < 6 << 20:
        place = "mem_limit" if "mem_limit" in service else "deploy.resources.limits.memory"
        refuse(f"{path}.{place}", "must be at least 6 MiB: the engine takes no less", problems)
    if swap > 0 and not memory:
        refuse(f"{path}.memswap_limit", "needs mem_limit", problems)
    if 0 < swap < memory:
        refuse(f"{path}.memswap_limit", f"must not be below the memory limit, {units.render_bytes(memory)}", problems)
    if memory and reservation > memory:
        refuse(f"{path}.mem_reservation", f"must not be above the memory limit, {units.render_bytes(memory)}", problems)
    if (service.get("cpus") or within(service, "resources", "limits", "cpus")) and (
        service.get("cpu_period") or service.get("cpu_quota")
    ):
        refuse(f"{path}.cpus", "cannot stand beside cpu_period or cpu_quota", problems)
