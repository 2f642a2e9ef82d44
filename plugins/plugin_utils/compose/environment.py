# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a service's variables and labels come from beside the file: names alone, ``env_file`` and ``label_file``.

Knows who wins: what the service says itself, then the later file. Files are read here and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .located import Map, Seq
from .places import Place, place_of
from .problems import Problem
from .reading import Lookup, Reading, chain

FILES = ("env_file", "label_file")


def resolve_names(model: Map, lookup: Lookup) -> None:
    """Give variables and build arguments that are named without a value the one from around the project."""
    services = model.get("services")
    for service in services.values() if isinstance(services, Map) else ():
        if isinstance(service, Map):
            if "environment" in service:
                _fill(service["environment"], lookup)
            build = service.get("build")
            if isinstance(build, Map) and "args" in build:
                _fill(build["args"], lookup)


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


def service_files(service: dict[str, Any], raw: Any, path: str, reading: Reading, lookup: Lookup) -> None:
    """Put the variables and labels of a service's files below those it has itself."""
    if isinstance(raw, Map) and raw.get("env_file"):
        _environment(service, raw["env_file"], f"{path}.env_file", reading, lookup)
    if isinstance(raw, Map) and raw.get("label_file"):
        _labels(service, raw["label_file"], f"{path}.label_file", reading, lookup)
    build = service.get("build")
    if build and "args" in build:
        build["args"] = {key: value for key, value in build["args"].items() if value is not None}
        if not build["args"]:
            del build["args"]


def _environment(service: dict[str, Any], files: Any, path: str, reading: Reading, lookup: Lookup) -> None:
    found: dict[str, Any] = {}
    own = service.get("environment") or {}
    given = {key: value for key, value in own.items() if value is not None}
    for position, entry in enumerate(files):
        place = f"{path}[{position}]"
        file = _env_file(entry, place, place_of(files, position), reading)
        if file is not None:
            found.update(
                reading.variables(file, chain(lookup, given, found), Problem(place, "", *place_of(files, position)))
            )
    merged = {**found, **{key: value for key, value in own.items() if value is not None or key not in found}}
    if merged:
        service["environment"] = merged


def _env_file(entry: Any, path: str, place: Place, reading: Reading) -> Path | None:
    """Return the file to read; None if it need not be there and is not."""
    if isinstance(entry, str):
        return Path(entry)
    if not isinstance(entry, Map) or not isinstance(entry.get("path"), str):
        reading.problems.append(Problem(path, "must be a path, or a mapping with path, required and format", *place))
        return None
    file = Path(entry["path"])
    return file if entry.get("required", True) is not False or file.is_file() else None


def _labels(service: dict[str, Any], files: Any, path: str, reading: Reading, lookup: Lookup) -> None:
    found: dict[str, Any] = {}
    for position, entry in enumerate(files):
        place = Problem(f"{path}[{position}]", "", *place_of(files, position))
        found.update(reading.variables(Path(entry), lookup, place))
    merged = {**found, **(service.get("labels") or {})}
    if merged:
        service["labels"] = merged
