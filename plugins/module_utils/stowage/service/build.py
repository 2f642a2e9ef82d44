# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose's build section as the query of ``POST /build`` (Engine API 1.41)."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .units import parse_bytes


def build_query(
    name: str, options: Mapping[str, Any], labels: Mapping[str, str], platform: str, dockerfile: str
) -> Dict[str, Any]:
    """The query parameters, as Python values: mappings and lists are sent as JSON, None is left out.

    ``dockerfile`` is its path in the packed context, which differs from the declared one where that
    lies outside the context or is written inline.
    """
    tags: List[str] = [name, *options.get("tags", ())]
    query: Dict[str, Any] = {
        "t": tuple(tags),
        "dockerfile": dockerfile,
        "labels": {**options.get("labels", {}), **labels},
        "rm": True,
        "forcerm": True,
        "version": "1",
    }
    if options.get("args"):
        query["buildargs"] = dict(options["args"])
    if options.get("shm_size"):
        query["shmsize"] = parse_bytes(options["shm_size"])
    if options.get("ulimits"):
        query["ulimits"] = [_ulimit(key, value) for key, value in options["ulimits"].items()]
    for key, parameter in (("target", "target"), ("network", "networkmode")):
        if options.get(key):
            query[parameter] = options[key]
    for key, parameter in (("no_cache", "nocache"), ("pull", "pull")):
        if options.get(key):
            query[parameter] = True
    if options.get("cache_from"):
        query["cachefrom"] = list(options["cache_from"])
    if options.get("extra_hosts"):
        query["extrahosts"] = ",".join(_hosts(options["extra_hosts"]))
    if platform:
        query["platform"] = platform
    return query


def _ulimit(name: str, value: Any) -> Dict[str, Any]:
    if isinstance(value, Mapping):
        return {"Name": name, "Soft": value["soft"], "Hard": value["hard"]}
    return {"Name": name, "Soft": value, "Hard": value}


def _hosts(hosts: Any) -> List[str]:
    """Compose writes host=ip; the engine reads host:ip."""
    if isinstance(hosts, Mapping):
        return [f"{host}:{address}" for host, address in hosts.items()]
    return [str(entry).replace("=", ":", 1) for entry in hosts]
