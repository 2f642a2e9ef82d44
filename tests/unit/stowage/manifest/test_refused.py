# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad documents and everything that is said of them: all problems at once, each with its path."""

from __future__ import annotations

import pytest

from stowage.errors import DeclarationError
from stowage.manifest import parse_manifest

SHA = "sha256:" + "ab" * 32
NAME_RULE = "(two or more letters, digits, '_', '.', '-')"
KNOWN_NETWORK = (
    "unknown key; known here: attachable, config_from, config_only, driver, driver_opts, enable_ipv4, enable_ipv6, "
    "external, ingress, internal, ipam, labels, name, scope, state"
)


def problems(document):
    with pytest.raises(DeclarationError) as caught:
        parse_manifest(document)
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def web(**keys):
    return {"containers": {"web": {"image": "app:1", **keys}}}


TOP = [
    ([], ["$: expected a mapping, found a list"]),
    ("text", ["$: expected a mapping, found a string"]),
    ({"version": 2}, ["$.version: version 2 is not known here; this runtime reads version 1"]),
    ({"version": "1"}, ["$.version: version '1' is not known here; this runtime reads version 1"]),
    ({"scope": "Shop"}, ["$.scope: a scope is 1 to 63 of: lower-case letters, digits, '_', '.', '-'"]),
    ({"scope": "../up"}, ["$.scope: a scope is 1 to 63 of: lower-case letters, digits, '_', '.', '-'"]),
    ({"scope": "a" * 64}, ["$.scope: a scope is 1 to 63 of: lower-case letters, digits, '_', '.', '-'"]),
    ({"prune": "yes"}, ["$.prune: expected true or false, found a string"]),
    ({"implicit_volumes": "no"}, ["$.implicit_volumes: expected true or false, found a string"]),
    ({"wait": 1}, ["$.wait: expected true or false, found a number"]),
    ({"wait_timeout": "5m"}, ["$.wait_timeout: expected a number of seconds, found a string"]),
    ({"wait_timeout": True}, ["$.wait_timeout: expected a number of seconds, found true or false"]),
    ({"monitor": -1}, ["$.monitor: expected a number of seconds, found a number"]),
    ({"monitor": float("nan")}, ["$.monitor: expected a number of seconds, found a number"]),
    (
        {"services": {}},
        [
            (
                "$.services: unknown key; known here: containers, images, implicit_volumes, monitor, networks, prune, "
                "registries, scope, stacks, version, volumes, wait, wait_timeout"
            )
        ],
    ),
    (
        {"networks": [], "volumes": 3, "containers": "web", "images": True, "registries": []},
        [
            "$.registries: expected a mapping, found a list",
            "$.networks: expected a mapping, found a list",
            "$.volumes: expected a mapping, found a number",
            "$.containers: expected a mapping, found a string",
            "$.images: expected a mapping, found true or false",
        ],
    ),
    (
        {"registries": {"registry.example": {"user": "ci", "password": 7}}},
        [
            '$.registries["registry.example"].user: unknown key; did you mean username?',
            '$.registries["registry.example"].password: expected a string, found a number',
            '$.registries["registry.example"]: needs username and password, or identity_token',
        ],
    ),
]

NETWORKS = [
    ({"a b": {}}, ['$.networks["a b"]: \'a b\' is no valid network name (letters, digits, \'_\', \'.\', \'-\')']),
    ({"edge": "bridge"}, ["$.networks.edge: expected a mapping, found a string"]),
    ({"edge": {"subnet": "10.0.0.0/8"}}, [f"$.networks.edge.subnet: {KNOWN_NETWORK}"]),
    ({"host": {}}, ["$.networks.host: is the engine's own; containers use it without a declaration"]),
    (
        {"edge": {}, "front": {"name": "edge"}},
        ["$.networks.front: the network edge is declared twice"],
    ),
    (
        {"edge": {"external": True, "driver": "macvlan", "labels": {"a": "b"}}},
        [
            "$.networks.edge.driver: an external network is used as it is: it takes no options",
            "$.networks.edge.labels: an external network is used as it is: it takes no options",
        ],
    ),
    ({"edge": {"external": True, "state": "absent"}},
     ["$.networks.edge.state: an external network is used as it is: it takes no options"]),
    (
        {"edge": {"internal": "no", "enable_ipv6": 1, "driver": 3, "scope": "wide", "state": "gone"}},
        [
            "$.networks.edge.driver: expected a string, found a number",
            "$.networks.edge.internal: expected true or false, found a string",
            "$.networks.edge.enable_ipv6: expected true or false, found a number",
            "$.networks.edge.scope: 'wide' is none of: local, swarm, global",
            "$.networks.edge.state: 'gone' is none of: present, absent",
        ],
    ),
    (
        {"edge": {"driver_opts": {"mtu": [1500]}, "labels": {"io.stowage.scope": "x", "a.b": []}}},
        [
            "$.networks.edge.driver_opts.mtu: expected a string, found a list",
            '$.networks.edge.labels["a.b"]: must be a string, number, boolean or null, not a list',
        ],
    ),
    (
        {"edge": {"labels": ["io.stowage.scope=x"]}},
        ['$.networks.edge.labels["io.stowage.scope"]: labels that begin with io.stowage. are kept for book-keeping'],
    ),
    (
        {"edge": {"ipam": {"config": [{"subnet": "10.0.0.0/33"}, {"gateway": "10.0.0.1"}, "x", {"net": 1, "subnet": 5}]}}},
        [
            "$.networks.edge.ipam.config[0].subnet: '10.0.0.0/33' does not appear to be an IPv4 or IPv6 network",
            "$.networks.edge.ipam.config[1]: a pool needs its subnet",
            "$.networks.edge.ipam.config[2]: expected a mapping, found a string",
            "$.networks.edge.ipam.config[3].net: unknown key; did you mean subnet?",
            "$.networks.edge.ipam.config[3].subnet: expected a string, found a number",
        ],
    ),
    (
        {"edge": {"ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.0/24", "ip_range": "ten"}]}}},
        [
            "$.networks.edge.ipam.config[0].ip_range: 'ten' does not appear to be an IPv4 or IPv6 network",
            "$.networks.edge.ipam.config[0].gateway: '10.0.0.0/24' does not appear to be an IPv4 or IPv6 address",
        ],
    ),
    ({"edge": {"ipam": {"config": {}}}}, ["$.networks.edge.ipam.config: expected a list, found a mapping"]),
]  # fmt: skip

VOLUMES = [
    ({"d": {}}, [f"$.volumes.d: 'd' is no valid volume name {NAME_RULE}"]),
    ({"da/ta": {}}, [f"$.volumes[\"da/ta\"]: 'da/ta' is no valid volume name {NAME_RULE}"]),
    ({"data": {}, "more": {"name": "data"}}, ["$.volumes.more: the volume data is declared twice"]),
    (
        {"data": {"external": True, "driver_opts": {"type": "nfs"}}},
        ["$.volumes.data.driver_opts: an external volume is used as it is: it takes no options"],
    ),
    (
        {"data": {"recreate": "yes", "size": "1g", "state": None, "driver": []}},
        [
            "$.volumes.data.size: unknown key; known here: driver, driver_opts, external, labels, name, recreate, state",
            "$.volumes.data.driver: expected a string, found a list",
            "$.volumes.data.recreate: expected true or false, found a string",
        ],
    ),
]

IMAGES = [
    ({"App": {}}, ["$.images.App: 'App' is no image reference: the repository's name must be lower case"]),
    ({"app": {}, "app:latest": {}}, ['$.images["app:latest"]: names the same image as $.images.app']),
    (
        {"app:1": {"build": {"context": "c", "digest": SHA}, "load": {"path": "x", "remote_src": True}, "tag_of": "b:1"}},
        ['$.images["app:1"]: build and load and tag_of exclude each other: an image comes from one place'],
    ),
    ({"app:1": {"tag_of": "b:1", "pull": "always"}}, ['$.images["app:1"].pull: pull and tag_of exclude each other']),
    ({"app:1": {"pull": "daily"}}, ['$.images["app:1"].pull: \'daily\' is none of: missing, always, never']),
    ({"app:1": {"tag_of": "B"}}, ["$.images[\"app:1\"]: 'B' is no image reference: the repository's name must be lower case"]),
    (
        {"app:1": {"build": {}}},
        ['$.images["app:1"].build: a build needs its context: a folder'],
    ),
    (
        {"app:1": {"build": {"context": "c"}}},
        [
            ('$.images["app:1"].build: a context on the controller comes with the digest of its files; '
            "is it meant to be remote_src?"),
        ],
    ),
    ({"app:1": {"build": "files/web"}},
     [
         '$.images["app:1"].build: expected a mapping, found a string',
         '$.images["app:1"].build: a build needs its context: a folder',
     ]),
    (
        {"app:1": {"build": {"context": "c", "digest": SHA, "secrets": ["id=a"], "platforms": ["linux/arm64"]}}},
        [
            '$.images["app:1"].build.secrets: needs builder: buildkit',
            '$.images["app:1"].build.platforms: needs builder: buildkit',
        ],
    ),
    (
        {"app:1": {"build": {"context": "c", "digest": "sha256:1", "dockerfile": "D", "dockerfile_inline": "FROM x"}}},
        [
            '$.images["app:1"].build.dockerfile_inline: dockerfile and dockerfile_inline exclude each other',
            '$.images["app:1"].build.digest: expected sha256: and 64 digits',
        ],
    ),
    (
        {"app:1": {"build": {"context": "c", "digest": SHA, "builder": "kaniko", "tags": "b:1", "args": ["A=1", "A=2"],
                             "target": 3.5, "ulimits": {"nofile": {"soft": 2, "hard": 1}}, "no_cache": "perhaps"}}},
        [
            '$.images["app:1"].build.builder: \'kaniko\' is none of: classic, buildkit',
            '$.images["app:1"].build.args[1]: A is set twice',
            '$.images["app:1"].build.no_cache: must be a boolean, not a string',
            '$.images["app:1"].build.ulimits.nofile: soft must not be above hard',
            '$.images["app:1"].build.tags: must be a list, not a string',
        ],
    ),
    (
        {"app:1": {"load": {"remote_src": False}}},
        ['$.images["app:1"].load: an archive to load needs its path'],
    ),
    (
        {"app:1": {"load": {"path": "a.tar", "digest": SHA}}},
        [
            ('$.images["app:1"].load: an archive on the controller comes with its digest and layers; '
            "is it meant to be remote_src?"),
        ],
    ),
    (
        {"app:1": {"load": {"path": "a.tar", "digest": SHA, "layers": "sha256:1"}}},
        ['$.images["app:1"].load.layers: must be a list, not a string'],
    ),
]  # fmt: skip

CONTAINERS = [
    ({"web": "app:1"}, ["$.containers.web: expected a mapping, found a string", "$.containers.web.image: must name an image"]),
    ({"web": {}}, ["$.containers.web.image: must name an image"]),
    ({"web": {"state": "stopped", "image": None}}, ["$.containers.web.image: must name an image"]),
    ({"web": {"state": "stopped", "scale": 2}}, ["$.containers.web.image: must name an image"]),
    ({"web": {"state": "started", "recreate": True}}, ["$.containers.web.image: must name an image"]),
    (
        {"web": {"image": "Bad:Image", "state": "up"}},
        [
            "$.containers.web.state: 'up' is none of: started, present, stopped, restarted, absent",
            "$.containers.web.image: 'Bad:Image' is no image reference: the repository's name must be lower case",
        ],
    ),
    (
        {"web": {"image": "app:1", "build": {"context": "."}}},
        ["$.containers.web.build: declare the build under images: and name that image here"],
    ),
    ({"w": {"image": "app:1"}}, [f"$.containers.w: 'w' is no valid container name {NAME_RULE}"]),
    ({"-web": {"image": "app:1"}}, [f"$.containers.-web: '-web' is no valid container name {NAME_RULE}"]),
    (
        {"web.next": {"image": "app:1"}, "db": {"image": "db:1", "container_name": "db.next"}},
        [
            "$.containers[\"web.next\"]: 'web.next': names ending in .next are kept for replacements under way",
            "$.containers.db: 'db.next': names ending in .next are kept for replacements under way",
        ],
    ),
    (
        {"web": {"image": "app:1", "container_name": "one"}, "db": {"image": "db:1", "container_name": "one"}},
        ["$.containers.db: the name one is taken by web already"],
    ),
    (
        {"web": {"image": "app:1", "scale": 2}, "web-2": {"image": "app:1"}},
        ["$.containers.web-2: the name web-2 is taken by web already"],
    ),
    (
        {"web": {"image": "app:1", "scale": 2, "container_name": "one"}},
        ["$.containers.web.container_name: 2 replicas cannot share one name"],
    ),
    (
        {"web": {"image": "app:1", "deploy": {"replicas": 3}, "ports": ["8080:80"]}},
        [
            "$.containers.web.ports[0]: port 8080/tcp is published by web-1 too",
        ],
    ),
    (
        {"web": {"image": "app:1", "recreate": 1, "remove_volumes": "no"}},
        [
            "$.containers.web.remove_volumes: expected true or false, found a string",
            "$.containers.web.recreate: expected true or false, found a number",
        ],
    ),
    (
        {
            "web": {"image": "app:1", "ports": ["80:80", "443:443/udp"]},
            "api": {"image": "app:1", "ports": ["127.0.0.1:80:8000", "443:443", "[::1]:9000:9000"]},
            "old": {"image": "app:1", "ports": ["127.0.0.2:80:80"]},
            "six": {"image": "app:1", "ports": ["[::1]:9000:9001", "127.0.0.1:9000:9000"]},
        },
        [
            "$.containers.api.ports[0]: port 80/tcp is published by web too",
            "$.containers.old.ports[0]: port 80/tcp is published by web too",
            "$.containers.six.ports[0]: port 9000/tcp is published by api too",
        ],
    ),
    (
        {"web": {"image": "app:1", "ports": ["80:80", "80:81"], "volumes": ["/a", "data:/a"], "tmpfs": ["/a/"]}},
        [
            "$.containers.web.ports[1]: host port 80/tcp is published by ports[0] already",
            "$.containers.web.volumes[1]: /a is mounted by volumes[0] already",
        ],
    ),
    (
        {"web": {"image": "app:1", "imge": "x", "environment": {"A": ["secret"]}, "mem_limit": "lots", "privileged": 2}},
        [
            "$.containers.web.imge: unknown key; did you mean image?",
            "$.containers.web.environment.A: must be a string, number, boolean or null, not a list",
            "$.containers.web.mem_limit: not a size such as 64m, 1.5gb or 1024",
            "$.containers.web.privileged: must be a boolean, not a number",
        ],
    ),
    (
        {"web": {"image": "app:1", "labels": {"io.stowage.scope": "mine"}, "secrets": ["x"], "profiles": ["dev"]}},
        [
            '$.containers.web.labels["io.stowage.scope"]: labels that begin with io.stowage. are kept for book-keeping',
            "$.containers.web.secrets: not supported here: there are no top-level secrets; mount a file",
            "$.containers.web.profiles: not supported here: they choose services when compose files are read",
        ],
    ),
    (
        {"web": {"image": "app:1", "pull_policy": "daily"}, "db": {"image": "db:1", "pull_policy": "build"}},
        [
            "$.containers.web.pull_policy: must be one of always, never, missing, if_not_present, build",
            "$.containers.db.pull_policy: 'build' is none of: missing, always, never",
        ],
    ),
    (
        {"web": {"image": "app:1", "depends_on": ["db", "cache"], "links": ["mail:m"], "network_mode": "service:vpn"}},
        [
            "$.containers.web.links: cannot stand beside network_mode service:vpn",
            "$.containers.web: refers to vpn, which is not declared",
            "$.containers.web: refers to mail, which is not declared",
            "$.containers.web.depends_on.db: refers to db, which is not declared",
            "$.containers.web.depends_on.cache: refers to cache, which is not declared",
        ],
    ),
    (
        {
            "web": {"image": "app:1", "depends_on": {"db": {"condition": "service_started"}}, "volumes_from": ["old:ro"]},
            "db": {"image": "db:1", "state": "absent"},
            "old": {"state": "absent"},
        },
        [
            "$.containers.web: refers to old, which is declared absent",
            "$.containers.web.depends_on.db: refers to db, which is declared absent",
        ],
    ),
    (
        {
            "aa": {"image": "app:1", "depends_on": ["bb"]},
            "bb": {"image": "app:1", "network_mode": "service:cc"},
            "cc": {"image": "app:1", "depends_on": {"aa": {"condition": "service_healthy"}}},
            "dd": {"image": "app:1", "depends_on": ["aa"]},
        },
        ["$.containers.aa.depends_on: depends on itself: aa -> bb -> cc -> aa"],
    ),
    (
        {"zz": {"image": "app:1", "depends_on": ["aa"]}, "aa": {"image": "app:1", "links": ["aa"]}},
        ["$.containers.aa.depends_on: depends on itself: aa -> aa"],
    ),
    (
        {
            "aa": {"image": "app:1", "depends_on": ["bb"]},
            "bb": {"image": "app:1", "depends_on": ["aa"]},
            "cc": {"image": "app:1", "depends_on": ["aa", "cc"]},
        },
        [
            "$.containers.aa.depends_on: depends on itself: aa -> bb -> aa",
            "$.containers.cc.depends_on: depends on itself: cc -> cc",
        ],
    ),
    ({"web": {"state": "absent", "container_name": "-"}},
     ["$.containers.web.container_name: must be a name that the engine takes"]),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), TOP)
def test_top(document, expected):
    assert problems(document) == expected


@pytest.mark.parametrize(("section", "expected"), NETWORKS)
def test_networks(section, expected):
    assert problems({"networks": section}) == expected


@pytest.mark.parametrize(("section", "expected"), VOLUMES)
def test_volumes(section, expected):
    assert problems({"volumes": section}) == expected


@pytest.mark.parametrize(("section", "expected"), IMAGES)
def test_images(section, expected):
    assert problems({"images": section}) == expected


@pytest.mark.parametrize(("section", "expected"), CONTAINERS)
def test_containers(section, expected):
    assert problems({"containers": section}) == expected


def test_an_image_that_shall_go_cannot_be_used():
    document = {"images": {"app:1": {"state": "absent"}}, **web(scale=2)}
    assert problems(document) == ["$.containers.web.image: the image app:1 is declared absent"]


def test_all_at_once():
    document = {
        "version": 3,
        "networks": {"edge": {"drivr": "x"}},
        "volumes": {"data": {"driver": 1}},
        "images": {"app:1": {"pull": 1}},
        "containers": {"web": {"image": "app:1", "ports": ["x"]}, "db": {"volumes": ["relative"]}},
    }
    assert [problem.split(": ")[0] for problem in problems(document)] == [
        "$.version",
        "$.networks.edge.drivr",
        "$.volumes.data.driver",
        "$.containers.web.ports[0]",
        "$.containers.db.volumes[0]",
        "$.containers.db.image",
        '$.images["app:1"].pull',
    ]


def test_values_that_may_be_secret_are_not_repeated():
    document = {
        "registries": {"r.example": {"username": "u", "password": ["hunter2"]}},
        "containers": {
            "web": {
                "image": "app:1",
                "environment": ["=hunter2", {"PASSWORD": "hunter2"}],
                "command": 'sh -c "hunter2',
                "healthcheck": {"test": ["curl", "hunter2"]},
                "labels": {"a": ["hunter2"]},
            }
        },
        "images": {"app:1": {"build": {"context": "c", "digest": SHA, "args": {"TOKEN": ["hunter2"]}}}},
    }
    assert "hunter2" not in str(problems(document))


def test_a_chain_longer_than_the_stack_is_no_circle():
    names = [f"c{number}" for number in range(3000)]
    containers = {name: {"image": "app:1", "depends_on": [after]} for name, after in zip(names, names[1:])}
    containers[names[-1]] = {"image": "app:1"}
    ((desired, _policy),) = parse_manifest({"containers": containers})
    assert len(desired.containers) == 3000


def test_a_container_must_not_contradict_the_image_it_names():
    images = {"app:1": {"pull": "always"}, "arm:1": {"platform": "linux/arm64"}}
    containers = {
        "ca": {"image": "app:1", "pull_policy": "never"},
        "cb": {"image": "arm:1", "platform": "linux/amd64"},
        "cc": {"image": "own:1", "platform": "linux/amd64"},
        "cd": {"image": "own:1", "platform": "linux/arm64"},
        "ce": {"image": "app:1", "pull_policy": "always"},
    }
    assert problems({"images": images, "containers": containers}) == [
        '$.containers.ca.pull_policy: app:1 is declared at $.images["app:1"]; say there how it is come by',
        '$.containers.cb.platform: $.images["arm:1"] wants the same name for linux/arm64',
        "$.containers.cd.platform: $.containers.cc.image wants the same name for linux/amd64",
    ]


def test_circles_through_shared_namespaces():
    containers = {
        "aa": {"image": "x", "network_mode": "container:bb"},
        "bb": {"image": "x", "pid": "container:aa"},
    }
    assert problems({"containers": containers}) == ["$.containers.aa.depends_on: depends on itself: aa -> bb -> aa"]
