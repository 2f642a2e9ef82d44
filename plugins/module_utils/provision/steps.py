# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done on a host, as text that people read: check mode's answer, the diff's, and the log line.

Pure. A step says one thing that is done; how, is known to the part that plans it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing to do: ``InstallPackage docker.io 26.1.5+dfsg1-9 (is missing)``."""

    verb: str
    subject: str
    cause: str

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} ({self.cause})"
