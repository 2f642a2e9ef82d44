# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The create body of a service, and what an engine is too old for."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.create import create_body, endpoints, unsupported

from .reading import canonical

OLD, NEW = (1, 41), (1, 51)


def body(version: tuple[int, int] = NEW, **document: Any) -> dict[str, Any]:
    return create_body(canonical(**document), name="web", api_version=version)


BARE = {"Image": "x", "Labels": {}, "HostConfig": {"NetworkMode": "default"}}


def test_nothing_declared_says_nothing() -> None:
    assert body() == BARE


# What a key adds to the top level of the body.
CONFIG: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"command": "a b"}, {"Cmd": ["a", "b"]}),
    ({"command": []}, {"Cmd": []}),
    ({"entrypoint": ["a"]}, {"Entrypoint": ["a"]}),
    ({"environment": {"A": "1", "B": None}}, {"Env": ["A=1", "B"]}),
    ({"labels": {"a": "b"}}, {"Labels": {"a": "b"}}),
    ({"user": "1"}, {"User": "1"}),
    ({"working_dir": "/x"}, {"WorkingDir": "/x"}),
    ({"hostname": "h", "domainname": "d"}, {"Hostname": "h", "Domainname": "d"}),
    ({"tty": True, "stdin_open": True}, {"Tty": True, "OpenStdin": True}),
    ({"stop_signal": "INT"}, {"StopSignal": "INT"}),
    ({"stop_grace_period": "1m30s"}, {"StopTimeout": 90}),
    ({"stop_grace_period": "500ms"}, {"StopTimeout": 1}),
    ({"healthcheck": {"disable": True}}, {"Healthcheck": {"Test": ["NONE"]}}),
    (
        {
            "healthcheck": {
                "test": "x",
                "interval": "2s",
                "timeout": "1500ms",
                "start_period": "1m",
                "start_interval": "1s",
                "retries": 3,
            }
        },
        {
            "Healthcheck": {
                "Test": ["CMD-SHELL", "x"],
                "Interval": 2_000_000_000,
                "Timeout": 1_500_000_000,
                "StartPeriod": 60_000_000_000,
                "StartInterval": 1_000_000_000,
                "Retries": 3,
            },
        },
    ),
    ({"expose": [80, "90-91/udp"]}, {"ExposedPorts": {"80/tcp": {}, "90/udp": {}, "91/udp": {}}}),
]


@pytest.mark.parametrize(("document", "added"), CONFIG)
def test_config(document: dict[str, Any], added: dict[str, Any]) -> None:
    assert body(**document) == {**BARE, **added}


# What a key adds to HostConfig.
HOST: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"mem_limit": "64m"}, {"Memory": 64 << 20}),
    (
        {"mem_limit": "64m", "memswap_limit": -1, "mem_reservation": "32m"},
        {"Memory": 64 << 20, "MemorySwap": -1, "MemoryReservation": 32 << 20},
    ),
    (
        {"deploy": {"resources": {"limits": {"memory": "64m", "cpus": 0.5, "pids": 5}}}},
        {"Memory": 64 << 20, "NanoCpus": 500_000_000, "PidsLimit": 5},
    ),
    ({"deploy": {"resources": {"reservations": {"memory": "64m"}}}}, {"MemoryReservation": 64 << 20}),
    ({"mem_swappiness": 0}, {"MemorySwappiness": 0}),
    ({"cpus": "0.35"}, {"NanoCpus": 350_000_000}),
    (
        {
            "cpu_shares": 5,
            "cpu_period": 1000,
            "cpu_quota": 500,
            "cpu_rt_period": 7,
            "cpu_rt_runtime": 6,
            "cpuset": "0",
            "cpu_count": 1,
            "cpu_percent": 2,
        },
        {
            "CpuShares": 5,
            "CpuPeriod": 1000,
            "CpuQuota": 500,
            "CpuRealtimePeriod": 7,
            "CpuRealtimeRuntime": 6,
            "CpusetCpus": "0",
            "CpuCount": 1,
            "CpuPercent": 2,
        },
    ),
    ({"pids_limit": -1}, {"PidsLimit": -1}),
    (
        {
            "blkio_config": {
                "weight": 300,
                "weight_device": [{"path": "/a", "weight": 20}],
                "device_read_bps": [{"path": "/a", "rate": "1k"}],
                "device_write_bps": [{"path": "/a", "rate": "2k"}],
                "device_read_iops": [{"path": "/a", "rate": 3}],
                "device_write_iops": [{"path": "/a", "rate": 4}],
            },
        },
        {
            "BlkioWeight": 300,
            "BlkioWeightDevice": [{"Path": "/a", "Weight": 20}],
            "BlkioDeviceReadBps": [{"Path": "/a", "Rate": 1024}],
            "BlkioDeviceWriteBps": [{"Path": "/a", "Rate": 2048}],
            "BlkioDeviceReadIOps": [{"Path": "/a", "Rate": 3}],
            "BlkioDeviceWriteIOps": [{"Path": "/a", "Rate": 4}],
        },
    ),
    ({"oom_kill_disable": True, "oom_score_adj": 5}, {"OomKillDisable": True, "OomScoreAdj": 5}),
    ({"shm_size": "1m"}, {"ShmSize": 1 << 20}),
    (
        {"ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": 3}},
        {"Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}, {"Name": "nproc", "Soft": 3, "Hard": 3}]},
    ),
    ({"restart": "no"}, {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
    ({"restart": "on-failure:3"}, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
    (
        {"restart": "no", "deploy": {"restart_policy": {"max_attempts": 3}}},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
    ),
    ({"deploy": {"restart_policy": {"condition": "none"}}}, {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
    (
        {"deploy": {"restart_policy": {"condition": "on-failure", "max_attempts": 2}}},
        {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}},
    ),
    ({"init": False}, {"Init": False}),
    ({"group_add": [1]}, {"GroupAdd": ["1"]}),
    ({"privileged": True, "read_only": True}, {"Privileged": True, "ReadonlyRootfs": True}),
    ({"cap_add": ["a"], "cap_drop": ["ALL"]}, {"CapAdd": ["a"], "CapDrop": ["ALL"]}),
    ({"security_opt": ["a=b"]}, {"SecurityOpt": ["a=b"]}),
    (
        {"security_opt": ["systempaths=unconfined", "a:b"]},
        {"SecurityOpt": ["a:b"], "MaskedPaths": [], "ReadonlyPaths": []},
    ),
    (
        {
            "userns_mode": "host",
            "uts": "host",
            "pid": "host",
            "ipc": "shareable",
            "cgroup": "private",
            "cgroup_parent": "/x",
        },
        {
            "UsernsMode": "host",
            "UTSMode": "host",
            "PidMode": "host",
            "IpcMode": "shareable",
            "CgroupnsMode": "private",
            "CgroupParent": "/x",
        },
    ),
    (
        {"devices": ["/dev/a:/dev/b:r"]},
        {"Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"}]},
    ),
    (
        {"devices": ["v.example/x=all"]},
        {"Devices": [], "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["v.example/x=all"]}]},
    ),
    (
        {"gpus": "all"},
        {"DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}]},
    ),
    (
        {"gpus": [{"driver": "nvidia", "device_ids": ["0"], "capabilities": ["compute"], "options": {"a": "b"}}]},
        {
            "DeviceRequests": [
                {
                    "Driver": "nvidia",
                    "Count": 0,
                    "DeviceIDs": ["0"],
                    "Capabilities": [["gpu", "compute"]],
                    "Options": {"a": "b"},
                }
            ]
        },
    ),
    (
        {"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["tpu"], "count": 2}]}}}},
        {"DeviceRequests": [{"Driver": "", "Count": 2, "DeviceIDs": None, "Capabilities": [["tpu"]], "Options": {}}]},
    ),
    ({"device_cgroup_rules": ["c 1:3 r"]}, {"DeviceCgroupRules": ["c 1:3 r"]}),
    ({"sysctls": {"a.b": 1}}, {"Sysctls": {"a.b": "1"}}),
    ({"runtime": "runc", "isolation": "default"}, {"Runtime": "runc", "Isolation": "default"}),
    ({"logging": {"driver": "local"}}, {"LogConfig": {"Type": "local", "Config": {}}}),
    ({"logging": {"options": {"max-file": 3}}}, {"LogConfig": {"Type": "", "Config": {"max-file": "3"}}}),
    ({"storage_opt": {"size": "1G"}}, {"StorageOpt": {"size": "1G"}}),
    ({"annotations": {"a": "b"}}, {"Annotations": {"a": "b"}}),
    (
        {"dns": "1.1.1.1", "dns_opt": ["o"], "dns_search": ["s"]},
        {"Dns": ["1.1.1.1"], "DnsOptions": ["o"], "DnsSearch": ["s"]},
    ),
    ({"extra_hosts": ["a=::1"]}, {"ExtraHosts": ["a:::1"]}),
    ({"network_mode": "host"}, {"NetworkMode": "host"}),
    ({"network_mode": "bridge"}, {}),
    ({"network_mode": "service:db"}, {"NetworkMode": "container:db"}),
    ({"pid": "service:db", "ipc": "container:db"}, {"PidMode": "container:db", "IpcMode": "container:db"}),
    ({"links": ["db", "db:x"], "external_links": ["other"]}, {"Links": ["db:db", "db:x", "other:other"]}),
    ({"volumes_from": ["db", "container:x:ro"]}, {"VolumesFrom": ["db:rw", "x:ro"]}),
    ({"volumes": ["/a:/b", "/a:/c:ro,Z,rslave"]}, {"Binds": ["/a:/b:rw", "/a:/c:ro,Z,rslave"]}),
    ({"volumes": ["data:/d:z,nocopy"]}, {"Binds": ["data:/d:rw,z,nocopy"]}),
    (
        {"volumes": ["/x", "data:/d:ro"]},
        {
            "Mounts": [
                {"Type": "volume", "Target": "/x"},
                {"Type": "volume", "Source": "data", "Target": "/d", "ReadOnly": True},
            ]
        },
    ),
    (
        {
            "volumes": [
                {
                    "type": "volume",
                    "source": "d",
                    "target": "/d",
                    "volume": {"nocopy": True, "subpath": "x", "labels": ["a=b"]},
                }
            ]
        },
        {
            "Mounts": [
                {
                    "Type": "volume",
                    "Source": "d",
                    "Target": "/d",
                    "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}, "Subpath": "x"},
                }
            ]
        },
    ),
    (
        {
            "volumes": [
                {
                    "type": "bind",
                    "source": "/a",
                    "target": "/b",
                    "bind": {"create_host_path": False, "propagation": "shared", "recursive": "disabled"},
                }
            ]
        },
        {
            "Mounts": [
                {
                    "Type": "bind",
                    "Source": "/a",
                    "Target": "/b",
                    "BindOptions": {"Propagation": "shared", "NonRecursive": True},
                }
            ]
        },
    ),
    (
        {"volumes": [{"type": "bind", "source": "/a:b", "target": "/b", "consistency": "cached"}]},
        {
            "Mounts": [
                {
                    "Type": "bind",
                    "Source": "/a:b",
                    "Target": "/b",
                    "Consistency": "cached",
                    "BindOptions": {"CreateMountpoint": True},
                }
            ]
        },
    ),
    (
        {
            "volumes": [
                {
                    "type": "bind",
                    "source": "/a",
                    "target": "/b",
                    "read_only": True,
                    "bind": {"recursive": "readonly", "propagation": "rprivate"},
                }
            ]
        },
        {
            "Mounts": [
                {
                    "Type": "bind",
                    "Source": "/a",
                    "Target": "/b",
                    "ReadOnly": True,
                    "BindOptions": {
                        "Propagation": "rprivate",
                        "ReadOnlyForceRecursive": True,
                        "CreateMountpoint": True,
                    },
                },
            ],
        },
    ),
    (
        {"volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1k", "mode": "1777"}}]},
        {"Mounts": [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1024, "Mode": 0o1777}}]},
    ),
    (
        {"volumes": [{"type": "image", "source": "i", "target": "/i", "image": {"subpath": "x"}}]},
        {"Mounts": [{"Type": "image", "Source": "i", "Target": "/i", "ImageOptions": {"Subpath": "x"}}]},
    ),
    (
        {"volumes": [{"type": "cluster", "source": "c", "target": "/c"}]},
        {"Mounts": [{"Type": "cluster", "Source": "c", "Target": "/c"}]},
    ),
    ({"tmpfs": ["/run", "/t:size=1k"]}, {"Tmpfs": {"/run": "", "/t": "size=1k"}}),
]


@pytest.mark.parametrize(("document", "added"), HOST)
def test_host_config(document: dict[str, Any], added: dict[str, Any]) -> None:
    assert body(**document) == {**BARE, "HostConfig": {**BARE["HostConfig"], **added}}  # type: ignore[dict-item]


def test_ports() -> None:
    found = body(ports=["80", "8080:80", "127.0.0.1::53/udp", "[::1]:90-91:90-91", "7000-7005:70"])
    assert set(found["ExposedPorts"]) == {"80/tcp", "53/udp", "90/tcp", "91/tcp", "70/tcp"}
    assert found["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": ""}, {"HostIp": "", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
        "90/tcp": [{"HostIp": "::1", "HostPort": "90"}],
        "91/tcp": [{"HostIp": "::1", "HostPort": "91"}],
        "70/tcp": [{"HostIp": "", "HostPort": "7000-7005"}],
    }


NETWORKS = {
    "late": None,
    "edge": {
        "aliases": ["x", "web"],
        "ipv4_address": "10.0.0.5",
        "ipv6_address": "fd00::5",
        "link_local_ips": ["169.254.0.1"],
        "priority": 5,
    },
    "back": {"gw_priority": 3, "mac_address": "02-42-AC-11-65-43", "driver_opts": {"a": "b"}, "interface_name": "eth7"},
}
EDGE = {
    "Aliases": ["web", "x"],
    "IPAMConfig": {"IPv4Address": "10.0.0.5", "IPv6Address": "fd00::5", "LinkLocalIPs": ["169.254.0.1"]},
}
BACK = {
    "Aliases": ["web"],
    "DriverOpts": {"a": "b", "com.docker.network.endpoint.ifname": "eth7"},
    "GwPriority": 3,
    "MacAddress": "02:42:ac:11:65:43",
}


def test_all_networks_at_create_from_1_44() -> None:
    found = body(networks=NETWORKS)
    assert found["HostConfig"]["NetworkMode"] == "edge"
    assert found["NetworkingConfig"]["EndpointsConfig"] == {"edge": EDGE, "late": {"Aliases": ["web"]}, "back": BACK}
    assert list(endpoints(canonical(networks=NETWORKS), "web", NEW)) == ["edge", "late", "back"]


def test_the_first_network_alone_below() -> None:
    found = body(OLD, networks=NETWORKS)
    assert found["NetworkingConfig"]["EndpointsConfig"] == {"edge": EDGE}
    rest = endpoints(canonical(networks=NETWORKS), "web", OLD)
    assert list(rest) == ["edge", "late", "back"]
    assert "MacAddress" not in rest["back"]


def test_links_belong_to_the_endpoints() -> None:
    found = create_body(
        canonical(networks=["edge"], links=["db:x"], external_links=["other"]),
        name="web",
        api_version=NEW,
        resolve=lambda name: f"{name}-1",
    )
    assert found["NetworkingConfig"]["EndpointsConfig"]["edge"]["Links"] == ["db-1:x", "other-1:other"]
    assert "Links" not in found["HostConfig"]


@pytest.mark.parametrize(
    ("document", "old", "new"),
    [
        ({"networks": ["edge"]}, None, "edge"),
        ({}, None, "bridge"),
        ({"network_mode": "bridge"}, None, "bridge"),
    ],
)
def test_the_service_mac_address(document: dict[str, Any], old: Any, new: str) -> None:
    mac = "02:42:ac:11:65:43"
    found = body(OLD, mac_address=mac, **document)
    assert found["MacAddress"] == mac
    found = body(NEW, mac_address=mac, **document)
    assert "MacAddress" not in found
    assert found["HostConfig"]["NetworkMode"] == new
    assert found["NetworkingConfig"]["EndpointsConfig"][new]["MacAddress"] == mac


def test_predefined_networks_take_no_aliases() -> None:
    assert endpoints(canonical(networks=["bridge"]), "web", NEW) == {"bridge": {}}


def test_image_labels_and_references_of_the_caller() -> None:
    found = create_body(
        canonical(labels={"a": "1", "b": "1"}, network_mode="service:db", volumes_from=["db"]),
        name="web",
        api_version=NEW,
        labels={"b": "2"},
        image="sha256:1",
        resolve=lambda name: f"{name}.next",
    )
    assert found["Image"] == "sha256:1"
    assert found["Labels"] == {"a": "1", "b": "2"}
    assert found["HostConfig"]["NetworkMode"] == "container:db.next"
    assert found["HostConfig"]["VolumesFrom"] == ["db.next:rw"]


def test_volumes_that_move_along() -> None:
    service = canonical(volumes=["/own", "data:/data", "/host:/host"], tmpfs=["/run"])
    carry = {"/own": "1" * 64, "/of-image": "2" * 64, "/data": "3" * 64, "/host": "4" * 64, "/run": "5" * 64}
    found = create_body(service, name="web", api_version=NEW, carry=carry)["HostConfig"]
    assert found["Mounts"] == [
        {"Type": "volume", "Source": "1" * 64, "Target": "/own"},
        {"Type": "volume", "Source": "data", "Target": "/data"},
        {"Type": "volume", "Source": "2" * 64, "Target": "/of-image"},
    ]
    assert found["Binds"] == ["/host:/host:rw"]


NEWER: list[tuple[dict[str, Any], tuple[int, int], str]] = [
    ({"annotations": {"a": "b"}}, (1, 43), "annotations"),
    ({"healthcheck": {"start_interval": "1s"}}, (1, 44), "healthcheck.start_interval"),
    ({"devices": ["/dev/a", "v.example/x=0"]}, (1, 44), "devices[1]"),
    ({"volumes": [{"type": "cluster", "source": "c", "target": "/c"}]}, (1, 42), "volumes[0].type"),
    ({"volumes": ["/x", {"type": "image", "source": "c", "target": "/c"}]}, (1, 48), "volumes[1].type"),
    (
        {"volumes": [{"type": "volume", "source": "c", "target": "/c", "volume": {"subpath": "x"}}]},
        (1, 45),
        "volumes[0].volume.subpath",
    ),
    (
        {"volumes": [{"type": "bind", "source": "/c", "target": "/c", "bind": {"recursive": "readonly"}}]},
        (1, 44),
        "volumes[0].bind.recursive",
    ),
    ({"networks": {"a": {"gw_priority": 1}}}, (1, 48), "networks.a.gw_priority"),
    ({"networks": {"a": {"interface_name": "x"}}}, (1, 49), "networks.a.interface_name"),
    ({"networks": {"a": None, "b": {"mac_address": "02:42:ac:11:65:43"}}}, (1, 44), "networks.b.mac_address"),
]


@pytest.mark.parametrize(("document", "since", "where"), NEWER)
def test_what_an_engine_is_too_old_for(document: dict[str, Any], since: tuple[int, int], where: str) -> None:
    service = canonical(**document)
    before = (since[0], since[1] - 1)
    assert unsupported(service, since, "$.web") == []
    assert [str(problem) for problem in unsupported(service, before, "$.web")] == [
        f"$.web.{where}: needs Engine API {since[0]}.{since[1]}, this engine has {before[0]}.{before[1]}"
    ]


def test_the_oldest_engine_takes_one_mac_address() -> None:
    service = canonical(networks={"a": {"mac_address": "02:42:ac:11:65:43"}, "b": None})
    assert unsupported(service, OLD, "$") == []
