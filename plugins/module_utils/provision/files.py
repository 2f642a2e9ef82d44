# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes the host's files, each write whole or not at all. Decides nothing.

All paths are absolute and taken below ``root``, which is "/" but in tests.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from typing import List, Optional

from .errors import ProvisionError


@dataclass(frozen=True)
class Standing:
    """What is known of a file without reading it."""

    mode: int  # permission bits
    owner: str
    group: str
    kind: str  # file, directory, link, other
    size: int


class Files:
    """The host's files below a root."""

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        """Return where a path of the host really is."""
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> Optional[str]:
        """Return a file's text, or None where there is none. Raises ProvisionError where it cannot be read."""
        try:
            with open(self.path(path), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ProvisionError(f"{path} cannot be read: {error.strerror}") from error

    def write(self, path: str, text: str, mode: int = 0o644, owner: str = "", group: str = "") -> None:
        """Put a whole file in place at once; missing folders are made with mode 0755.

        Owner and group stay those of who runs this where they are not named. Raises ProvisionError where the disk
        refuses (full, read-only): what was there is untouched then.
        """
        self._write(path, self.path(path), text, mode, _uid(owner), _gid(group))

    def rewrite(self, path: str, text: str) -> None:
        """Put another text into a file that is there: its mode and owners stay, and a link that leads to it.

        Raises ProvisionError as `write` does.
        """
        real = os.path.realpath(self.path(path))
        try:
            found = os.stat(real)
        except OSError as error:
            raise ProvisionError(f"{path} cannot be written: {error.strerror}") from error
        self._write(path, real, text, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)

    def _write(self, path: str, real: str, text: str, mode: int, uid: int, gid: int) -> None:
        folder = os.path.dirname(real)
        try:
            os.makedirs(folder, mode=0o755, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".stowage-", dir=folder)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(text)
                    file.flush()
                    os.fchmod(file.fileno(), mode)
                    if (uid, gid) != (-1, -1):
                        os.fchown(file.fileno(), uid, gid)
                    os.fsync(file.fileno())
                os.replace(name, real)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
            _sync(folder)
        except OSError as error:
            raise ProvisionError(f"{path} cannot be written: {error.strerror}") from error

    def remove(self, path: str) -> None:
        """Remove a file, where it is there. Raises ProvisionError where it cannot be removed."""
        try:
            os.unlink(self.path(path))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise ProvisionError(f"{path} cannot be removed: {error.strerror}") from error

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Have a folder; what is missing above it gets mode 0755. One that is there keeps its mode."""
        real = self.path(path)
        try:
            os.makedirs(os.path.dirname(real), mode=0o755, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkdir(real, mode)
        except OSError as error:
            raise ProvisionError(f"{path} cannot be made: {error.strerror}") from error

    def remove_folder(self, path: str) -> None:
        """Remove a folder, where it is there and empty."""
        with contextlib.suppress(OSError):
            os.rmdir(self.path(path))

    def change(self, path: str, mode: int, owner: str = "", group: str = "") -> None:
        """Set a file's mode, and its owner and group where they are named. Follows no link.

        Raises ProvisionError where there is no such file, it is a link, or it may not be changed.
        """
        try:
            handle = os.open(self.path(path), os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if stat.S_ISLNK(os.fstat(handle).st_mode):
                    raise ProvisionError(f"{path} is a link: what it leads to is not changed")
                # A handle that only names a file (sockets have no other) is changed through its name in /proc.
                name = f"/proc/self/fd/{handle}"
                if owner or group:
                    os.chown(name, _uid(owner), _gid(group))
                os.chmod(name, mode)
            finally:
                os.close(handle)
        except OSError as error:
            raise ProvisionError(f"{path} cannot be changed: {error.strerror}") from error

    def standing(self, path: str) -> Optional[Standing]:
        """Return what is known of a file, or None where there is none."""
        try:
            found = os.lstat(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "link"))
        kind = next((name for fits, name in kinds if fits(found.st_mode)), "other")
        return Standing(stat.S_IMODE(found.st_mode), _user(found.st_uid), _group(found.st_gid), kind, found.st_size)

    def changed(self, path: str) -> Optional[float]:
        """Return when a file's content was written last, or None where there is none."""
        try:
            return os.stat(self.path(path)).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, path: str) -> List[str]:
        """Return the names in a folder, sorted; none where there is no such folder."""
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []


def _sync(folder: str) -> None:
    """See that a rename outlives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _uid(owner: str) -> int:
    try:
        return pwd.getpwnam(owner).pw_uid if owner else -1
    except KeyError:
        raise ProvisionError(f"there is no user {owner} on this host") from None


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid if group else -1
    except KeyError:
        raise ProvisionError(f"there is no group {group} on this host") from None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
