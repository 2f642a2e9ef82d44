# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module stack, which are also those of an entry of ``stacks`` in host.

They name files of the controller: the action plugin puts the project that it loads from them in their place.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, REGISTRIES, WAITING, Spec, given

STATES = ("present", "absent", "stopped", "restarted")

PROJECT: Spec = {
    "src": {"type": "path", "aliases": ["project_src"]},
    "definition": {"type": "dict"},
    "files": {"type": "list", "elements": "str"},
    "directory": {"type": "path"},
    "env": {"type": "dict"},
    "env_files": {"type": "list", "elements": "str"},
    "configs": {"type": "dict"},
    "secrets": {"type": "dict", "no_log": True},
    "profiles": {"type": "list", "elements": "str"},
    "services": {"type": "list", "elements": "str"},
    "scale": {"type": "dict"},
    "pull": {"type": "str", "choices": ["policy", "always", "missing", "never"], "default": "policy"},
    "build": {"type": "bool", "default": True},
    "recreate": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "prune": {"type": "bool", "default": True, "aliases": ["remove_orphans"]},
    "remove_volumes": {"type": "bool", "default": False},
    "remove_images": {"type": "str", "choices": ["local", "all"], "default": "local"},
}

SPEC: Spec = {
    "name": {"type": "str", "aliases": ["project_name"]},
    **PROJECT,
    **REGISTRIES,
    **WAITING,
    **LOCK,
    **CONNECTION,
}

# Options of community.docker's docker_compose_v2 that have no counterpart, and what to do instead.
REFUSED: Dict[str, str] = {
    "assume_yes": "nothing here asks questions",
    "check_files_existing": "files that are named are always read",
    "cli_context": "use docker_host",
    "api_version": "the version is negotiated with the engine",
    "dependencies": "services that others depend on always come along",
    "docker_cli": "no docker command is needed",
    "ignore_build_events": "the result lists operations, not events",
    "renew_anon_volumes": "use recreate, or remove the volumes",
}


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """A manifest of one stack; what it is made from still stands as options."""
    options = {key: params[key] for key in ("wait", "wait_timeout", "monitor")}
    options.update(given({key: params.get(key) for key in PROJECT}))
    check(options, "", problems)
    name = params.get("name") or ""
    if options["state"] == "absent" and not (name or options.get("src") or options.get("definition")):
        problems.append("name: a stack that is to go needs its name, or its src or definition")
    manifest: Dict[str, Any] = {"stacks": {name: options}}
    if params.get("registries"):
        manifest["registries"] = params["registries"]
    return manifest


def check(options: Mapping[str, Any], where: str, problems: List[str]) -> None:
    """Report what contradicts itself in the options of one stack; ``where`` goes before each key."""
    ways = [key for key in ("src", "definition") if options.get(key)]
    if len(ways) > 1:
        problems.append(f"{where}src: cannot stand beside definition")
    if not ways and options["state"] != "absent":
        problems.append(f"{where}src: a stack needs src (a project directory) or definition")
    if options.get("files") and not options.get("src"):
        problems.append(f"{where}files: are files of src, which is not set")
    if options["state"] == "absent" and options.get("services"):
        problems.append(f"{where}services: a stack goes as a whole; take services out of its files to remove them")
