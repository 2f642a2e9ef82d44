# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``include``: other projects' files as part of this one, each read with its own folder and variables.

Knows the section's syntax and that nobody includes himself. How an included file is read is the loader's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from .located import Map, Seq
from .places import Place, place_of, problem_at
from .problems import Problem, join_path
from .reading import Lookup, Reading, chain


class Loader(Protocol):
    """Who reads what is included."""

    reading: Reading

    def model(
        self, documents: Iterable[tuple[Path | None, Map]], folder: Path, lookup: Lookup, above: tuple[Path, ...]
    ) -> Map:
        """Return documents as one."""


def include(
    loader: Loader, document: Map, path: Path | None, folder: Path, lookup: Lookup, above: tuple[Path, ...]
) -> list[Map]:
    """Take the section out of the document; return what it includes, in its order."""
    entries = document.pop("include", None)
    if entries is None:
        return []
    problems = loader.reading.problems
    if not isinstance(entries, Seq):
        problems.append(problem_at(document, "include", "include", "must be a list"))
        return []
    found = []
    chain_of_files = (*above, path.resolve() if path else Path(document.file))
    for position, entry in enumerate(entries):
        place = place_of(entries, position)
        model = _entry(loader, entry, f"include[{position}]", place, folder, lookup, chain_of_files)
        if model is None:
            loader.reading.incomplete = True
        else:
            found.append(_parts(model))
    return found


def _entry(
    loader: Loader, entry: Any, path: str, place: Place, folder: Path, lookup: Lookup, above: tuple[Path, ...]
) -> Map | None:
    reading = loader.reading
    if isinstance(entry, str):
        entry = Map({"path": entry})
    if not isinstance(entry, Map):
        reading.problems.append(Problem(path, "must be a file's name, or a mapping with path", *place))
        return None
    for key in entry:
        if key not in ("path", "env_file", "project_directory"):
            reading.problems.append(Problem(join_path(path, key), "unknown key", *(place_of(entry, key))))
    names = _names(entry.get("path"))
    env_files = _names(entry.get("env_file", Seq()))
    if not names or env_files is None:
        reading.problems.append(Problem(path, "must have the path of a file, or a list of them", *place))
        return None
    files = [folder / name for name in names]
    base = files[0].parent
    if isinstance(entry.get("project_directory"), str):
        base = folder / entry["project_directory"]
    for file in files:
        if file.resolve() in above:
            shown = " -> ".join(reading.shown(step) for step in (*above, file.resolve()))
            reading.problems.append(Problem(path, f"goes round in a circle: {shown}", *place))
            return None
    default = base / ".env"
    sources = [folder / name for name in env_files] or [default] * default.is_file()
    variables: dict[str, str] = {}
    for source in sources:
        variables.update(reading.variables(source, lookup, Problem(path, "", *place), earlier=variables))
    documents = [(file, found) for file in files for found in reading.documents(file, Problem(path, "", *place))]
    return loader.model(documents, base, chain(lookup, variables), above)


def _parts(model: Map) -> Map:
    """Return what there is to include: neither a name nor what compose does not know."""
    kept = {key: value for key, value in model.items() if key not in ("name", "version") and not key.startswith("x-")}
    return Map(kept, model.file, model.lines)


def _names(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Seq) and all(isinstance(item, str) for item in value):
        return list(value)
    return None
