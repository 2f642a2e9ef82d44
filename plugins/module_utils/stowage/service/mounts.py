# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``volumes`` and ``tmpfs``: short and long syntax of everything that can be mounted.

Knows compose's volume grammar (compose spec, "volumes"). Canonical is the long syntax. Paths on the
host must be absolute: a declaration for a host has no project directory to be relative to.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any, Dict, List, Mapping

from ..errors import Problem
from .shapes import BAD, boolean, choice, integer, kind_of, name, record, refuse, size, strings, text

_PROPAGATION = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_VOLUME_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_TYPES = ("bind", "volume", "tmpfs", "image", "npipe", "cluster")


def _mode(value: Any, path: str, problems: List[Problem]) -> Any:
    """A file mode: a number as it is, text as octal, as people write it."""
    if isinstance(value, str) and re.fullmatch(r"(0o?)?[0-7]{1,4}", value):
        return int(value.replace("o", ""), 8)
    if isinstance(value, str):
        return refuse(path, "must be a file mode such as 0755", problems)
    return integer(0, 0o7777)(value, path, problems)


_long = record(
    {
        "type": choice(*_TYPES),
        "source": text,
        "target": name,
        "read_only": boolean,
        "consistency": choice("default", "consistent", "cached", "delegated"),
        "bind": record(
            {
                "propagation": choice(*_PROPAGATION),
                "create_host_path": boolean,
                "selinux": choice("z", "Z"),
                "recursive": choice("enabled", "disabled", "writable", "readonly"),
            },
            keep_zero=True,
        ),
        "volume": record({"nocopy": boolean, "labels": strings(), "subpath": name}),
        "tmpfs": record({"size": size(), "mode": _mode}),
        "image": record({"subpath": name}),
    },
    ("type", "target"),
)


def lengthen(spec: str) -> Dict[str, Any]:
    """Return the long form of ``[source:]target[:options]``; ValueError says what is wrong with it."""
    parts = spec.split(":")
    if len(parts) > 3 or not all(parts):
        raise ValueError("must be [source:]target[:options]")
    if len(parts) == 1:
        return {"type": "volume", "target": _target(parts[0]), "volume": {}}
    source, target = parts[0], _target(parts[1])
    kind = "bind" if source[0] in "/.~" else "volume"
    result: Dict[str, Any] = {"type": kind, "source": source, "target": target}
    bind: Dict[str, Any] = {}
    volume: Dict[str, Any] = {}
    for option in parts[2].split(",") if len(parts) == 3 else ():
        if option == "ro":
            result["read_only"] = True
        elif option in ("z", "Z"):
            bind["selinux"] = option
        elif option in _PROPAGATION:
            bind["propagation"] = option
        elif option == "nocopy":
            volume["nocopy"] = True
        elif option not in ("rw", "consistent", "cached", "delegated", "default"):
            raise ValueError(f"{option!r} is not an option of a mount")
    if bind or kind == "bind":
        result["bind"] = bind
    if volume or kind == "volume":
        result["volume"] = volume
    return result


def _target(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("the target must be an absolute path in the container")
    return clean(path)


def clean(path: str) -> str:
    """Return the path as Go's ``path.Clean`` does; POSIX alone keeps two leading slashes."""
    if path.startswith("/") and "//" not in path and "/." not in path and not path.endswith("/"):
        return path
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _entry(item: Any, place: str, problems: List[Problem]) -> Any:
    if isinstance(item, str):
        try:
            entry = lengthen(str.__str__(item))
        except ValueError as error:
            return refuse(place, str(error), problems)
    else:
        entry = _long(item, place, problems)
        if entry is BAD:
            return BAD
        if not entry["target"].startswith("/") and entry["type"] != "npipe":
            return refuse(f"{place}.target", "must be an absolute path in the container", problems)
        entry["target"] = clean(entry["target"]) if entry["type"] != "npipe" else entry["target"]
    return _checked(entry, place, problems)


def _checked(entry: Dict[str, Any], place: str, problems: List[Problem]) -> Any:
    """Refuse what the engine would refuse, or would silently do otherwise."""
    kind = entry["type"]
    source = entry.get("source", "")
    bind = entry.get("bind")
    before = len(problems)
    if kind == "bind":
        if not source:
            refuse(place, "source is missing", problems)
        elif not source.startswith("/"):
            refuse(place, "the source must be an absolute path on the host", problems)
        if bind and bind.get("create_host_path"):
            # Creating a missing source is the rule; compose's canonical form leaves it out.
            del bind["create_host_path"]
        if bind and "selinux" in bind and ("recursive" in bind or "create_host_path" in bind):
            refuse(f"{place}.bind", "selinux goes with neither recursive nor create_host_path: false", problems)
    elif kind == "volume":
        if source and not re.fullmatch(_VOLUME_NAME, source):
            refuse(place, f"{source!r} is not the name of a volume", problems)
    elif kind == "tmpfs":
        if source:
            refuse(place, "a tmpfs has no source", problems)
    elif not source:
        refuse(place, "source is missing", problems)
    if kind == "volume" and not source and entry.get("read_only"):
        refuse(place, "read_only needs a named volume", problems)
    if "subpath" in entry.get("volume", {}) and not source:
        refuse(f"{place}.volume", "subpath needs a named volume", problems)
    return BAD if len(problems) > before else entry


def volumes(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``[{"type", "source"?, "target", "read_only"?, "bind"|"volume"|"tmpfs"|"image": {…}}]``.

    A target that stands twice is a problem at the second.
    """
    return _volumes(value, path, problems, again=False)


def merged_volumes(value: Any, path: str, problems: List[Problem]) -> Any:
    """The same for entries that come from several files: of those for one target the last counts."""
    return _volumes(value, path, problems, again=True)


def _volumes(value: Any, path: str, problems: List[Problem], *, again: bool) -> Any:
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be a list, not {kind_of(value)}", problems)
    result: Dict[str, Dict[str, Any]] = {}
    seen: Dict[str, int] = {}
    before = len(problems)
    for position, item in enumerate(value):
        place = f"{path}[{position}]"
        entry = _entry(item, place, problems)
        if entry is BAD:
            continue
        first = seen.setdefault(entry["target"], position)
        if first != position and not again:
            refuse(place, f"{entry['target']} is mounted by volumes[{first}] already", problems)
        result[entry["target"]] = entry
    return BAD if len(problems) > before else list(result.values())


def tmpfs_entry(value: Any, path: str, problems: List[Problem]) -> Any:
    """One entry of ``tmpfs``: ``/run`` or ``/run:size=64m,mode=1777``."""
    spec = text(value, path, problems)
    if spec is not BAD and not spec.startswith("/"):
        return refuse(path, "must be an absolute path in the container", problems)
    return spec


def same_targets(service: Mapping[str, Any], path: str, problems: List[Problem]) -> None:
    """Record a problem for each ``tmpfs`` path that stands twice or that ``volumes`` mounts too."""
    seen = {entry["target"]: f"volumes[{position}]" for position, entry in enumerate(service.get("volumes", ()))}
    for position, spec in enumerate(service.get("tmpfs", ())):
        target = clean(spec.partition(":")[0])
        first = seen.setdefault(target, f"tmpfs[{position}]")
        if first != f"tmpfs[{position}]":
            refuse(f"{path}.tmpfs[{position}]", f"{target} is mounted by {first} already", problems)
