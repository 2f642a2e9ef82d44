# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ports`` and ``expose``."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.ports import expand, fixed_ports

from .reading import canonical, refused


def port(target: int, published: str = "", host_ip: str = "", protocol: str = "tcp") -> dict[str, Any]:
    entry: dict[str, Any] = {"mode": "ingress", "target": target, "protocol": protocol}
    if published:
        entry["published"] = published
    if host_ip:
        entry["host_ip"] = host_ip
    return entry


@pytest.mark.parametrize(
    ("short", "entries"),
    [
        (80, [port(80)]),
        ("80", [port(80)]),
        ("8080:80", [port(80, "8080")]),
        ("53:53/UDP", [port(53, "53", protocol="udp")]),
        ("80-82", [port(80), port(81), port(82)]),
        ("90-91:80-81", [port(80, "90"), port(81, "91")]),
        ("9000-9010:80", [port(80, "9000-9010")]),
        ("127.0.0.1:8080:80", [port(80, "8080", "127.0.0.1")]),
        ("127.0.0.1::80", [port(80, "", "127.0.0.1")]),
        ("127.0.0.1:80", [port(80, "", "127.0.0.1")]),
        ("[::1]:8080:80", [port(80, "8080", "::1")]),
        ("::1:8080:80", [port(80, "8080", "::1")]),
        ("[::]::80", [port(80, "", "::")]),
        ({"target": 80}, [port(80)]),
        ({"target": "80", "published": 8080}, [port(80, "8080")]),
        ({"target": 80, "published": "1-5", "protocol": "UDP", "host_ip": "[::1]"}, [port(80, "1-5", "::1", "udp")]),
        ({"target": 80, "mode": "host", "name": "n"}, [{**port(80), "mode": "host", "name": "n"}]),
    ],
)
def test_one_entry(short: Any, entries: list[dict[str, Any]]) -> None:
    assert canonical(ports=[short])["ports"] == entries


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("80", ["$.ports: must be a list, not a string"]),
        (["x"], ["$.ports[0]: 'x' is not a port or a range of ports"]),
        (["80:x"], ["$.ports[0]: 'x' is not a port or a range of ports"]),
        (["x:80"], ["$.ports[0]: 'x' is not a port or a range of ports"]),
        ([""], ["$.ports[0]: '' is not a port or a range of ports"]),
        (["80", "70000"], ["$.ports[1]: '70000' is not a range of ports up to 65535"]),
        (["0"], ["$.ports[0]: port 0 cannot be a container's port"]),
        (["5-3"], ["$.ports[0]: '5-3' is not a range of ports up to 65535"]),
        (["-3"], ["$.ports[0]: '-3' is not a port or a range of ports"]),
        (["1-2:1-3"], ["$.ports[0]: the ranges of host and container ports differ in length"]),
        (["80/icmp"], ["$.ports[0]: protocol must be one of tcp, udp, sctp"]),
        (["host:80:80"], ["$.ports[0]: 'host' is not an IP address"]),
        (["300.1.1.1:80:80"], ["$.ports[0]: '300.1.1.1' is not an IP address"]),
        (["[::x]:80:80"], ["$.ports[0]: '[::x]' is not an IP address"]),
        ([True], ["$.ports[0]: must be a string, a number or a mapping, not a boolean"]),
        ([{}], ["$.ports[0]: target is missing"]),
        ([{"target": 0}], ["$.ports[0].target: must be at least 1"]),
        ([{"target": 80, "published": "x"}], ["$.ports[0].published: 'x' is not a port or a range of ports"]),
        ([{"target": 80, "published": []}], ["$.ports[0].published: must be a port or a range of ports, not a list"]),
        ([{"target": 80, "host_ip": "x"}], ["$.ports[0].host_ip: 'x' is not an IP address"]),
        ([{"target": 80, "to": 1}], ["$.ports[0].to: unknown key"]),
        ([{"target": 80, "protocol": "x"}], ["$.ports[0].protocol: must be one of tcp, udp, sctp"]),
    ],
)
def test_what_is_refused(value: Any, messages: list[str]) -> None:
    assert refused(ports=value) == messages


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (["80:80", "80:80"], ["$.ports[1]: host port 80/tcp is published by ports[0] already"]),
        (["80:80", "80:81"], ["$.ports[1]: host port 80/tcp is published by ports[0] already"]),
        (["80:80", "127.0.0.1:80:81"], ["$.ports[1]: host port 80/tcp is published by ports[0] already"]),
        (["127.0.0.1:80:81", "0.0.0.0:80:80"], ["$.ports[1]: host port 80/tcp is published by ports[0] already"]),
        (["1-5:1-5", "3:9"], ["$.ports[1]: host port 3/tcp is published by ports[0] already"]),
        (["80", "80"], ["$.ports[1]: port 80/tcp is published by ports[0] already"]),
        (["80:80", "80:80/udp"], []),
        (["80:80", "81:80"], []),
        (["80", "80:80"], []),
        (["127.0.0.1:80:80", "127.0.0.2:80:80"], []),
        (["0.0.0.0:80:80", "[::]:80:80"], []),
        (["9000-9010:80", "9000-9010:81"], []),
    ],
)
def test_two_that_want_one_host_port(value: Any, messages: list[str]) -> None:
    assert refused(ports=value) == messages


def test_the_hosts_ports_that_are_taken_for_certain() -> None:
    service = canonical(ports=["80", "0:81", "8000-8001:82", "443:443", "[::1]:053:53/udp"])
    assert fixed_ports(service) == [("", 443, "tcp"), ("::1", 53, "udp")]


def test_expose() -> None:
    assert canonical(expose=[80, "81/udp", "90-92"])["expose"] == ["80", "81/udp", "90-92"]
    assert expand("80") == ["80/tcp"]
    assert expand("90-92/udp") == ["90/udp", "91/udp", "92/udp"]


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (80, ["$.expose: must be a list, not a number"]),
        (["80/x"], ["$.expose[0]: must be a port or a range of ports such as 3000 or 8000-8010/udp"]),
        ([80, "80"], ["$.expose[1]: stands here twice"]),
        (["9-5"], ["$.expose[0]: '9-5' is not a range of ports up to 65535"]),
    ],
)
def test_what_expose_refuses(value: Any, messages: list[str]) -> None:
    assert refused(expose=value) == messages
