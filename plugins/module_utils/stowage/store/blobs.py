# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contents of files, each under its digest: kept for as long as a version needs them.

Knows digests and bytes, and not what they are for.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import Container, Iterable, Iterator, Optional, Union

from ..errors import StowageError
from .files import Disk, blocks, names

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})\Z")
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class Blobs:
    """The folder of one store. What changes it is called by one at a time."""

    def __init__(self, disk: Disk, folder: str) -> None:
        self._disk = disk
        self.folder = folder

    def path(self, digest: str) -> Optional[str]:
        """Where a content is, if it is there and whole."""
        found = _DIGEST.match(digest)
        if found is None:
            return None
        path = os.path.join(self.folder, found.group(1))
        sha256 = hashlib.sha256()
        try:
            for block in _read(path, os.O_NOFOLLOW):
                sha256.update(block)
        except OSError:
            return None
        return path if sha256.hexdigest() == found.group(1) else None

    def keep(self, digest: str, content: Union[str, bytes]) -> None:
        """Keep bytes, or those of the file of that name."""
        found = _DIGEST.match(digest)
        if found is None:
            raise StowageError(f"{digest!r} is no digest")
        path = os.path.join(self.folder, found.group(1))
        unnamed = f"{path}.new"
        sha256 = hashlib.sha256()
        try:
            self._disk.write(unnamed, _hashed(content, sha256))
            if sha256.hexdigest() != found.group(1):
                source = "what was brought" if isinstance(content, bytes) else content
                raise StowageError(f"{source} is not the content with the digest {digest}")
            if os.path.isdir(path):  # which no file takes the place of
                self._disk.remove(path)
            self._disk.rename(unnamed, path)
        except (OSError, StowageError):
            self._disk.remove(unnamed)
            raise
        self._disk.sync(self.folder)

    def collect(self, needed: Container[str]) -> None:
        """Remove every content but the needed ones, and what a killed write left."""
        for name in names(self.folder):
            if f"sha256:{name}" not in needed:
                self._disk.remove(os.path.join(self.folder, name))


def _hashed(content: Union[str, bytes], sha256: hashlib._Hash) -> Iterator[bytes]:
    parts: Iterable[bytes] = [content] if isinstance(content, bytes) else _source(content)
    for block in parts:
        sha256.update(block)
        yield block


def _source(path: str) -> Iterator[bytes]:
    try:
        yield from _read(path)
    except OSError as error:
        raise StowageError(f"cannot read {path}: {error.strerror}") from error


def _read(path: str, flags: int = 0) -> Iterator[bytes]:
    descriptor = os.open(path, _FLAGS | flags)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "not a regular file")
        yield from blocks(descriptor, found.st_size)
    finally:
        os.close(descriptor)
