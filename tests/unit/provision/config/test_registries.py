# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates by registry."""

import pytest

from provision.config.registries import wanted
from provision.errors import ProvisionError

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n"


def test_files():
    found = wanted({"registry.example.net:5000": {"ca": PEM, "cert": PEM, "key": KEY}, "[fd00::1]:5000": {"ca": PEM}})
    assert {path: content.mode for path, content in found.items()} == {
        "/etc/docker/certs.d/registry.example.net:5000/ca.crt": 0o644,
        "/etc/docker/certs.d/registry.example.net:5000/client.cert": 0o644,
        "/etc/docker/certs.d/registry.example.net:5000/client.key": 0o600,
        "/etc/docker/certs.d/[fd00::1]:5000/ca.crt": 0o644,
    }
    assert all(content.text.endswith("-----\n") for content in found.values())


@pytest.mark.parametrize(
    ("certificates", "said"),
    [
        ({"../../etc": {"ca": PEM}}, "a registry is a host"),
        ({"https://registry": {"ca": PEM}}, "a registry is a host"),
        ({"..": {"ca": PEM}}, "a registry is a host"),
        ({"registry": PEM}, "has to be a dictionary of ca, cert, key"),
        ({"registry": {}}, "has to be a dictionary of ca, cert, key"),
        ({"registry": {"crt": PEM}}, r"\.crt: there is no such part"),
        ({"registry": {"ca": "files/ca.crt"}}, r"\.ca: is no certificate in PEM"),
        ({"registry": {"cert": PEM}}, "needs both cert and key"),
        ({"registry": {"cert": KEY, "key": KEY}}, r"\.cert: is no certificate in PEM"),
    ],
)
def test_what_is_refused(certificates, said):
    with pytest.raises(ProvisionError, match=said) as raised:
        wanted(certificates)
    assert "MIIB" not in str(raised.value)
