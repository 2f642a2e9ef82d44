# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON document that declares one scope on one host, and its way into the model.

Knows the document's keys, version 1; the errors it raises carry the path of what is wrong. Knows
nothing of engines: what only the host can tell (does that network exist?) is the planner's to check.
"""

from __future__ import annotations

from .parse import parse_manifest, read_manifest

__all__ = ["parse_manifest", "read_manifest"]
