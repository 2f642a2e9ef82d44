# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time per engine: a lock on this machine, named after the engine's address.

A lock of the operating system, so that it goes with the process that held it, however that ended.
Knows nothing of what is done under it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import time
from typing import Iterator

from .errors import BusyError, StowageError

FOLDERS = ("/run/lock", "/tmp")  # noqa: S108  the first that takes the file; both are open to every user
POLL = 0.1  # seconds


@contextlib.contextmanager
def engine_lock(address: str, timeout: float) -> Iterator[None]:
    """Hold the engine's lock. Raises BusyError when another run still has it after ``timeout`` seconds."""
    name = f"stowage-{hashlib.sha256(address.encode()).hexdigest()[:16]}.lock"
    descriptor = _open(name)
    try:
        _acquire(descriptor, address, timeout)
        yield
    finally:
        os.close(descriptor)


def _open(name: str) -> int:
    """Open the lock file. In a folder open to all it may be another user's, or a trap: a link, a pipe.

    Every user has to be able to open it, whatever the umask of the one who made it.
    """
    for folder in FOLDERS:
        path = os.path.join(folder, name)
        for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT):
            try:
                descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
            except OSError:
                continue
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                os.close(descriptor)
                continue
            if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != 0o644:
                os.fchmod(descriptor, 0o644)
            return descriptor
    raise StowageError(f"cannot open the lock {name} in {' or '.join(FOLDERS)}")


def _acquire(descriptor: int, address: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not _taken(descriptor):
        if time.monotonic() >= deadline:
            raise BusyError(
                f"another run is at work on the engine {address}; it did not end within {timeout:g} s (lock_timeout)"
            )
        time.sleep(POLL)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
