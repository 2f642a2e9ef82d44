# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one compose project: where each lies here, and where it will lie on the host.

Knows the two directories, and which files are brought: those that services mount and that the project has, and
contents that are no file of it. Knows nothing of services beyond their mounts.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..module_utils.stowage.content import ContentError

# A project's directory holds what an application is configured with; data and sources have better places.
MOST_FILES = 2_000
MOST_BYTES = 256 << 20
_APART = (".git", ".hg", ".svn", ".stowage")
_BLOCK = 1 << 20
_VAULT = b"$ANSIBLE_VAULT;"
# Kinds of paths that are the host's: those that lead to what has to be there, and those that are only named.
_BROUGHT = ("bind", "config", "secret")
_NAMED = ("file", "watch")


class ProjectFiles:
    """``directory`` is the place on the host, ``here`` that on the controller; None for a project without files.

    ``files`` is what the manifest says of them: by path below the directory, digest, mode and owner.
    ``contents`` leads from a digest to the file, or to the bytes, that have it. ``decrypt`` opens a vault.
    """

    def __init__(self, here: Path | None, directory: str, decrypt: Callable[[Path], bytes] = Path.read_bytes) -> None:
        self.here = here
        self._decrypt = decrypt
        self.directory = posixpath.normpath(directory)
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, Path | bytes] = {}
        self._bytes = 0
        self._taken: set[str] = set()

    def resolve(self, kind: str, base: Path, written: str) -> str:
        """Where a path of a compose file leads: on the host for what is mounted there, here for what is read here.

        Raises ValueError for a path that leads out of the project, and so to nothing that will be on the host.
        """
        if written.startswith("~"):
            raise ValueError("begins with ~, which is another folder for everybody: write the path itself")
        if written.startswith("/"):
            return posixpath.normpath(written)
        if kind not in (*_BROUGHT, *_NAMED):
            if self.here is None:
                raise ValueError("must be an absolute path: a definition has no project directory")
            return os.path.normpath(base / written)
        relative = written if self.here is None else os.path.relpath(os.path.normpath(base / written), self.here)
        if kind in _BROUGHT and posixpath.normpath(relative).split("/")[0] == "..":
            raise ValueError(f"{written} leads out of the project directory, so it would not be on the host")
        return posixpath.normpath(posixpath.join(self.directory, relative))

    def on_host(self, file: Path) -> str:
        """Where a file of the project would lie on the host."""
        name = os.path.relpath(file, self.here) if self.here else file.name
        return posixpath.normpath(posixpath.join(self.directory, name))

    def below(self, path: str) -> str:
        """A path on the host relative to the directory; as it is where it lies elsewhere."""
        return path.removeprefix(f"{self.directory}/")

    def take_mounts(self, service: Mapping[str, Any]) -> None:
        """Have everything brought that the service mounts of the project."""
        for mount in service.get("volumes") or ():
            source = str(mount.get("source") or "")
            if mount.get("type") == "bind" and f"{source}/".startswith(f"{self.directory}/"):
                self.take("" if source == self.directory else self.below(source))

    def take(self, path: str) -> bool:
        """Have a file, or a folder with all in it, brought. False where the project has none of that name."""
        if self.here is None:
            return False
        if path in self._taken:  # by another service: a folder of many files is walked once
            return True
        local = self.here / path
        if not self._is_inside(local):
            raise ContentError(f"{path} leads out of the project by a symbolic link")
        if local.is_dir():
            self._take_folder(path, local)
        elif local.is_file():
            self._take_file(path, local)
        else:
            return False
        self._taken.add(path)
        return True

    def take_as(self, path: str, kept: str) -> bool:
        """Have a file of the project brought under another name. False where the project has none of that name."""
        local = self.here / path if self.here is not None else None
        if local is None or not local.is_file():
            return False
        if not self._is_inside(local):
            raise ContentError(f"{path} leads out of the project by a symbolic link")
        self._take_file(kept, local)
        return True

    def keep(self, path: str, content: bytes, mode: int) -> None:
        """Have content brought that is no file of the project."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.files[path] = {"digest": digest, "mode": mode}
        self.contents[digest] = content

    def _take_folder(self, path: str, local: Path) -> None:
        for folder, folders, names in os.walk(local, onerror=_unreadable):
            folders[:] = sorted(name for name in folders if name not in _APART)
            relative = os.path.normpath(Path(path, os.path.relpath(folder, local)))
            if not names and not folders and relative != ".":
                self.files[relative] = {"digest": "", "mode": Path(folder).stat().st_mode & 0o7777}
            for name in [*folders, *sorted(names)]:
                entry = Path(folder, name)
                if entry.is_symlink() and (entry.is_dir() or not self._is_inside(entry)):
                    raise ContentError(f"{relative}/{name} is a symbolic link to a folder, or out of the project")
            for name in sorted(names):
                if Path(folder, name).is_file():
                    self._take_file(os.path.normpath(Path(relative, name)), Path(folder, name))

    def _take_file(self, path: str, local: Path) -> None:
        if path in self.files:
            return
        try:
            self._read_file(path, local)
        except OSError as error:
            _unreadable(error)

    def _read_file(self, path: str, local: Path) -> None:
        status = local.stat()
        self._bytes += status.st_size
        if len(self.files) >= MOST_FILES or self._bytes > MOST_BYTES:
            raise ContentError(
                f"services mount more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB of the project directory; "
                "mount less of it, or keep data in volumes"
            )
        content: Path | bytes = local
        digest = hashlib.sha256()
        with local.open("rb") as file:
            if file.read(len(_VAULT)) == _VAULT:
                opened = content = self._decrypt(local)
                digest.update(opened)
            else:
                file.seek(0)
                while block := file.read(_BLOCK):
                    digest.update(block)
        name = f"sha256:{digest.hexdigest()}"
        self.files[path] = {"digest": name, "mode": status.st_mode & 0o7777}
        self.contents[name] = content

    def _is_inside(self, local: Path) -> bool:
        return self.here is not None and local.resolve().is_relative_to(self.here.resolve())


def _unreadable(error: OSError) -> None:
    """What cannot be read must not be taken for what is not there, and so for what shall go."""
    raise ContentError(f"{error.filename}: {error.strerror}") from error
