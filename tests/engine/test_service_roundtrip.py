# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real engines make of a create body is what the table expects to find in inspect.

Each case is created, and where it can run is started too; the comparison with its own declaration is
empty, and with one key taken out it names exactly that key. What an engine is too old for is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from stowage.engine.client import Engine
from stowage.service.canonical import parse_service
from stowage.service.compare import NETWORK, RECREATE, UPDATE, Difference, anonymous_volumes, differences
from stowage.service.create import create_body, endpoints, unsupported
from stowage.service.spec import declared_keys, parse_declared
from tests.hosts import images

LABEL = "io.stowage.test=service"
LABELS = {"io.stowage.test": "service"}
IMAGE = "stowage-test/service:1"
PLAIN = "stowage-test/service-plain:1"
NAME = "stowage-test-service"
EDGE, BACK = "stowage-test-edge", "stowage-test-back"
VOLUME = "stowage-test-data"

RICH = {
    "Labels": {**LABELS, "of.image": "1"},
    "Env": ["FROM_IMAGE=1", "BOTH=image"],
    "Cmd": ["sleep", "1000"],
    "Volumes": {"/of-image": {}},
    "ExposedPorts": {"9999/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 9_000_000_000, "Retries": 2},
    "StopSignal": "SIGINT",
    "User": "1000",
    "WorkingDir": "/tmp",
}

# id: the document, and in some cases keys whose removal is no difference ("same").
CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "command": {"command": "sleep 500"},
    "entrypoint": {"entrypoint": ["sleep", "600"]},
    "entrypoint and command": {"entrypoint": ["sleep"], "command": ["700"]},
    "empty command": {"command": [], "same": ["command"]},
    "empty entrypoint": {"entrypoint": [], "same": ["entrypoint"]},
    "environment": {"environment": {"A": "1", "BOTH": "declared", "EMPTY": ""}},
    "environment without": {"environment": ["FROM_IMAGE"]},
    "labels": {"labels": {"a": "b", "of.image": "2"}},
    "ports": {
        "ports": ["80", "48080:80", "127.0.0.1::81", "127.0.0.1:48053:53/udp", "48100-48103:70", "48200-48202:90-92"]
    },
    "ports on ipv6": {"ports": ["[::1]:48443:443"]},
    "expose": {"expose": [1000, "2000/udp", "3000-3002"]},
    "expose what the image exposes": {"expose": [9999], "same": ["expose"]},
    "healthcheck": {
        "healthcheck": {"test": "true", "interval": "90s", "timeout": "1m", "retries": 4, "start_period": "1500ms"}
    },
    "healthcheck in part": {"healthcheck": {"interval": "11s"}},
    "healthcheck disabled": {"healthcheck": {"disable": True}},
    "healthcheck start interval": {"healthcheck": {"test": ["CMD", "true"], "start_interval": "2s"}},
    "restart always": {"restart": "always"},
    "restart on failure": {"restart": "on-failure:3"},
    "restart no": {"restart": "no", "same": ["restart"]},
    "restart unless stopped": {"restart": "unless-stopped"},
    "deploy restart": {
        "deploy": {"restart_policy": {"condition": "on-failure", "max_attempts": 2}},
        "as": {"deploy": "restart"},
    },
    "deploy limits": {"deploy": {"resources": {"limits": {"pids": 50}}}, "as": {"deploy": "pids_limit"}},
    "memory": {"mem_limit": "64m"},
    "memory and swap": {"mem_limit": "64m", "memswap_limit": "128m", "same": ["memswap_limit"]},
    "memory and more swap": {"mem_limit": "64m", "memswap_limit": "200m"},
    "unlimited swap": {"mem_limit": "64m", "memswap_limit": -1},
    "reservation": {"mem_limit": "64m", "mem_reservation": "32m"},
    "swappiness": {"mem_swappiness": 10},
    "oom": {"mem_limit": "64m", "oom_kill_disable": True, "oom_score_adj": 100},
    "cpus": {"cpus": 0.35},
    "cpu quota": {"cpu_quota": 50_000, "cpu_period": 100_000},
    "cpu shares": {"cpu_shares": 512},
    "cpuset": {"cpuset": "0"},
    "cpu windows": {"cpu_count": 1, "cpu_percent": 50},
    "pids": {"pids_limit": 50},
    "pids unlimited": {"pids_limit": -1, "same": ["pids_limit"]},
    "blkio": {"blkio_config": {"weight": 300}},
    "shm": {"shm_size": "16m"},
    "ulimits": {"ulimits": {"nofile": {"soft": 1000, "hard": 2000}, "nproc": 500}},
    "hostname": {"hostname": "somebody", "domainname": "example.org"},
    "user": {"user": "0:0", "working_dir": "/var/"},
    "terminal": {"tty": True, "stdin_open": True},
    "stop": {"stop_signal": "QUIT", "stop_grace_period": "1m30s"},
    "stop as always": {"stop_grace_period": "10s", "same": ["stop_grace_period"]},
    "init": {"init": True},
    "no init": {"init": False, "same": ["init"]},
    "groups": {"group_add": ["1", "nogroup"]},
    "capabilities": {"cap_add": ["net_admin", "CAP_CHOWN"], "cap_drop": ["ALL"]},
    "security": {"security_opt": ["no-new-privileges:true", "seccomp=unconfined"]},
    "no new privileges": {"security_opt": ["no-new-privileges"]},
    "system paths": {"security_opt": ["systempaths=unconfined"]},
    "read only": {"read_only": True},
    "privileged": {"privileged": True},
    "host namespaces": {"pid": "host", "ipc": "host", "uts": "host"},
    "ipc shareable": {"ipc": "shareable"},
    "cgroup": {"cgroup": "private"},
    "cgroup parent": {"cgroup_parent": "/stowage-test"},
    "user namespace": {"userns_mode": "host"},
    "devices": {"devices": ["/dev/null:/dev/nothing:rw", "/dev/zero"], "device_cgroup_rules": ["c 1:3 rwm"]},
    "gpus": {"gpus": [{"driver": "none-such", "count": 2, "capabilities": ["compute"]}]},
    "reserved devices": {
        "deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"], "device_ids": ["0"]}]}}},
        "as": {"deploy": "gpus"},
    },
    "cdi": {"devices": ["vendor.example/device=one"], "as": {"devices": "gpus"}},
    "sysctls": {"sysctls": {"net.ipv4.ip_forward": 1}},
    "runtime": {"runtime": "runc", "isolation": "default", "same": ["isolation"]},
    "logging": {"logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": 2}}},
    "log options": {"logging": {"options": {"max-size": "10m"}}},
    "log none": {"logging": {"driver": "none"}},
    "annotations": {"annotations": {"example.org/a": "b"}},
    "dns": {"dns": ["1.1.1.1", "2606:4700:4700:0::1111"], "dns_opt": ["ndots:1"], "dns_search": ["example.org"]},
    "extra hosts": {"extra_hosts": {"a": "10.0.0.1", "b": ["10.0.0.2", "fd00:0::1"], "c": "host-gateway"}},
    "anonymous volume": {"volumes": ["/anonymous"]},
    "volumes": {"volumes": [f"{VOLUME}:/data", f"{VOLUME}:/again:ro"]},
    "volume options": {
        "volumes": [
            {"type": "volume", "source": VOLUME, "target": "/data", "volume": {"nocopy": True}, "read_only": True},
            {"type": "volume", "target": "/labelled", "volume": {"labels": {"a": "b"}}},
            f"{VOLUME}:/shared:z",
        ],
    },
    "over the image's volume": {"volumes": [f"{VOLUME}:/of-image"]},
    "volume subpath": {
        "volumes": [{"type": "volume", "source": VOLUME, "target": "/data", "volume": {"subpath": "."}}],
    },
    "binds": {
        "volumes": [
            "/tmp:/one:ro",
            "/tmp/:/two/:rw,rslave",
            "/tmp/stowage-test-made:/made",
            {"type": "bind", "source": "/tmp", "target": "/three", "bind": {"create_host_path": False}},
            {"type": "bind", "source": "/tmp", "target": "/four", "bind": {"recursive": "disabled"}},
            {
                "type": "bind",
                "source": "/tmp",
                "target": "/five",
                "read_only": True,
                "bind": {"propagation": "private"},
            },
        ],
    },
    "binds relabelled": {"volumes": ["/tmp/stowage-test-made:/made:z"]},
    "recursive read-only": {
        "volumes": [
            {"type": "bind", "source": "/tmp", "target": "/a", "read_only": True, "bind": {"recursive": "writable"}},
        ],
    },
    "tmpfs": {"tmpfs": ["/run:size=1m,mode=755", "/scratch"]},
    "tmpfs volumes": {
        "volumes": [
            {"type": "tmpfs", "target": "/a", "tmpfs": {"size": "1m", "mode": "1777"}},
            {"type": "tmpfs", "target": "/b"},
        ],
    },
    "image volume": {"volumes": [{"type": "image", "source": PLAIN, "target": "/i", "image": {"subpath": "bin"}}]},
    "network none": {"network_mode": "none"},
    "network host": {"network_mode": "host"},
    "network bridge": {"network_mode": "bridge", "same": ["network_mode"]},
    "mac address": {"mac_address": "02-42-AC-11-65-43"},
    "network": {"networks": [EDGE]},
    "networks": {
        "networks": {
            BACK: None,
            EDGE: {
                "aliases": ["front", "web.example"],
                "ipv4_address": "10.213.7.20",
                "priority": 10,
                "link_local_ips": ["169.254.8.8"],
            },
        },
    },
    "network and mac": {"networks": {EDGE: {"mac_address": "02:42:ac:11:65:44"}, BACK: {}}},
    "network driver options": {"networks": {EDGE: {"driver_opts": {"example.option": "1"}}}},
    "gateway priority": {"networks": {EDGE: {"gw_priority": 5}, BACK: {"gw_priority": 1}}},
    "interface name": {"networks": {EDGE: {"interface_name": "edge0"}}},
    "all at once": {
        "command": ["sleep", "900"],
        "environment": {"MODE": "live"},
        "labels": {"team": "a"},
        "ports": ["127.0.0.1:48081:80"],
        "expose": ["81"],
        "networks": {EDGE: {"aliases": ["shop"]}, BACK: None},
        "volumes": [f"{VOLUME}:/data", "/anonymous", "/tmp:/host:ro"],
        "tmpfs": ["/run"],
        "healthcheck": {"test": ["CMD", "true"], "interval": "2s"},
        "restart": "unless-stopped",
        "mem_limit": "64m",
        "cpus": "0.5",
        "pids_limit": 100,
        "cap_drop": ["NET_RAW"],
        "security_opt": ["no-new-privileges:true"],
        "ulimits": {"nofile": 4096},
        "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
        "hostname": "shop",
        "user": "1000",
        "init": True,
        "read_only": True,
        "stop_grace_period": "3s",
        "extra_hosts": ["db:10.0.0.9"],
        "same": ["user"],
    },
}
# Those that are started too: a running container shows more than was asked for.
STARTED = frozenset(
    (
        "nothing",
        "ports",
        "healthcheck",
        "restart always",
        "memory",
        "hostname",
        "host namespaces",
        "anonymous volume",
        "binds relabelled",
        "tmpfs",
        "network none",
        "network host",
        "mac address",
        "networks",
        "network and mac",
        "gateway priority",
        "all at once",
    )
)
# What the engine drops with a warning where the kernel cannot do it.
DISCARDED = "iscarded"


@pytest.fixture(scope="module")
def ground(session_engine: Engine) -> Iterator[Engine]:
    """An engine with the images, networks and the volume that the cases use."""
    engine = session_engine
    engine.images.load(images.busybox_tar(IMAGE, config=RICH))
    engine.images.load(images.busybox_tar(PLAIN, config={"Labels": LABELS, "Cmd": ["sleep", "1000"]}))
    for network, octet in ((EDGE, 7), (BACK, 8)):
        pool = {"Config": [{"Subnet": f"10.213.{octet}.0/24"}]}
        engine.networks.create(network, {"Labels": LABELS, "IPAM": pool})
    engine.volumes.create(VOLUME, {"Labels": LABELS})
    yield engine
    for container in engine.containers.list(all=True, labels=[LABEL]):
        engine.containers.remove(container["Id"], force=True, volumes=True)
    for network in (EDGE, BACK):
        engine.networks.remove(network)
    engine.volumes.remove(VOLUME)
    for image in (IMAGE, PLAIN):
        engine.images.remove(image, force=True)


@pytest.fixture
def engine(ground: Engine) -> Iterator[Engine]:
    yield ground
    for container in ground.containers.list(all=True, labels=[LABEL]):
        ground.containers.remove(container["Id"], force=True, volumes=True)


def canonical(document: dict[str, Any], image: str = IMAGE) -> dict[str, Any]:
    problems: list[Any] = []
    service = parse_service({"image": image, **document}, "$", problems)
    assert problems == []
    return service


class Made:
    """A container made from a service, and how it compares."""

    def __init__(self, engine: Engine, service: dict[str, Any], name: str = NAME, **options: Any) -> None:
        self.engine, self.service, self.name = engine, service, name
        version = engine.api_version
        body = create_body(service, name="web", api_version=version, labels=LABELS, **options)
        answer = engine.containers.create(name, body)
        self.id, self.warnings = answer["Id"], answer["Warnings"] or []
        if version < (1, 44):
            for network, endpoint in list(endpoints(service, "web", version).items())[1:]:
                engine.networks.connect(network, name, endpoint)

    def resolve(self, name: str) -> str:
        known = {
            container["Names"][0].lstrip("/"): container["Id"] for container in self.engine.containers.list(all=True)
        }
        return known.get(name, "")

    def compare(self, service: dict[str, Any] | None = None, same_spec: bool = False) -> list[Difference]:
        inspect = self.engine.containers.inspect(self.id)
        return differences(
            self.service if service is None else service,
            inspect,
            self.engine.images.inspect(inspect["Image"])["Config"],
            same_spec=same_spec,
            declared_before=parse_declared(declared_keys(self.service)),
            resolve=self.resolve,
            name="web",
        )

    def assert_equal(self) -> None:
        assert self.compare(same_spec=True) == []
        found = self.compare(same_spec=False)
        if any(DISCARDED in warning for warning in self.warnings):
            # What was discarded cannot be told from what was never there; a new container ends it.
            found = [one for one in found if one.change != RECREATE or "set to" not in one.cause]
        assert found == []

    def mend(self, found: list[Difference]) -> None:
        """Do what the differences say mends them."""
        update: dict[str, Any] = {}
        for one in found:
            assert one.change in (UPDATE, NETWORK), one
            update.update(one.update)
            if one.connected:
                self.engine.networks.disconnect(one.network, self.name, force=True)
            if one.endpoint is not None:
                self.engine.networks.connect(one.network, self.name, dict(one.endpoint))
        if update:
            self.engine.containers.update(self.id, update)


@pytest.mark.parametrize("case", CASES)
def test_a_container_is_as_its_declaration(engine: Engine, case: str) -> None:
    document = copy.deepcopy(CASES[case])
    same = document.pop("same", [])
    renamed = document.pop("as", {})
    service = canonical(document)
    refused = unsupported(service, engine.api_version, "$")
    if refused:
        pytest.skip(f"engine too old: {refused[0]}")

    made = Made(engine, service)
    made.assert_equal()
    for key in document:
        rest = {name: value for name, value in service.items() if name != key}
        found = {one.key for one in made.compare(rest)}
        if any(DISCARDED in warning for warning in made.warnings):
            assert found <= {key, *service}
        else:
            assert found == (set() if key in same else {renamed.get(key, key)}), key
    if case in STARTED:
        engine.containers.start(made.id)
        made.assert_equal()
        engine.containers.kill(made.id)
        engine.containers.wait(made.id)
        made.assert_equal()


DRIFT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # id: service, what somebody updates by hand, the one key that differs
    "memory": ({"mem_limit": "64m"}, {"Memory": 128 << 20, "MemorySwap": 256 << 20}, "mem_limit"),
    "memory shrunk": ({"mem_limit": "64m"}, {"Memory": 32 << 20}, "mem_limit"),
    "swap": ({"mem_limit": "64m"}, {"MemorySwap": 256 << 20}, "memswap_limit"),
    "declared swap": ({"mem_limit": "64m", "memswap_limit": "100m"}, {"MemorySwap": 200 << 20}, "memswap_limit"),
    "reservation": ({"mem_limit": "64m", "mem_reservation": "16m"}, {"MemoryReservation": 32 << 20}, "mem_reservation"),
    "cpus": ({"cpus": 0.5}, {"NanoCpus": 700_000_000}, "cpus"),
    "deploy cpus": ({"deploy": {"resources": {"limits": {"cpus": "0.5"}}}}, {"NanoCpus": 700_000_000}, "cpus"),
    "shares": ({"cpu_shares": 100}, {"CpuShares": 200}, "cpu_shares"),
    "quota": ({"cpu_quota": 50_000, "cpu_period": 100_000}, {"CpuQuota": 60_000}, "cpu_quota"),
    "undeclared quota": ({}, {"CpuQuota": 60_000}, "cpu_quota"),
    "cpuset": ({"cpuset": "0"}, {"CpusetCpus": "0-1"}, "cpuset"),
    "pids": ({"pids_limit": 50}, {"PidsLimit": 60}, "pids_limit"),
    "pids lifted": ({"pids_limit": 50}, {"PidsLimit": -1}, "pids_limit"),
    "undeclared pids": ({}, {"PidsLimit": 60}, "pids_limit"),
    "restart": ({"restart": "always"}, {"RestartPolicy": {"Name": "no"}}, "restart"),
    "undeclared restart": ({}, {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}, "restart"),
    "retries": (
        {"restart": "on-failure:2"},
        {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 4}},
        "restart",
    ),
}


@pytest.mark.parametrize("case", DRIFT)
def test_an_update_by_hand_is_seen_and_mended_in_place(engine: Engine, case: str) -> None:
    document, update, key = DRIFT[case]
    made = Made(engine, canonical(document))
    engine.containers.start(made.id)
    engine.containers.update(made.id, update)
    found = made.compare(same_spec=True)
    assert [(one.key, one.change) for one in found] == [(key, UPDATE)]
    assert made.compare(same_spec=False) == found
    made.mend(found)
    made.assert_equal()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"mem_limit": "64m"}),
        ({"mem_limit": "64m"}, {"mem_limit": "1g"}),
        ({"mem_limit": "64m"}, {"mem_limit": "16m", "memswap_limit": "16m"}),
        ({"mem_limit": "64m", "memswap_limit": -1}, {"mem_limit": "64m"}),
        ({"mem_limit": "64m"}, {"mem_limit": "64m", "memswap_limit": -1}),
        ({}, {"cpus": 1.5, "pids_limit": 20, "restart": "always"}),
        ({"cpus": 1.5, "pids_limit": 20, "restart": "always"}, {"cpus": 0.25}),
        ({"cpu_quota": 50_000}, {}),
    ],
)
def test_a_changed_limit_needs_no_new_container(engine: Engine, before: dict[str, Any], after: dict[str, Any]) -> None:
    made = Made(engine, canonical(before))
    engine.containers.start(made.id)
    wanted = canonical(after)
    found = made.compare(wanted)
    assert found
    made.mend(found)
    assert made.compare(wanted) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"mem_limit": "64m"}, {}),
        ({"cpus": 0.5}, {}),
        ({"cpus": 0.5}, {"cpu_quota": 50_000}),
        ({"cpuset": "0"}, {}),
    ],
)
def test_a_limit_taken_away_needs_a_new_container(
    engine: Engine, before: dict[str, Any], after: dict[str, Any]
) -> None:
    made = Made(engine, canonical(before))
    assert RECREATE in {one.change for one in made.compare(canonical(after))}


NETWORKS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"networks": [EDGE]}),
    ({"networks": [EDGE]}, {}),
    ({"networks": [EDGE]}, {"networks": [EDGE, BACK]}),
    ({"networks": [EDGE, BACK]}, {"networks": [BACK]}),
    ({"networks": [EDGE]}, {"networks": {EDGE: {"aliases": ["x"]}}}),
    ({"networks": {EDGE: {"ipv4_address": "10.213.7.30"}}}, {"networks": {EDGE: {"ipv4_address": "10.213.7.31"}}}),
    ({"networks": {EDGE: {"ipv4_address": "10.213.7.30"}}}, {"networks": [EDGE]}),
    ({"networks": {EDGE: {"driver_opts": {"a": "1"}}}}, {"networks": {EDGE: {"driver_opts": {"a": "2"}}}}),
]


@pytest.mark.parametrize("running", [False, True], ids=["created", "running"])
@pytest.mark.parametrize(("before", "after"), NETWORKS)
def test_networks_are_mended_in_place(
    engine: Engine, before: dict[str, Any], after: dict[str, Any], running: bool
) -> None:
    made = Made(engine, canonical(before))
    if running:
        engine.containers.start(made.id)
    wanted = canonical(after)
    found = made.compare(wanted)
    assert {one.change for one in found} == {NETWORK}
    made.mend(found)
    assert made.compare(wanted) == []
    if running:
        engine.containers.restart(made.id, timeout=0)
        assert made.compare(wanted) == []


def test_a_network_lost_and_one_gained_by_hand_are_seen(engine: Engine) -> None:
    made = Made(engine, canonical({"networks": [EDGE]}))
    engine.containers.start(made.id)
    engine.networks.disconnect(EDGE, made.name)
    engine.networks.connect(BACK, made.name)
    found = made.compare(same_spec=True)
    assert [one.cause for one in found] == [f"network {EDGE} added", f"network {BACK} removed"]
    made.mend(found)
    made.assert_equal()


@pytest.mark.parametrize("mode", ["host", "none"])
def test_leaving_a_network_mode_needs_a_new_container(engine: Engine, mode: str) -> None:
    made = Made(engine, canonical({"network_mode": mode}))
    assert [one.change for one in made.compare(canonical({"networks": [EDGE]}))] == [RECREATE]
    assert [one.change for one in made.compare(canonical({}))] == [RECREATE]


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"network_mode": "service:{0}"}, "network_mode"),
        ({"network_mode": "container:{0}"}, "network_mode"),
        ({"pid": "service:{0}"}, "pid"),
        ({"ipc": "container:{0}"}, "ipc"),
        ({"volumes_from": ["{0}"]}, "volumes_from"),
        ({"volumes_from": ["container:{0}:ro"]}, "volumes_from"),
        ({"networks": [EDGE], "links": ["{0}", "{0}:db"]}, "networks"),
        ({"networks": [EDGE], "external_links": ["{0}:db"]}, "networks"),
        ({"links": ["{0}:db"]}, "links"),
    ],
)
def test_references_to_another_container(engine: Engine, document: dict[str, Any], key: str) -> None:
    parent = "stowage-test-parent"

    def fill(value: Any) -> Any:
        return [item.format(parent) for item in value] if isinstance(value, list) else value.format(parent)

    document = {name: fill(value) for name, value in document.items()}
    base = {"ipc": "shareable", "volumes": ["/anonymous"]}
    if "networks" in document:
        base["networks"] = [EDGE]
    other = Made(engine, canonical(base), parent)
    engine.containers.start(other.id)
    made = Made(engine, canonical(document))
    made.assert_equal()
    engine.containers.start(made.id)
    made.assert_equal()
    rest = {name: value for name, value in made.service.items() if name not in document or name == "networks"}
    assert {one.key for one in made.compare(rest)} == {key}

    # The namespace of a container that is gone is not that of its successor.
    if key != "networks":
        engine.containers.remove(other.id, force=True, volumes=True)
        Made(engine, canonical(base), parent)
        if key in ("network_mode", "pid", "ipc"):
            assert [one.key for one in made.compare(same_spec=True)] == [key]


def test_anonymous_volumes_move_along(engine: Engine) -> None:
    service = canonical(
        {"volumes": ["/anonymous", {"type": "volume", "target": "/bare", "volume": {"nocopy": True}}, "/tmp:/host"]}
    )
    old = Made(engine, service)
    inspect = engine.containers.inspect(old.id)
    carry = anonymous_volumes(inspect, service)
    assert set(carry) == {"/anonymous", "/bare", "/of-image"}
    new = Made(engine, service, f"{NAME}.next", carry=carry)
    new.assert_equal()
    assert anonymous_volumes(engine.containers.inspect(new.id), service) == carry

    # What the new image does not list any more, and what is declared otherwise, stays behind.
    assert set(anonymous_volumes(inspect, service, {"Volumes": None})) == {"/anonymous", "/bare"}
    other = canonical({"volumes": [f"{VOLUME}:/anonymous"], "tmpfs": ["/bare"]})
    assert set(anonymous_volumes(inspect, other)) == {"/of-image"}


def test_volumes_of_others_do_not_move_along(engine: Engine) -> None:
    Made(engine, canonical({"volumes": ["/anonymous"]}), "stowage-test-parent")
    service = canonical({"volumes_from": ["stowage-test-parent"]}, PLAIN)
    made = Made(engine, service)
    assert anonymous_volumes(engine.containers.inspect(made.id), service) == {}
