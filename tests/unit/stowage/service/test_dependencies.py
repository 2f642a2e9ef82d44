# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.service.dependencies import dependencies

STARTED = {"condition": "service_started", "required": True}
HEALTHY = {"condition": "service_healthy", "required": False, "restart": True}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, {}),
        ({"depends_on": {"db": HEALTHY}}, {"db": HEALTHY}),
        ({"network_mode": "service:vpn", "ipc": "service:mem", "pid": "service:top"},
         {"vpn": STARTED, "mem": STARTED, "top": STARTED}),
        ({"network_mode": "container:vpn", "ipc": "host", "pid": "container:x"}, {}),
        ({"network_mode": "bridge"}, {}),
        ({"links": ["db", "cache:c"]}, {"db": STARTED, "cache": STARTED}),
        ({"external_links": ["elsewhere"]}, {}),
        ({"volumes_from": ["data", "more:ro", "container:else", "container:other:ro"]}, {"data": STARTED, "more": STARTED}),
        # What is said in depends_on counts more than what is implied.
        ({"links": ["db"], "depends_on": {"db": HEALTHY}}, {"db": HEALTHY}),
    ],
)  # fmt: skip
def test_dependencies(service, expected):
    assert dependencies(service) == expected
