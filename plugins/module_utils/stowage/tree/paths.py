# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths a file of a stack may have, and the names kept for the tree itself.

Looks at text alone: what lies at a path is for others to find out.
"""

from __future__ import annotations

import hashlib
import os
from typing import Tuple

from ..errors import TreeError

PRIVATE = ".stowage"
RECORD = "files.json"
FORMER = "former"

_RESERVED = (f"{PRIVATE}/{RECORD}", f"{PRIVATE}/{FORMER}")
_TEMPORARY = ".stowage-"


def split(path: str) -> Tuple[Tuple[str, ...], str]:
    """Return the folders and the name of a relative path. Raises TreeError for one that is not to be used."""
    parts = tuple(path.split("/"))
    if not path or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise TreeError(f"{path!r} is not a plain path below the stack's directory")
    try:
        os.fsencode(path)
    except UnicodeError as error:
        raise TreeError(f"{path!r} cannot be the name of a file on this host") from error
    reserved = path == PRIVATE or "/".join(parts[:2]) in _RESERVED
    if reserved or any(part.startswith(_TEMPORARY) for part in parts):
        raise TreeError(f"{path!r} is reserved for stowage's own use")
    return parts[:-1], parts[-1]


def temporary(name: str) -> str:
    """Return what a file is called before it gets its ``name``, beside it.

    Always the same, so that the next run finds what a killed one left; of one length, since a name has a limit.
    """
    return _TEMPORARY + hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
