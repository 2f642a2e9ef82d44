# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets leave the options on the controller, and are put back on the host."""

from provision.config.apart import put_back, take

CONFIG = {
    "log-opts": {"splunk-token": "one", "splunk-url": "https://splunk"},
    "proxies": {"http-proxy": "http://me:two@proxy", "no-proxy": "x"},
    "registry-mirrors": ["https://mirror", "https://me:three@mirror"],
    "mtu": 1,
}


def test_what_is_secret_travels_apart():
    secrets = {}
    left = take(CONFIG, secrets)
    assert list(secrets.values()) == ["one", "http://me:two@proxy", "https://me:three@mirror"]
    assert left == {
        "log-opts": {"splunk-token": "<secret 1>", "splunk-url": "https://splunk"},
        "proxies": {"http-proxy": "<secret 2>", "no-proxy": "x"},
        "registry-mirrors": ["https://mirror", "<secret 3>"],
        "mtu": 1,
    }
    assert put_back(left, secrets) == CONFIG
