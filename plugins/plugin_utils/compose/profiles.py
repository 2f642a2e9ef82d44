# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services the active profiles enable.

Knows canonical services only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

ALL = "*"


def split(services: Mapping[str, Any], active: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the enabled services, and those that none of the active profiles enables."""
    enabled: dict[str, Any] = {}
    disabled: dict[str, Any] = {}
    for name, service in services.items():
        wanted = service.get("profiles")
        chosen = not wanted or ALL in active or any(profile in active for profile in wanted)
        (enabled if chosen else disabled)[name] = service
    return enabled, disabled
