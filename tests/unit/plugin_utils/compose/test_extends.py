# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that extend others become what docker compose makes of them."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, load, refused

GOOD = {
    "same-file": {
        "compose.yaml": """
services:
  base: {image: b, environment: [A=1], ports: ["80:80"], command: x, labels: {a: 1}, volumes: ["./d:/d"], depends_on: [dep]}
  dep: {image: d}
  web: {extends: base, environment: {B: 2}, ports: ["81:81"], volumes: ["./e:/e"], profiles: []}
  again: {extends: {service: web}, image: z, command: }
"""
    },
    "paths-and-files": {
        "compose.yaml": """
services:
  web: {extends: {file: sub/other.yaml, service: base}, environment: {B: 2}, volumes: ["./e:/e"], networks: [nn]}
networks: {nn: , mm: }
""",
        "sub/other.yaml": """
services:
  root:
    image: r
    build: {context: ., dockerfile: D, additional_contexts: [zz=./z, "yy=service:web"]}
    env_file: [./e1]
    volumes: ["./d:/d", {type: bind, source: "../q", target: /q}]
    develop: {watch: [{path: ./w, action: rebuild}]}
  base: {extends: root, labels: [x=1], env_file: ["e2"], networks: {mm: {aliases: [a]}}, build: {args: [Q=1]}}
networks: {mm: {driver: x}}
""",
        "sub/e1": "E1=1\nE2=2\n",
        "sub/e2": "E2=3\n",
    },
    "paths-before-the-start": {
        "compose.yaml": "services: {web: {extends: {file: sub/other.yaml, service: base}, pre_start: [{user: u}]}}",
        "sub/other.yaml": "services: {base: {image: b, pre_start: [{volumes: ['./p:/p']}]}}",
    },
    "chain-of-files": {
        "compose.yaml": "services: {a: {extends: {file: x/a.yaml, service: a}}}",
        "x/a.yaml": "services: {a: {extends: {file: ../y/b.yaml, service: b}, volumes: ['./x:/x']}}",
        "y/b.yaml": "services: {b: {extends: {file: c.yaml, service: c}, volumes: ['./y:/y']}}",
        "y/c.yaml": "services: {c: {image: c, build: {dockerfile: F}}}",
    },
    "tags": {
        "compose.yaml": """
services:
  b: {image: b, ports: ["80:80"], environment: {A: 1, B: 2}, command: q, labels: {l1: 1, l2: 2, l3: 3}}
  a: {extends: b, ports: !reset [], environment: !override {C: 3}, command: !reset null, labels: {l1: !reset null, l2: 5}}
  c: {extends: a, ports: ["1:1"]}
"""
    },
    "tags-of-the-other": {
        "compose.yaml": "services: {a: {extends: {file: x.yaml, service: a}}}",
        "x.yaml": "services: {a: {image: x, ports: !reset ['80:80'], labels: !override {a: 1}}}",
    },
    "name-of-other-file-does-not-count": {
        "compose.yaml": "services: {a: {extends: {file: o.yaml, service: x}}, y: {image: z}}",
        "o.yaml": "name: foo\nservices: {x: {image: q, links: [y], container_name: cn, scale: 1}, y: {image: y}}",
    },
    "of-a-disabled": {
        "compose.yaml": "services: {a: {image: x, extends: b, profiles: !reset []}, b: {image: x, profiles: [p], labels: {a: 1}}}"
    },
    "what-is-included": {
        "compose.yaml": "services: {web: {extends: db}, db: {labels: {a: 1}}}\ninclude: [a/a.yaml]",
        "a/a.yaml": "services: {db: {image: z, volumes: ['./x:/x'], build: {dockerfile: F}}}",
    },
    "its-own-file-by-name": {
        "compose.yaml": "services: {a: {extends: {file: compose.yaml, service: b}}, b: {image: x, volumes: ['./x:/x']}}"
    },
}


@pytest.mark.parametrize("name", GOOD)
def test_as_compose_does(tmp_path, name):
    agree(tmp_path, GOOD[name])


def test_tags_count_for_the_files_before_too(tmp_path):
    files = {
        "a.yaml": 'services: {a: {image: x, ports: ["80:80"]}, b: {image: y, ports: ["81:81"]}}',
        "b.yaml": 'services: {a: {extends: c, ports: !reset []}, c: {image: c, ports: ["90:90"]}}',
    }
    project = agree(tmp_path, files, files=("a.yaml", "b.yaml"))
    assert "ports" not in project.document["services"]["a"]


def test_a_file_is_relative_to_the_project(tmp_path):
    files = {
        "a.yaml": "services: {a: {image: x}}",
        "sub/b.yaml": "services: {a: {volumes: ['./x:/x'], extends: {file: c.yaml, service: c}}}",
        "c.yaml": "services: {c: {labels: {c: c}}}",
    }
    agree(tmp_path, files, files=("a.yaml", "sub/b.yaml"))


def test_what_is_extended_is_not_changed(tmp_path):
    document = load(tmp_path, "services: {a: {image: x, labels: {k: a}}, b: {extends: a, labels: {k: b}}}").document
    assert [document["services"][name]["labels"]["k"] for name in "ab"] == ["a", "b"]


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        (
            "services:\n  a:\n    image: x\n    extends: a",
            ["compose.yaml:4: services.a.extends: goes round in a circle: a -> a"],
        ),
        (
            "services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}",
            ["compose.yaml:4: services.c.extends: goes round in a circle: a -> b -> c -> a"],
        ),
        (
            {
                "compose.yaml": "services: {a: {extends: {file: o.yaml, service: x}}}",
                "o.yaml": "services: {x: {extends: {file: compose.yaml, service: a}}}",
            },
            ["o.yaml:1: services.x.extends: goes round in a circle: a -> x -> a"],
        ),
        ("services:\n  a: {extends: b}", ["compose.yaml:2: services.a.extends: there is no service b"]),
        (
            {
                "compose.yaml": "services: {a: {extends: {file: o.yaml, service: x}}}",
                "o.yaml": "services: {y: {image: x}}",
            },
            ["compose.yaml:1: services.a.extends: there is no service x in o.yaml"],
        ),
        (
            "services:\n  a:\n    extends:\n      file: nope.yaml\n      service: b",
            ["compose.yaml:4: services.a.extends.file: nope.yaml: no such file or directory"],
        ),
        (
            "services:\n  a: {extends: 5}\n  b: {extends: {file: x}}\n  c: {extends: {service: a, x: 1}}",
            [
                "compose.yaml:2: services.a.extends: must name a service, and may name its file",
                "compose.yaml:3: services.b.extends: must name a service, and may name its file",
                "compose.yaml:4: services.c.extends.x: unknown key",
            ],
        ),
        (
            {
                "compose.yaml": "services: {a: {extends: {file: o.yaml, service: x}}}",
                "o.yaml": "services:\n  x:\n    image: x\n    frob: 1\n    ports:\n      - x\n",
            },
            [
                "o.yaml:4: services.a.frob: unknown key",
                "o.yaml:6: services.a.ports[0]: 'x' is not a port or a range of ports",
            ],
        ),
        (
            {"compose.yaml": "services: {a: {extends: {file: o.yaml, service: x}}}", "o.yaml": "services: {x: 5}"},
            ["compose.yaml:1: services.a.extends: the service x is no mapping"],
        ),
    ],
)
def test_what_cannot_be_extended(tmp_path, files, problems):
    assert refused(tmp_path, files) == problems
