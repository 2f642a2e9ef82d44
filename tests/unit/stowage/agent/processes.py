# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel knows of other processes."""

from __future__ import annotations

import contextlib
from pathlib import Path


def is_there(pid):
    """Whether it runs; one that has ended and was not asked after yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def command_lines():
    """What each process was called with, and the environment it was given."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def descriptors():
    """The numbers of the descriptors that this process has open."""
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())
