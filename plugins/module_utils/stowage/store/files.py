# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that tell whether they are whole, and changes that are on the disk when they are done.

A sealed file begins with the sha256 of what follows it. Knows nothing of what the files hold; content that is not as
it was written raises ValueError, and a disk that refuses OSError, with the path.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import stat
import time
from typing import Any, Callable, Iterable, Iterator, Optional, Tuple

LARGEST = 64 << 20  # bytes of a sealed file
PATIENCE = 60.0  # seconds; nobody holds a store for longer than it takes to write a few files

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SEAL = re.compile(rb'\{"sha256":"([0-9a-f]{64})"\}\n')
_SEAL_LENGTH = len('{"sha256":""}\n') + 64
# What file systems say that have no such locks, or none for folders (NFS).
_NO_LOCKS = (errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def render_sealed(document: Any) -> Tuple[bytes, str]:
    """Return the file's content for a document, and its checksum. Raises ValueError for what JSON cannot hold."""
    body = _render(document)
    checksum = hashlib.sha256(body).hexdigest()
    if len(body) + _SEAL_LENGTH > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return b'{"sha256":"%s"}\n' % checksum.encode() + body, checksum


def parse_sealed(content: bytes) -> Tuple[Any, str]:
    """Return the document that was sealed, and its checksum.

    Only what ``render_sealed`` writes is taken: of keys that are there twice, NaN and the like there is no such file.
    """
    seal = _SEAL.match(content)
    body = content[_SEAL_LENGTH:]
    if seal is None or hashlib.sha256(body).hexdigest() != seal.group(1).decode():
        raise ValueError("it does not match its checksum")
    try:
        document = json.loads(body)
        is_ours = _render(document) == body
    except (ValueError, RecursionError):
        is_ours = False
    if not is_ours:
        raise ValueError("it is no record of stowage")
    return document, seal.group(1).decode()


def _render(document: Any) -> bytes:
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def load_sealed(path: str) -> Tuple[Any, str]:
    """Read a sealed file, whatever lies at the path. Raises ValueError with what is wrong with it."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        raise ValueError("it is missing") from None
    except OSError as error:
        what = "it is a symbolic link" if os.path.islink(path) else f"it cannot be read: {error.strerror}"
        raise ValueError(what) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is not a regular file")
        if found.st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
        return parse_sealed(b"".join(blocks(descriptor, found.st_size)))
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def blocks(descriptor: int, size: int) -> Iterator[bytes]:
    """Read that many bytes, or fewer where there are no more."""
    while size > 0:
        block = os.read(descriptor, min(size, 1 << 18))
        if not block:
            return
        size -= len(block)
        yield block


def is_folder(path: str) -> bool:
    """Whether a folder is there, and not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def names(folder: str) -> Tuple[str, ...]:
    """What is in a folder, in order; nothing where there is none. Raises OSError where it cannot be told."""
    if not is_folder(folder):
        return ()
    with contextlib.suppress(FileNotFoundError):  # it went meanwhile
        return tuple(sorted(os.listdir(folder)))
    return ()


class Disk:
    """The changes. ``on_write`` hears of each, "before" and "after" it, with the path."""

    on_write: Optional[Callable[[str, str], None]] = None

    def write(self, path: str, content: Iterable[bytes], newer_than: int = 0) -> None:
        """Make a file anew, for its owner alone. It is on the disk; its name is once its folder is synced.

        It gets a time after ``newer_than`` (ns), whatever the clock says: two files of one name never look the same.
        """
        self.remove(path)
        with self._telling(path):
            descriptor = os.open(path, _NEW, 0o600)
        try:
            for block in content:
                with self._telling(path):
                    rest = memoryview(block)
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
            with self._telling(path):
                moment = max(time.time_ns(), newer_than + 1)
                os.utime(descriptor, ns=(moment, moment))
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, path: str, other: str) -> None:
        """Give it the other name, in place of what had that. Lasts once the folder is synced."""
        with self._telling(other):
            os.rename(path, other)

    def remove(self, path: str) -> None:
        """Remove what is there, with all that is below it; no link is followed."""
        if not os.path.lexists(path):
            return
        with self._telling(path):
            try:
                os.unlink(path)
            except IsADirectoryError:
                _remove_tree(path)

    def make_folder(self, path: str) -> None:
        """Make a folder for its owner alone, durably, and see to it that one which is there is so."""
        if not os.path.lexists(path):
            with self._telling(path), contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
            self.sync(os.path.dirname(path))
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        if stat.S_IMODE(found.st_mode) & 0o077:
            os.chmod(path, 0o700)

    def sync(self, folder: str) -> None:
        """Make the names in a folder durable."""
        with self._telling(folder):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextlib.contextmanager
    def _telling(self, path: str) -> Iterator[None]:
        if self.on_write is not None:
            self.on_write("before", path)
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = path
            raise
        if self.on_write is not None:
            self.on_write("after", path)


def _remove_tree(top: str) -> None:
    folders, ahead = [], [top]
    while ahead:
        folders.append(ahead.pop())
        with os.scandir(folders[-1]) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    ahead.append(entry.path)
                else:
                    os.unlink(entry.path)
    for folder in reversed(folders):
        os.rmdir(folder)


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Keep everybody else, in this process and in others, from holding the same folder.

    The folder itself is locked, for a file could be replaced. A process that dies lets go.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(folder, _FOLDER)
        try:
            if _lock(descriptor) and os.path.samestat(os.fstat(descriptor), os.lstat(folder)):
                yield
                return
        finally:
            os.close(descriptor)
        if time.monotonic() >= deadline:
            raise OSError(errno.EAGAIN, f"another process has held it for {PATIENCE:g} s", folder)
        time.sleep(0.01)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        # Runs on one engine exclude each other by a lock elsewhere; this one is for those who only pause or look.
    return True
