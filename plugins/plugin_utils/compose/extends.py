# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``extends``: a service that is another one, of this file or another, and what it says itself over that.

Knows where the other service is found and that nobody extends himself. How two services become one is merge's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .located import Map, Tagged
from .merge import SERVICE, SERVICES, copied, merge, untagged
from .paths import Paths
from .places import place_of, problem_at
from .problems import Problem, join_path
from .reading import Lookup, Reading


class _Unit:
    """The services of one file."""

    def __init__(self, path: Path | None, folder: Path, services: Map) -> None:
        self.path = path
        self.folder = folder
        self.services = services
        self.done: set[str] = set()


class Extends:
    """Resolves the ``extends`` of all services of a project's files."""

    def __init__(self, reading: Reading, lookup: Lookup) -> None:
        self._reading = reading
        self._lookup = lookup
        self._units: dict[Path, _Unit] = {}

    def resolve_document(self, document: Map, path: Path | None, folder: Path) -> None:
        """Resolve every service of a document; its own paths are resolved already."""
        services = document.get("services")
        if not isinstance(services, Map):
            return
        unit = _Unit(path, folder, services)
        for name, service in services.items():
            if isinstance(service, Map) and "extends" in service:
                self._resolve(unit, name, ())

    def _resolve(self, unit: _Unit, name: str, above: tuple[tuple[Path | None, str], ...]) -> Any:
        """Return the service as it is with all it extends."""
        service = unit.services[name]
        if name in unit.done or not isinstance(service, Map) or "extends" not in service:
            return service
        known = len(self._reading.problems)
        base = self._base(unit, name, service, (*above, (unit.path, name)))
        if len(self._reading.problems) > known:
            self._reading.incomplete = True
        del service["extends"]
        unit.done.add(name)
        if isinstance(base, Map):
            merge(base, service, SERVICE, join_path("services", name), self._reading.problems, keep=True)
            unit.services[name] = base
        return unit.services[name]

    def _base(self, unit: _Unit, name: str, service: Map, above: tuple[tuple[Path | None, str], ...]) -> Any:
        """Return a copy of the extended service, for others may extend it too; None after a problem."""
        problems = self._reading.problems
        path = join_path("services", name) + ".extends"
        value = service["extends"]
        value = value.value if isinstance(value, Tagged) and value.tag == "!override" else value
        if value is None or isinstance(value, Tagged):
            return None
        if isinstance(value, str):
            value = Map({"service": value}, service.file)
        if not isinstance(value, Map) or not isinstance(value.get("service"), str):
            problems.append(problem_at(service, "extends", path, "must name a service, and may name its file"))
            return None
        for key in value:
            if key not in ("service", "file"):
                problems.append(problem_at(value, key, join_path(path, key), "unknown key"))
        other = unit
        if value.get("file") is not None:
            found = self._file(value, unit, path)
            if found is None:
                return None
            other = found
        wanted = value["service"]
        place = place_of(value, "service") if value.lines else place_of(service, "extends")
        if (other.path, wanted) in above:
            chain = " -> ".join(step for _path, step in above)
            problems.append(Problem(path, f"goes round in a circle: {chain} -> {wanted}", *place))
            return None
        if wanted not in other.services:
            where = f" in {self._reading.shown(other.path)}" if other is not unit and other.path else ""
            problems.append(Problem(path, f"there is no service {wanted}{where}", *place))
            return None
        base = untagged(copied(self._resolve(other, wanted, above)))
        if not isinstance(base, Map):
            problems.append(Problem(path, f"the service {wanted} is no mapping", *place))
        return base

    def _file(self, value: Map, unit: _Unit, path: str) -> _Unit | None:
        named = value["file"]
        if not isinstance(named, str) or not named:
            self._reading.problems.append(problem_at(value, "file", f"{path}.file", "must be a file's name"))
            return None
        file = (unit.folder / named).resolve()
        if unit.path is not None and file == unit.path.resolve():
            return unit
        if file not in self._units:
            found = self._load(file, problem_at(value, "file", f"{path}.file", ""))
            if found is None:
                return None
            self._units[file] = found
        return self._units[file]

    def _load(self, file: Path, problem: Problem) -> _Unit | None:
        documents = self._reading.documents(file, problem)
        if not documents:
            return None
        whole = Map(file=documents[0].file)
        for document in documents:
            interpolated = self._reading.interpolated(document, self._lookup)
            Paths(self._reading, file.parent).resolve_document(interpolated)
            services = interpolated.get("services")
            if isinstance(services, Map):
                merge(whole, services, SERVICES, "services", self._reading.problems, keep=True)
        return _Unit(file, file.parent, whole)
