# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good documents and the model they become."""

from __future__ import annotations

import pytest

from stowage.manifest import parse_manifest
from stowage.model.desired import Archive, Build, Container, Credentials, Image, Network, Policy, Volume
from stowage.service.spec import spec_hash

SHA = "sha256:" + "ab" * 32


def desired(**sections):
    return parse_manifest(sections)[0].desired


@pytest.mark.parametrize("document", [{}, {"version": 1}, {"containers": {}, "images": None}])
def test_nothing_declared(document):
    ((wanted, policy),) = parse_manifest(document)
    assert (wanted.scope, wanted.containers, wanted.images) == ("host", (), ())
    assert policy == Policy(prune=True, wait=True, wait_timeout=300.0, monitor=2.0, implicit_volumes=False)


def test_policy_and_scope():
    ((wanted, policy),) = parse_manifest(
        {
            "scope": "shop.a-1",
            "prune": False,
            "wait": False,
            "wait_timeout": 9,
            "monitor": 0.5,
            "implicit_volumes": True,
        }
    )
    assert wanted.scope == "shop.a-1"
    assert policy == Policy(prune=False, wait=False, wait_timeout=9.0, monitor=0.5, implicit_volumes=True)


def test_registries_keep_their_secrets_to_themselves():
    wanted = desired(
        registries={"r.example:5000": {"username": "ci", "password": "hunter2"}, "x": {"identity_token": "t0ken"}}
    )
    assert wanted.registries == {
        "r.example:5000": Credentials("ci", "hunter2", ""),
        "x": Credentials("", "", "t0ken"),
    }
    assert "hunter2" not in repr(wanted)
    assert "t0ken" not in repr(wanted)


IMAGES = [
    ("app", None, Image("app:latest", "$.images.app")),
    ("docker.io/library/app:1", {}, Image("app:1", '$.images["docker.io/library/app:1"]')),
    ("app:1", {"pull": "always", "platform": "linux/arm64"},
     Image("app:1", '$.images["app:1"]', pull="always", platform="linux/arm64")),
    ("app:1", {"tag_of": "base", "push": True}, Image("app:1", '$.images["app:1"]', tag_of="base:latest", push=True)),
    ("app:1", {"state": "absent", "build": {"context": "gone"}}, Image("app:1", '$.images["app:1"]', state="absent")),
    ("app:1", {"build": {"context": "web", "digest": SHA, "args": ["A=1", "B"], "shm_size": "1m", "tags": ["app:edge"]}},
     Image("app:1", '$.images["app:1"]',
           build=Build({"context": "web", "args": {"A": "1"}, "shm_size": "1048576", "tags": ["app:edge"]},
                       digest=SHA, archive=SHA))),
    ("app:1", {"build": {"context": "/srv/web", "remote_src": True, "builder": "buildkit", "secrets": ["id=a,src=/a"]}},
     Image("app:1", '$.images["app:1"]',
           build=Build({"context": "/srv/web", "secrets": ["id=a,src=/a"]}, "buildkit", remote_src=True))),
    ("app:1", {"load": {"path": "a.tar", "digest": SHA, "layers": ["sha256:1", "sha256:2"]}},
     Image("app:1", '$.images["app:1"]', load=Archive("a.tar", False, SHA, ("sha256:1", "sha256:2")))),
    ("app:1", {"load": {"path": "/srv/a.tar", "remote_src": True}},
     Image("app:1", '$.images["app:1"]', load=Archive("/srv/a.tar", True))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "entry", "expected"), IMAGES)
def test_images(name, entry, expected):
    assert desired(images={name: entry}).images == (expected,)


def test_images_that_only_containers_name_are_implied():
    containers = {
        "a1": {"image": "app:1"},
        "a2": {"image": "app:1", "pull_policy": "always"},
        "a3": {"image": "app:1", "pull_policy": "never"},
        "b1": {"image": "other", "pull_policy": "if_not_present", "platform": "linux/amd64"},
        "c1": {"image": "declared:1", "pull_policy": "never"},
        "d1": {"image": "gone:1", "state": "absent"},
    }
    images = desired(containers=containers, images={"declared:1": {"pull": "never"}}).images
    assert images == (
        Image("declared:1", '$.images["declared:1"]', pull="never"),
        Image("app:1", "$.containers.a2.image", pull="always"),
        Image("other:latest", "$.containers.b1.image", platform="linux/amd64"),
    )


def test_networks():
    networks = {
        "edge": {},
        "back": {
            "name": "shop_back",
            "driver": "macvlan",
            "driver_opts": {"parent": "eth0", "n": 1},
            "internal": True,
            "enable_ipv6": False,
            "labels": ["a=b", "c"],
            "ipam": {
                "driver": "default",
                "options": {"x": "y"},
                "config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1", "aux_addresses": {"router": "10.0.0.2"}}],
            },
        },
        "outside": {"external": True, "name": "corp"},
        "old": {"state": "absent"},
    }
    back = {
        "Name": "shop_back",
        "Driver": "macvlan",
        "Internal": True,
        "EnableIPv6": False,
        "Options": {"parent": "eth0", "n": "1"},
        "IPAM": {
            "Driver": "default",
            "Options": {"x": "y"},
            "Config": [{"Subnet": "10.0.0.0/24", "Gateway": "10.0.0.1", "AuxiliaryAddresses": {"router": "10.0.0.2"}}],
        },
        "Labels": {"a": "b", "c": ""},
    }
    assert desired(networks=networks).networks == (
        Network("edge", "$.networks.edge", {"Name": "edge", "Driver": "bridge", "Labels": {}}),
        Network("shop_back", "$.networks.back", back),
        Network("corp", "$.networks.outside", {"Name": "corp", "Driver": "bridge", "Labels": {}}, external=True),
        Network("old", "$.networks.old", {"Name": "old", "Driver": "bridge", "Labels": {}}, state="absent"),
    )


def test_volumes():
    volumes = {
        "data": {},
        "nfs": {"name": "shop_nfs", "driver_opts": {"type": "nfs"}, "recreate": True},
        "out": {"external": True},
    }
    assert desired(volumes=volumes).volumes == (
        Volume("data", "$.volumes.data", {"Name": "data", "Driver": "local", "Labels": {}}),
        Volume(
            "shop_nfs",
            "$.volumes.nfs",
            {"Name": "shop_nfs", "Driver": "local", "Labels": {}, "DriverOpts": {"type": "nfs"}},
            recreate=True,
        ),
        Volume("out", "$.volumes.out", {"Name": "out", "Driver": "local", "Labels": {}}, external=True),
    )


def test_a_container():
    definition = {
        "image": "app:latest",
        "ports": [{"mode": "ingress", "target": 80, "published": "8080", "protocol": "tcp"}],
    }
    assert desired(containers={"web": {"image": "app", "ports": ["8080:80"]}}).containers == (
        Container("web", "web", "$.containers.web", definition, spec=spec_hash(definition, "app:latest")),
    )


def test_short_names_of_networks_and_volumes_become_real_ones():
    web = {
        "image": "app:1",
        "networks": {"edge": None, "corp": None},
        "volumes": ["data:/data", "data2:/2", "/data:/bind"],
    }
    wanted = desired(
        networks={"edge": {"name": "shop_edge"}}, volumes={"data": {"name": "shop_data"}}, containers={"web": web}
    )
    definition = wanted.containers[0].definition
    assert list(definition["networks"]) == ["shop_edge", "corp"]
    assert [mount["source"] for mount in definition["volumes"]] == ["shop_data", "data2", "/data"]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({}, ["web"]),
        ({"container_name": "other"}, ["other"]),
        ({"scale": 2}, ["web-1", "web-2"]),
        ({"deploy": {"replicas": 1}}, ["web-1"]),
        ({"scale": 0}, []),
        ({"scale": 1, "container_name": "other"}, ["other"]),
        ({"scale": 0, "container_name": "other"}, []),
        ({"state": "absent", "scale": 3, "nonsense": True}, ["web-1", "web-2", "web-3"]),
        ({"state": "absent", "container_name": "other"}, ["other"]),
    ],
)
def test_replicas_and_names(keys, names):
    containers = desired(containers={"web": {"image": "app:1", **keys}}).containers
    assert [container.name for container in containers] == names
    assert {container.service for container in containers} <= {"web"}


def test_states_and_flags():
    containers = desired(
        containers={
            "one": {"image": "app:1", "state": "present", "recreate": True},
            "two": {"state": "absent", "remove_volumes": True},
        }
    ).containers
    assert [(c.state, c.recreate, c.remove_volumes, bool(c.spec)) for c in containers] == [
        ("present", True, False, True),
        ("absent", False, True, False),
    ]


@pytest.mark.parametrize(
    "containers",
    [
        # A port of another protocol, address or container that does not run is another port.
        {"one": {"ports": ["80:80/tcp"]}, "two": {"ports": ["80:80/udp"]}},
        {"one": {"ports": ["127.0.0.1:80:80"]}, "two": {"ports": ["127.0.0.2:80:80"]}},
        {"one": {"ports": ["0.0.0.0:80:80"]}, "two": {"ports": ["[::]:80:80"]}},
        {"one": {"ports": ["0:80"]}, "two": {"ports": ["0:80"]}},
        {"one": {"ports": ["80:80"]}, "two": {"ports": ["80:80"], "state": "stopped"}},
        {"one": {"ports": ["80:80"]}, "two": {"ports": ["80:80"], "state": "absent"}},
        {"one": {"ports": ["8000-8001:80"]}, "two": {"ports": ["8000-8001:80"]}},
        {"one": {"ports": ["80"]}, "two": {"ports": ["80"]}},
        # Dependencies that need not be there.
        {"one": {"depends_on": {"gone": {"condition": "service_started", "required": False}}}},
        {"one": {"network_mode": "container:elsewhere", "volumes_from": ["container:x:ro"]}},
        # A diamond is no circle.
        {"one": {"depends_on": ["two", "six"]}, "two": {"depends_on": ["ten"]}, "six": {"depends_on": ["ten"]}, "ten": {}},
    ],
)  # fmt: skip
def test_what_looks_wrong_and_is_not(containers):
    document = {name: {"image": "app:1", **keys} for name, keys in containers.items()}
    assert len(desired(containers=document).containers) == len(containers)


@pytest.mark.parametrize("state", ["present", "started", "stopped", "restarted"])
def test_nothing_but_a_state(state):
    (web,) = desired(containers={"web": {"state": state, "recreate": False, "remove_volumes": True}}).containers
    assert web == Container("web", "web", "$.containers.web", {}, state=state, remove_volumes=True, state_only=True)


def test_absent_is_no_state_of_its_own():
    assert not desired(containers={"web": {"state": "absent"}}).containers[0].state_only
