# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of ``POST /containers/create``, made from the table, and what an engine is too old for.

Knows the Engine API's spelling and versions. Reads nothing from an engine.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ..errors import Problem
from .devices import is_cdi
from .fields import FIELDS
from .fields.base import Filler
from .fields.endpoints import endpoints, ordered_networks

__all__ = ["create_body", "endpoints", "unsupported"]

Version = Tuple[int, int]


def _itself(name: str) -> str:
    return name


def create_body(
    service: Mapping[str, Any],
    *,
    name: str,
    api_version: Version,
    labels: Optional[Mapping[str, str]] = None,
    carry: Optional[Mapping[str, str]] = None,
    image: str = "",
    resolve: Callable[[str], str] = _itself,
) -> Dict[str, Any]:
    """Return the create body of a canonical service.

    ``name`` is the service's key, which becomes its alias on every network of its own. ``labels`` go
    over the declared ones. ``carry`` is ``{target: volume}`` of anonymous volumes that move along.
    ``image`` stands in for the declared one. ``resolve`` gives the container that a service's key or a
    container's name stands for. The platform is not part of the body but of the query.
    """
    filler = Filler(service, name, api_version, carry or {}, resolve)
    for field in FIELDS:
        field.fill(filler)
    filler.body["Image"] = image or service.get("image", "")
    filler.body["Labels"].update(labels or {})
    return filler.body


def unsupported(service: Mapping[str, Any], api_version: Version, path: str) -> List[Problem]:
    """Return a problem for each declared option that the engine's API is too old to know.

    Such an engine would ignore the option without a word.
    """
    if api_version >= (1, 49):
        return []
    return [
        Problem(
            f"{path}.{where}",
            f"needs Engine API {since[0]}.{since[1]}, this engine has {api_version[0]}.{api_version[1]}",
        )
        for since, where in _newer(service)
        if api_version < since
    ]


def _newer(service: Mapping[str, Any]) -> List[Tuple[Version, str]]:
    """What is declared of that which came after API 1.41, with the version it came with."""
    found: List[Tuple[Version, str]] = []
    if service.get("annotations"):
        found.append(((1, 43), "annotations"))
    if "start_interval" in service.get("healthcheck", ()):
        found.append(((1, 44), "healthcheck.start_interval"))
    for at, device in enumerate(service.get("devices", ())):
        if is_cdi(device):
            found.append(((1, 44), f"devices[{at}]"))
    for at, entry in enumerate(service.get("volumes", ())):
        found += [(since, f"volumes[{at}]{below}") for since, below in _newer_mount(entry)]
    first = ordered_networks(service)[:1]
    for network, wanted in service.get("networks", {}).items():
        for key, since in (("gw_priority", (1, 48)), ("interface_name", (1, 49)), ("mac_address", (1, 44))):
            # One address, the first network's, older engines take for the whole container.
            if wanted and wanted.get(key) and (key != "mac_address" or [network] != first):
                found.append((since, f"networks.{network}.{key}"))
    return found


def _newer_mount(entry: Mapping[str, Any]) -> List[Tuple[Version, str]]:
    found: List[Tuple[Version, str]] = []
    if entry["type"] == "cluster":
        found.append(((1, 42), ".type"))
    if entry["type"] == "image":
        found.append(((1, 48), ".type"))
    if "subpath" in entry.get("image", ()):
        found.append(((1, 48), ".image.subpath"))
    if "subpath" in entry.get("volume", ()):
        found.append(((1, 45), ".volume.subpath"))
    if entry.get("bind", {}).get("recursive") in ("writable", "readonly"):
        found.append(((1, 44), ".bind.recursive"))
    return found
