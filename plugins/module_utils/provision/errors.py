# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that people see. Knows nothing else of the package."""

from __future__ import annotations


class ProvisionError(Exception):
    """What was asked for cannot be done; the text says why, where, and what to do next."""
