# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories by descriptor: no name that is used here is ever followed through a symbolic link.

Containers may write into parts of a stack's directory while this runs as root. Each directory is therefore
opened from the one above it, and what is changed is changed through a descriptor. What replaces something
else has its content, owner and mode before it gets its name. Knows nothing of records; raises OSError.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import Iterator, Optional, Sequence, Union

from .paths import temporary

# Bytes, or a descriptor to read them from.
Content = Union[bytes, int]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 256 * 1024


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """Close the descriptor in the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def enter(folder: Optional[int], name: str, shown: str = "") -> int:
    """Open a directory; NotADirectoryError says what is there instead. ``shown`` is what to call it."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
    found = look(folder, name)
    what = "a symbolic link" if found is not None and stat.S_ISLNK(found.st_mode) else "not a directory"
    raise NotADirectoryError(errno.ENOTDIR, f"{shown or name} is {what}")


@contextlib.contextmanager
def descend(root: int, folders: Sequence[str], make: Optional[int] = None) -> Iterator[int]:
    """Open the directory that ``folders`` lead to, step by step. Those missing are made with the mode ``make``."""
    descriptor = os.dup(root)
    try:
        for depth, name in enumerate(folders, 1):
            if make is not None and look(descriptor, name) is None:
                make_folder(descriptor, name, make)
            inner = enter(descriptor, name, "/".join(folders[:depth]))
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def look(folder: Optional[int], name: str) -> Optional[os.stat_result]:
    """What is there, be it a link; None for nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def pin(folder: int, name: str) -> int:
    """Hold on to what is there without opening it, which could block on a pipe or wake a device."""
    return os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def open_pinned(pinned: int) -> int:
    """Open for reading what was pinned and seen to be a regular file: that very one."""
    return os.open(f"/proc/self/fd/{pinned}", os.O_RDONLY | os.O_CLOEXEC)


def open_file(folder: int, name: str) -> int:
    """Open a regular file for reading."""
    with closing(pin(folder, name)) as pinned:
        if not stat.S_ISREG(os.fstat(pinned).st_mode):
            raise OSError(errno.EINVAL, f"{name} is not a regular file")
        return open_pinned(pinned)


def blocks(descriptor: int, limit: Optional[int] = None) -> Iterator[bytes]:
    """Read to the end, or ``limit`` bytes: a file that something appends to without pause must have an end."""
    while limit is None or limit > 0:
        block = os.read(descriptor, _BLOCK if limit is None else min(limit, _BLOCK))
        if not block:
            return
        if limit is not None:
            limit -= len(block)
        yield block


def digest(descriptor: int) -> str:
    """Return the digest of a file's content, as it was long when this began."""
    sha256 = hashlib.sha256()
    for block in blocks(descriptor, os.fstat(descriptor).st_size):
        sha256.update(block)
    return f"sha256:{sha256.hexdigest()}"


def own(descriptor: int, mode: int, uid: Optional[int], gid: Optional[int]) -> None:
    """Set owner and mode; in this order, since a change of owner takes bits of the mode away."""
    found = os.fstat(descriptor)
    wanted = (found.st_uid if uid is None else uid, found.st_gid if gid is None else gid)
    if wanted != (found.st_uid, found.st_gid):
        os.fchown(descriptor, *wanted)
    os.fchmod(descriptor, mode)


def place(folder: int, name: str, content: Content, mode: int, uid: Optional[int], gid: Optional[int]) -> None:
    """Make ``name`` a file with this content, in one step and durably."""
    unnamed = temporary(name)
    discard(folder, unnamed)
    descriptor = os.open(unnamed, _NEW, 0o600, dir_fd=folder)
    try:
        with closing(descriptor):
            _fill(descriptor, content)
            own(descriptor, mode, uid, gid)
            os.fsync(descriptor)
        os.rename(unnamed, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        discard(folder, unnamed)
        raise
    os.fsync(folder)


def _fill(descriptor: int, content: Content) -> None:
    for block in (content,) if isinstance(content, bytes) else blocks(content):
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def make_folder(folder: int, name: str, mode: int, uid: Optional[int] = None, gid: Optional[int] = None) -> None:
    """Make a directory where there is nothing. It has owner and mode, whatever the umask, before it has its name."""
    unnamed = temporary(name)
    discard(folder, unnamed)
    os.mkdir(unnamed, 0o700, dir_fd=folder)
    try:
        with closing(enter(folder, unnamed)) as made:
            own(made, mode, uid, gid)
            os.fsync(made)
        os.rename(unnamed, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        discard(folder, unnamed)
        raise
    os.fsync(folder)


def discard(folder: int, name: str) -> bool:
    """Remove what is there, if anything. False where it is a directory that is not empty, or in use."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        return _discard_folder(folder, name)
    return True


def _discard_folder(folder: int, name: str) -> bool:
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
            raise
        return False
    return True


def clear(folder: int, name: str) -> None:
    """Remove what is there, with all that is below it."""
    found = look(folder, name)
    if found is not None and stat.S_ISDIR(found.st_mode):
        with closing(enter(folder, name)) as inner:
            for entry in os.listdir(inner):
                clear(inner, entry)
    discard(folder, name)
