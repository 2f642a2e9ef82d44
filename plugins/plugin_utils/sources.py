# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's files that a manifest names: build contexts and image archives, and the files of stacks.

Finds them, puts what identifies them into the manifest, and packs those that a host asks for. Knows
the places in a manifest that name files. Knows nothing of connections.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..module_utils.stowage.content import ContentError
from ..module_utils.stowage.content.archive import read_archive
from ..module_utils.stowage.content.context import Context

# Contexts are mostly text: a fast level takes most of what there is to gain.
_LEVEL = 5
# A transfer of its own costs as much as a task: this much goes along with the request.
_SMALL = 1 << 20
_ROOM = 8 << 20
# Stands for content that could not be read, so that the host finds all else that is wrong, and only that.
_UNREAD = "sha256:" + 64 * "0"


class Sources:
    """What a manifest needs from here. ``find`` leads from a path as written to the file or folder itself.

    ``problems`` holds, as ``{"path", "message"}``, what could not be used.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        find: Callable[[str], str],
        contents: Mapping[str, Path | bytes] | None = None,
    ) -> None:
        self._find = find
        self._contents = contents or {}
        self._contexts: dict[str, Context] = {}
        self._archives: dict[str, str] = {}
        self.problems: list[dict[str, str]] = []
        for path, name, entry in _entries(manifest):
            if isinstance(entry.get("build"), str):  # compose's short syntax
                entry["build"] = {"context": entry["build"]}
            build, load = entry.get("build"), entry.get("load")
            try:
                if _is_here(build, "context"):
                    self._identify_context(build)
            except ContentError as error:
                self.problems.append({"path": f"{path}.build", "message": str(error)})
            try:
                if _is_here(load, "path"):
                    self._identify_archive(name, load)
            except ContentError as error:
                self.problems.append({"path": f"{path}.load", "message": str(error)})

    def file(self, digest: str, folder: Path) -> str:
        """A file to transfer: the archive itself, or the context packed into ``folder``."""
        if digest in self._archives:
            return self._archives[digest]
        content = self._contents.get(digest)
        if isinstance(content, Path):
            return str(content)
        path = folder / digest.replace(":", "-")
        if content is not None:
            path.write_bytes(content)
            return str(path)
        # No name and no time in the header: one context, one file.
        with path.open("wb") as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
            self._contexts[digest].pack(packed)
        return str(path)

    @property
    def digests(self) -> list[str]:
        """Everything there is to bring."""
        return [*self._contexts, *self._archives, *self._contents]

    def split(self, digests: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """Small contents, as base64 by their digest, to go along with the request; and the others."""
        small: dict[str, str] = {}
        rest: list[str] = []
        room = _ROOM
        for digest in digests:
            content = self._contents.get(digest)
            size = content.stat().st_size if isinstance(content, Path) else len(content or b"")
            if content is None or size > min(room, _SMALL):
                rest.append(digest)
                continue
            room -= size
            data = content.read_bytes() if isinstance(content, Path) else content
            small[digest] = base64.b64encode(data).decode()
        return small, rest

    def _identify_context(self, build: dict[str, Any]) -> None:
        written = build["context"]
        build["digest"] = _UNREAD
        if "://" in written or written.startswith("git@"):
            raise ContentError(f"{written}: contexts are folders; check the sources out and name the folder")
        inline = build.pop("dockerfile_inline", None)
        context = Context(self._find(written), build.get("dockerfile") or "", inline)
        build["digest"], build["dockerfile"] = context.digest, context.dockerfile
        self._contexts[build["digest"]] = context

    def _identify_archive(self, name: str, load: dict[str, Any]) -> None:
        load["digest"], load["layers"] = _UNREAD, []
        path = self._find(load["path"])
        archive = read_archive(path)
        load["digest"], load["layers"] = archive.digest, list(archive.image(name).layers)
        self._archives[archive.digest] = path


def _entries(manifest: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Images that are to be there, with their paths. What is malformed is left for the host to name with the rest."""
    stacks = manifest.get("stacks")
    places = {"$": manifest}
    if isinstance(stacks, dict):
        places.update((f"$.stacks.{name}", stack) for name, stack in stacks.items())
    for place, section in places.items():
        images = section.get("images")
        for name, entry in images.items() if isinstance(images, dict) else ():
            if isinstance(entry, dict) and entry.get("state") != "absent":
                yield f'{place}.images["{name}"]', name, entry


def _is_here(section: Any, key: str) -> bool:
    return isinstance(section, dict) and isinstance(section.get(key), str) and not section.get("remote_src")
