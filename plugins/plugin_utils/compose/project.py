# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a project: the phases in their order, from files to the document that docker compose would print.

Knows the order and what each phase hands to the next. What a phase does is in the file of its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...module_utils.stowage.errors import Problem as Found
from ...module_utils.stowage.service.canonical import parse_service
from ...module_utils.stowage.service.shapes import refuse_key
from . import check, profiles, sections
from .environment import apart, resolve_names, service_files
from .extends import Extends
from .files import project_files
from .include import include
from .located import Map
from .merge import PROJECT, merge, untagged
from .normalize import complete, inherit
from .paths import Paths, local_path
from .places import Place, find, problem_at
from .problems import LoadError, Problem, join_path
from .reading import Lookup, Reading, Resolver, chain, located

INLINE = "definition"
_KEYS = ("version", "name", "include", "services", *sections.SECTIONS)
_REFUSED = {
    "models": "the engine has no models",
    "jobs": "docker compose runs them by a schedule of its own",
}
_SERVICE_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _nothing(_name: str) -> str | None:
    return None


def _read(path: Path) -> str:
    return path.read_text("utf-8")


@dataclass(frozen=True)
class Options:
    """What is to be loaded, and by which means.

    ``environment`` and ``inventory`` are asked for variables before the project's own files; the environment of
    the process never is. ``read`` returns the text of a file, templates rendered and vaults opened. ``resolve``
    tells where a path leads: (kind, folder, path as written) -> path in the document.
    """

    directory: Path
    files: tuple[str, ...] = ()
    definition: Mapping[str, Any] | None = None
    name: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    inventory: Lookup = _nothing
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    read: Callable[[Path], str] = _read
    resolve: Resolver = local_path


@dataclass(frozen=True)
class Project:
    """A project that was loaded.

    ``document`` is what ``docker compose config --format json`` prints, save that a dollar is one dollar there.
    ``values`` holds the content of configs and secrets that come from variables, by section and key. ``volumes``
    are the keys of all top-level volumes, those included that no enabled service has.
    """

    name: str
    document: dict[str, Any]
    files: tuple[Path, ...]
    disabled: tuple[str, ...]
    warnings: tuple[str, ...]
    values: Mapping[tuple[str, str], str]
    volumes: tuple[str, ...]
    locate: Callable[[str], Place]


def load_project(options: Options) -> Project:
    """Load a project; LoadError tells everything that is wrong with it."""
    options = replace(options, directory=Path(os.path.abspath(options.directory)))  # noqa: PTH100 - keeps links
    reading = Reading(options.directory, options.read, options.resolve)
    loader = _Loader(options, reading)
    project = loader.load()
    if reading.problems:
        raise LoadError(_in_order(reading.problems))
    return project


class _Loader:
    def __init__(self, options: Options, reading: Reading) -> None:
        self.options = options
        self.reading = reading
        self.name = ""
        self.lookup: Lookup = _nothing

    def load(self) -> Project:
        options, reading = self.options, self.reading
        variables = chain(options.environment, options.inventory, self._project_variables())
        files, documents = self._documents(variables)
        self.name = self._name(documents, variables)
        self.lookup = chain({"COMPOSE_PROJECT_NAME": self.name} if self.name else {}, variables)
        model = self.model(documents, options.directory, self.lookup, ())
        active = options.profiles or tuple(filter(None, (variables("COMPOSE_PROFILES") or "").split(",")))
        document, disabled, values = self._finish(model, active)
        return Project(
            self.name,
            document,
            tuple(files),
            disabled,
            tuple(dict.fromkeys(reading.warnings)),
            values,
            tuple(str(key) for key in model.get("volumes") or ()),
            lambda path: find(model, path),
        )

    def _project_variables(self) -> dict[str, str]:
        """The variables of ``.env``, or of the files that stand for it; a later file may use those before it."""
        options = self.options
        default = options.directory / ".env"
        # What is written in a playbook has no folder whose files would be meant without being named.
        found = options.definition is None and default.is_file()
        files = [options.directory / name for name in options.env_files] or [default] * found
        result: dict[str, str] = {}
        for file in files:
            lookup = chain(options.environment, options.inventory)
            result.update(self.reading.variables(file, lookup, earlier=result))
        return result

    def _documents(self, variables: Lookup) -> tuple[list[Path], list[tuple[Path | None, Map]]]:
        options, reading = self.options, self.reading
        if options.definition is not None:
            return [], [(None, located(options.definition, INLINE))]
        named = options.files
        if not named and variables("COMPOSE_FILE"):
            separator = variables("COMPOSE_PATH_SEPARATOR") or ":"
            named = tuple(filter(None, (variables("COMPOSE_FILE") or "").split(separator)))
        files = project_files(options.directory, named, reading.warnings)
        if not files:
            reading.problems.append(Problem("", f"there is no compose file in {options.directory}"))
        return files, [(file, document) for file in files for document in reading.documents(file)]

    def _name(self, documents: list[tuple[Path | None, Map]], variables: Lookup) -> str:
        """The project's name: what the task says, the environment, the files, or that of the folder."""
        reading = self.reading
        given = self.options.name or variables("COMPOSE_PROJECT_NAME") or ""
        if given:
            if not _PROJECT_NAME.fullmatch(given):
                message = f"{given!r} is no name: lower case letters, digits, - and _, and a letter or digit first"
                reading.problems.append(Problem("name", message))
            return given
        written = ""
        for _file, document in documents:
            if isinstance(document.get("name"), str):
                only = Map({"name": document["name"]}, document.file, {"name": document.lines.get("name", 0)})
                written = str(reading.interpolated(only, variables)["name"]) or written
        name = _as_name(written) if written else _as_name(self.options.directory.resolve().name)
        if not name:
            reading.problems.append(Problem("name", "the project has no name, and its folder's makes none"))
        return name

    def model(
        self, documents: Iterable[tuple[Path | None, Map]], folder: Path, lookup: Lookup, above: tuple[Path, ...]
    ) -> Map:
        """Return documents as one, all paths resolved, with what they extend and include."""
        reading = self.reading
        result = Map()
        extends = Extends(reading, lookup)
        for path, written in documents:
            document = reading.interpolated(written, lookup)
            Paths(reading, folder).resolve_document(document)
            included = include(self, document, path, folder, lookup, above)
            if included:
                document = self._over(included, document)
            extends.resolve_document(document, path, folder)
            if result:
                merge(result, document, PROJECT, "", reading.problems)
            else:
                result = document
        untagged(result)
        resolve_names(result, lookup, included=bool(above))
        Paths(reading, folder).complete_builds(result)
        return result

    def _over(self, included: list[Map], document: Map) -> Map:
        """Return the document over what it includes, of which the first counts."""
        result = Map(file=document.file)
        for other in reversed(included):
            merge(result, other, PROJECT, "", self.reading.problems)
        merge(result, document, PROJECT, "", self.reading.problems, keep=True)
        return result

    def _finish(self, model: Map, active: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...], dict[Any, str]]:
        found: list[Found] = []
        self._check_keys(model, found)
        services = self._services(model, found)
        tops = {name: sections.parse_section(name, model.get(name), self.name, found) for name in sections.SECTIONS}
        self.reading.problems.extend(
            Problem(problem.path, problem.message, *find(model, problem.path)) for problem in found
        )
        enabled, disabled = profiles.split(services, active)
        for name, service in enabled.items():
            service_files(service, model["services"][name], join_path("services", name), self.reading, self.lookup)
        document: dict[str, Any] = {"name": self.name, "services": enabled}
        self._add_sections(document, tops)
        if not self.reading.incomplete:
            check.check_project(enabled, services, model, self.reading.problems)
        values = check.values(document, self.lookup, model, self.reading.problems)
        document.update((key, value) for key, value in model.items() if key.startswith("x-"))
        return document, tuple(disabled), values

    def _check_keys(self, model: Map, found: list[Found]) -> None:
        if not isinstance(model.get("name", ""), (str, type(None))):
            found.append(Found("name", "must be a string"))
        for key in model:
            if key in _REFUSED and model[key]:
                found.append(Found(key, f"not supported here: {_REFUSED[key]}"))
            elif key not in _KEYS and key not in _REFUSED and not key.startswith("x-"):
                refuse_key("", key, _KEYS, found)
                found[-1] = Found(found[-1].path.lstrip("."), found[-1].message)

    def _services(self, model: Map, found: list[Found]) -> dict[str, dict[str, Any]]:
        services = model.get("services")
        if services is None:
            return {}
        if not isinstance(services, Map):
            found.append(Found("services", "must be a mapping"))
            return {}
        result = {}
        for name, service in services.items():
            path = join_path("services", name)
            if not _SERVICE_NAME.fullmatch(name):
                self.reading.problems.append(
                    problem_at(services, name, path, "a service's name is made of letters, digits, ., - and _")
                )
            if not isinstance(service, Map):
                found.append(Found(path, "must be a mapping"))
                continue
            inherit(service, path, self.reading.problems)
            with apart(service):
                result[name] = complete(parse_service(service, path, found, stack=True))
        return result

    def _add_sections(self, document: dict[str, Any], tops: dict[str, dict[str, dict[str, Any]]]) -> None:
        used: set[tuple[str, str]] = {
            (section, key)
            for service in document["services"].values()
            for section, key, _path in sections.uses(service)
        }
        if ("networks", "default") in used:
            default = {"name": f"{self.name}_default", "ipam": {}}
            tops["networks"] = {"default": default, **tops["networks"]}
        for section in sections.SECTIONS:
            entries = {key: entry for key, entry in tops[section].items() if (section, key) in used}
            if entries:
                document[section] = entries


def _in_order(problems: list[Problem]) -> list[Problem]:
    """Return the problems file by file, each once, in the order of their lines."""
    files: dict[str, int] = {}
    for problem in problems:
        files.setdefault(problem.file, len(files))
    return sorted(dict.fromkeys(problems), key=lambda problem: (files[problem.file], problem.line))


def _as_name(text: str) -> str:
    """Return the text as docker compose makes a project's name of it."""
    return re.sub("[^a-z0-9_-]", "", text.lower()).lstrip("_-")
