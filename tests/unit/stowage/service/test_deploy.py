# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``deploy`` and limits that do not go together."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.deploy import within

from .reading import canonical, refused


def limits(**values: Any) -> dict[str, Any]:
    return {"resources": {"limits": values}}


def test_limits_are_read() -> None:
    service = canonical(deploy=limits(cpus="0.50", memory="64M", pids=5))
    assert service["deploy"] == limits(cpus=0.5, memory="67108864", pids=5)
    assert within(service, "resources", "limits", "pids") == 5
    assert within(service, "resources", "reservations", "memory") is None
    assert within({}, "resources") is None


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        ({"deploy": {"mode": "x"}}, ["$.deploy.mode: must be one of replicated, global, replicated-job, global-job"]),
        (
            {"deploy": {"update_config": {"order": "x"}}},
            ["$.deploy.update_config.order: must be one of start-first, stop-first"],
        ),
        ({"deploy": limits(memory="x")}, ["$.deploy.resources.limits.memory: not a size such as 64m, 1.5gb or 1024"]),
        ({"deploy": limits(ram=1)}, ["$.deploy.resources.limits.ram: unknown key"]),
        (
            {"deploy": {"resources": {"reservations": {"devices": [{"count": 1}]}}}},
            ["$.deploy.resources.reservations.devices[0]: capabilities is missing"],
        ),
        (
            {"mem_limit": "64m", "deploy": limits(memory="65m")},
            ["$.mem_limit: differs from deploy.resources.limits.memory"],
        ),
        ({"mem_limit": "64m", "deploy": limits(memory="64M", cpus=1)}, []),
        ({"cpus": 1, "deploy": limits(cpus="0.5")}, ["$.cpus: differs from deploy.resources.limits.cpus"]),
        ({"pids_limit": 5, "deploy": limits(pids=6)}, ["$.pids_limit: differs from deploy.resources.limits.pids"]),
        ({"scale": 2, "deploy": {"replicas": 3}}, ["$.scale: differs from deploy.replicas"]),
        ({"mem_limit": "1m"}, ["$.mem_limit: must be at least 6 MiB: the engine takes no less"]),
        (
            {"deploy": limits(memory="1m")},
            ["$.deploy.resources.limits.memory: must be at least 6 MiB: the engine takes no less"],
        ),
        ({"memswap_limit": "64m"}, ["$.memswap_limit: needs mem_limit"]),
        ({"mem_limit": "64m", "memswap_limit": "32m"}, ["$.memswap_limit: must not be below the memory limit, 64 MiB"]),
        ({"mem_limit": "64m", "memswap_limit": "-1"}, []),
        (
            {"mem_limit": "64m", "mem_reservation": "65m"},
            ["$.mem_reservation: must not be above the memory limit, 64 MiB"],
        ),
        ({"cpus": 1, "cpu_quota": 5000}, ["$.cpus: cannot stand beside cpu_period or cpu_quota"]),
    ],
)
def test_what_is_refused(document: dict[str, Any], messages: list[str]) -> None:
    assert refused(**document) == messages
