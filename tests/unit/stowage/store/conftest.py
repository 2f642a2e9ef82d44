# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

MEMORY = "/dev/shm"


@pytest.fixture
def base():
    """In memory where that is possible: thousands of runs would wait for a disk most of the time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)
