# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``networks``: compose's keys of a network, and those of the Engine API it lacks.

Ends at the body of ``POST /networks/create`` (API 1.41 on; ``EnableIPv4`` from 1.48).
"""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ..model.desired import ABSENT, PRESENT, Network
from .reader import Reader, check_name, join

KEYS = (
    "name", "driver", "driver_opts", "attachable", "enable_ipv4", "enable_ipv6", "internal", "ipam", "labels",
    "external", "ingress", "scope", "config_only", "config_from", "state",
)  # fmt: skip
FLAGS = {
    "internal": "Internal",
    "attachable": "Attachable",
    "ingress": "Ingress",
    "config_only": "ConfigOnly",
    "enable_ipv4": "EnableIPv4",
    "enable_ipv6": "EnableIPv6",
}
POOL = {"subnet": "Subnet", "ip_range": "IPRange", "gateway": "Gateway"}
BUILT_IN = ("bridge", "host", "none")


def parse_networks(reader: Reader) -> Tuple[Tuple[Network, ...], Dict[str, str]]:
    """The networks, and which name each key of the section stands for."""
    networks: List[Network] = []
    names: Dict[str, str] = {}
    taken: Set[str] = set()
    for key, _value in reader.items():
        entry = reader.reader(key)
        entry.only(KEYS)
        name = entry.text("name", key)
        check_name(name, entry.path, "network", reader.problems)
        if name in BUILT_IN:
            entry.problem("is the engine's own; containers use it without a declaration")
        if name in taken:
            entry.problem(f"the network {name} is declared twice")
        taken.add(name)
        names[key] = name
        networks.append(_parse_network(name, entry))
    return tuple(networks), names


def _parse_network(name: str, entry: Reader) -> Network:
    external = entry.flag("external")
    if external:
        for key, value in entry.document.items():
            if value not in (None, "", {}, []) and key not in ("name", "external"):
                entry.problem("an external network is used as it is: it takes no options", str(key))
    body: Dict[str, Any] = {"Name": name, "Driver": entry.text("driver", "bridge")}
    for key, field in FLAGS.items():
        if entry.document.get(key) is not None:
            body[field] = entry.flag(key)
    if entry.document.get("driver_opts"):
        body["Options"] = entry.texts("driver_opts")
    if entry.document.get("scope") is not None:
        body["Scope"] = entry.text("scope", "local", ("local", "swarm", "global"))
    if entry.document.get("config_from"):
        body["ConfigFrom"] = {"Network": entry.text("config_from")}
    if entry.document.get("ipam") is not None:
        body["IPAM"] = _parse_ipam(entry.reader("ipam"))
    body["Labels"] = entry.labels()
    return Network(name, entry.path, body, entry.text("state", PRESENT, (PRESENT, ABSENT)), external)


def _parse_ipam(entry: Reader) -> Dict[str, Any]:
    entry.only(("driver", "options", "config"))
    ipam: Dict[str, Any] = {"Driver": entry.text("driver", "default")}
    if entry.document.get("options"):
        ipam["Options"] = entry.texts("options")
    pools: List[Dict[str, Any]] = []
    for index, item in enumerate(entry.sequence("config")):
        pools.append(_parse_pool(Reader(item, join(entry.path, "config", index), entry.problems)))
    if pools:
        ipam["Config"] = pools
    return ipam


def _parse_pool(entry: Reader) -> Dict[str, Any]:
    entry.only((*POOL, "aux_addresses"))
    pool: Dict[str, Any] = {}
    for key, field in POOL.items():
        value = entry.text(key)
        if value:
            pool[field] = value
            _check_address(entry, key, value)
    if pool and "Subnet" not in pool:
        entry.problem("a pool needs its subnet")
    if entry.document.get("aux_addresses"):
        pool["AuxiliaryAddresses"] = entry.texts("aux_addresses")
    return pool


def _check_address(entry: Reader, key: str, value: str) -> None:
    import ipaddress  # seldom needed, and not quick to import

    try:
        if key == "gateway":
            ipaddress.ip_address(value)
        else:
            ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        entry.problem(str(error), key)
