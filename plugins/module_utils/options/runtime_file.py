# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module runtime_file: where the packed command goes, and what runs it."""

from __future__ import annotations

from .common import Spec

SPEC: Spec = {
    "path": {"type": "path", "default": "/usr/local/bin/stowage"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "interpreter": {"type": "str", "default": "/usr/bin/env python3"},
}
