# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Override files are merged as docker compose merges them, key by key."""

from __future__ import annotations

import textwrap

import pytest

from plugins.plugin_utils.compose.merge import PROJECT, merge, untagged
from plugins.plugin_utils.compose.places import find
from plugins.plugin_utils.compose.problems import Problem
from plugins.plugin_utils.compose.source import read_documents
from tests.unit.plugin_utils.compose.loading import agree, judged, load, refused
from tests.unit.plugin_utils.compose.oracle import plain

# What a service says in the first file, and in the second.
SERVICES = {
    "nothing-over": ("hostname: a", ""),
    "word": ("hostname: a", "hostname: b"),
    "word-emptied": ("hostname: a", "hostname: ''"),
    "switch": ("privileged: true", "privileged: false"),
    "command-list": ("command: [a, b]", "command: [b, c]"),
    "command-line": ("command: a", "command: [b]"),
    "command-emptied": ("command: [a]", "command: []"),
    "command-null": ("command: [a]", "command:"),
    "entrypoint": ("entrypoint: a\ncommand: x", "entrypoint: [b, c]"),
    "environment-list-map": ("environment: [A=1, B=2]", "environment: {B: 3, C: 4}"),
    "environment-map-list": ("environment: {A: 1, B: 2}", "environment: [B=3, C, A=]"),
    "environment-null": ("environment: [A=1]", "environment: {A: }"),
    "environment-again": ("environment: [A=1, A=2]", "environment: [B=1, B=2]"),
    "environment-nothing": ("environment: {A: 1}", "environment:"),
    "labels": ("labels: [a=1, b=2]", "labels: {b: 3, c: , a: }"),
    "annotations": ("annotations: [a=1]", "annotations: {a: 2, b: 3}"),
    "sysctls": ("sysctls: [a=1, b=2]", "sysctls: {a: 3}"),
    "storage-opt": ("storage_opt: {size: 1g}", "storage_opt: {x: 2}"),
    "ports": ('ports: ["80:80", "81:81"]', 'ports: ["80:80", "82:82"]'),
    "ports-other-host-port": ('ports: ["80:80"]', 'ports: ["8080:80"]'),
    "ports-udp": ('ports: ["80:80"]', 'ports: ["80:80/udp"]'),
    "ports-long": (
        'ports: [{target: 80, published: "80", name: a}]',
        'ports: [{target: 80, published: "80", name: b, mode: host}]',
    ),
    "ports-none-over": ('ports: ["80:80"]', "ports: []"),
    "ports-range": ('ports: ["80-82:80-82"]', 'ports: ["81:81"]'),
    "expose": ("expose: [80, 81]", 'expose: ["80", 82]'),
    "volumes": ('volumes: ["vv:/a", "./x:/b"]', 'volumes: ["ww:/a:ro", "./x:/b:ro", "xx:/c"]'),
    "volumes-slash": ('volumes: ["vv:/a/", "ww:/z"]', 'volumes: ["ww:/a"]'),
    "volumes-long": (
        "volumes: [{type: volume, source: vv, target: /a, volume: {labels: {a: 1}}}]",
        "volumes: [{type: volume, source: vv, target: /a, read_only: true}]",
    ),
    "volumes-short-over-long": (
        "volumes: [{type: bind, source: ./x, target: /a, bind: {create_host_path: false}}]",
        'volumes: ["./y:/a"]',
    ),
    "tmpfs": ("tmpfs: /a", "tmpfs: [/b, /a]"),
    "tmpfs-options": ("tmpfs: ['/a:size=1']", "tmpfs: ['/a:size=2']"),
    "devices": ('devices: ["/dev/a:/dev/x"]', 'devices: ["/dev/b:/dev/x:r", "/dev/c"]'),
    "devices-long": ('devices: ["/dev/a:/dev/x"]', "devices: [{source: /dev/z, target: /dev/x}]"),
    "device-rules": ('device_cgroup_rules: ["c 1:3 r"]', 'device_cgroup_rules: ["c 1:3 r", "c 1:4 r"]'),
    "networks-list-map": ("networks: [nn]", "networks: {mm: {aliases: [a]}}"),
    "networks-map-list": ("networks: {nn: {aliases: [a, b]}}", "networks: [nn, mm]"),
    "networks-map-null": ("networks: {nn: {aliases: [a]}}", "networks: {nn: }"),
    "networks-deep": (
        "networks: {nn: {aliases: [a, b], ipv4_address: 1.1.1.1}}",
        "networks: {nn: {aliases: [b, c], ipv4_address: 2.2.2.2, priority: 3}}",
    ),
    "depends-list-map": ("depends_on: [one]", "depends_on: {two: {condition: service_healthy}}"),
    "depends-map-list": ("depends_on: {one: {condition: service_healthy, restart: true}}", "depends_on: [one, two]"),
    "depends-deep": (
        "depends_on: {one: {condition: service_healthy, required: false}}",
        "depends_on: {one: {condition: service_started}}",
    ),
    "dns": ("dns: 1.1.1.1", "dns: [2.2.2.2, 1.1.1.1]"),
    "dns-other": ("dns_search: a\ndns_opt: [a]", "dns_search: b\ndns_opt: [b, a]"),
    "capabilities": ("cap_add: [A, B]\ncap_drop: [X]", "cap_add: [B, C]\ncap_drop: [X, Y]"),
    "security": ("security_opt: [a]", "security_opt: [b, a]"),
    "groups": ("group_add: [a]", "group_add: [b, a]"),
    "hosts-list": ('extra_hosts: ["a:1.1.1.1"]', 'extra_hosts: ["a:2.2.2.2", "b:3.3.3.3"]'),
    "hosts-map": ("extra_hosts: {a: 1.1.1.1}", 'extra_hosts: ["a:2.2.2.2", "a:1.1.1.1"]'),
    "ulimits": ("ulimits: {nofile: 5, nproc: 3}", "ulimits: {nofile: {soft: 1, hard: 2}}"),
    "ulimits-deep": ("ulimits: {nofile: {soft: 1, hard: 2}}", "ulimits: {nofile: {soft: 2, hard: 3}, nproc: 3}"),
    "ulimits-flat": ("ulimits: {nofile: {soft: 1, hard: 2}}", "ulimits: {nofile: 3}"),
    "healthcheck": ("healthcheck: {test: a, interval: 5s}", "healthcheck: {test: [CMD, b], timeout: 1s}"),
    "healthcheck-off": ("healthcheck: {test: a, interval: 5s}", "healthcheck: {disable: true}"),
    "logging-same": ("logging: {driver: a, options: {x: 1}}", "logging: {driver: a, options: {y: 2}}"),
    "logging-other": ("logging: {driver: a, options: {x: 1}}", "logging: {driver: b, options: {y: 2}}"),
    "logging-options": ("logging: {driver: a, options: {x: 1, y: 2}}", "logging: {options: {x: 2}}"),
    "logging-driver": ("logging: {options: {x: 1}}", "logging: {driver: a, options: {y: 2}}"),
    "build-short": ("build: .", "build: {args: {A: 1}}"),
    "build-over-long": ("build: {context: ./q, target: z}", "build: ./w"),
    "build": (
        (
            "build: {context: ./q, args: [A=1, B=2], labels: [a=1], tags: [a], cache_from: [x], ssh: [default],"
            " additional_contexts: [aa=./z], extra_hosts: ['a:1.1.1.1'], secrets: [s], platforms: [a]}"
        ),
        (
            "build: {args: {A: 2}, labels: {b: 2}, tags: [b, a], cache_from: [y], ssh: {default: },"
            " additional_contexts: {aa: ./zz, bb: ./y}, extra_hosts: ['a:2.2.2.2'], platforms: [a, b],"
            " secrets: [t, {source: s, target: x}], target: z, entitlements: [x]}"
        ),
    ),
    "build-args-null": ("build: {args: [A=1]}", "build: {args: {A: }}"),
    "configs": ("configs: [c]", "configs: [d, c]"),
    "configs-target": ("configs: [{source: c, target: /x}]", "configs: [{source: d, target: /x}]"),
    "secrets": ("secrets: [s]", "secrets: [{source: s, mode: 0400}, {source: t, target: s}]"),
    "deploy": (
        (
            "deploy: {replicas: 2, labels: [a=1], resources: {limits: {cpus: 1, memory: 5g}, reservations:"
            " {devices: [{capabilities: [a]}]}}, placement: {constraints: [a]}, restart_policy: {condition: any}}"
        ),
        (
            "deploy: {labels: {b: 1, a: 2}, resources: {limits: {cpus: 2}, reservations: {devices:"
            " [{capabilities: [a]}, {capabilities: [b]}]}}, placement: {constraints: [a, b]},"
            " update_config: {order: start-first}, restart_policy: {delay: 5s}}"
        ),
    ),
    "gpus-all": ("gpus: all", "gpus: [{count: 2}]"),
    "gpus": ("gpus: [{count: 1}]", "gpus: [{count: 2}]"),
    "blkio": (
        "blkio_config: {weight: 10, weight_device: [{path: /a, weight: 20}]}",
        "blkio_config: {weight: 20, weight_device: [{path: /a, weight: 30}]}",
    ),
    "links": ("links: [one]\nexternal_links: [q]", "links: [two, one]\nexternal_links: [r]"),
    "volumes-from": ("volumes_from: [one]", "volumes_from: [two]"),
    "hooks": ("post_start: [{command: a}]\npre_stop: [{command: x}]", "post_start: [{command: b}, {command: a}]"),
    "pre-start": ("pre_start: [{command: a}]\nuser: u\nenvironment: [A=1]", "pre_start: [{image: b}]\nuser: v"),
    "develop": (
        "develop: {watch: [{path: ./a, action: rebuild}]}",
        "develop: {watch: [{path: ./b, action: rebuild}]}",
    ),
    "reset-list": ('ports: ["80:80"]', "ports: !reset []"),
    "reset-map": ("environment: {A: 1}\nlabels: {a: 1, b: 2}", "environment: !reset null\nlabels: {a: !reset null}"),
    "reset-word": ("hostname: a\ncommand: x", "hostname: !reset a\ncommand: !reset null"),
    "reset-item": ('ports: ["80:80", "81:81"]', 'ports: [!reset "80:80", "82:82"]'),
    "override-list": ('ports: ["80:80"]\nvolumes: ["vv:/a"]', 'ports: !override ["81:81"]\nvolumes: !override []'),
    "override-map": ("environment: {A: 1, B: 2}", "environment: !override {C: 3}"),
    "override-deep": (
        "deploy: {replicas: 2, resources: {limits: {memory: 1g}}}",
        "deploy: {resources: !override {limits: {cpus: 1}}, replicas: !reset 1}",
    ),
    "override-short": ("networks: {nn: {aliases: [q]}, mm: }", "networks: !override [mm]"),
    "no-base": ("", "ports: !override ['1:1']\nenvironment: !reset [A=1]"),
}
TOP = """
volumes: {vv: , ww: , xx: }
configs: {c: {file: ./c}, d: {file: ./d}}
secrets: {s: {file: ./c}, t: {file: ./t}}
"""
SECTIONS = {
    "network": ("driver: x\nlabels: [a=1]", "driver: y\nlabels: {a: 2, b: }\ndriver_opts: {q: 1}"),
    "network-null": ("driver: x", ""),
    "network-pools-other": ("ipam: {config: [{subnet: 10.0.0.0/8}]}", "ipam: {config: [{subnet: 11.0.0.0/8}]}"),
    "network-pools-same": (
        "ipam: {config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1, aux_addresses: {a: 10.0.0.2}}]}",
        "ipam: {config: [{subnet: 10.0.0.0/8, aux_addresses: {b: 10.0.0.3}}, {subnet: 'fd00::/8'}]}",
    ),
    "network-ipam": ("ipam: {driver: a, options: {a: b}}", "ipam: {options: {c: d}}"),
    "network-external": ("external: true", "external: false"),
    "network-external-name": ("external: true", "name: foo"),
    "network-external-old": ("external: {name: z}", "external: true"),
    "network-external-old-over": ("external: true", "external: {name: z}"),
}


def mapping(entries, indent="  "):
    """YAML of a mapping of names to mappings that are written as text."""
    found = [f"{indent}{name}:\n{textwrap.indent(text, indent + '  ')}\n" for name, text in entries.items()]
    return "".join(found)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """All cases as the services and networks of one project, read once by each."""
    base = {name: f"image: x\n{case[0]}" for name, case in SERVICES.items()}
    base |= {"one": "image: x", "two": "image: x", "networks": f"image: x\nnetworks: [{', '.join(SECTIONS)}]"}
    networks = {"nn": "", "mm": "", **{name: case[0] for name, case in SECTIONS.items()}}
    over = {name: case[1] for name, case in SERVICES.items() if case[1]}
    files = {
        "a.yaml": f"services:\n{mapping(base)}networks:\n{mapping(networks)}{TOP}",
        "b.yaml": f"services:\n{mapping(over)}networks:\n{mapping({name: case[1] for name, case in SECTIONS.items()})}",
    }
    directory = tmp_path_factory.mktemp("merge")
    theirs = judged(directory, files, files=tuple(files))
    assert theirs.document, theirs.messages
    return load(directory, files, files=tuple(files)).document, theirs.document


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_over_another(both, name):
    ours, theirs = both
    assert plain(ours["services"][name]) == plain(theirs["services"][name])


@pytest.mark.parametrize("name", SECTIONS)
def test_a_network_over_another(both, name):
    ours, theirs = both
    assert plain(ours["networks"][name]) == plain(theirs["networks"][name])


@pytest.mark.parametrize(
    ("base", "over"),
    [
        (
            "services: {a: {image: x, volumes: ['vv:/a']}}\nvolumes: {vv: {driver_opts: {a: 1}, labels: [a=1]}}",
            "volumes: {vv: {driver_opts: {a: 2}, labels: {b: 2}}}",
        ),
        (
            "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {file: ./a}}",
            "secrets: {s: {file: ./b, labels: {a: 1}}}",
        ),
        ("services: {a: {image: x}}\nx-a: {b: [1], c: 1}", "x-a: {b: [2, 1], d: 3}\nx-b: 1"),
        ("services: {a: {image: x}}\nnetworks: {nn: {}}", "networks: !reset null"),
        ("services: {a: {image: x}}", "services: {more: {image: n, depends_on: [a]}}"),
        ("services: {a: {image: x}, b: {image: b}}", "services: {b: !reset null}"),
        ("services: {a: {image: x, command: x}}", "services: {a: !override {image: c}}"),
        ("services: {a: {image: x}}", "services: {a: {image: y}}\n---\nservices: {a: {labels: [a=1]}}"),
    ],
)
def test_projects_over_each_other(tmp_path, base, over):
    agree(tmp_path, {"a.yaml": base, "b.yaml": over}, files=("a.yaml", "b.yaml"))


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ("ports: {a: 1}", "b.yaml:3: services.a.ports: a mapping cannot be merged with a list"),
        ("labels: 5", "b.yaml:3: services.a.labels: a single value cannot be merged with a mapping"),
        ("hostname: [a]", "b.yaml:3: services.a.hostname: a list cannot be merged with a single value"),
        ('ports: ["82:zz"]', "b.yaml:3: services.a.ports[1]: 'zz' is not a port or a range of ports"),
        ("cpus: many", "b.yaml:3: services.a.cpus: must be a number"),
    ],
)
def test_what_cannot_be_merged_has_its_place(tmp_path, over, problem):
    base = "services:\n  a:\n    image: x\n    ports: [80]\n    labels: {a: 1}\n    hostname: h\n"
    files = {"a.yaml": base, "b.yaml": f"services:\n  a:\n    {over}\n"}
    assert refused(tmp_path, files, files=("a.yaml", "b.yaml")) == [problem]


def read(text, file):
    problems: list[Problem] = []
    (document,) = read_documents(text, file, problems)
    assert problems == []
    return document


def test_every_place_outlives_a_merge():
    base = read("services:\n  a:\n    image: x\n    labels: [a=1, b=2]\n    ports: [80]\n", "a.yaml")
    over = read(
        "services:\n  a:\n\n    image: y\n    labels:\n      b: 3\n    ports:\n      - 81\n  b: {image: z}", "b.yaml"
    )
    merge(base, over, PROJECT, "", [])
    assert find(base, "services.a.image") == ("b.yaml", 4)
    assert find(base, "services.a.labels.a") == ("a.yaml", 4)
    assert find(base, "services.a.labels.b") == ("b.yaml", 6)
    assert find(base, "services.a.ports[0]") == ("a.yaml", 5)
    assert find(base, "services.a.ports[1]") == ("b.yaml", 8)
    assert find(base, "services.b.image") == ("b.yaml", 9)
    assert find(base, "services.a.nothing.here") == ("b.yaml", 2)
    assert find(base, "nowhere") == ("a.yaml", 0)


def test_tags_that_are_kept_count_for_the_next_merge():
    first = read("a: {x: 1, y: [1], z: {p: 1}}", "a.yaml")
    second = read("a: {x: 2, y: [2], z: {p: 2}}", "b.yaml")
    third = read("a: {x: !reset null, y: !override [3], z: {q: 3}}", "c.yaml")
    merge(second, third, PROJECT, "", [], keep=True)
    merge(first, second, PROJECT, "", [])
    assert untagged(first) == {"a": {"y": [3], "z": {"p": 2, "q": 3}}}
