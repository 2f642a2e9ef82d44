# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's endpoint in a network, as it is, turned into one that can be asked for again."""

from __future__ import annotations

from typing import Any, Dict, Mapping

_KEPT = ("Links", "DriverOpts", "GwPriority")


def kept_endpoint(settings: Mapping[str, Any], container_id: str) -> Dict[str, Any]:
    """EndpointSettings with the static addresses, aliases and options an inspected endpoint has.

    What the engine assigned by itself is left out, the alias it makes of the container's id included.
    """
    kept: Dict[str, Any] = {key: settings[key] for key in _KEPT if settings.get(key)}
    if settings.get("IPAMConfig"):
        kept["IPAMConfig"] = dict(settings["IPAMConfig"])
    aliases = [alias for alias in settings.get("Aliases") or () if alias != container_id[:12]]
    if aliases:
        kept["Aliases"] = aliases
    return kept
