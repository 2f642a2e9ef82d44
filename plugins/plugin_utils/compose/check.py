# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a whole project can be wrong in: names that lead nowhere, and services that wait for each other.

Knows canonical documents, and the located tree for the places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .places import find
from .problems import Problem, join_path
from .reading import Lookup
from .sections import SECTIONS, uses

_NAMESPACES = ("network_mode", "ipc", "pid")
_ONE = {"networks": "network", "volumes": "volume", "configs": "config", "secrets": "secret"}


def check_project(enabled: Mapping[str, Any], services: Mapping[str, Any], model: Any, problems: list[Problem]) -> None:
    """Record what enabled services name that is not there, and circles of dependencies.

    What is there is asked of the tree: what was wrong in itself is there all the same.
    """
    tops = {section: model.get(section) or {} for section in SECTIONS}
    for name, service in enabled.items():
        base = join_path("services", name)
        for section, key, path in uses(service):
            if key not in tops[section] and (section, key) != ("networks", "default"):
                _refuse(model, f"{base}.{path}", f"there is no {_ONE[section]} {key}", problems)
        for other, path, required in _named(service):
            if other not in model["services"]:
                _refuse(model, f"{base}.{path}", f"there is no service {other}", problems)
            elif other in services and other not in enabled and required:
                wanted = ", ".join(services[other]["profiles"])
                _refuse(
                    model, f"{base}.{path}", f"the service {other} is disabled; its profiles are {wanted}", problems
                )
        for context, source in (service.get("build") or {}).get("additional_contexts", {}).items():
            other = source.removeprefix("service:")
            if other != source and not (services.get(other) or {}).get("build"):
                path = join_path(f"{base}.build.additional_contexts", context)
                _refuse(model, path, f"there is no service {other} that is built", problems)
        written = model["services"][name]
        if not written.get("image") and written.get("build") is None and "provider" not in written:
            _refuse(model, base, "must have an image or a build", problems)
    for circle in _circles(enabled):
        path = join_path("services", circle[0]) + ".depends_on"
        _refuse(model, path, f"services wait for each other: {' -> '.join((*circle, circle[0]))}", problems)


def _named(service: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield the other services that a service names: (name, path below the service, whether it needs it)."""
    told: set[str] = set()
    for key in _NAMESPACES:
        kind, _colon, name = (service.get(key) or "").partition(":")
        if kind == "service":
            told.add(name)
            yield name, key, True
    for key in ("links", "volumes_from"):
        for position, entry in enumerate(service.get(key, ())):
            name = entry.partition(":")[0]
            if name != "container" or key == "links":
                told.add(name)
                yield name, f"{key}[{position}]", True
    for name, options in (service.get("depends_on") or {}).items():
        if name not in told:
            yield name, join_path("depends_on", name), options.get("required", True)


def _circles(services: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the circles of ``depends_on``, each once."""
    state: dict[str, int] = {}
    circles: list[tuple[str, ...]] = []
    for start in services:
        if start in state:
            continue
        trail: list[str] = []
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(services[start].get("depends_on") or ()))]
        state[start] = 1
        trail.append(start)
        while stack:
            name, following = stack[-1]
            other = next(following, None)
            if other is None:
                state[name] = 2
                stack.pop()
                trail.pop()
            elif other in services and other not in state:
                state[other] = 1
                trail.append(other)
                stack.append((other, iter(services[other].get("depends_on") or ())))
            elif state.get(other) == 1:
                circles.append(tuple(trail[trail.index(other) :]))
    return circles


def values(
    document: Mapping[str, Any], lookup: Lookup, model: Any, problems: list[Problem]
) -> dict[tuple[str, str], str]:
    """Return what the variables hold that configs and secrets are made from."""
    result: dict[tuple[str, str], str] = {}
    for section in ("configs", "secrets"):
        for key, entry in document.get(section, {}).items():
            if "environment" not in entry:
                continue
            value = lookup(entry["environment"])
            if value is None:
                path = f"{join_path(section, key)}.environment"
                _refuse(model, path, f"the variable {entry['environment']} is not set", problems)
            else:
                result[section, key] = value
    return result


def _refuse(model: Any, path: str, message: str, problems: list[Problem]) -> None:
    problems.append(Problem(path, message, *find(model, path)))
