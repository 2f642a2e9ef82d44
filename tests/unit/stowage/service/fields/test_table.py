# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table as a whole: every key has a place in the engine, or a reason to have none."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.canonical import KEYS
from stowage.service.compare import RECREATE, UPDATE
from stowage.service.create import create_body
from stowage.service.fields import FIELDS

from ..reading import canonical

# Keys that shape no container: how it comes about, who waits for it, and what runs beside it.
APART = {
    "attach",
    "build",
    "container_name",
    "depends_on",
    "platform",
    "post_start",
    "pre_stop",
    "pull_policy",
    "scale",
}
# Of each other key, a value that the engine gets to see.
SEEN: dict[str, Any] = {
    "annotations": {"a": "b"},
    "blkio_config": {"weight": 10},
    "cap_add": ["A"],
    "cap_drop": ["A"],
    "cgroup": "host",
    "cgroup_parent": "/x",
    "command": "a",
    "cpu_count": 1,
    "cpu_percent": 1,
    "cpu_period": 1000,
    "cpu_quota": 1000,
    "cpu_rt_period": 1000,
    "cpu_rt_runtime": 1000,
    "cpu_shares": 2,
    "cpus": 1,
    "cpuset": "0",
    "deploy": {"resources": {"limits": {"pids": 1}}},
    "device_cgroup_rules": ["c 1:3 r"],
    "devices": ["/dev/a"],
    "dns": "1.1.1.1",
    "dns_opt": ["a"],
    "dns_search": "a",
    "domainname": "a",
    "entrypoint": "a",
    "environment": {"A": "1"},
    "expose": [1],
    "external_links": ["a"],
    "extra_hosts": ["a=1.1.1.1"],
    "gpus": "all",
    "group_add": ["a"],
    "healthcheck": {"test": "a"},
    "hostname": "a",
    "image": "other",
    "init": True,
    "ipc": "host",
    "isolation": "default",
    "labels": {"a": "b"},
    "links": ["a"],
    "logging": {"driver": "a"},
    "mac_address": "02:42:ac:11:65:43",
    "mem_limit": "64m",
    "mem_reservation": "64m",
    "mem_swappiness": 1,
    "memswap_limit": -1,
    "network_mode": "host",
    "networks": ["a"],
    "oom_kill_disable": True,
    "oom_score_adj": 1,
    "pid": "host",
    "pids_limit": 1,
    "ports": ["80"],
    "privileged": True,
    "read_only": True,
    "restart": "always",
    "runtime": "a",
    "security_opt": ["a"],
    "shm_size": "1m",
    "stdin_open": True,
    "stop_grace_period": "1s",
    "stop_signal": "INT",
    "storage_opt": {"a": "b"},
    "sysctls": {"a": "b"},
    "tmpfs": "/run",
    "tty": True,
    "ulimits": {"nofile": 1},
    "user": "a",
    "userns_mode": "host",
    "uts": "host",
    "volumes": ["/a"],
    "volumes_from": ["a"],
    "working_dir": "/a",
}
# What POST /containers/{id}/update takes, but for what engines do not know any more (KernelMemory).
UPDATABLE = set(
    "BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus Memory "
    "MemoryReservation MemorySwap NanoCpus PidsLimit RestartPolicy".split()
)


def body(**document: Any) -> dict[str, Any]:
    return create_body(canonical(**document), name="web", api_version=(1, 51))


def test_every_key_is_either_seen_or_apart() -> None:
    assert set(SEEN) | APART == set(KEYS)
    assert not set(SEEN) & APART


@pytest.mark.parametrize("key", SEEN)
def test_the_engine_gets_to_see_it(key: str) -> None:
    assert body(**{key: SEEN[key]}) != body()


def test_what_is_apart_reaches_no_engine() -> None:
    found = body(
        attach=False,
        build=".",
        container_name="abc",
        depends_on=["a"],
        platform="linux/amd64",
        post_start=[{"command": "a"}],
        pre_stop=[{"command": "a"}],
        pull_policy="always",
        scale=3,
    )
    assert found == body()


def test_what_can_be_changed_in_place() -> None:
    assert {field.attribute for field in FIELDS if field.change == UPDATE} == UPDATABLE
    assert {field.change for field in FIELDS} == {RECREATE, UPDATE}


def test_no_place_is_compared_twice() -> None:
    places = [repr(field).partition(", ")[2] for field in FIELDS]
    assert len(places) == len(set(places))
