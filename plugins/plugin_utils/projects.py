# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose projects on the controller to the stacks of a manifest.

Loads each project, says where on the host its files will lie, and collects what has to be brought there. Knows
the options of a stack and the shape of its manifest. How compose files are read is the loader's (``compose``),
how anything travels the delivery's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..module_utils.stowage.content import ContentError
from ..module_utils.stowage.service.compose import image_labels
from ..module_utils.stowage.service.dependencies import dependencies
from ..module_utils.stowage.service.grants import CONFIGS, DEFAULT_MODE, SECRETS, grants, kept_path
from ..module_utils.stowage.service.references import parents
from .compose import LoadError, Options, Project, load_project
from .compose.problems import Problem
from .project_files import ProjectFiles

# Where stacks lie on hosts unless they are told another place.
ROOT = "/var/lib/stowage/stacks"
_COUNT = re.compile("[0-9]{1,4}")
_SETTINGS = ("state", "prune", "recreate", "remove_volumes", "wait", "wait_timeout", "monitor")
# What only a builder outside of the engine can do, and the engine's API has no words for.
_BUILDKIT = ("ssh", "cache_to", "platforms", "entitlements", "no_cache_filter")
_NO_BUILD = {
    "secrets": "the engine's API has no secrets for builds; use args, or build the image elsewhere",
    "additional_contexts": "only the context itself is brought to the host; copy what is needed into it",
    "provenance": "attestations are for registries; build the image elsewhere",
    "sbom": "attestations are for registries; build the image elsewhere",
}


class Controller(NamedTuple):
    """What loading needs of Ansible: to find a path by the rules of src, a file's text, a variable by its name."""

    find: Callable[[str], str]
    read: Callable[[Path], str]
    decrypt: Callable[[Path], bytes]
    variable: Callable[[str], str | None]


class Stacks:
    """The stacks of one task.

    ``problems`` holds, as ``{"path", "message"}``, what could not be loaded; ``warnings`` what a user should
    know. ``contents`` leads from a digest to what has it: a file here, or the bytes themselves.
    """

    def __init__(self, manifest: dict[str, Any], controller: Controller) -> None:
        self.problems: list[dict[str, str]] = []
        self.warnings: list[str] = []
        self.contents: dict[str, Path | bytes] = {}
        self._projects: dict[str, Project] = {}
        self._controller = controller
        options = manifest.get("stacks")
        if not isinstance(options, dict):
            return
        loaded: dict[str, Any] = {}
        for key, given in options.items():
            self._try(key, given, loaded)
        manifest["stacks"] = loaded

    def locate(self, path: str) -> str:
        """A path of the manifest as ``compose.yaml:12: services.web``; as it is where no file has it."""
        found = re.match(r"\$\.stacks\.([\w-]+)\.(.+)\Z", path)
        project = self._projects.get(found[1]) if found else None
        if project is None or found is None:
            return path
        file, line = project.locate(found[2])
        return f"{file}:{line}: {found[2]}" if line else path

    def _try(self, key: str, given: Mapping[str, Any], loaded: dict[str, Any]) -> None:
        try:
            name, document = self._load(key, given)
        except LoadError as error:
            self._refuse(key, error)
        except ContentError as error:
            self.problems.append({"path": f"$.stacks.{key}" if key else "src", "message": str(error)})
        else:
            loaded[name] = document

    def _decrypt(self, path: Path) -> bytes:
        try:
            return self._controller.decrypt(path)
        except OSError as error:
            raise ContentError(f"{path}: {error}") from error

    def _refuse(self, key: str, error: LoadError) -> None:
        for problem in error.problems:
            place = f"{problem.file}:{problem.line}: " if problem.line else f"{problem.file}: " if problem.file else ""
            prefix = "" if place or not key else f"stacks.{key}: "
            self.problems.append({"path": f"{prefix}{place}{problem.path}".rstrip(": "), "message": problem.message})

    def _load(self, key: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        settings = {name: given[name] for name in _SETTINGS if given.get(name) is not None}
        settings["remove_images"] = given.get("remove_images") == "all"
        if given["state"] == "absent" and not (given.get("src") or given.get("definition")):
            return key, {**settings, "directory": given.get("directory") or f"{ROOT}/{key}"}
        folder = Path(self._controller.find(given["src"])) if given.get("src") else Path("/")
        if given.get("src") and not folder.is_dir():
            raise ContentError(f"src: {given['src']} is no directory")
        project, place = self._project(key, given, folder)
        if given["state"] == "absent":
            return project.name, {**settings, "directory": place.directory}
        self.warnings += project.warnings
        self._projects[project.name] = project
        stack = _Stack(project, place, given)
        document = {**settings, **stack.document()}
        if stack.problems:
            raise LoadError(stack.problems)
        self.contents.update(place.contents)
        return project.name, document

    def _project(self, key: str, given: Mapping[str, Any], folder: Path) -> tuple[Project, ProjectFiles]:
        """Load it; where it lies on the host may depend on its name, which may stand in its files."""
        here = folder if given.get("src") else None
        place = ProjectFiles(here, given.get("directory") or f"{ROOT}/{key or '-'}", self._decrypt)
        options = Options(
            directory=folder,
            files=tuple(given.get("files") or ()),
            definition=given.get("definition"),
            name=key,
            environment={str(name): _text(value) for name, value in (given.get("env") or {}).items()},
            inventory=self._controller.variable,
            env_files=tuple(given.get("env_files") or ()),
            profiles=tuple(given.get("profiles") or ()),
            read=self._controller.read,
            resolve=place.resolve,
        )
        project = load_project(options)
        if key or given.get("directory"):
            return project, place
        return self._project(project.name, given, folder)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class _Stack:
    """One loaded project, on the way to its part of a manifest."""

    def __init__(self, project: Project, place: ProjectFiles, given: Mapping[str, Any]) -> None:
        self.project = project
        self.place = place
        self.given = given
        self.problems: list[Problem] = []
        self.services: dict[str, Any] = {
            name: self._with_options(name, service) for name, service in project.document.get("services", {}).items()
        }

    def document(self) -> dict[str, Any]:
        """Everything about the stack but how to go about it."""
        self._check_names()
        left = self._left()
        here = {name: service for name, service in self.services.items() if name not in left}
        document: dict[str, Any] = {
            "directory": self.place.directory,
            "config_files": [self.place.on_host(file) for file in self.project.files],
            "services": self.services,
            "images": self._images(here) if self.given.get("build", True) else {},
            "networks": self.project.document.get("networks") or {},
            "volumes": self.project.document.get("volumes") or {},
            "left": sorted(left),
            "named_volumes": list(self.project.volumes),
        }
        for service in here.values():
            self.place.take_mounts(service)
        for kind in (CONFIGS, SECRETS):
            document[kind] = self._take_granted(kind, here)
        document["files"] = self.place.files
        return document

    def _with_options(self, name: str, service: Mapping[str, Any]) -> dict[str, Any]:
        """The service with what the task says of pulling and scaling; neither is part of compose's hash."""
        changed = dict(service)
        pull = self.given.get("pull") or "policy"
        if service.get("build") and not self.given.get("build", True):
            pull = "never"  # a registry may have another image of that name
        if pull != "policy":
            changed["pull_policy"] = pull
        number = str((self.given.get("scale") or {}).get(name, ""))
        if _COUNT.fullmatch(number):
            changed["scale"] = int(number)
            if "replicas" in (changed.get("deploy") or {}):
                changed["deploy"] = {**changed["deploy"], "replicas": int(number)}
        return changed

    def _check_names(self) -> None:
        """What options name must be there."""
        disabled = set(self.project.disabled)
        for option in ("services", "scale"):
            for name in self.given.get(option) or ():
                if name not in self.services:
                    why = "is not enabled by a profile" if name in disabled else "is no service of the project"
                    self._mistake(option, f"{name} {why}")
        for name, number in (self.given.get("scale") or {}).items():
            if not _COUNT.fullmatch(str(number)):
                self._mistake(f"scale.{name}", "must be a whole number not below 0")
        for kind in (CONFIGS, SECRETS):
            external = {key for key, entry in (self.project.document.get(kind) or {}).items() if entry.get("external")}
            for name in self.given.get(kind) or ():
                if name not in external:
                    self._mistake(f"{kind}.{name}", f"is not among the external {kind} of the project")

    def _mistake(self, option: str, message: str) -> None:
        """Record what is wrong with an option of the task, which stands in no file of the project."""
        self.problems.append(Problem(option, message))

    def _problem(self, path: str, message: str) -> None:
        file, line = self.project.locate(path)
        self.problems.append(Problem(path, message, file, line))

    def _left(self) -> set[str]:
        """Services that are neither named nor needed by one that is."""
        chosen = [name for name in self.given.get("services") or () if name in self.services]
        if not chosen:
            return set()
        needed: set[str] = set()
        while chosen:
            name = chosen.pop()
            if name not in needed:
                needed.add(name)
                others = [*dependencies(self.services[name]), *parents(self.services[name])]
                chosen += [other for other in others if other in self.services]
        return set(self.services) - needed

    def _images(self, services: Mapping[str, Any]) -> dict[str, Any]:
        """What is built here, by the image's name."""
        images: dict[str, Any] = {}
        for name, service in services.items():
            build = service.get("build")
            if build is None:
                continue
            for key, reason in _NO_BUILD.items():
                if build.get(key):
                    self._problem(f"services.{name}.build.{key}", f"not supported: {reason}")
            options = {key: value for key, value in build.items() if key not in _NO_BUILD}
            options["labels"] = {**(build.get("labels") or {}), **image_labels(self.project.name, name)}
            if any(options.get(key) for key in _BUILDKIT):
                options["builder"] = "buildkit"
            entry: dict[str, Any] = {"build": options}
            if service.get("platform"):
                entry["platform"] = service["platform"]
            images.setdefault(service.get("image") or f"{self.project.name}-{name}", entry)
        return images

    def _take_granted(self, kind: str, services: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """Bring the contents that services ask for, under each owner and mode they ask for."""
        places: dict[str, dict[str, str]] = {}
        section = self.project.document.get(kind) or {}
        for service in services.values():
            for grant in grants(service):
                entry = section.get(grant.source)
                if grant.kind != kind or entry is None:
                    continue
                if grant.source not in places:
                    places[grant.source] = {"path": self._take_content(kind, grant.source, entry)}
                plain = places[grant.source]["path"]
                if not grant.is_plain and plain in self.place.files:
                    known = self.place.files[plain]
                    mode = DEFAULT_MODE if grant.mode is None else grant.mode
                    asked = {"uid": grant.uid or 0, "gid": grant.gid or 0, "mode": mode}
                    self.place.files[grant.path(plain)] = {"digest": known["digest"], **asked}
        return places

    def _take_content(self, kind: str, name: str, entry: Mapping[str, Any]) -> str:
        """Have one config or secret brought; returns its path below the stack's directory."""
        if entry.get("file"):
            path = self.place.below(str(entry["file"]))
            if path.startswith("/"):
                return path  # lies on the host already, or will be missed when it is mounted
            # Kept where only root gets to: the project's own folders are open to everybody on the host.
            if not self.place.take_as(path, kept_path(kind, name)):
                self._problem(f"{kind}.{name}.file", f"there is no file {path} in the project")
            return kept_path(kind, name)
        content = entry.get("content")
        if entry.get("driver"):
            why = "not supported: no driver runs here; use file, environment or external"
            self._problem(f"{kind}.{name}.driver", why)
        if entry.get("external"):
            content = (self.given.get(kind) or {}).get(name)
            if content is None:
                self._problem(f"{kind}.{name}", f"is external: give its content by the task's option {kind}")
        elif entry.get("environment"):
            content = self.project.values.get((kind, name))
            if content is None:
                self._problem(f"{kind}.{name}.environment", f"the variable {entry['environment']} is not set")
        path = kept_path(kind, name)
        self.place.keep(path, _text(content).encode(), DEFAULT_MODE)
        return path
