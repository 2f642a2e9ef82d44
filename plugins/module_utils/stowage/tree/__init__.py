# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of one stack, kept in one directory of the host.

Containers may write into parts of it, so that nothing in it is trusted to be what it was (``handles``). A run may be
killed at any moment, so that each change is done in an order from which the next run can go on (``changes``).
Knows neither stacks nor the engine, only paths, contents, modes and owners.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, Optional, Union

from ..errors import TreeError
from . import changes
from .handles import closing, descend, digest, discard, enter, look, make_folder, open_pinned, pin
from .paths import split, temporary
from .record import PARENT, Record, load_record

__all__ = ["Tree", "TreeError"]

_ABOVE = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

# The service that keeps a host may write to few folders.
_CLOSED = " (where the runtime does it, runtime_writable_paths of its role has to name the folder)"


class Tree:
    """One directory. Several threads may use one tree; two at work on a directory would undo each other's records."""

    def __init__(self, directory: str) -> None:
        self._directory = os.path.abspath(directory)
        self._lock = threading.Lock()

    def observe(self, paths: Iterable[str]) -> Dict[str, Dict[str, Any]]:
        """What is there of the paths: ``{"kind", "digest", "mode", "uid", "gid"}``, with a digest for files alone.

        What could only be reached through a symbolic link is not there.
        """
        found: Dict[str, Dict[str, Any]] = {}
        with self._telling("look into"), self._open() as root:
            if root is not None:
                for path in paths:
                    with self._telling("read", path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                        found[path] = _observe(root, path)
        return found

    def placed(self) -> FrozenSet[str]:
        """The paths of files and directories that we put there, or were about to."""
        return frozenset(path for path, kind in self._record().files.items() if kind != PARENT)

    def formers(self) -> FrozenSet[str]:
        """The paths that ``restore`` would bring back to what they were, be it to nothing."""
        return frozenset(self._record().formers)

    def write(
        self, path: str, content: Union[str, bytes], mode: int, uid: Optional[int] = None, gid: Optional[int] = None
    ) -> None:
        """Make the path a file with this content: bytes, or those of the file of that name.

        What was there first since ``settle`` is kept. Missing directories are made.
        """
        with contextlib.ExitStack() as stack:
            source = content if isinstance(content, bytes) else stack.enter_context(closing(_open_source(content)))
            self._change(
                "write", path, lambda root, record: changes.write(root, record, path, source, mode, uid, gid), make=True
            )

    def make_directory(self, path: str, mode: int, uid: Optional[int] = None, gid: Optional[int] = None) -> None:
        """Make the path a directory, or give the one that is there this mode and owner."""
        self._change(
            "make", path, lambda root, record: changes.make_directory(root, record, path, mode, uid, gid), make=True
        )

    def restore(self, path: str) -> None:
        """Bring a file back to what it was at the last ``settle``, be it to nothing. Without a change, do nothing."""
        self._change("restore", path, lambda root, record: changes.restore(root, record, path))

    def settle(self) -> None:
        """Let go of the former contents: what is there now is what is wanted."""
        self._change("settle", None, changes.settle)

    def remove(self, path: str) -> None:
        """Remove what is ours at the path; the content of a file is kept until ``settle``.

        A directory goes if it is empty, and so do those above it that were made for it.
        """
        self._change("remove", path, lambda root, record: changes.remove(root, record, path))

    def remove_all(self) -> None:
        """Remove all that is ours, what is known of it, and the directory if it is empty then.

        A file of somebody else that was overwritten since the last ``settle`` comes back.
        """
        self._change("remove", None, changes.remove_all)
        with self._telling("remove"), self._lock:
            _remove_folder(self._directory)

    def _record(self) -> Record:
        with self._telling("look into"), self._open() as root:
            return Record() if root is None else load_record(root)

    def _change(
        self, doing: str, path: Optional[str], change: Callable[[int, Record], None], *, make: bool = False
    ) -> None:
        """Do a change, one at a time. Where there is no directory, it is made, or there is nothing to change."""
        if path is not None:
            split(path)
        with self._telling(doing, path), self._lock:
            if make:
                _make_folder(self._directory)
            with self._open() as root:
                if root is not None:
                    change(root, load_record(root))

    @contextlib.contextmanager
    def _open(self) -> Iterator[Optional[int]]:
        try:
            root = enter(None, self._directory)
        except FileNotFoundError:
            yield None
            return
        with closing(root):
            yield root

    @contextlib.contextmanager
    def _telling(self, doing: str, path: Optional[str] = None) -> Iterator[None]:
        """Put what fails into words."""
        try:
            yield
        except OSError as error:
            where = self._directory if path is None else os.path.join(self._directory, path)
            hint = _CLOSED if error.errno == errno.EROFS else ""
            raise TreeError(f"cannot {doing} {where}: {error.strerror or error}{hint}") from error


def _observe(root: int, path: str) -> Dict[str, Any]:
    folders, name = split(path)
    with descend(root, folders) as parent, closing(pin(parent, name)) as pinned:
        found = os.fstat(pinned)
        text = ""
        kind = "directory" if stat.S_ISDIR(found.st_mode) else "other"
        if stat.S_ISREG(found.st_mode):
            kind = "file"
            with closing(open_pinned(pinned)) as content:
                text = digest(content)
    mode = stat.S_IMODE(found.st_mode)
    return {"kind": kind, "digest": text, "mode": mode, "uid": found.st_uid, "gid": found.st_gid}


def _open_source(path: str) -> int:
    """Open a file outside the tree, which comes from us and may be a link."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise TreeError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TreeError(f"cannot read {path}: not a regular file")
    return descriptor


def _make_folder(directory: str) -> None:
    """Make the tree's directory. Those above it are the machine's, who may have put links there."""
    if look(None, directory) is not None:
        return
    above, name = os.path.split(directory)
    _make_above(above)
    with closing(os.open(above, _ABOVE)) as parent:
        make_folder(parent, name, 0o755)


def _make_above(directory: str) -> None:
    """Make a directory that another tree may be making at the same time."""
    if os.path.isdir(directory):
        return
    above = os.path.dirname(directory)
    _make_above(above)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o755)
    with closing(os.open(above, _ABOVE)) as parent:
        os.fsync(parent)


def _remove_folder(directory: str) -> None:
    """Remove the tree's directory if it is empty, and what is left of one that was never finished."""
    above, name = os.path.split(directory)
    with contextlib.suppress(FileNotFoundError), closing(os.open(above, _ABOVE)) as parent:
        discard(parent, temporary(name))
        discard(parent, name)
        os.fsync(parent)
