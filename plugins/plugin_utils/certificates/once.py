# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one of several hosts tell what is common to them, where check mode does nothing that the others could see.

Ansible runs an action in a process for each host. What they share in one run is its temporary folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ansible import constants


class Once:
    """What was told already by a task, whichever host it was for."""

    def __init__(self, task: str) -> None:
        self._task = task

    def first(self, what: str) -> bool:
        """Tell whether nobody told it yet, and note that somebody does now."""
        digest = hashlib.sha256(f"{self._task} {what}".encode()).hexdigest()[:32]
        try:
            (Path(constants.DEFAULT_LOCAL_TMP) / f"stowage-told-{digest}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True
