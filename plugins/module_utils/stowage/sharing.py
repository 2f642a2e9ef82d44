# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what many documents have in common once.

The engine tells of a hundred containers in a hundred documents that differ in a few values. Knows JSON's types only.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Mapping


class Shared:
    """Gives out equal values as one and the same. They must not be changed by whoever gets them."""

    def __init__(self) -> None:
        self._known: Dict[str, Any] = {}

    def document(self, value: Mapping[str, Any]) -> Dict[str, Any]:
        """The same document, two levels deep of its own, and made of shared parts below."""
        return {sys.intern(key): self._section(item) for key, item in value.items()}

    def _section(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {sys.intern(key): self._part(item) for key, item in value.items()}
        return self._part(value)

    def _part(self, value: Any) -> Any:
        if isinstance(value, (dict, list, str)):
            return self._known.setdefault(repr(value), value)
        return value
