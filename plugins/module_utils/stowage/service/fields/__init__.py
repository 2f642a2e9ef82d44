# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: every compose key that has a place in the Engine API, one family per file.

Creating and comparing both walk ``FIELDS``; what is not in it does not reach the engine.
"""

from __future__ import annotations

from typing import Tuple

from . import mounts, network, process, resources, runtime, security
from .base import Field

FIELDS: Tuple[Field, ...] = (
    *process.FIELDS,
    *resources.FIELDS,
    *security.FIELDS,
    *runtime.FIELDS,
    *mounts.FIELDS,
    *network.FIELDS,
)
