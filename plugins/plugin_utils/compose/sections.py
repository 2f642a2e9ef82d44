# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The top level beside the services: networks, volumes, configs and secrets, as docker compose prints them.

Knows these sections' keys, their names on the host, and who uses what. Knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils.stowage.errors import Problem as Found
from ...module_utils.stowage.service.shapes import (
    BAD,
    Reader,
    boolean,
    child,
    kind_of,
    list_of,
    name,
    record,
    refuse,
    strings,
    text,
)

SECTIONS = ("networks", "volumes", "configs", "secrets")
_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_SOURCES = ("file", "environment", "content")


def _external(value: Any, path: str, problems: list[Found]) -> Any:
    """A boolean, or the old way to say so and name the object at once."""
    if not isinstance(value, Mapping):
        return boolean(value, path, problems)
    entry = record({"name": text})(value, path, problems)
    return entry if entry is BAD else entry or True


def _options(value: Any, path: str, problems: list[Found]) -> Any:
    if not isinstance(value, Mapping):
        return refuse(path, f"must be a mapping, not {kind_of(value)}", problems)
    return strings()(value, path, problems)


_pool = record({"subnet": text, "ip_range": text, "gateway": text, "aux_addresses": _options})
_READERS: dict[str, dict[str, Reader]] = {
    "networks": {
        "name": text,
        "driver": text,
        "driver_opts": _options,
        "ipam": record({"driver": text, "config": list_of(_pool), "options": _options}),
        "external": _external,
        "internal": boolean,
        "attachable": boolean,
        "labels": strings(),
        "enable_ipv4": boolean,
        "enable_ipv6": boolean,
    },
    "volumes": {
        "name": text,
        "driver": text,
        "driver_opts": _options,
        "external": _external,
        "labels": strings(),
    },
    "configs": {
        "name": text,
        "file": text,
        "environment": name,
        "content": text,
        "external": _external,
        "labels": strings(),
        "template_driver": text,
    },
    "secrets": {
        "name": text,
        "file": text,
        "environment": name,
        "external": _external,
        "labels": strings(),
        "driver": text,
        "driver_opts": _options,
        "template_driver": text,
    },
}
_RECORDS = {section: record(readers, keep_zero=True) for section, readers in _READERS.items()}
_PRINTED_WHEN_EMPTY = ("enable_ipv4", "enable_ipv6", "ipam")


def parse_section(section: str, value: Any, project: str, problems: list[Found]) -> dict[str, dict[str, Any]]:
    """Return ``{key: entry}`` of one section, each entry with its name on the host."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        refuse(section, f"must be a mapping, not {kind_of(value)}", problems)
        return {}
    entries = {}
    for key, item in value.items():
        if not _NAME.fullmatch(str(key)):
            refuse(child(section, key), "a name here is made of letters, digits, ., - and _", problems)
        entry = _parse_entry(section, key, item, project, problems)
        if entry is not BAD:
            entries[str(key)] = entry
    return entries


def _parse_entry(section: str, key: str, item: Any, project: str, problems: list[Found]) -> Any:
    path = child(section, key)
    if item is None and section in ("networks", "volumes"):
        item = {}
    entry = _RECORDS[section](item, path, problems)
    if entry is BAD:
        return BAD
    external = entry.pop("external", False)
    if isinstance(external, dict):
        entry.setdefault("name", external["name"])
        external = True
    has_name = "name" in entry
    result = {"name": entry.pop("name", key if external else f"{project}_{key}")}
    if has_name and not result["name"]:
        del result["name"]
    result.update((word, part) for word, part in entry.items() if part or word in _PRINTED_WHEN_EMPTY)
    if section == "networks":
        result.setdefault("ipam", {})
    if external:
        result["external"] = True
    _check(section, path, entry, external=bool(external), problems=problems)
    return result


def _check(section: str, path: str, entry: Mapping[str, Any], *, external: bool, problems: list[Found]) -> None:
    if section in ("configs", "secrets"):
        ways = [way for way in _SOURCES if way in entry]
        if len(ways) > 1:
            refuse(path, f"{' and '.join(ways)} exclude each other", problems)
        elif external and ways:
            refuse(f"{path}.{ways[0]}", "cannot stand beside external", problems)
        elif not external and not ways and "driver" not in entry:
            known = "file, environment or content" if section == "configs" else "file or environment"
            refuse(path, f"must have {known}, or be external", problems)
    elif external and section == "volumes":
        for key in entry:
            refuse(child(path, key), "cannot stand beside external", problems)


def uses(service: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what a canonical service uses of the sections: (section, key, path below the service)."""
    for key in service.get("networks") or ():
        yield "networks", key, child("networks", key)
    for position, mount in enumerate(service.get("volumes") or ()):
        if mount["type"] == "volume" and mount.get("source"):
            yield "volumes", mount["source"], f"volumes[{position}]"
    for section in ("configs", "secrets"):
        for position, entry in enumerate(service.get(section) or ()):
            yield section, entry["source"], f"{section}[{position}]"
    for position, entry in enumerate((service.get("build") or {}).get("secrets") or ()):
        yield "secrets", entry["source"], f"build.secrets[{position}]"
    for position, container in enumerate(service.get("pre_start") or ()):
        for section, key, path in uses(container):
            yield section, key, f"pre_start[{position}].{path}"
