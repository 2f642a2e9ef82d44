# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as a table, and the environment docker reads."""

from __future__ import annotations

from typing import Mapping, Optional

import pytest

from stowage.engine.address import Address, Tls, from_environment, parse_address
from stowage.errors import EngineUnreachable


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:///var/run/docker.sock", Address("unix", path="/var/run/docker.sock")),
        ("/run/user/1000/docker.sock", Address("unix", path="/run/user/1000/docker.sock")),
        ("tcp://10.0.0.1:2376", Address("tcp", host="10.0.0.1", port=2376)),
        ("tcp://engine.example", Address("tcp", host="engine.example")),
        ("tcp://engine.example:2375/", Address("tcp", host="engine.example", port=2375)),
        ("http://localhost:2375", Address("tcp", host="localhost", port=2375)),
        ("https://engine.example:443", Address("https", host="engine.example", port=443)),
        ("tcp://[::1]:2376", Address("tcp", host="::1", port=2376)),
        ("tcp://[fe80::1]", Address("tcp", host="fe80::1")),
        ("ssh://host", Address("ssh", host="host")),
        ("ssh://deploy@host:2222", Address("ssh", host="host", port=2222, user="deploy")),
        ("ssh://host/run/docker.sock", Address("ssh", host="host", path="/run/docker.sock")),
        ("ssh://deploy@[::1]:22/", Address("ssh", host="::1", port=22, user="deploy")),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected unix"),
        ("docker.sock", "expected unix"),
        ("unix://docker.sock", "starts with /"),
        ("fd://", "fd is not known"),
        ("npipe:////./pipe/docker_engine", "npipe is not known"),
        ("tcp://", "name is missing"),
        ("tcp://:2375", "name is missing"),
        ("tcp://host:0", "1 to 65535"),
        ("tcp://host:65536", "1 to 65535"),
        ("tcp://host:12345678901234567890", "1 to 65535"),
        ("tcp://host:2²", "1 to 65535"),
        ("tcp://host/path:1", "no name has"),
        ("tcp://ho st", "no name has"),
        ("tcp://host\r\nX: y", "no name has"),
        ("tcp://[::1", "IPv6"),
        ("tcp://[::1]2375", "IPv6"),
        ("ssh://-oProxyCommand=x", "start with -"),
        ("ssh://-l@host", "start with -"),
    ],
)
def test_what_is_no_address(text: str, words: str) -> None:
    with pytest.raises(EngineUnreachable, match=words):
        parse_address(text)


@pytest.mark.parametrize("text", ["ssh://user:hunter2@host", "tcp://user:hunter2@host:99999", "user:hunter2@host"])
def test_a_password_in_an_address_is_not_repeated(text: str) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        parse_address(text)
    assert "hunter2" not in str(caught.value)


TCP = Address("tcp", host="h", port=1)
HTTPS = Address("https", host="h", port=1)
FOLDER = ("/certs/ca.pem", "/certs/cert.pem", "/certs/key.pem")
HOME = ("/home/u/.docker/ca.pem", "/home/u/.docker/cert.pem", "/home/u/.docker/key.pem")


@pytest.mark.parametrize(
    ("environ", "address", "tls"),
    [
        ({}, Address("unix", path="/var/run/docker.sock"), None),
        ({"DOCKER_HOST": ""}, Address("unix", path="/var/run/docker.sock"), None),
        ({"DOCKER_TLS_VERIFY": "1"}, Address("unix", path="/var/run/docker.sock"), None),
        ({"DOCKER_HOST": "tcp://h:1"}, TCP, None),
        ({"DOCKER_HOST": "tcp://h:1", "DOCKER_CERT_PATH": "/certs"}, TCP, None),
        (
            {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "0", "DOCKER_CERT_PATH": "/certs/"},
            TCP,
            Tls(*FOLDER, cert_optional=True),
        ),
        (
            {
                "DOCKER_HOST": "tcp://h:1",
                "DOCKER_TLS_VERIFY": "1",
                "HOME": "/home/u",
                "DOCKER_TLS_HOSTNAME": "n",
            },
            TCP,
            Tls(*HOME, server_name="n", cert_optional=True),
        ),
        (
            {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS": "1", "DOCKER_CERT_PATH": "/certs"},
            TCP,
            Tls(*FOLDER, verify=False, cert_optional=True),
        ),
        ({"DOCKER_HOST": "https://h:1", "DOCKER_TLS_HOSTNAME": "n"}, HTTPS, Tls(server_name="n")),
        (
            {"DOCKER_HOST": "https://h:1", "DOCKER_CERT_PATH": "/certs"},
            HTTPS,
            Tls(*FOLDER, cert_optional=True),
        ),
    ],
)
def test_the_environment(environ: Mapping[str, str], address: Address, tls: Optional[Tls]) -> None:
    assert from_environment(environ) == (address, tls)
