# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices, accelerators and the limits that are given per device or per kind: blkio, ulimits.

Knows the short syntaxes of ``devices``, ``gpus``, ``ulimits`` and ``blkio_config``.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping

from ..errors import Problem
from .shapes import (
    BAD,
    child,
    choice,
    integer,
    kind_of,
    list_of,
    matching,
    name,
    record,
    refuse,
    size,
    strings,
)

_permissions = matching(r"[rwm]{1,3}", "made of r, w and m")
_CDI = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w-]*=[A-Za-z0-9][\w.:-]*"

_long = record({"source": name, "target": name, "permissions": _permissions}, ("source",))


def is_cdi(entry: Mapping[str, Any]) -> bool:
    """Whether a canonical device is a name of the Container Device Interface (``vendor.com/gpu=all``)."""
    return entry["source"] == entry["target"] and re.fullmatch(_CDI, entry["source"]) is not None


def _device(value: Any, path: str, problems: List[Problem]) -> Any:
    """``source[:target[:permissions]]``, a CDI name, or the long form."""
    entry = device_as_written(value, path, problems)
    return entry if entry is BAD else {**entry, "permissions": entry.get("permissions", "rwm")}


def device_as_written(value: Any, path: str, problems: List[Problem]) -> Any:
    """The same, but a long form that says nothing of permissions goes on saying nothing, as compose prints it."""
    if not isinstance(value, str):
        entry = _long(value, path, problems)
        if entry is BAD:
            return BAD
        entry = {"source": entry["source"], "target": entry["source"], **entry}
    elif re.fullmatch(_CDI, value):
        return {"source": str.__str__(value), "target": str.__str__(value), "permissions": "rwm"}
    else:
        parts = value.split(":")
        if len(parts) > 3 or not all(parts):
            return refuse(path, "must be source[:target[:permissions]]", problems)
        if len(parts) == 3 and _permissions(parts[2], path, problems) is BAD:
            return BAD
        if len(parts) == 2 and re.fullmatch("[rwm]{1,3}", parts[1]):
            parts = [parts[0], parts[0], parts[1]]
        source, target, permissions = (*parts, *(parts[0], "rwm")[len(parts) - 1 :])
        entry = {"source": source, "target": target, "permissions": permissions}
    if not is_cdi(entry):
        for end in ("source", "target"):
            if not entry[end].startswith("/"):
                return refuse(path, f"the {end} must be an absolute path or a CDI name", problems)
    return entry


def devices(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``[{"source", "target", "permissions"}]``; a target that stands twice is a problem."""
    result = list_of(_device)(value, path, problems)
    if result is BAD:
        return BAD
    before = len(problems)
    seen: Dict[str, int] = {}
    for position, entry in enumerate(result):
        first = seen.setdefault(entry["target"], position)
        if first != position:
            refuse(f"{path}[{position}]", f"{entry['target']} is made by devices[{first}] already", problems)
    return BAD if len(problems) > before else result


def _count(value: Any, path: str, problems: List[Problem]) -> Any:
    return -1 if value == "all" else integer(-1)(value, path, problems)


_REQUEST: Dict[str, Any] = {
    "capabilities": list_of(name),
    "driver": name,
    "count": _count,
    "device_ids": list_of(name),
    "options": strings(),
}


def _one_way(entries: Any, path: str, problems: List[Problem]) -> Any:
    """Refuse requests that name both a number of devices and devices."""
    if entries is BAD:
        return BAD
    both = [at for at, entry in enumerate(entries) if entry.get("count") and entry.get("device_ids")]
    for at in both:
        refuse(f"{path}[{at}]", "count and device_ids exclude each other", problems)
    return BAD if both else entries


def gpus(value: Any, path: str, problems: List[Problem]) -> Any:
    """``all``, or a list of requests for devices."""
    if value == "all":
        return [{"count": -1}]
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be all or a list, not {kind_of(value)}", problems)
    return _one_way(list_of(record(_REQUEST))(value, path, problems), path, problems)


def reserved_devices(value: Any, path: str, problems: List[Problem]) -> Any:
    """``deploy.resources.reservations.devices``: as ``gpus``, with the capabilities spelled out."""
    return _one_way(list_of(record(_REQUEST, ("capabilities",)))(value, path, problems), path, problems)


_limits = record({"soft": integer(-1), "hard": integer(-1)}, keep_zero=True)


def ulimits(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``{name: limit | {"soft", "hard"}}``; one that is left out is 0, for so compose prints it."""
    if not isinstance(value, Mapping):
        return refuse(path, f"must be a mapping, not {kind_of(value)}", problems)
    result: Dict[str, Any] = {}
    before = len(problems)
    for key, item in value.items():
        place = child(path, key)
        entry = (_limits if isinstance(item, Mapping) else integer(-1))(item, place, problems)
        if isinstance(entry, dict):
            entry = {"soft": 0, "hard": 0, **entry}
            if entry["hard"] != -1 and not -1 < entry["soft"] <= entry["hard"]:
                refuse(place, "soft must not be above hard", problems)
        result[str(key)] = entry
    return BAD if len(problems) > before else result


def printed_ulimits(value: Any, path: str, problems: List[Problem]) -> Any:
    """The same as compose prints it: zeros are left out."""
    result = ulimits(value, path, problems)
    if result is BAD:
        return BAD
    return {key: _without_zeros(limit) for key, limit in result.items()}


def _without_zeros(limit: Any) -> Any:
    if isinstance(limit, dict):
        return {end: amount for end, amount in limit.items() if amount}
    return limit or {}


def _per_device(key: str, reader: Any) -> Any:
    """``[{path, rate}]``; compose's canonical form spells the keys as the Engine API does."""
    upper = key.capitalize()
    long = record({"path": name, key: reader, "Path": name, upper: reader}, keep_zero=True)

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        entry = long(value, path, problems)
        if entry is BAD:
            return BAD
        entry = {("Path" if at in ("path", "Path") else upper): item for at, item in entry.items()}
        return entry if len(entry) == 2 else refuse(path, f"must have path and {key}", problems)

    return list_of(read)


_rates = _per_device("rate", size())
blkio_config = record(
    {
        "weight": integer(10, 1000),
        "weight_device": _per_device("weight", integer(10, 1000)),
        "device_read_bps": _rates,
        "device_write_bps": _rates,
        "device_read_iops": _rates,
        "device_write_iops": _rates,
    }
)

device_rule = matching(r"[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}", "a rule such as 'c 1:3 rwm'")
isolation = choice("default", "process", "hyperv")
