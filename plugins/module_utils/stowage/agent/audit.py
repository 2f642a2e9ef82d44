# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit log: every event as one line of JSON, in files that never grow beyond bounds.

Knows the files and what may befall them: a full disk, being moved or cut by others, a kill in the middle of a line.
What is in an event is the journal's.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from contextlib import suppress
from typing import Any, Callable, Mapping

NAME = "audit.jsonl"
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class Audit:
    """Writes events to ``audit.jsonl``, and keeps at most ``files`` files of about ``size`` bytes: .1 is the newest.

    An event that cannot be written stops nobody: ``lost`` is told why, and how many there were stands in the log once
    it can be written again. The file is opened for each event: those are seldom, and so nothing that others do to
    it matters. ``lost`` must not tell the journal, which waits for this.
    """

    def __init__(self, directory: str, size: int, files: int, lost: Callable[[str], None]) -> None:
        self._directory = directory
        self._path = os.path.join(directory, NAME)
        self._size = size
        self._files = files
        self._tell = lost
        self._lock = threading.Lock()
        self._missing = 0
        self._reason = ""

    def write(self, event: Mapping[str, Any]) -> None:
        """Add one event."""
        with self._lock:
            try:
                self._append(self._note(event) + _line(event))
            except OSError as error:
                self._missing += 1
                self._reason = error.strerror or str(error)
                self._tell(f"the audit log cannot be written: {self._path}: {self._reason}")
            else:
                self._missing = 0

    def close(self) -> None:
        """Note what was lost, if that can be done now."""
        with self._lock, suppress(OSError):
            if self._missing:
                import time

                self._append(self._note({"time": round(time.time(), 3)}))
                self._missing = 0

    def _note(self, event: Mapping[str, Any]) -> bytes:
        """The line that tells of events that are not in the log."""
        if not self._missing:
            return b""
        text = f"{self._missing} events could not be written here: {self._reason}"
        return _line({"time": event["time"], "kind": "lost", "scope": "", "text": text, "lost": self._missing})

    def _append(self, line: bytes) -> None:
        descriptor = self._open()
        try:
            size = os.fstat(descriptor).st_size
            if size and size + len(line) > self._size:
                os.close(descriptor)
                descriptor = -1
                self._rotate()
                descriptor = self._open()
                size = os.fstat(descriptor).st_size
            _write_whole(descriptor, size, line)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _open(self) -> int:
        """The log, made where it is missing, for nobody but its owner to read. Raises OSError."""
        try:
            descriptor = os.open(self._path, _FLAGS, 0o600)
        except FileNotFoundError:
            os.makedirs(self._directory, mode=0o750, exist_ok=True)
            descriptor = os.open(self._path, _FLAGS, 0o600)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file")
        if stat.S_IMODE(found.st_mode) != 0o600:
            os.fchmod(descriptor, 0o600)
        return descriptor

    def _rotate(self) -> None:
        """Move each file one further; the last one goes. Raises OSError."""
        for name in os.listdir(self._directory):
            head, _dot, number = name.rpartition(".")
            if head == NAME and number.isascii() and number.isdigit() and int(number) >= max(self._files - 1, 1):
                os.unlink(os.path.join(self._directory, name))
        if self._files == 1:
            os.unlink(self._path)
            return
        for older in range(self._files - 2, 0, -1):
            with suppress(FileNotFoundError):
                os.rename(f"{self._path}.{older}", f"{self._path}.{older + 1}")
        os.rename(self._path, f"{self._path}.1")


def _line(event: Mapping[str, Any]) -> bytes:
    # Nothing but ASCII, so that no line ends where a reader does not expect it.
    return json.dumps(event).encode("ascii") + b"\n"


def _write_whole(descriptor: int, size: int, line: bytes) -> None:
    """Add a line to a file of this size, whole or not at all. Raises OSError."""
    if size and os.pread(descriptor, 1, size - 1) not in (b"\n", b""):
        line = b"\n" + line  # what was cut off in the middle ends here
    view = memoryview(line)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        if len(view) < len(line):
            with suppress(OSError):
                os.ftruncate(descriptor, size)
        raise
