# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to read a service in tests."""

from __future__ import annotations

from typing import Any

from stowage.errors import Problem
from stowage.service.canonical import parse_service


def canonical(**document: Any) -> dict[str, Any]:
    """The canonical form of a good service."""
    problems: list[Problem] = []
    service = parse_service({"image": "x", **document}, "$", problems)
    assert problems == []
    return service


def refused(**document: Any) -> list[str]:
    """What is wrong with a bad service, as ``path: message``."""
    problems: list[Problem] = []
    parse_service({"image": "x", **document}, "$", problems)
    return [str(problem) for problem in problems]
