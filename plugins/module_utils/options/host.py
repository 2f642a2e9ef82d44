# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module host: the whole document. Its sections are read by the runtime."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from . import stack
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
    "stacks": {"type": "dict"},
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
    stacks = {name: _stack(name, options, manifest, problems) for name, options in (params.get("stacks") or {}).items()}
    # A task of nothing but stacks is not about this scope: what that owns stays.
    if not stacks or any(params.get(key) is not None for key in ("images", "networks", "volumes", "containers")):
        manifest["containers"] = containers
    else:
        del manifest["scope"]
    if stacks:
        manifest["stacks"] = stacks
    return manifest


_TYPES: Dict[str, Tuple[type, ...]] = {"list": (list,), "dict": (dict,), "bool": (bool,), "float": (int, float)}


def _stack(name: str, options: Any, manifest: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The options of one stack with their defaults. How to wait is the whole declaration's, unless told otherwise."""
    where = f"stacks.{name}."
    if not isinstance(options, dict):
        problems.append(f"stacks.{name}: must be a mapping with src or definition")
        return {}
    known = {**stack.PROJECT, **WAITING}
    found = {key: manifest[key] for key in ("wait", "wait_timeout", "monitor")}
    found.update({key: option["default"] for key, option in stack.PROJECT.items() if "default" in option})
    found["prune"] = manifest["prune"]
    names = {alias: key for key, option in known.items() for alias in (key, *option.get("aliases", ()))}
    for key, value in options.items():
        if key not in names:
            problems.append(f"{where}{key}: there is no such option")
            continue
        kind, choices = known[names[key]]["type"], known[names[key]].get("choices")
        wanted = _TYPES.get(kind, (str,))
        is_kind = isinstance(value, wanted) and (kind == "bool" or not isinstance(value, bool))
        if value is not None and not is_kind:
            problems.append(f"{where}{key}: must be a {'number' if kind == 'float' else kind}")
        elif kind == "list" and not all(isinstance(item, str) for item in value or ()):
            problems.append(f"{where}{key}: must be a list of strings")
        elif value is not None and choices and value not in choices:
            problems.append(f"{where}{key}: must be one of {', '.join(choices)}")
        elif value is not None:
            found[names[key]] = value
    if not problems:
        stack.check(found, where, problems)
    return found
