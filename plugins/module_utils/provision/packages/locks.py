# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until nobody else installs packages, and tells who does where it takes too long.

The kernel's own list of locks is read: asking for a lock would take it for a moment, and be in another's way.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Optional, Sequence

from ..errors import ProvisionError
from ..files import Files

_EVERY = 0.5


class Locks:
    """The files that package managers lock."""

    def __init__(self, files: Files, paths: Sequence[str], patience: float) -> None:
        """``patience`` is how long, in seconds, all waits together may take."""
        self._files = files
        self._paths = paths
        self._patience = patience
        self._end: Optional[float] = None

    def left(self) -> float:
        """Return how many seconds of patience are left; they run from the first wait on."""
        if self._end is None:
            self._end = time.monotonic() + self._patience
        return max(0.0, self._end - time.monotonic())

    def wait(self) -> None:
        """Wait until none is held. Raises ProvisionError, which names the holder, when patience ends."""
        self.left()
        while (held := self._held()) is not None:
            if not self.left():
                raise ProvisionError(self.told(held))
            time.sleep(_EVERY)

    def told(self, held: str) -> str:
        """Say who is in the way, and for how long."""
        return (
            f"{held}, and was so for {self._patience:g} s: nothing was changed. Wait until it has ended, or"
            " wait longer (lock_timeout)"
        )

    def retry(self, act: Callable[[], Optional[str]]) -> None:
        """Act once nobody holds a lock; again where somebody was faster. ``act`` returns who was, or None."""
        while True:
            self.wait()
            faster = act()
            if faster is None:
                return
            if not self.left():
                raise ProvisionError(self.told(faster))
            time.sleep(_EVERY)

    def _held(self) -> Optional[str]:
        known = {}
        for path in self._paths:
            try:
                found = os.stat(self._files.path(path))
            except OSError:
                continue
            known[f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"] = path
        for line in (self._files.read("/proc/locks") or "").splitlines():
            words = line.split()  # 1: POSIX ADVISORY WRITE 1234 08:01:5678 0 EOF
            if len(words) < 6 or words[1] == "->" or words[5] not in known:
                continue
            return f"{known[words[5]]} is locked by process {words[4]} ({self._name(words[4])})"
        return None

    def _name(self, pid: str) -> str:
        command = (self._files.read(f"/proc/{pid}/cmdline") or "").replace("\0", " ")
        return " ".join(command.split())[:80] or (self._files.read(f"/proc/{pid}/comm") or "unknown").strip()
