# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``stowage`` for people on the host itself."""

from __future__ import annotations

from .entry import main

__all__ = ["main"]
