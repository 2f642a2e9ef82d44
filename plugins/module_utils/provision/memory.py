# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role set on this host, so that it can take back its own and nobody else's.

Memory, never truth: lost or damaged it says that nothing is ours, and then nothing is taken back.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List

from .files import Files

# The runtime's as well, whichever of the two is there first; what it keeps is root's alone.
_STATE = "/var/lib/stowage"
_FOLDER = f"{_STATE}/engine"

Document = Dict[str, Any]


def digest(value: Any) -> str:
    """Return what identifies a value: notes have this in place of the value, which may be secret."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def parts(files: Files) -> List[str]:
    """Return the names of the parts that have set something on this host; none to a user who may not look."""
    try:
        names = files.list(_FOLDER)
    except PermissionError:
        return []
    return [name[: -len(".json")] for name in names if name.endswith(".json")]


class Memory:
    """One part's own notes, a JSON object."""

    def __init__(self, files: Files, part: str) -> None:
        self._files = files
        self._path = f"{_FOLDER}/{part}.json"

    def recall(self) -> Document:
        """Return what was kept; {} where nothing readable was."""
        try:
            found = json.loads(self._files.read(self._path) or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def keep(self, document: Document) -> None:
        """Keep a document in place of the former; an empty one is forgotten. Writes only what differs."""
        if document == self.recall():
            return
        if document:
            self._files.folder(_STATE, 0o700)
            self._files.write(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n", mode=0o600)
        else:
            self._files.remove(self._path)
