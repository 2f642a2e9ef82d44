# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to the files of a tree, in an order that a kill at any moment leaves in a state to go on from.

The record says that a file is ours before it appears and until it has gone; a former content is in its place
before the record speaks of it and until the record has stopped doing so. Works on a root that is open and a
record that the caller holds, both with no other at work on them; raises OSError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Optional, Sequence, Tuple

from .handles import Content, clear, closing, descend, discard, enter, look, make_folder, open_file, own, place
from .paths import FORMER, PRIVATE, RECORD, split, temporary
from .record import DIRECTORY, FILE, FOREIGN, NOTHING, OURS, PARENT, Record, save_record

_KEPT = (PRIVATE, FORMER)
_PARENT_MODE = 0o755
_KEPT_MODE = 0o700


def write(
    root: int, record: Record, path: str, content: Content, mode: int, uid: Optional[int], gid: Optional[int]
) -> None:
    """Put a file in its place; what was there before is kept, unless something is kept already."""
    folders, name = split(path)
    if record.files.get(path) == FILE:
        _make_way(root, path)
    found = _file_at(root, path)
    if path not in record.formers and not _keep(root, record, path, found):
        record.formers[path] = {"was": NOTHING}
    _claim(root, record, path, FILE)
    save_record(root, record)
    with descend(root, folders, _PARENT_MODE) as parent:
        place(parent, name, content, mode, uid, gid)


def make_directory(root: int, record: Record, path: str, mode: int, uid: Optional[int], gid: Optional[int]) -> None:
    """Make a directory, or give one that is there its mode and owner."""
    folders, name = split(path)
    found = _at(root, path)
    if found is not None and not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, _in_the_way(found))
    _claim(root, record, path, DIRECTORY)
    save_record(root, record)
    with descend(root, folders, _PARENT_MODE) as parent:
        if found is None:
            make_folder(parent, name, mode, uid, gid)
        else:
            with closing(enter(parent, name)) as directory:
                own(directory, mode, uid, gid)


def restore(root: int, record: Record, path: str) -> None:
    """Put back what is kept of a file, or take the file away where there was none."""
    former = record.formers.get(path)
    if former is None:
        return
    folders, name = split(path)
    if former["was"] != NOTHING:
        _file_at(root, path)
        # Somebody else's file is not ours for having been put back, but directories on the way to it are.
        _claim(root, record, path, FILE if former["was"] == OURS else None)
        save_record(root, record)
        with closing(_open_kept(root, path)) as kept, descend(root, folders, _PARENT_MODE) as parent:
            place(parent, name, kept, former["mode"], former["uid"], former["gid"])
        if former["was"] == FOREIGN:
            record.files.pop(path, None)
    elif record.files.get(path) == FILE:
        _delete(root, path, FILE)
        _forget(root, record, path)
    del record.formers[path]
    save_record(root, record)
    if former["was"] != NOTHING:
        with descend(root, (*_KEPT, *folders)) as parent:
            discard(parent, name)


def settle(root: int, record: Record) -> None:
    """Let go of all that is kept."""
    if record.formers:
        record.formers.clear()
        save_record(root, record)
    _clear_kept(root)


def remove(root: int, record: Record, path: str) -> None:
    """Take one of our files away, keeping its content, or a directory that is empty; then parents of our making."""
    kind = record.files.get(path)
    if kind not in (FILE, DIRECTORY):
        return
    if kind == FILE and path not in record.formers and _keep(root, record, path, _seen_at(root, path)):
        save_record(root, record)
    gone = _delete(root, path, kind)
    # A directory in which there is more of ours goes with the last of that.
    if gone or not any(other.startswith(f"{path}/") for other in record.files):
        _forget(root, record, path)
    else:
        record.files[path] = PARENT
    save_record(root, record)


def remove_all(root: int, record: Record) -> None:
    """Take everything of ours away, the record last. What was taken over from others and not settled goes back."""
    for path in sorted(path for path, former in record.formers.items() if former["was"] == FOREIGN):
        # Where what was kept has been taken away, there is nothing to put back, and no reason to stay for ever.
        with contextlib.suppress(FileNotFoundError):
            restore(root, record, path)
    for path in sorted(record.files, reverse=True):
        _delete(root, path, record.files[path])
    if record.files or record.formers:
        record.files.clear()
        record.formers.clear()
        save_record(root, record)
    _clear_kept(root)
    try:
        with descend(root, (PRIVATE,)) as private:
            for name in (temporary(FORMER), temporary(RECORD), RECORD):
                discard(private, name)
            os.fsync(private)
    except FileNotFoundError:
        pass
    for name in (temporary(PRIVATE), PRIVATE):
        discard(root, name)


def _at(root: int, path: str) -> Optional[os.stat_result]:
    """What is at a path. NotADirectoryError where something on the way there is in the way."""
    folders, name = split(path)
    if _present(root, folders) < len(folders):
        return None
    with descend(root, folders) as parent:
        return look(parent, name)


def _seen_at(root: int, path: str) -> Optional[os.stat_result]:
    """A regular file at a path, None for anything else."""
    try:
        found = _at(root, path)
    except NotADirectoryError:
        return None
    return found if found is not None and stat.S_ISREG(found.st_mode) else None


def _make_way(root: int, path: str) -> None:
    """Take away the empty directory that the engine makes where a file of ours is missing that it has to mount."""
    found = _at(root, path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        folders, name = split(path)
        with descend(root, folders) as parent, contextlib.suppress(OSError):  # one with something in it stays
            os.rmdir(name, dir_fd=parent)


def _file_at(root: int, path: str) -> Optional[os.stat_result]:
    """The regular file at a path, None for nothing. Anything else is in the way."""
    found = _at(root, path)
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EEXIST, _in_the_way(found))
    return found


def _in_the_way(found: os.stat_result) -> str:
    kinds: Sequence[Tuple[bool, str]] = (
        (stat.S_ISREG(found.st_mode), "a file"),
        (stat.S_ISDIR(found.st_mode), "a directory"),
        (stat.S_ISLNK(found.st_mode), "a symbolic link"),
    )
    return f"{next((text for is_it, text in kinds if is_it), 'a special file')} is in the way"


def _present(root: int, folders: Sequence[str]) -> int:
    """How many of the directories are there."""
    try:
        with descend(root, folders):
            return len(folders)
    except FileNotFoundError:
        return _present(root, folders[:-1])


def _claim(root: int, record: Record, path: str, kind: Optional[str]) -> None:
    """Note as ours the path, and the directories that are going to be made for it."""
    folders = split(path)[0]
    for count in range(_present(root, folders) + 1, len(folders) + 1):
        folder = "/".join(folders[:count])
        if folder != PRIVATE and record.files.get(folder) != DIRECTORY:
            record.files[folder] = PARENT
    if kind is not None:
        record.files[path] = kind


def _keep(root: int, record: Record, path: str, found: Optional[os.stat_result]) -> bool:
    """Keep the content of a file that was found. The record is not saved."""
    if found is None:
        return False
    if not record.formers:
        _clear_kept(root)  # of which nothing is known: a run was killed at it
    # The directory of the record has to be ours, and private, before a content goes there.
    save_record(root, record)
    folders, name = split(path)
    with descend(root, folders) as parent, closing(open_file(parent, name)) as content:
        found = os.fstat(content)
        with descend(root, (*_KEPT, *folders), _KEPT_MODE) as kept:
            place(kept, name, content, 0o600, None, None)
    record.formers[path] = {
        "was": OURS if record.files.get(path) == FILE else FOREIGN,
        "mode": stat.S_IMODE(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
    }
    return True


def _open_kept(root: int, path: str) -> int:
    folders, name = split(path)
    try:
        with descend(root, (*_KEPT, *folders)) as parent:
            return open_file(parent, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(errno.ENOENT, f"its former content is gone from {'/'.join(_KEPT)}") from error


def _clear_kept(root: int) -> None:
    if look(root, PRIVATE) is not None:
        with descend(root, (PRIVATE,)) as private:
            clear(private, FORMER)


def _delete(root: int, path: str, kind: str) -> bool:
    """Remove what is ours at a path, durably. False for a directory that stays because it is not empty.

    What something else has taken the place of has gone without us.
    """
    folders, name = split(path)
    try:
        with descend(root, folders) as parent:
            discard(parent, temporary(name))
            found = look(parent, name)
            is_ours = found is not None and stat.S_ISDIR(found.st_mode) == (kind != FILE)
            gone = not is_ours or discard(parent, name)
            os.fsync(parent)
            return gone
    except (FileNotFoundError, NotADirectoryError):
        return True


def _forget(root: int, record: Record, path: str) -> None:
    """Drop a path from the record, and with it the directories made for it that are empty now."""
    folders = split(path)[0]
    del record.files[path]
    for count in range(len(folders), 0, -1):
        folder = "/".join(folders[:count])
        if record.files.get(folder) != PARENT or not _delete(root, folder, PARENT):
            return
        del record.files[folder]
