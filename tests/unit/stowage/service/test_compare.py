# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a declaration and a container, in which words, and what mends it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from stowage.errors import Problem
from stowage.service.canonical import parse_service
from stowage.service.compare import NETWORK, RECREATE, UPDATE, Difference, anonymous_volumes, differences
from stowage.service.create import create_body
from stowage.service.spec import declared_keys, parse_declared
from tests.unit.stowage.support.examples import examples

from .enginemodel import ID, IMAGE, inspect
from .reading import canonical
from .strategies import services

OTHER = "f" * 64
NEW = (1, 51)


def made_from(service: dict[str, Any], **options: Any) -> dict[str, Any]:
    return inspect(create_body(service, name="web", api_version=NEW, **options), IMAGE)


def compare(after: dict[str, Any], before: dict[str, Any], image: Any = IMAGE, **options: Any) -> list[Difference]:
    """How a container made from ``before`` differs from ``after``."""
    old = canonical(**before)
    defaults = {"same_spec": False, "declared_before": parse_declared(declared_keys(old)), "name": "web"}
    return differences(canonical(**after), made_from(old), image, **{**defaults, **options})


def causes(after: dict[str, Any], before: dict[str, Any], **options: Any) -> list[str]:
    return [one.cause for one in compare(after, before, **options)]


# before, after, what is said of it
CHANGES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({"command": "a"}, {"command": "b"}, ["command changed"]),
    ({"command": "a"}, {}, ["command removed"]),
    ({}, {"command": "a"}, ["command changed"]),
    ({}, {"command": "serve"}, []),
    ({}, {"entrypoint": "a", "command": "b"}, ["entrypoint changed", "command changed"]),
    ({}, {"entrypoint": "a"}, ["entrypoint changed"]),
    ({"entrypoint": "a", "command": "b"}, {"entrypoint": "a"}, ["command removed"]),
    ({"entrypoint": "a"}, {}, ["entrypoint removed"]),
    (
        {"environment": {"A": "1", "B": "1"}},
        {"environment": {"A": "2", "C": "1"}},
        ["environment A changed", "environment B removed", "environment C added"],
    ),
    ({"environment": {"BOTH": "mine"}}, {}, ["environment BOTH changed"]),
    ({}, {"environment": {"BOTH": "image"}}, []),
    ({}, {"environment": {"BOTH": None}}, ["environment BOTH changed"]),
    ({"labels": {"a": "1"}}, {"labels": {"b": "1"}}, ["label a removed", "label b added"]),
    ({"labels": {"of.image": "2"}}, {}, ["label of.image changed"]),
    ({"labels": {"com.docker.compose.project": "p"}}, {}, []),
    ({"user": "5"}, {"user": "6"}, ["user 5 -> 6"]),
    ({"user": "5"}, {}, ["user 5 -> 1000"]),
    ({"working_dir": "/a"}, {"working_dir": "/a/"}, []),
    ({"working_dir": "/a"}, {}, ["working directory /a -> /srv"]),
    ({"hostname": "a"}, {}, ["hostname removed"]),
    ({}, {"hostname": "a"}, ["hostname 0123456789ab -> a"]),
    ({"tty": True}, {}, ["tty switched off"]),
    ({"stop_signal": "USR1"}, {"stop_signal": "SIGUSR1"}, []),
    ({"stop_signal": "USR1"}, {}, ["stop signal SIGUSR1 -> SIGINT"]),
    ({"stop_grace_period": "10s"}, {}, []),
    ({"stop_grace_period": "1m"}, {}, ["stop grace period 60 s -> 10 s"]),
    ({"healthcheck": {"interval": "2s"}}, {"healthcheck": {"interval": "3s"}}, ["health check interval changed"]),
    ({"healthcheck": {"interval": "2s"}}, {}, ["health check removed"]),
    ({}, {"healthcheck": {"retries": 2}}, []),
    (
        {},
        {"healthcheck": {"test": "x", "start_period": "1s"}},
        ["health check test changed", "health check start period changed"],
    ),
    ({"init": True}, {}, ["init removed"]),
    ({"init": True}, {"init": False}, ["init switched off"]),
    ({"mem_limit": "64m"}, {"mem_limit": "128m"}, ["memory 64 MiB -> 128 MiB"]),
    ({"mem_limit": "64m"}, {}, ["memory removed"]),
    ({}, {"mem_limit": "64m"}, ["memory set to 64 MiB"]),
    ({"mem_limit": "64m"}, {"deploy": {"resources": {"limits": {"memory": "64m"}}}}, []),
    ({"mem_limit": "64m"}, {"mem_limit": "64m", "memswap_limit": "100m"}, ["swap limit 128 MiB -> 100 MiB"]),
    ({"mem_limit": "64m", "memswap_limit": -1}, {"mem_limit": "64m"}, ["swap limit unlimited -> 128 MiB"]),
    ({"cpus": 0.5}, {"cpus": 1.5}, ["cpus 0.5 -> 1.5"]),
    ({"cpu_quota": 50}, {}, ["cpu quota removed"]),
    ({"pids_limit": 5}, {"pids_limit": -1}, ["pids limit removed"]),
    ({}, {"pids_limit": -1}, []),
    ({"restart": "on-failure:3"}, {"restart": "always"}, ["restart policy on-failure:3 -> always"]),
    ({"restart": "no"}, {}, []),
    (
        {"ulimits": {"nofile": 5, "nproc": 5}},
        {"ulimits": {"nofile": 6}},
        ["ulimit nofile changed", "ulimit nproc removed"],
    ),
    ({"ulimits": {"nofile": 5}}, {}, ["ulimits removed"]),
    ({"shm_size": "1m"}, {"shm_size": "2m"}, ["shm size 1 MiB -> 2 MiB"]),
    ({"shm_size": "1m"}, {}, ["shm size removed"]),
    ({"blkio_config": {"weight": 20}}, {"blkio_config": {"weight": 30}}, ["block I/O weight 20 -> 30"]),
    (
        {"blkio_config": {"device_read_bps": [{"path": "/a", "rate": 5}]}},
        {"blkio_config": {"device_read_bps": [{"path": "/a", "rate": 6}]}},
        ["block I/O device read bps /a 5 removed", "block I/O device read bps /a 6 added"],
    ),
    ({"cap_add": ["NET_ADMIN"]}, {"cap_add": ["cap_net_admin", "CHOWN"]}, ["capability CHOWN added"]),
    ({"cap_drop": ["ALL"]}, {}, ["dropped capability ALL removed"]),
    ({"security_opt": ["no-new-privileges"]}, {"security_opt": ["no-new-privileges:true"]}, []),
    ({"security_opt": ["seccomp={}"]}, {}, ["security option seccomp profile removed"]),
    ({"security_opt": ["systempaths=unconfined"]}, {}, ["security option systempaths=unconfined removed"]),
    ({"privileged": True}, {}, ["privileged switched off"]),
    ({"pid": "host"}, {}, ["pid namespace removed"]),
    ({"ipc": "host"}, {"ipc": "shareable"}, ["ipc namespace host -> shareable"]),
    (
        {"devices": ["/dev/a"]},
        {"devices": ["/dev/a:/dev/a:r"]},
        ["device /dev/a:/dev/a:mrw removed", "device /dev/a:/dev/a:r added"],
    ),
    ({"gpus": "all"}, {}, ["device request gpu removed"]),
    ({"sysctls": {"a": "1"}}, {"sysctls": {"a": "2"}}, ["sysctl a changed"]),
    ({"logging": {"driver": "local"}}, {"logging": {"driver": "journald"}}, ["log driver local -> journald"]),
    ({"logging": {"driver": "local"}}, {}, ["logging removed"]),
    (
        {"logging": {"driver": "local", "options": {"a": "1", "b": "1"}}},
        {"logging": {"driver": "local", "options": {"b": "2"}}},
        ["log option a removed", "log option b changed"],
    ),
    ({"annotations": {"a": "1"}}, {}, ["annotation a removed"]),
    (
        {"ports": ["80", "127.0.0.1:81:81/udp"]},
        {"ports": ["8080:80", "[::1]:90:90"]},
        [
            "port 127.0.0.1:81:81/udp removed",
            "port 80/tcp removed",
            "port 8080:80/tcp added",
            "port [::1]:90:90/tcp added",
        ],
    ),
    ({"ports": ["[0:0::1]:80:80"]}, {"ports": ["[::1]:80:80"]}, []),
    ({"expose": [80]}, {"expose": [81]}, ["exposed port 81/tcp added", "exposed port 80/tcp removed"]),
    ({"expose": [80]}, {"ports": ["80:80"]}, ["port 80:80/tcp added", "exposed port 80/tcp removed"]),
    ({"dns": "1.1.1.1"}, {}, ["dns changed"]),
    ({"dns": []}, {}, []),
    (
        {"extra_hosts": ["a:1.1.1.1"]},
        {"extra_hosts": ["a=1.1.1.2"]},
        ["extra host a=1.1.1.1 removed", "extra host a=1.1.1.2 added"],
    ),
    ({"volumes": ["/a:/b"]}, {"volumes": ["/a:/b:ro"]}, ["mount /b changed"]),
    (
        {"volumes": ["/a/:/b"]},
        {"volumes": [{"type": "bind", "source": "/a", "target": "/b", "bind": {"create_host_path": False}}]},
        [],
    ),
    ({"volumes": ["d:/b:z"]}, {"volumes": ["d:/b"]}, ["mount /b changed"]),
    ({"volumes": ["d:/b", "/own"]}, {"volumes": ["e:/b"]}, ["mount /b changed", "mount /own removed"]),
    ({"volumes": ["/own"]}, {"volumes": ["d:/own"]}, ["mount /own changed"]),
    ({"volumes": ["/of-image"]}, {}, []),
    ({"volumes": ["d:/of-image"]}, {}, ["mount /of-image removed"]),
    ({}, {"volumes": ["/of-image"]}, []),
    (
        {"tmpfs": "/run:size=1m,mode=755"},
        {"volumes": [{"type": "tmpfs", "target": "/run", "tmpfs": {"size": "1024k", "mode": "0755"}}]},
        [],
    ),
    ({"tmpfs": "/run:noexec"}, {"tmpfs": "/run"}, ["mount /run changed"]),
    ({"volumes_from": ["db"]}, {"volumes_from": ["db:ro"]}, ["volumes from db added", "volumes from db removed"]),
    ({"networks": ["a"]}, {"networks": ["b"]}, ["network b added", "network a removed"]),
    ({"networks": ["a"]}, {}, ["network bridge added", "network a removed"]),
    (
        {"networks": {"a": {"aliases": ["x"]}}},
        {"networks": {"a": {"aliases": ["y"]}}},
        ["network a alias x removed", "network a alias y added"],
    ),
    (
        {"networks": {"a": {"ipv4_address": "10.0.0.5"}}},
        {"networks": {"a": {"ipv6_address": "fd00::5"}}},
        ["network a address 10.0.0.5 -> automatic", "network a address automatic -> fd00::5"],
    ),
    ({"networks": {"a": {"ipv6_address": "fd00:0::5"}}}, {"networks": {"a": {"ipv6_address": "fd00::5"}}}, []),
    ({"networks": {"a": {"gw_priority": 1}}}, {"networks": {"a": None}}, ["network a gateway priority changed"]),
    (
        {"networks": {"a": {"mac_address": "02:42:ac:11:65:43"}}},
        {"networks": {"a": {"mac_address": "02-42-AC-11-65-43"}}},
        [],
    ),
    (
        {"networks": {"a": {"mac_address": "02:42:ac:11:65:43"}}},
        {"networks": {"a": {"mac_address": "02:42:ac:11:65:44"}}},
        ["MAC address on a changed"],
    ),
    ({"network_mode": "host"}, {"networks": ["a"]}, ["network mode host -> a"]),
    ({"networks": ["a"]}, {"network_mode": "none"}, ["network mode a -> none"]),
    ({"networks": ["a"], "links": ["x:y"]}, {"networks": ["a"], "links": ["x:z"]}, ["network a links changed"]),
]


@pytest.mark.parametrize(("before", "after", "said"), CHANGES)
def test_what_is_said_of_a_change(before: dict[str, Any], after: dict[str, Any], said: list[str]) -> None:
    assert sorted(causes(after, before)) == sorted(said)


@pytest.mark.parametrize(("before", "after", "said"), CHANGES)
def test_a_container_made_from_the_change_agrees(
    before: dict[str, Any], after: dict[str, Any], said: list[str]
) -> None:
    assert causes(after, after) == []
    assert causes(after, after, same_spec=True) == []
    assert causes(after, after, image=None) == []


MENDS: list[tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    ({"mem_limit": "64m"}, {"mem_limit": "128m"}, UPDATE, {"Memory": 128 << 20, "MemorySwap": 256 << 20}),
    ({}, {"mem_limit": "64m"}, UPDATE, {"Memory": 64 << 20, "MemorySwap": 128 << 20}),
    ({"mem_limit": "64m"}, {"mem_limit": "64m", "memswap_limit": -1}, UPDATE, {"Memory": 64 << 20, "MemorySwap": -1}),
    ({"mem_limit": "64m"}, {}, RECREATE, {}),
    ({"cpus": 1}, {"cpus": 2}, UPDATE, {"NanoCpus": 2_000_000_000}),
    ({"cpus": 1}, {}, RECREATE, {}),
    ({"cpu_quota": 5}, {}, UPDATE, {"CpuQuota": -1}),
    ({"cpu_shares": 5}, {"cpu_shares": 6}, UPDATE, {"CpuShares": 6}),
    ({"cpuset": "0"}, {"cpuset": "1"}, UPDATE, {"CpusetCpus": "1"}),
    ({"pids_limit": 5}, {}, UPDATE, {"PidsLimit": -1}),
    ({"restart": "always"}, {}, UPDATE, {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}}),
    ({}, {"restart": "on-failure:2"}, UPDATE, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}),
    ({"blkio_config": {"weight": 20}}, {"blkio_config": {"weight": 30}}, UPDATE, {"BlkioWeight": 30}),
    ({}, {"blkio_config": {"weight": 30}}, RECREATE, {}),
    ({"oom_kill_disable": True}, {}, RECREATE, {}),
    ({"user": "1"}, {"user": "2"}, RECREATE, {}),
]


@pytest.mark.parametrize(("before", "after", "change", "update"), MENDS)
def test_what_mends_it(before: dict[str, Any], after: dict[str, Any], change: str, update: dict[str, Any]) -> None:
    assert [(one.change, one.update) for one in compare(after, before)] == [(change, update)]


def test_networks_are_mended_by_connecting() -> None:
    before = {"networks": {"a": {"aliases": ["x"]}, "b": None}}
    after = {"networks": {"a": None, "c": {"ipv4_address": "10.0.0.5"}}}
    found = compare(after, before)
    assert {one.change for one in found} == {NETWORK}
    assert [(one.network, one.connected, one.endpoint) for one in found] == [
        ("a", True, {"Aliases": ["web"]}),
        ("c", False, {"Aliases": ["web"], "IPAMConfig": {"IPv4Address": "10.0.0.5"}}),
        ("b", True, None),
    ]


def test_a_fixed_mac_address_takes_a_new_container() -> None:
    found = compare({"networks": {"a": {"mac_address": "02:42:ac:11:65:43"}}}, {})
    assert [(one.network, one.change) for one in found if one.network == "a"] == [("a", RECREATE)]


# -- what is known of the former declaration ------------------------------------------------------

DRIFTS: list[tuple[str, Any, list[str]]] = [
    ("Memory", 64 << 20, ["memory removed"]),
    ("PidsLimit", 5, ["pids limit removed"]),
    ("NanoCpus", 10**9, ["cpus removed"]),
    ("RestartPolicy", {"Name": "always"}, ["restart policy always -> no"]),
    # The engine changes none of these in place, so with the same declaration they were always there.
    ("Privileged", True, []),
    ("ReadonlyRootfs", True, []),
    ("Ulimits", [{"Name": "nofile", "Soft": 1, "Hard": 1}], []),
]


@pytest.mark.parametrize(("attribute", "value", "said"), DRIFTS)
def test_undeclared_values_with_the_same_declaration(attribute: str, value: Any, said: list[str]) -> None:
    service = canonical()
    found = made_from(service)
    found["HostConfig"][attribute] = value
    assert [one.cause for one in differences(service, found, None, same_spec=True, name="web")] == said


def test_undeclared_values_of_a_container_that_is_not_ours() -> None:
    service = canonical()
    found = made_from(canonical(privileged=True, hostname="h", shm_size="1m", ulimits={"nofile": 5}, read_only=True))
    found["HostConfig"].update(AutoRemove=True, PublishAllPorts=True)
    said = [one.cause for one in differences(service, found, IMAGE, same_spec=False, declared_before=None, name="web")]
    # What the daemon chooses by default may have been chosen by the daemon.
    assert said == [
        "auto-remove switched off",
        "privileged switched off",
        "read-only root switched off",
        "publishing of all ports switched off",
    ]


def test_what_the_daemon_adds_is_no_difference() -> None:
    service = canonical(ulimits={"nproc": 5}, logging={"driver": "json-file", "options": {"max-size": "1m"}})
    found = made_from(service)
    found["HostConfig"]["Ulimits"].append({"Name": "nofile", "Soft": 1, "Hard": 1})
    found["HostConfig"]["LogConfig"]["Config"]["max-file"] = "3"
    before = parse_declared(declared_keys(service))
    assert differences(service, found, IMAGE, same_spec=False, declared_before=before, name="web") == []
    assert differences(service, found, IMAGE, same_spec=False, declared_before=None, name="web") == []


def test_without_the_image_what_it_gave_is_let_pass() -> None:
    service = canonical()
    found = made_from(canonical(environment={"A": "1"}, labels={"a": "1"}, expose=[5], volumes=["/own"]))
    assert differences(service, found, None, same_spec=False, name="web") == []
    assert len(differences(service, found, IMAGE, same_spec=False, name="web")) == 4


def test_what_the_engine_discarded_differs_only_from_another_declaration() -> None:
    service = canonical(blkio_config={"weight": 30}, mem_swappiness=5, cpu_percent=5)
    found = made_from(canonical())
    assert differences(service, found, IMAGE, same_spec=True, name="web") == []
    assert {one.change for one in differences(service, found, IMAGE, same_spec=False, name="web")} == {RECREATE}


def test_the_swap_that_kernels_without_accounting_show() -> None:
    service = canonical(mem_limit="64m", memswap_limit="100m")
    found = made_from(service)
    found["HostConfig"]["MemorySwap"] = -1
    assert differences(service, found, IMAGE, same_spec=True, name="web") == []
    assert differences(canonical(mem_limit="64m"), found, IMAGE, same_spec=False, name="web") == []


def test_references_follow_the_container() -> None:
    service = canonical(network_mode="service:db", pid="container:db")
    found = made_from(service)
    for attribute in ("NetworkMode", "PidMode"):
        found["HostConfig"][attribute] = f"container:{OTHER}"

    def said(resolve: Callable[[str], str]) -> list[str]:
        return [one.cause for one in differences(service, found, IMAGE, same_spec=True, resolve=resolve, name="web")]

    assert said(lambda name: OTHER if name == "db" else "") == []
    assert said(lambda name: "e" * 64 if name == "db" else "") == [
        "pid namespace container:ffffffffffff -> container:db",
        "network mode container:ffffffffffff -> service:db",
    ]


def test_aliases_that_a_container_has_anyway() -> None:
    service = canonical(networks={"a": {"aliases": ["x"]}}, hostname="shop")
    found = made_from(service)
    found["NetworkSettings"]["Networks"]["a"]["Aliases"] = ["x", ID[:12], "shop"]
    assert differences(service, found, IMAGE, same_spec=True, name="web") == []
    # The name of the service is an alias only where the container is called otherwise.
    found["Name"] = "/shop-web-1"
    said = [one.cause for one in differences(service, found, IMAGE, same_spec=True, name="web")]
    assert said == ["network a alias web added"]


def test_a_stopped_container_shows_no_mac_address() -> None:
    service = canonical(networks={"a": {"mac_address": "02:42:ac:11:65:43"}})
    found = made_from(service)
    found["NetworkSettings"]["Networks"]["a"]["MacAddress"] = ""
    assert differences(service, found, IMAGE, same_spec=True, name="web") == []


# -- anonymous volumes ----------------------------------------------------------------------------


def test_anonymous_volumes() -> None:
    service = canonical(volumes=["/own", "data:/data"])
    found = made_from(service)
    found["Mounts"] = [
        {"Type": "volume", "Name": "1" * 64, "Destination": "/own"},
        {"Type": "volume", "Name": "2" * 64, "Destination": "/of-image"},
        {"Type": "volume", "Name": "3" * 64, "Destination": "/of-another"},
        {"Type": "volume", "Name": "data", "Destination": "/data"},
        {"Type": "bind", "Source": "/x", "Destination": "/x"},
    ]
    carry = {"/own": "1" * 64, "/of-image": "2" * 64}
    assert anonymous_volumes(found, service) == carry
    assert anonymous_volumes(found, service, IMAGE) == carry
    assert anonymous_volumes(found, service, {}) == {"/own": "1" * 64}
    assert anonymous_volumes(found, canonical(volumes=["x:/own"], tmpfs="/of-image")) == {}

    heir = made_from(service, carry=carry)
    assert differences(service, heir, IMAGE, same_spec=False, name="web") == []
    assert differences(service, heir, None, same_spec=True, name="web") == []
    assert [
        one.cause for one in differences(canonical(volumes=["data:/data"]), heir, IMAGE, same_spec=False, name="web")
    ] == ["mount /own removed"]


# -- properties -----------------------------------------------------------------------------------


@examples(300)
@given(services)
def test_a_container_is_as_its_declaration(document: dict[str, Any]) -> None:
    problems: list[Problem] = []
    service = parse_service(document, "$", problems)
    if problems:
        return
    for version in ((1, 41), NEW):
        if version < (1, 44) and len(service.get("networks", ())) > 1:
            continue
        found = inspect(create_body(service, name="web", api_version=version), IMAGE)
        for image in (IMAGE, None):
            for same_spec in (True, False):
                assert differences(service, found, image, same_spec=same_spec, name="web") == []


@examples(200)
@given(services, services)
def test_no_cause_shows_a_value(before: dict[str, Any], after: dict[str, Any]) -> None:
    secret = "hunter2"
    problems: list[Problem] = []
    before["environment"], after["environment"] = {"A": secret, "B": "1"}, {"A": "1", "B": secret}
    before["labels"], after["labels"] = {"a": secret}, {"a": "1"}
    before["command"] = [secret]
    old, new = parse_service(before, "$", problems), parse_service(after, "$", problems)
    if problems:
        return
    found = differences(new, made_from(old), IMAGE, same_spec=False, name="web")
    assert secret not in " ".join(one.cause for one in found)


@examples(200)
@given(services)
def test_comparing_changes_nothing(document: dict[str, Any]) -> None:
    problems: list[Problem] = []
    service = parse_service(document, "$", problems)
    found = made_from(service)
    copies = copy.deepcopy((service, found))
    differences(service, found, IMAGE, same_spec=False, name="web")
    create_body(service, name="web", api_version=NEW, labels={"a": "b"}, carry={"/x": "y"})
    assert (service, found) == copies
