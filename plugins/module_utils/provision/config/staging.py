# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges several files for others, and takes that back. Decides nothing.

Everything new is on the disk before anything old goes, and the old ones are held by a second name, so that neither
the exchange nor its undoing needs room on a disk that may be full by then.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from typing import Dict, List, Optional, Tuple

from ..errors import ProvisionError
from ..files import Files

PREFIX = ".stowage-"


class Exchange:
    """Files that take the place of others, all or none."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._staged: List[Tuple[str, Optional[str]]] = []  # the real path, and where its next content lies
        self._held: Dict[str, Optional[str]] = {}  # the real path, and where its former content lies
        self._folders: List[str] = []  # made by us

    def stage(self, path: str, text: Optional[str], mode: int) -> None:
        """Lay the next content of a file beside it; None: it is to go. Raises ProvisionError where there is no room."""
        real = self._real(path)
        if text is None:
            self._staged.append((real, None))
            return
        try:
            self._folder(os.path.dirname(real))
            handle, beside = tempfile.mkstemp(prefix=PREFIX, dir=os.path.dirname(real))
            self._staged.append((real, beside))
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
                file.flush()
                with contextlib.suppress(FileNotFoundError):
                    before = os.stat(real)
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                    mode &= before.st_mode  # somebody made it stricter
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
        except OSError as error:
            raise ProvisionError(f"{path} cannot be written: {error.strerror}") from error

    def hold(self, path: str) -> None:
        """Keep what a file holds now, for ``undo``."""
        self._hold(self._real(path))

    def _hold(self, real: str) -> None:
        if real in self._held:
            return
        if not os.path.exists(real):
            self._held[real] = None
            return
        held = os.path.join(os.path.dirname(real), f"{PREFIX}{secrets.token_hex(8)}")
        try:
            os.link(real, held)
        except OSError:
            # Not every file system has links.
            shutil.copy2(real, held)
        self._held[real] = held

    def commit(self) -> None:
        """Put what was staged in place, in the order it was."""
        for real, _beside in self._staged:
            self._hold(real)
        for real, beside in self._staged:
            if beside is not None:
                os.replace(beside, real)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(real)
        self._staged.clear()

    def undo(self) -> None:
        """Put back what was held, and forget what was staged."""
        for _real, beside in self._staged:
            if beside is not None:
                with contextlib.suppress(OSError):
                    os.unlink(beside)
        self._staged.clear()
        for real, held in self._held.items():
            if held is not None:
                os.replace(held, real)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(real)
        self._held.clear()
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                os.rmdir(folder)

    def settle(self) -> None:
        """Let go of what was held, and of folders in which nothing is left."""
        for real, held in self._held.items():
            if held is not None:
                os.unlink(held)
            if not os.path.exists(real):
                with contextlib.suppress(OSError):
                    os.rmdir(os.path.dirname(real))
        self._held.clear()

    def _real(self, path: str) -> str:
        # A link of somebody's is followed: it is the file behind it that they look after.
        return os.path.realpath(self._files.path(path))

    def _folder(self, folder: str) -> None:
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for path in reversed(missing):
            os.mkdir(path, 0o755)
            self._folders.append(path)


def sweep(files: Files, folders: List[str]) -> None:
    """Remove what a run that was killed left beside files."""
    for folder in folders:
        for name in files.list(folder):
            standing = files.standing(f"{folder}/{name}")
            if name.startswith(PREFIX) and standing and standing.kind == "file":
                files.remove(f"{folder}/{name}")
