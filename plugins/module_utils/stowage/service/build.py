# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose's build section as the query of ``POST /build`` (Engine API 1.41)."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

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
        return {"Name": name, "Soft": value.get("soft", 0), "Hard": value.get("hard", 0)}
    return {"Name": name, "Soft": value, "Hard": value}


def _hosts(hosts: Any) -> List[str]:
    """Compose writes host=ip; the engine reads host:ip."""
    if isinstance(hosts, Mapping):
        return [f"{host}:{address}" for host, address in hosts.items()]
    return [str(entry).replace("=", ":", 1) for entry in hosts]


def buildx_command(
    name: str, options: Mapping[str, Any], labels: Mapping[str, str], platform: str, dockerfile: str
) -> Tuple[List[str], Dict[str, str]]:
    """The arguments after ``docker buildx build`` with the context on stdin, and environment variables.

    Build arguments go by the environment: an argument list is there for every user of the host to read.
    """
    words = ["--load", "--file", dockerfile]
    for tag in (name, *options.get("tags", ())):
        words += ["--tag", str(tag)]
    for key, value in {**options.get("labels", {}), **labels}.items():
        words += ["--label", f"{key}={value}"]
    environment = {str(key): str(value) for key, value in (options.get("args") or {}).items()}
    for key in environment:
        words += ["--build-arg", key]
    for key, flag in (("target", "--target"), ("network", "--network"), ("shm_size", "--shm-size")):
        if options.get(key):
            words += [flag, str(options[key])]
    for key, flag in (("no_cache", "--no-cache"), ("pull", "--pull")):
        if options.get(key):
            words.append(flag)
    for key, flag in _REPEATED.items():
        for value in _items(options.get(key)):
            words += [flag, value]
    for host in _hosts(options.get("extra_hosts") or ()):
        words += ["--add-host", host]
    for key, value in (options.get("ulimits") or {}).items():
        limit = _ulimit(key, value)
        words += ["--ulimit", f"{key}={limit['Soft']}:{limit['Hard']}"]
    if platform or options.get("platforms"):
        words += ["--platform", platform or ",".join(options["platforms"])]
    return [*words, "-"], environment


_REPEATED = {
    "cache_from": "--cache-from",
    "cache_to": "--cache-to",
    "secrets": "--secret",
    "ssh": "--ssh",
    "additional_contexts": "--build-context",
    "entitlements": "--allow",
    "no_cache_filter": "--no-cache-filter",
}


def _items(value: Any) -> List[str]:
    """Compose writes most of these as a list, and contexts as a mapping too."""
    if isinstance(value, Mapping):
        return [f"{key}={item}" for key, item in value.items()]
    return [str(item) for item in value or ()]
