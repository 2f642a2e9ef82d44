# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.service.endpoints import kept_endpoint

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        # What the engine gave by itself goes, its alias of the short id included.
        (
            {
                "IPAMConfig": None, "Links": None, "Aliases": ["web", ID[:12]], "NetworkID": "n", "EndpointID": "e",
                "Gateway": "10.0.0.1", "IPAddress": "10.0.0.2", "IPPrefixLen": 24, "MacAddress": "02:42:0a:00:00:02",
                "DriverOpts": None, "DNSNames": ["web", ID[:12]], "GwPriority": 0,
            },
            {"Aliases": ["web"]},
        ),
        ({"Aliases": [ID[:12]], "IPAMConfig": {}}, {}),
        (
            {
                "IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9"}, "Links": ["db:d"],
                "DriverOpts": {"a": "b"}, "GwPriority": 5, "Aliases": ["a", "b"],
            },
            {
                "IPAMConfig": {"IPv4Address": "10.0.0.9", "IPv6Address": "fd00::9"}, "Links": ["db:d"],
                "DriverOpts": {"a": "b"}, "GwPriority": 5, "Aliases": ["a", "b"],
            },
        ),
    ],
)  # fmt: skip
def test_kept(settings, expected):
    assert kept_endpoint(settings, ID) == expected


def test_a_copy():
    settings = {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}
    kept_endpoint(settings, ID)["IPAMConfig"]["IPv4Address"] = "changed"
    assert settings == {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}
