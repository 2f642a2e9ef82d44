# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files go that were found damaged: to be looked at by a person, and by nobody else.

Knows names of the form ``<order>-<folder>-<file>``, and that only the latest are kept.
"""

from __future__ import annotations

import contextlib
import os
from typing import Tuple

from .files import Disk, is_folder, names

MOST = 20


class Damaged:
    """The folder of one store."""

    def __init__(self, disk: Disk, folder: str) -> None:
        self._disk = disk
        self._folder = folder

    def take(self, path: str, scope_folder: str, name: str = "") -> None:
        """Move what is at the path here. It may be anything."""
        if not os.path.lexists(path):
            return
        if not is_folder(self._folder):
            self._disk.remove(self._folder)
        self._disk.make_folder(self._folder)
        entries = self._entries()
        order = entries[-1][0] + 1 if entries else 1
        self._disk.rename(path, os.path.join(self._folder, f"{order:06d}-{scope_folder}-{name}"))
        for _order, _scope_folder, _name, entry in entries[: max(0, len(entries) + 1 - MOST)]:
            with contextlib.suppress(OSError):  # a reason to have too many, and none to fail
                self._disk.remove(os.path.join(self._folder, entry))

    def names(self, scope_folder: str) -> Tuple[str, ...]:
        """The names that files of one scope had."""
        return tuple(name for _order, folder, name, _entry in self._entries() if folder == scope_folder)

    def forget(self, scope_folder: str) -> None:
        """Remove what came from one scope."""
        for _order, folder, _name, entry in self._entries():
            if folder == scope_folder:
                self._disk.remove(os.path.join(self._folder, entry))

    def _entries(self) -> Tuple[Tuple[int, str, str, str], ...]:
        found = []
        for entry in names(self._folder):
            order, _dash, rest = entry.partition("-")
            scope_folder, dash, name = rest.rpartition("-")
            if order.isdecimal() and dash:
                found.append((int(order), scope_folder, name, entry))
        return tuple(sorted(found))
