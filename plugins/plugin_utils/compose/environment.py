# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a service's variables and labels come from beside the file: names alone, ``env_file`` and ``label_file``.

Knows who wins: what the service says itself, then the later file. Files are read here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...module_utils.stowage.errors import Problem as Found
from ...module_utils.stowage.service.shapes import boolean
from .located import Map, Seq
from .places import place_of, problem_at
from .problems import Problem
from .reading import Lookup, Reading, chain

_FILES = ("env_file", "label_file")
_Entry = tuple[int, Map, Problem]  # position, entry, and the place without a message


def resolve_names(model: Map, lookup: Lookup, *, included: bool) -> None:
    """Give variables and build arguments that are named without a value the one from around the project.

    What surrounds a project that is ``included`` counts for variables in lists only, to docker compose.
    """
    services = model.get("services")
    for service in services.values() if isinstance(services, Map) else ():
        if isinstance(service, Map):
            environment, build = service.get("environment"), service.get("build")
            if isinstance(environment, Seq) or not included:
                _fill(environment, lookup)
            if isinstance(build, Map) and not included:
                _fill(build.get("args"), lookup)


@contextmanager
def apart(service: Map) -> Iterator[None]:
    """Take out for a while what is no part of the canonical form."""
    holders = [service, *(entry for entry in _containers(service) if isinstance(entry, Map))]
    files = [{key: holder.pop(key) for key in _FILES if key in holder} for holder in holders]
    yield
    for holder, kept in zip(holders, files, strict=True):
        holder.update(kept)


def _containers(service: Map) -> Seq:
    containers = service.get("pre_start")
    return containers if isinstance(containers, Seq) else Seq()


def _fill(variables: Any, lookup: Lookup) -> None:
    if isinstance(variables, Map):
        for key, value in variables.items():
            if value is None:
                variables[key] = lookup(key)
    elif isinstance(variables, Seq):
        for position, item in enumerate(variables):
            if isinstance(item, str) and "=" not in item:
                value = lookup(item)
                if value is not None:
                    variables[position] = f"{item}={value}"


def service_files(service: dict[str, Any], raw: Map, path: str, reading: Reading, lookup: Lookup) -> None:
    """Put the variables and labels of a service's files below those it has itself."""
    if raw.get("env_file"):
        entries = list(_entries(raw, "env_file", path, reading))
        found = _environment(service, entries, f"{path}.env_file", reading, lookup)
        merged = {**found, **service.get("environment", {})}
        if merged:
            service["environment"] = merged
    if raw.get("label_file"):
        labels = _labels(service, _entries(raw, "label_file", path, reading), reading)
        if labels:
            service["labels"] = {**labels, **service.get("labels", {})}
    for position, (container, written) in enumerate(zip(service.get("pre_start", ()), _containers(raw), strict=False)):
        service_files(container, written, f"{path}.pre_start[{position}]", reading, lookup)
    build = service.get("build")
    if build and "args" in build:
        build["args"] = {key: value for key, value in build["args"].items() if value is not None}
        if not build["args"]:
            del build["args"]


def _environment(
    service: Mapping[str, Any], entries: Iterable[_Entry], path: str, reading: Reading, lookup: Lookup
) -> dict[str, str]:
    found: dict[str, str] = {}
    given = {key: value for key, value in service.get("environment", {}).items() if value is not None}
    # Of a file that is named twice the first place counts, and how it was named last.
    named = {entry.get("path", position): (position, entry, place) for position, entry, place in entries}
    for position, entry, place in named.values():
        if not isinstance(entry.get("path"), str) or set(entry) - {"path", "required", "format"}:
            message = "must be a path, or a mapping with path, and perhaps required and format"
            reading.problems.append(replace(place, message=message))
        elif entry.get("format") not in (None, "raw"):
            reading.problems.append(
                problem_at(entry, "format", f"{path}[{position}].format", "must be raw, or left out")
            )
        elif _is_wanted(entry, place, reading):
            raw = entry.get("format") == "raw"
            file = Path(entry["path"])
            found.update(reading.variables(file, chain(lookup, given), place, earlier=found, raw=raw))
    return found


def _is_wanted(entry: Map, place: Problem, reading: Reading) -> bool:
    """Whether a file is to be read: it must be there, or is."""
    problems: list[Found] = []
    required = boolean(entry.get("required", True), f"{place.path}.required", problems)
    reading.problems.extend(problem_at(entry, "required", problem.path, problem.message) for problem in problems)
    return bool(required) or Path(entry["path"]).is_file()


def _labels(service: dict[str, Any], entries: Iterable[_Entry], reading: Reading) -> dict[str, str]:
    """Return the labels of the files, and note in the service which files these are, as docker compose does."""
    found: dict[str, str] = {}
    for _position, entry, place in entries:
        if isinstance(entry.get("path"), str):
            found.update(reading.variables(Path(entry["path"]), _nothing, place))
            service.setdefault("label_file", []).append(entry["shown"])
        else:
            reading.problems.append(replace(place, message="must be a path"))
    return found


def _nothing(_name: str) -> None:
    return None


def _entries(raw: Map, key: str, path: str, reading: Reading) -> Iterator[_Entry]:
    """Yield the files that are named, each with its place."""
    files = raw[key]
    if not isinstance(files, Seq):
        reading.problems.append(problem_at(raw, key, f"{path}.{key}", "must be a path or a list of them"))
        return
    for position, entry in enumerate(files):
        place = Problem(f"{path}.{key}[{position}]", "", *place_of(files, position))
        yield position, entry if isinstance(entry, Map) else Map(), place
