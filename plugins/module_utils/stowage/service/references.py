# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""References from one container to another: ``service:x``, ``container:x``, links, volumes_from.

Knows how they are written in a declaration and in inspect. Which container a name stands for is
told by a ``resolve`` function of the caller.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple

_MODES = ("network_mode", "ipc", "pid")


def container_of(mode: str) -> str:
    """Return the name in ``service:x`` and ``container:x``; empty for every other mode."""
    word, _sep, name = mode.partition(":")
    return name if word in ("service", "container") else ""


def show_mode(mode: str) -> str:
    """Return a namespace mode as people read it: ids in their short form."""
    other = container_of(mode)
    return f"container:{other[:12]}" if len(other) == 64 else mode


def same_container(declared: str, actual: str, resolve: Callable[[str], str]) -> bool:
    """Whether ``actual``, an id or a name as inspect has it, is the container that is declared."""
    found = resolve(declared)
    return actual == declared or (found != "" and found in (actual, resolve(actual)))


def points_at(mode: str, actual: str, resolve: Callable[[str], str]) -> bool:
    """Whether an inspected namespace mode is that of the container which ``mode`` declares."""
    declared, other = container_of(mode), container_of(actual)
    return bool(declared and other) and same_container(declared, other, resolve)


def link(entry: str) -> Tuple[str, str]:
    """Return the target and the alias of ``target[:alias]``."""
    target, _sep, alias = entry.partition(":")
    return target, alias or target


def source_of_volumes(entry: str) -> Tuple[str, str]:
    """Return container and mode of ``[container:]name[:ro|rw]``."""
    name = entry.removeprefix("container:")
    target, _sep, mode = name.partition(":")
    return target, mode or "rw"


def named_services(service: Mapping[str, Any]) -> Dict[str, str]:
    """Return the services of its project that a service is bound to, each with the key that binds it."""
    found: Dict[str, str] = {}
    for key in _MODES:
        word, _sep, name = str(service.get(key) or "").partition(":")
        if word == "service":
            found.setdefault(name, key)
    for entry in service.get("volumes_from") or ():
        if not entry.startswith("container:"):
            found.setdefault(source_of_volumes(entry)[0], "volumes_from")
    return found


def by_container(service: Mapping[str, Any], names: Mapping[str, str]) -> Dict[str, Any]:
    """Return the service with containers in place of the services it refers to.

    In a project a service and a container of the host may have one name; afterwards every name is a container's.
    """
    result = dict(service)
    for key in _MODES:
        word, _sep, name = str(service.get(key) or "").partition(":")
        if word == "service" and name in names:
            result[key] = f"container:{names[name]}"
    if service.get("volumes_from"):
        result["volumes_from"] = [_volumes_by_container(entry, names) for entry in service["volumes_from"]]
    links = [link(entry) for entry in result.pop("links", ())]
    if links:
        linked = [f"{names.get(target, target)}:{alias}" for target, alias in links]
        result["external_links"] = [*linked, *service.get("external_links", ())]
    return result


def _volumes_by_container(entry: str, names: Mapping[str, str]) -> str:
    name, mode = source_of_volumes(entry)
    if entry.startswith("container:") or name not in names:
        return entry
    return f"container:{names[name]}:{mode}"


def parents(service: Mapping[str, Any]) -> Dict[str, str]:
    """Return the containers this one is bound to, each with the key that binds it.

    They must exist before it is created, and it has to be made anew when one of them is.
    """
    found: Dict[str, str] = {}
    for key in _MODES:
        name = container_of(service.get(key, ""))
        if name:
            found.setdefault(name, key)
    for entry in service.get("volumes_from", ()):
        found.setdefault(source_of_volumes(entry)[0], "volumes_from")
    return found
