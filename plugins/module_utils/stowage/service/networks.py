# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``networks`` and ``network_mode``: which networks a container is on, and how.

Knows compose's notations and what may stand beside a mode that borrows another's network. Whether a
network exists is for others to say.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ..errors import Problem
from .shapes import BAD, child, integer, kind_of, list_of, matching, name, record, refuse, strings

mac_address = matching(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}", "a MAC address such as 02:42:ac:11:65:43")


def _address(version: int) -> Any:
    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        import ipaddress

        result = name(value, path, problems)
        try:
            if result is not BAD and ipaddress.ip_address(result).version in (version, version or 4, version or 6):
                return result
        except ValueError:
            pass
        wanted = f"an IPv{version} address" if version else "an IP address"
        return result if result is BAD else refuse(path, f"must be {wanted}", problems)

    return read


_attachment = record(
    {
        "aliases": list_of(name),
        "ipv4_address": _address(4),
        "ipv6_address": _address(6),
        "link_local_ips": list_of(_address(0)),
        "mac_address": mac_address,
        "priority": integer(-(2**31)),
        "gw_priority": integer(-(2**31)),
        "interface_name": name,
        "driver_opts": strings(),
    }
)


def networks(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``{network: null | {…}}``."""
    if isinstance(value, (list, tuple)):
        names = list_of(name, unique=True)(value, path, problems)
        return BAD if names is BAD else dict.fromkeys(names)
    if not isinstance(value, Mapping):
        return refuse(path, f"must be a list or a mapping, not {kind_of(value)}", problems)
    result: Dict[str, Any] = {}
    before = len(problems)
    for key, item in value.items():
        if not key:
            refuse(path, "a network's name must not be empty", problems)
        result[str(key)] = None if item is None else _attachment(item, child(path, key), problems)
    return BAD if len(problems) > before else result


# What the engine refuses beside a network that is another container's, or the host's.
_BESIDE_CONTAINER = ("ports", "expose", "hostname", "dns", "extra_hosts", "links", "external_links", "mac_address")
_BESIDE_HOST = ("links", "external_links", "mac_address")


def check_mode(service: Mapping[str, Any], path: str, problems: List[Problem]) -> None:
    """Record a problem for each key that cannot stand beside the declared ``network_mode``."""
    mode = service.get("network_mode")
    if mode is None:
        return
    if service.get("networks"):
        refuse(f"{path}.network_mode", "cannot stand beside networks", problems)
    shared = mode.startswith(("container:", "service:"))
    for key in _BESIDE_CONTAINER if shared else _BESIDE_HOST if mode == "host" else ():
        if service.get(key):
            refuse(f"{path}.{key}", f"cannot stand beside network_mode {mode}", problems)
