# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docker compose adds to a service that was read: defaults, and dependencies that other keys imply.

Knows canonical services, and as they are written those whose containers before the start are like them.
"""

from __future__ import annotations

from typing import Any

from ...module_utils.stowage.service.stack import PRE_START
from .located import Map, Seq
from .merge import SERVICE, copied, merge
from .problems import Problem

_NAMESPACES = ("network_mode", "ipc", "pid")
_INHERITED = (PRE_START - {"volumes"}) | {"env_file", "label_file"}


def complete(service: dict[str, Any]) -> dict[str, Any]:
    """Return the service as docker compose prints it."""
    result: dict[str, Any] = {"command": None, "entrypoint": None, **service}
    if not result.get("network_mode") and not result.get("networks"):
        result["networks"] = {"default": None}
    implied = _implied(result)
    if implied:
        result["depends_on"] = {**implied, **result.get("depends_on", {})}
    if "pre_start" in result:
        result["pre_start"] = [{"command": None, "entrypoint": None, **entry} for entry in result["pre_start"]]
    return result


def _implied(service: dict[str, Any]) -> dict[str, Any]:
    """The services that others keys name; those whose network or processes are shared are restarted with."""
    names = [
        value.partition(":")[2]
        for value in (service.get(key, "") for key in _NAMESPACES)
        if value.startswith("service:")
    ]
    names += [link.partition(":")[0] for link in service.get("links", ())]
    started: dict[str, Any] = {"condition": "service_started", "required": True}
    sources = [source.partition(":")[0] for source in service.get("volumes_from", ())]
    result = {name: dict(started) for name in sources if name != "container"}
    result.update((name, {**started, "restart": True}) for name in names)
    return result


def inherit(service: Map, path: str, problems: list[Problem]) -> None:
    """Make of each container that runs before the service what the service is, and what it says itself over that."""
    containers = service.get("pre_start")
    if not isinstance(containers, Seq):
        return
    for position, container in enumerate(containers):
        if not isinstance(container, Map):
            continue
        base = Map({key: copied(service[key]) for key in service if key in _INHERITED}, service.file)
        base.lines = {key: line for key, line in service.lines.items() if key in base}
        if "network_mode" in container:
            base.pop("networks", None)
        elif not base.get("networks") and not base.get("network_mode"):
            base["networks"] = Map({"default": None}, service.file)
        if isinstance(base.get("secrets"), Seq):
            base["secrets"] = Seq([_targeted(item) for item in base["secrets"]], service.file, base["secrets"].lines)
        merge(base, container, SERVICE, f"{path}.pre_start[{position}]", problems)
        containers[position] = base


def _targeted(secret: Any) -> Any:
    """A secret with the target that it has where a service says none; in such a container it would have none."""
    entry = Map({"source": secret}) if isinstance(secret, str) else secret
    if isinstance(entry, Map) and entry.get("target") is None and isinstance(entry.get("source"), str):
        entry["target"] = f"/run/secrets/{entry['source']}"
    return entry
