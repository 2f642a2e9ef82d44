# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks a container is on: mode, endpoints with their addresses and aliases, links, MAC address.

Knows how engines show endpoints: below API 1.45 the aliases hold the short id as well, addresses that
were asked for stand in IPAMConfig, and all others come and go with the container.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..references import container_of, link, points_at, same_container, show_mode
from .base import NETWORK, RECREATE, Difference, Field, Filler, Service, State

Resolve = Callable[[str], str]
Version = Tuple[int, int]

_ALONE = ("host", "none")
_PREDEFINED = ("bridge", "default", "host", "none", "nat")
_INTERFACE = "com.docker.network.endpoint.ifname"


def ordered_networks(service: Service) -> List[str]:
    """The declared networks, those of high priority first, else as declared."""
    declared: Mapping[str, Any] = service.get("networks", {})
    return sorted(declared, key=lambda name: -((declared[name] or {}).get("priority") or 0))


def mode_of(service: Service) -> str:
    """The declared mode: ``default`` (the engine's bridge), the first network, or as it is written."""
    mode: str = service.get("network_mode", "")
    if mode:
        return "default" if mode == "bridge" else mode
    first = ordered_networks(service)[:1]
    return first[0] if first else "default"


def _links(service: Service) -> List[Tuple[str, str]]:
    return [link(entry) for key in ("links", "external_links") for entry in service.get(key, ())]


def endpoint(service: Service, network: str, name: str, resolve: Resolve) -> Dict[str, Any]:
    """Return the EndpointSettings of one network, but for the MAC address."""
    wanted: Mapping[str, Any] = (service.get("networks") or {}).get(network) or {}
    body: Dict[str, Any] = {}
    if network not in _PREDEFINED:
        aliases = dict.fromkeys([*([name] if name else ()), *wanted.get("aliases", ())])
        if aliases:
            body["Aliases"] = list(aliases)
        links = [f"{resolve(target)}:{alias}" for target, alias in _links(service)]
        if links:
            body["Links"] = links
    addresses = (("ipv4_address", "IPv4Address"), ("ipv6_address", "IPv6Address"), ("link_local_ips", "LinkLocalIPs"))
    ipam = {api: wanted[key] for key, api in addresses if wanted.get(key)}
    if ipam:
        body["IPAMConfig"] = ipam
    options = _driver_options(wanted)
    if options:
        body["DriverOpts"] = options
    if wanted.get("gw_priority"):
        body["GwPriority"] = wanted["gw_priority"]
    return body


def _driver_options(wanted: Mapping[str, Any]) -> Dict[str, str]:
    options = dict(wanted.get("driver_opts") or {})
    if wanted.get("interface_name"):
        options[_INTERFACE] = wanted["interface_name"]
    return options


def mac_of(service: Service, network: str) -> str:
    """The MAC address wanted on a network; the service's own is meant for the first."""
    wanted: Mapping[str, Any] = (service.get("networks") or {}).get(network) or {}
    mac: str = wanted.get("mac_address", "")
    if not mac and network == (ordered_networks(service) or ["bridge"])[0]:
        mac = service.get("mac_address", "")
    return mac.lower().replace("-", ":")


def endpoints(
    service: Service, name: str, api_version: Version, resolve: Resolve = lambda name: name
) -> Dict[str, Dict[str, Any]]:
    """Return ``{network: EndpointSettings}`` of all declared networks, in the order to connect them.

    ``name`` is the service's key, which becomes an alias on each. Empty where ``network_mode`` is
    declared or nothing is. The MAC address is an endpoint's from API 1.44 on.
    """
    found: Dict[str, Dict[str, Any]] = {}
    for network in ordered_networks(service):
        found[network] = endpoint(service, network, name, resolve)
        mac = mac_of(service, network)
        if mac and api_version >= (1, 44):
            found[network]["MacAddress"] = mac
    return found


class Networks(Field):
    """NetworkMode and the endpoints: mended in place, unless the container shares another's network."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        service = filler.service
        mode = mode_of(service)
        other = container_of(mode)
        host = filler.body["HostConfig"]
        host["NetworkMode"] = f"container:{filler.resolve(other)}" if other else mode
        wanted = endpoints(service, filler.name, filler.api_version, filler.resolve)
        if not wanted and mode == "default" and filler.api_version >= (1, 44) and service.get("mac_address"):
            host["NetworkMode"] = "bridge"
            wanted = {"bridge": {"MacAddress": mac_of(service, "bridge")}}
        if filler.api_version < (1, 44):
            # Older engines take one endpoint at create; the others are connected afterwards.
            wanted = dict(list(wanted.items())[:1])
        if wanted:
            filler.body["NetworkingConfig"] = {"EndpointsConfig": wanted}

    def compare(self, state: State) -> List[Difference]:
        mode = mode_of(state.service)
        actual = state.host.get("NetworkMode") or "default"
        shared = bool(container_of(mode))
        if mode in _ALONE or shared:
            if mode == actual or (shared and points_at(mode, actual, state.resolve)):
                return []
            return [Difference("network_mode", f"network mode {show_mode(actual)} -> {mode}")]
        if actual in _ALONE or container_of(actual):
            key = "networks" if state.service.get("networks") else "network_mode"
            return [Difference(key, f"network mode {show_mode(actual)} -> {mode}")]
        return self._attached(state, ordered_networks(state.service) or ["bridge" if mode == "default" else mode])

    def _attached(self, state: State, wanted: List[str]) -> List[Difference]:
        have = (state.inspect.get("NetworkSettings") or {}).get("Networks") or {}
        found = []
        for network in wanted:
            actual = have.get(network)
            if actual is None:
                change = RECREATE if mac_of(state.service, network) else NETWORK
                found.append(self._difference(state, network, "added", change, False))
                continue
            found += [
                self._difference(state, network, what, NETWORK, True)
                for what in _endpoint_changes(state, network, actual)
            ]
        for network in have:
            if network not in wanted:
                cause = f"network {network} removed"
                found.append(Difference(self.key, cause, NETWORK, network=network, connected=True))
        return found

    def _difference(self, state: State, network: str, what: str, change: str, connected: bool) -> Difference:
        wanted = endpoint(state.service, network, state.name, lambda name: state.resolve(name) or name)
        return Difference(
            self.key,
            f"network {network} {what}",
            change,
            network=network,
            endpoint=wanted,
            connected=connected,
        )


def _endpoint_changes(state: State, network: str, actual: Mapping[str, Any]) -> List[str]:
    """Return what differs between an endpoint and its declaration, as words that follow its name."""
    wanted: Mapping[str, Any] = (state.service.get("networks") or {}).get(network) or {}
    changes = []
    if network not in _PREDEFINED:
        # The container answers to its short id, name and hostname anyway; engines below API 1.45 list them.
        own = {
            str(state.inspect.get("Id", ""))[:12],
            str(state.inspect.get("Name", "")).lstrip("/"),
            state.config.get("Hostname"),
        }
        want = {state.name, *wanted.get("aliases", ())} - own - {""}
        have = set(actual.get("Aliases") or ()) - own
        if state.service.get("network_mode") is not None:
            want = have
        changes += [f"alias {alias} removed" for alias in sorted(have - want)]
        changes += [f"alias {alias} added" for alias in sorted(want - have)]
        if not _same_links(_links(state.service), actual.get("Links") or (), state):
            changes.append("links changed")
    ipam = actual.get("IPAMConfig") or {}
    for key, api in (("ipv4_address", "IPv4Address"), ("ipv6_address", "IPv6Address")):
        if not _same_address(wanted.get(key, ""), ipam.get(api) or ""):
            changes.append(f"address {ipam.get(api) or 'automatic'} -> {wanted.get(key, 'automatic')}")
    if set(wanted.get("link_local_ips") or ()) != set(ipam.get("LinkLocalIPs") or ()):
        changes.append("link-local addresses changed")
    if _driver_options(wanted) != (actual.get("DriverOpts") or {}):
        changes.append("driver options changed")
    if (wanted.get("gw_priority") or 0) != (actual.get("GwPriority") or 0):
        changes.append("gateway priority changed")
    return changes


def _same_address(declared: str, actual: str) -> bool:
    if declared == actual or not (declared and actual):
        return declared == actual
    import ipaddress

    return ipaddress.ip_address(declared) == ipaddress.ip_address(actual)


def _same_links(wanted: List[Tuple[str, str]], actual: Any, state: State) -> bool:
    """Whether all links are there, and no others; docker compose gives each replica's more aliases than declared."""
    have: Dict[str, List[str]] = {}
    for target, alias in map(_inspected_link, actual):
        have.setdefault(alias, []).append(target)
    if not state.same_spec and have.keys() != {alias for _target, alias in wanted}:
        return False
    return all(
        any(same_container(target, found, state.resolve) for found in have.get(alias, ())) for target, alias in wanted
    )


def _inspected_link(entry: str) -> Tuple[str, str]:
    """``target:alias``, or HostConfig's ``/target:/container/alias``."""
    target, alias = link(entry)
    return target.lstrip("/"), alias.rpartition("/")[2]


class Links(Field):
    """HostConfig.Links: the old links of the default bridge; elsewhere links belong to endpoints."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        if not filler.service.get("networks"):
            links = [f"{filler.resolve(target)}:{alias}" for target, alias in _links(filler.service)]
            if links:
                filler.body["HostConfig"]["Links"] = links

    def compare(self, state: State) -> List[Difference]:
        declared = [] if state.service.get("networks") else _links(state.service)
        if not declared and state.same_spec:
            return []
        if _same_links(declared, state.host.get("Links") or (), state):
            return []
        external = "external_links" in state.service or "external_links" in state.declared_before
        return [Difference("external_links" if external else "links", "links changed")]


class MacAddress(Field):
    """MAC addresses: an endpoint's; below API 1.44 the container's, which is the first network's."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        if filler.api_version < (1, 44):
            mac = mac_of(filler.service, (ordered_networks(filler.service) or ["bridge"])[0])
            if mac:
                filler.body["MacAddress"] = mac

    def compare(self, state: State) -> List[Difference]:
        found = []
        have = (state.inspect.get("NetworkSettings") or {}).get("Networks") or {}
        networks = ordered_networks(state.service) or ["bridge"]
        top = state.config.get("MacAddress") or ""
        for position, network in enumerate(networks):
            wanted = mac_of(state.service, network)
            actual = (top if not position else "") or (have.get(network) or {}).get("MacAddress") or ""
            # A stopped container's endpoint shows none.
            if wanted and actual and wanted != actual.lower():
                found.append(Difference(self.key, f"MAC address on {network} changed"))
        if self.key in state.declared_before and not any(mac_of(state.service, network) for network in networks):
            found.append(Difference(self.key, "MAC address removed"))
        return found
