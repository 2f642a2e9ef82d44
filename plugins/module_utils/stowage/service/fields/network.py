# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about names and ports on the network: ports, expose, dns, extra_hosts, and the networks row.

What a container's endpoints are like stands in ``endpoints``.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ..ports import expand
from .base import Difference, Field, Service, State, undeclared
from .endpoints import Links, MacAddress, Networks
from .kinds import Kind, Ordered, Scalar, Set


def port_bindings(service: Service) -> Optional[Dict[str, List[Dict[str, str]]]]:
    """PortBindings of the declared ports; an empty HostPort lets the engine choose."""
    declared = service.get("ports")
    if declared is None:
        return None
    bindings: Dict[str, List[Dict[str, str]]] = {}
    for port in declared:
        entry = {"HostIp": port.get("host_ip", ""), "HostPort": port.get("published", "")}
        bindings.setdefault(f"{port['target']}/{port['protocol']}", []).append(entry)
    return bindings


def _address(text: str) -> str:
    """One spelling for each IPv6 address; engines change it."""
    if ":" not in text:
        return text
    import ipaddress

    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


# A port without a binding is one that the engine chooses the host port for.
_ANY: List[Dict[str, str]] = [{}]


def _bindings(value: Optional[Mapping[str, Any]]) -> FrozenSet[Tuple[str, str, str]]:
    return frozenset(
        (port if "/" in port else f"{port}/tcp", _address(entry.get("HostIp") or ""), entry.get("HostPort") or "")
        for port, entries in (value or {}).items()
        for entry in entries or _ANY
    )


def _show_binding(binding: Tuple[str, str, str]) -> str:
    target, address, published = binding
    if address:
        return f"{f'[{address}]' if ':' in address else address}:{published}:{target}"
    return f"{published}:{target}" if published else target


class Exposed(Field):
    """ExposedPorts: what is declared, what is published, and what the image exposes."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        declared = {port for entry in state.service.get("expose", ()) for port in expand(entry)}
        if not declared and not state.exact:
            return []
        have = set(state.config.get("ExposedPorts") or ())
        causes = [f"exposed port {port} added" for port in sorted(declared - have)]
        if state.exact:
            # Published ports are exposed as well; taking one away is told by the ports row.
            known = declared.union((state.image or {}).get("ExposedPorts") or (), state.host.get("PortBindings") or ())
            causes += [f"exposed port {port} removed" for port in sorted(have - known)]
        return [Difference(self.key, cause) for cause in causes]


def exposed_ports(service: Service) -> Optional[Dict[str, Dict[str, Any]]]:
    """ExposedPorts of the exposed and the published ports."""
    ports = [port for entry in service.get("expose", ()) for port in expand(entry)]
    ports += [f"{port['target']}/{port['protocol']}" for port in service.get("ports", ())]
    return {port: {} for port in ports} or None


def _hosts(entries: Optional[Sequence[str]]) -> FrozenSet[Tuple[str, str]]:
    pairs = set()
    for entry in entries or ():
        separator = "=" if "=" in entry else ":"
        host, _sep, address = entry.partition(separator)
        pairs.add((host, _address(address.strip("[]"))))
    return frozenset(pairs)


def _extra_hosts(service: Service) -> Optional[List[str]]:
    declared = service.get("extra_hosts")
    return declared and [entry.replace("=", ":", 1) for entry in declared]


FIELDS: Tuple[Field, ...] = (
    Networks("networks", "HostConfig.NetworkMode", Kind("network")),
    MacAddress("mac_address", "Config.MacAddress", Kind("MAC address")),
    Links("links", "HostConfig.Links", Kind("link")),
    Field("ports", "HostConfig.PortBindings", Set("port", _bindings, _show_binding), value=port_bindings),
    # No key asks for this one; a container made by hand may have it.
    Field("ports", "HostConfig.PublishAllPorts", Scalar("publishing of all ports", bool), value=undeclared),
    Exposed("expose", "Config.ExposedPorts", value=exposed_ports),
    Field("dns", "HostConfig.Dns", Ordered("dns")),
    Field("dns_opt", "HostConfig.DnsOptions", Ordered("dns options")),
    Field("dns_search", "HostConfig.DnsSearch", Ordered("dns search")),
    Field(
        "extra_hosts",
        "HostConfig.ExtraHosts",
        Set("extra host", _hosts, "=".join),
        value=_extra_hosts,
    ),
)
