# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves the paths that a compose file names, each relative to the folder of the file it was written in.

Knows which keys are paths and which texts there are none. Where a path leads on the host is for the project's
resolver to say. This is done before anything is merged, while it is known where a path is from.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...module_utils.stowage.service import mounts
from .located import Map, Seq, Tagged
from .places import place_of, problem_at
from .problems import join_path
from .reading import Reading

BIND, BUILD, WATCH, CONFIG, SECRET, FILE = "bind", "build", "watch", "config", "secret", "file"
_KEPT_INSIDE = (CONFIG, SECRET)
_REMOTE = ("git@", "github.com/", "service:", "docker-image:", "oci-layout:", "target:")


def local_path(kind: str, folder: Path, written: str) -> str:
    """Return the path on this machine: what is relative begins in the folder, ``~`` is the user's home."""
    del kind
    path = os.path.expanduser(written) if written.startswith("~") else written  # noqa: PTH111 - ~x stays as it is
    return path if path.startswith("/") else os.path.normpath(f"{folder}/{path}")


class Paths:
    """Resolves the paths of one document in place."""

    def __init__(self, reading: Reading, folder: Path) -> None:
        self._project = reading.directory
        self._folder = folder
        self._resolve = reading.resolve
        self._problems = reading.problems

    def resolve_document(self, document: Map) -> None:
        """Resolve all paths, those of services and of top-level configs and secrets."""
        for name, service in _entries(document.get("services")):
            self.resolve_service(service, join_path("services", name))
        for section, kind in (("configs", CONFIG), ("secrets", SECRET)):
            for name, entry in _entries(document.get(section)):
                self._key(entry, "file", kind, f"{join_path(section, name)}")

    def resolve_service(self, service: Map, path: str) -> None:
        """Resolve the paths of one service. What has a wrong type is left for its reader to find."""
        build = _bare(service.get("build"))
        if isinstance(build, str):
            self._key(service, "build", BUILD, path)
        elif isinstance(build, Map):
            self._key(build, "context", BUILD, f"{path}.build")
            self._contexts(_bare(build.get("additional_contexts")), f"{path}.build.additional_contexts")
        for key in ("env_file", "label_file"):
            if key in service:
                self._files(service, key, path)
        if "volumes" in service:
            self._volumes(_bare(service["volumes"]), f"{path}.volumes")
        develop = _bare(service.get("develop"))
        for position, watch in enumerate(_items(develop.get("watch") if isinstance(develop, Map) else None)):
            if isinstance(watch, Map):
                self._key(watch, "path", WATCH, f"{path}.develop.watch[{position}]")
        for position, container in enumerate(_items(service.get("pre_start"))):
            if isinstance(container, Map):
                self.resolve_service(container, f"{path}.pre_start[{position}]")

    def complete_builds(self, document: Map) -> None:
        """Give builds that name no context the folder of the project they are of."""
        for name, service in _entries(document.get("services")):
            build = service.get("build")
            if isinstance(build, Map) and build.get("context") is None:
                build["context"] = "."
                self._key(build, "context", BUILD, join_path("services", name) + ".build")

    def _key(self, holder: Any, key: Any, kind: str, path: str) -> None:
        """Resolve the text at ``key``, if it is a path at all."""
        value = holder[key] if isinstance(holder, list) else holder.get(key)
        tagged = isinstance(value, Tagged)
        written = value.value if isinstance(value, Tagged) else value
        if not isinstance(written, str) or (kind == BUILD and _is_remote(written)):
            return
        resolved = self._at(holder, key, kind, path, written)
        holder[key] = Tagged(value.tag, resolved) if tagged else resolved

    def _at(self, holder: Any, key: Any, kind: str, path: str, written: str) -> str:
        if kind in _KEPT_INSIDE and self._leads_out(written):
            what = "leads out of the project"
        else:
            try:
                return self._resolve(kind, self._folder, written)
            except ValueError as error:
                what = str(error)
        self._problems.append(problem_at(holder, key, join_path(path, key), what))
        # Stands for the path, so that it is refused once.
        return local_path(kind, self._folder, written)

    def _leads_out(self, written: str) -> bool:
        """Whether a relative path ends outside of the project, which brings its own files only."""
        path = os.path.normpath(f"{self._folder}/{written}")
        return not written.startswith(("/", "~")) and not f"{path}/".startswith(f"{self._project}/")

    def _contexts(self, contexts: Any, path: str) -> None:
        if isinstance(contexts, Map):
            for name in contexts:
                self._key(contexts, name, BUILD, path)
        for position, item in enumerate(_items(contexts)):
            name, equals, written = item.partition("=") if isinstance(item, str) else ("", "", "")
            if equals and not _is_remote(written):
                contexts[position] = f"{name}={self._at(contexts, position, BUILD, path, written)}"

    def _files(self, service: Map, key: str, path: str) -> None:
        """What the controller reads itself leads to where it is here; docker compose prints where it would be."""
        value = service[key]
        inner = _bare(value)
        if isinstance(inner, str):
            inner = Seq([inner] if inner else [], service.file, [place_of(service, key)[1]])
            service[key] = Tagged(value.tag, inner) if isinstance(value, Tagged) else inner
        for position, item in enumerate(_items(inner)):
            entry = Map({"path": item}, inner.file) if isinstance(item, str) else item
            if isinstance(entry, Map) and isinstance(entry.get("path"), str):
                written = entry["path"]
                entry["path"] = local_path(FILE, self._folder, written)
                if key == "label_file":
                    entry["shown"] = self._at(inner, position, FILE, f"{path}.{key}", written)
                inner[position] = entry

    def _volumes(self, volumes: Any, path: str) -> None:
        for position, item in enumerate(_items(volumes)):
            if isinstance(item, str):
                if item[:1] in "/.~" and ":" in item:
                    self._short(volumes, position, item, path)
            elif isinstance(item, Map) and item.get("type") == "bind":
                self._key(item, "source", BIND, f"{path}[{position}]")

    def _short(self, volumes: Seq, position: int, spec: str, path: str) -> None:
        written = spec.partition(":")[0]
        resolved = self._at(volumes, position, BIND, path, written)
        if resolved == written:
            return
        try:
            entry = mounts.lengthen(spec)
        except ValueError as error:
            self._problems.append(problem_at(volumes, position, f"{path}[{position}]", str(error)))
            return
        entry["source"] = resolved
        volumes[position] = Map(entry, volumes.file)


def _is_remote(text: str) -> bool:
    return "://" in text or text.startswith(_REMOTE)


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Tagged) else value


def _items(value: Any) -> Any:
    inner = _bare(value)
    return inner if isinstance(inner, Seq) else ()


def _entries(section: Any) -> list[tuple[str, Map]]:
    inner = _bare(section)
    if not isinstance(inner, Map):
        return []
    return [(name, _bare(entry)) for name, entry in inner.items() if isinstance(_bare(entry), Map)]
