# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``networks`` and what may stand beside a mode."""

from __future__ import annotations

from typing import Any

import pytest

from .reading import canonical, refused


def test_a_list_and_a_mapping() -> None:
    assert canonical(networks=["a", "b"])["networks"] == {"a": None, "b": None}
    assert canonical(networks={"a": None, "b": {}})["networks"] == {"a": None, "b": {}}
    assert list(canonical(networks={"b": None, "a": None})["networks"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        ({"networks": "a"}, ["$.networks: must be a list or a mapping, not a string"]),
        ({"networks": ["a", "a"]}, ["$.networks[1]: stands here twice"]),
        ({"networks": {"a": {"ipv4_address": "x"}}}, ["$.networks.a.ipv4_address: must be an IPv4 address"]),
        ({"networks": {"a": {"ipv4_address": "::1"}}}, ["$.networks.a.ipv4_address: must be an IPv4 address"]),
        ({"networks": {"a": {"ipv6_address": "1.1.1.1"}}}, ["$.networks.a.ipv6_address: must be an IPv6 address"]),
        ({"networks": {"a": {"link_local_ips": ["x"]}}}, ["$.networks.a.link_local_ips[0]: must be an IP address"]),
        (
            {"networks": {"a": {"mac_address": "x"}}},
            ["$.networks.a.mac_address: must be a MAC address such as 02:42:ac:11:65:43"],
        ),
        ({"networks": {"a": {"priority": "x"}}}, ["$.networks.a.priority: must be a whole number"]),
        ({"networks": {"a": {"alias": "x"}}}, ["$.networks.a.alias: unknown key; did you mean aliases?"]),
        ({"network_mode": "host", "networks": ["a"]}, ["$.network_mode: cannot stand beside networks"]),
        (
            {"network_mode": "host", "mac_address": "02:42:ac:11:65:43"},
            ["$.mac_address: cannot stand beside network_mode host"],
        ),
        (
            {"network_mode": "service:x", "ports": ["80"], "hostname": "h", "dns": "1.1.1.1"},
            [
                "$.ports: cannot stand beside network_mode service:x",
                "$.hostname: cannot stand beside network_mode service:x",
                "$.dns: cannot stand beside network_mode service:x",
            ],
        ),
        ({"network_mode": "none", "hostname": "h"}, []),
        ({"network_mode": "bridge", "ports": ["80"]}, []),
    ],
)
def test_what_is_refused(document: dict[str, Any], messages: list[str]) -> None:
    assert refused(**document) == messages


def test_addresses_of_both_families_are_read() -> None:
    addresses = {"ipv4_address": "10.0.0.1", "ipv6_address": "fd00::1", "link_local_ips": ["169.254.0.1", "fe80::1"]}
    assert canonical(networks={"a": addresses})["networks"]["a"] == addresses
