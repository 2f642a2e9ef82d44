# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket files: how they come and go, and who may come in by which.

The kernel checks a socket file's mode on connecting; what is asked here holds even where somebody changed that. It
is answered by the kernel alone, from what the caller was when it connected: no process id that may be another's by
now is looked up, and no database of groups that may be on another machine.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from dataclasses import dataclass
from typing import FrozenSet, Tuple

from ..errors import StowageError
from .wire import Caller

_SO_PEERGROUPS = 59  # Linux 4.13; Python has no name for it
_MOST_GROUPS = 256  # more bytes than these have Python does not ask for


@dataclass(frozen=True)
class Door:
    """A socket file to be: its mode and group, and whether those who come by it may change things."""

    path: str
    mode: int
    gid: int
    writes: bool = False


class OpenDoor:
    """A door with its listening socket."""

    def __init__(self, door: Door, backlog: int) -> None:
        self.door = door
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._identity = _bind(self.socket, door, backlog)
        except OSError as error:
            self.socket.close()
            raise StowageError(f"{door.path}: {error.strerror or error}") from error
        except StowageError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Listen no more, and take the file away unless it is another one's by now."""
        self.socket.close()
        try:
            if _identity(self.door.path) == self._identity:
                os.unlink(self.door.path)
        except OSError:
            pass


def _bind(listener: socket.socket, door: Door, backlog: int) -> Tuple[int, int]:
    """Bind under another name, and give it the name when mode and group are right.

    Until it listens nobody gets in, whatever the umask made of its mode; a dead process's file is replaced at once.
    """
    _make_way(door.path)
    path = f"{door.path}.new"
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener.bind(path)
    try:
        os.chown(path, -1, door.gid)
        os.chmod(path, door.mode)
        listener.listen(backlog)
        listener.setblocking(False)
        os.rename(path, door.path)
    except OSError:
        os.unlink(path)
        raise
    return _identity(door.path)


def _make_way(path: str) -> None:
    """See to it that nobody is there. Raises StowageError."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise StowageError(f"{path} is in the way: it is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        failed = probe.connect_ex(path)
    if failed not in (errno.ECONNREFUSED, errno.ENOENT):
        raise StowageError(f"another process listens on {path}; stop that one first")


def _identity(path: str) -> Tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def caller_of(connection: socket.socket, door: Door) -> Tuple[Caller, bool]:
    """Who connected, and whether by a door that is for them."""
    pid, uid, gid = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    caller = Caller(uid, gid, pid, door.writes)
    return caller, may_enter(caller, door) or (not door.writes and door.gid in _groups(connection))


def is_owner(caller: Caller) -> bool:
    """Root, or whom this process belongs to: they could do with it what they like anyway."""
    return caller.uid in (0, os.geteuid())


def may_enter(caller: Caller, door: Door) -> bool:
    """Whether the door is for the caller, as far as that shows without its other groups."""
    return is_owner(caller) or (not door.writes and caller.gid == door.gid)


def _groups(connection: socket.socket) -> FrozenSet[int]:
    """The caller's supplementary groups; none where the kernel does not tell, or has more to tell than can be asked."""
    try:
        data = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4 * _MOST_GROUPS)
    except OSError:
        return frozenset()
    return frozenset(struct.unpack(f"{len(data) // 4}I", data))
