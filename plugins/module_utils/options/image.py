# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module image: the entry of an image, and docker_image's words beside it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, OBJECT_SCOPE, REGISTRIES, Spec, given, own

_STRINGS = {"type": "list", "elements": "str"}

_BUILD: Spec = {
    "context": {"type": "str", "aliases": ["path"]},
    "dockerfile": {"type": "str"},
    "dockerfile_inline": {"type": "str"},
    "args": {"type": "raw"},
    "labels": {"type": "raw"},
    "target": {"type": "str"},
    "network": {"type": "str"},
    "cache_from": _STRINGS,
    "cache_to": _STRINGS,
    "extra_hosts": {"type": "raw", "aliases": ["etc_hosts"]},
    "shm_size": {"type": "str"},
    "no_cache": {"type": "bool", "aliases": ["nocache"]},
    "pull": {"type": "bool"},
    "isolation": {"type": "str"},
    "ulimits": {"type": "dict"},
    "secrets": {"type": "list", "elements": "raw", "no_log": False},
    "ssh": {"type": "raw"},
    "tags": _STRINGS,
    "platforms": _STRINGS,
    "privileged": {"type": "bool"},
    "additional_contexts": {"type": "raw"},
    "entitlements": _STRINGS,
    "builder": {"type": "str", "choices": ["classic", "buildkit"]},
    "remote_src": {"type": "bool", "default": False},
}

_LOAD: Spec = {
    "path": {"type": "str", "required": True},
    "remote_src": {"type": "bool", "default": False},
}

SPEC: Spec = {
    "name": {"type": "str", "required": True},
    "tag": {"type": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "pull": {"type": "raw"},
    "platform": {"type": "str"},
    "build": {"type": "dict", "options": _BUILD},
    "load": {"type": "dict", "options": _LOAD},
    "load_path": {"type": "str"},
    "tag_of": {"type": "str"},
    "push": {"type": "bool"},
    "source": {"type": "str", "choices": ["build", "load", "pull", "local"]},
    **REGISTRIES,
    **OBJECT_SCOPE,
    **LOCK,
    **CONNECTION,
}

REFUSED: Dict[str, str] = {
    "archive_path": "this module brings images to hosts, it takes none from them",
    "force_absent": "an image is removed by its name, and its content with the last name",
    "force_source": "pull: always asks the registry, and a build runs when its files changed",
    "force_tag": "a name always leads to what is declared for it",
    "repository": "declare the other name with tag_of",
}

_PULL = {"true": "always", "false": "missing", "not_present": "missing"}


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The manifest of this one image."""
    name = _name(params, problems)
    entry = given({key: params.get(key) for key in ("platform", "tag_of", "push", "state")})
    if params.get("build"):
        entry["build"] = own(params["build"], _BUILD)
    load = params.get("load") or ({"path": params["load_path"]} if params.get("load_path") else None)
    if load:
        entry["load"] = own(load, _LOAD)
    _pull(params, entry, problems)
    _check_source(params.get("source"), entry, problems)
    return {
        "scope": params["scope"],
        "prune": False,
        "registries": params.get("registries") or {},
        "images": {name: entry},
    }


def _name(params: Mapping[str, Any], problems: List[str]) -> str:
    name = str(params["name"])
    has_tag = "@" in name or ":" in name.rpartition("/")[2]
    if params.get("tag") and has_tag:
        problems.append("tag: name has a tag already")
    return name if has_tag or not params.get("tag") else f"{name}:{params['tag']}"


def _pull(params: Mapping[str, Any], entry: Dict[str, Any], problems: List[str]) -> None:
    """A policy, or docker_image's mapping with a platform."""
    pull = params.get("pull")
    if isinstance(pull, dict):
        if set(pull) - {"platform"}:
            problems.append("pull: a mapping holds a platform and nothing else")
        if pull.get("platform"):
            entry.setdefault("platform", pull["platform"])
    elif pull is not None:
        entry["pull"] = _PULL.get(str(pull).lower(), pull)


def _check_source(source: Any, entry: Dict[str, Any], problems: List[str]) -> None:
    """docker_image's word for where an image comes from; here the option that is set says it."""
    if source in ("build", "load") and source not in entry:
        problems.append(f"source: {source} needs the option {source}")
    if source in ("pull", "local") and ("build" in entry or "load" in entry):
        problems.append(f"source: {source} contradicts build and load")
    if source == "local":
        entry.setdefault("pull", "never")
