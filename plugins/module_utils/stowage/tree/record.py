# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree knows of itself: which files are ours, and what was there before them.

A document in ``.stowage``, replaced as a whole. A damaged one is taken for none: what is not known to be ours
is left alone. Knows the document and its place, and no other file.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

from ..errors import TreeError
from .handles import blocks, closing, enter, look, make_folder, open_file, own, place
from .paths import PRIVATE, RECORD, split

# Kinds of what is ours: written as declared, or a directory that came about because it had to.
FILE = "file"
DIRECTORY = "directory"
PARENT = "parent"

# What was there before: nothing, a file of ours, or one that somebody else had put there.
NOTHING = "nothing"
OURS = "ours"
FOREIGN = "foreign"

_VERSION = 1


@dataclass
class Record:
    """``files``: path -> kind. ``formers``: path -> ``{"was"}``, with mode, uid and gid where there was a file.

    ``text`` is the document as it was read.
    """

    files: Dict[str, str] = field(default_factory=dict)
    formers: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    text: str = ""


def load_record(root: int) -> Record:
    """Read the record of the tree opened as ``root``; an empty one where there is none to be relied on."""
    if look(root, PRIVATE) is None:
        return Record()
    with closing(_enter_private(root)) as private:
        found = look(private, RECORD)
        if found is None or not stat.S_ISREG(found.st_mode):
            return Record()
        with closing(open_file(private, RECORD)) as descriptor:
            return parse_record(b"".join(blocks(descriptor)))


def save_record(root: int, record: Record) -> None:
    """Write the record, if anything in it is not as it was read."""
    text = render_record(record)
    if text == record.text:
        return
    if look(root, PRIVATE) is None:
        make_folder(root, PRIVATE, 0o700)
    with closing(_enter_private(root)) as private:
        own(private, 0o700, None, None)
        place(private, RECORD, text.encode(), 0o600, None, None)
    record.text = text


def _enter_private(root: int) -> int:
    """Open ``.stowage``. One that another user put there would be a record of lies, and no place for secrets."""
    private = enter(root, PRIVATE)
    owner = os.fstat(private).st_uid
    if owner != os.geteuid():
        os.close(private)
        raise PermissionError(errno.EPERM, f"its {PRIVATE} belongs to the user {owner}, not to {os.geteuid()}")
    return private


def render_record(record: Record) -> str:
    """Return the document; the same for the same record."""
    document = {"version": _VERSION, "files": record.files, "formers": record.formers}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def parse_record(content: bytes) -> Record:
    """Read a document; anything in it that cannot be makes all of it worthless."""
    try:
        text = content.decode()
        document = json.loads(text)
        if document["version"] != _VERSION:
            return Record()
        files = {_path(path): _one_of(kind, FILE, DIRECTORY, PARENT) for path, kind in document["files"].items()}
        formers = {_path(path): _former(former) for path, former in document["formers"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TreeError):
        return Record()
    return Record(files, formers, text)


def _path(path: str) -> str:
    split(path)
    return path


def _one_of(value: str, *known: str) -> str:
    if value not in known:
        raise ValueError(value)
    return value


def _former(former: Dict[str, Any]) -> Dict[str, Any]:
    was = _one_of(former["was"], NOTHING, OURS, FOREIGN)
    if was == NOTHING:
        return {"was": was}
    return {"was": was, **{key: _number(former[key]) for key in ("mode", "uid", "gid")}}


def _number(value: Optional[int]) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value
