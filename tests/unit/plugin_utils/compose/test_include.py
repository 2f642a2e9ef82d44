# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects that include others become what docker compose makes of them."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, refused

MAIN = "services: {web: {image: w, depends_on: [db]}}\n"
GOOD = {
    "own-folder-and-variables": {
        "compose.yaml": MAIN + "include: [inc/c.yaml]",
        "inc/c.yaml": """
name: other
services:
  db:
    image: "d:${V}"
    volumes: ["./d:/d", "vv:/v"]
    env_file: ./e
    environment: [W, "X=${V}"]
    networks: [nn]
    build: {dockerfile: F}
    secrets: [s]
volumes: {vv: }
networks: {nn: {driver: q}}
secrets: {s: {file: ./s}}
x-here: {only: true}
""",
        "inc/.env": "V=inner\nW=w",
        "inc/e": "E=1\n",
    },
    "variables-around-win": {
        "compose.yaml": MAIN + "include: [inc/c.yaml]",
        "inc/c.yaml": 'services: {db: {image: "d:${V}", environment: [W]}}',
        "inc/.env": "V=inner\nW=w",
        ".env": "V=outer",
    },
    "other-folder-and-files": {
        "compose.yaml": MAIN + "include: [{path: inc/c.yaml, project_directory: ., env_file: [inc/x.env, inc/y.env]}]",
        "inc/c.yaml": 'services: {db: {image: "d:${V}${W}", volumes: ["./d:/d"]}}',
        "inc/.env": "V=unused",
        "inc/x.env": "V=x",
        "inc/y.env": "W=y${V}",
    },
    "several-files-at-once": {
        "compose.yaml": MAIN + "include: [{path: [inc/c.yaml, sub/d.yaml]}]",
        "inc/c.yaml": 'services: {db: {image: "d", volumes: ["./d:/d"], ports: ["80:80"]}}',
        "sub/d.yaml": 'services: {db: {labels: {a: 1}, volumes: ["./e:/e"], ports: !reset []}}',
    },
    "deeper": {
        "compose.yaml": MAIN + "include: [a/a.yaml]",
        "a/a.yaml": 'include: [b/b.yaml]\nservices: {db: {image: x, volumes: ["./a:/a"]}}',
        "a/b/b.yaml": 'services: {cache: {image: y, volumes: ["./b:/b"]}}',
    },
    "said-over-it": {
        "compose.yaml": "include: [a.yaml]\nservices: {db: {ports: !reset null, environment: !override {Z: 1}, labels: [b=2]}}",
        "a.yaml": 'services: {db: {image: z, ports: ["80:80"], environment: {A: 1}, labels: [a=1]}}',
    },
    "said-over-it-in-an-override": {
        "compose.yaml": "services: {web: {image: w}}\ninclude: [a.yaml]",
        "compose.override.yaml": "services: {db: {labels: {o: 1}, image: over}}",
        "a.yaml": "services: {db: {image: z}}",
    },
    "first-counts": {
        "compose.yaml": "services: {web: {image: w}}\ninclude: [a.yaml, b.yaml]",
        "a.yaml": "services: {db: {image: z}}",
        "b.yaml": "services: {db: {image: y, labels: [b=1]}}",
    },
    "twice-by-two-ways": {
        "compose.yaml": "services: {web: {image: w}}\ninclude: [a.yaml, b.yaml]",
        "a.yaml": "services: {db: {image: z}}\ninclude: [c.yaml]",
        "b.yaml": "include: [c.yaml]\nservices: {}",
        "c.yaml": 'services: {c: {image: c, volumes: ["./x:/x"]}}',
    },
    "variables-without-a-value": {
        "compose.yaml": "include: [inc/c.yaml]",
        "inc/c.yaml": """
services:
  list: {image: x, environment: [W, V]}
  mapping: {image: x, environment: {W: , V: }}
  build: {build: {context: ., args: [W]}}
""",
        "inc/.env": "W=inner",
        ".env": "V=outer",
    },
    "extends-within": {
        "compose.yaml": "services: {web: {image: w}}\ninclude: [a/a.yaml]",
        "a/a.yaml": "services: {db: {extends: {file: q/z.yaml, service: z}}}",
        "a/q/z.yaml": 'services: {z: {image: z, volumes: ["./x:/x"]}}',
    },
    "nothing": {"compose.yaml": "include: []\nservices: {a: {image: x}}"},
}


@pytest.mark.parametrize("name", GOOD)
def test_as_compose_does(tmp_path, name):
    agree(tmp_path, GOOD[name])


def test_a_name_may_be_a_variable(tmp_path):
    files = {"compose.yaml": 'include: ["${F}"]', "a.yaml": "services: {db: {image: z}}"}
    agree(tmp_path, files, environment={"F": "a.yaml"})


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        (
            "include:\n  - compose.yaml",
            ["compose.yaml:2: include[0]: goes round in a circle: compose.yaml -> compose.yaml"],
        ),
        (
            {"compose.yaml": "include: [a.yaml]", "a.yaml": "services: {}\ninclude: [compose.yaml]"},
            ["a.yaml:2: include[0]: goes round in a circle: compose.yaml -> a.yaml -> compose.yaml"],
        ),
        (
            {
                "compose.yaml": "include: [{path: [a.yaml, b.yaml]}]",
                "a.yaml": "services: {}",
                "b.yaml": "include: [{path: [c.yaml, b.yaml]}]",
                "c.yaml": "services: {}",
            },
            ["b.yaml:1: include[0]: goes round in a circle: compose.yaml -> b.yaml -> b.yaml"],
        ),
        ("include:\n  - nope.yaml", ["compose.yaml:2: include[0]: nope.yaml: no such file or directory"]),
        ("include: a.yaml", ["compose.yaml:1: include: must be a list"]),
        (
            "include:\n  - 5\n  - {path: 5}\n  - {path: compose2.yaml, frob: 1, env_file: nope}",
            [
                "compose.yaml:2: include[0]: must be a file's name, or a mapping with path",
                "compose.yaml:3: include[1]: must have the path of a file, or a list of them",
                "compose.yaml:4: include[2].frob: unknown key",
                "compose.yaml:4: include[2]: nope: no such file or directory",
                "compose.yaml:4: include[2]: compose2.yaml: no such file or directory",
            ],
        ),
        (
            {"compose.yaml": "include: [a/a.yaml]", "a/a.yaml": "services:\n  db:\n    image: z\n    frob: 1"},
            ["a/a.yaml:4: services.db.frob: unknown key"],
        ),
    ],
)
def test_what_cannot_be_included(tmp_path, files, problems):
    assert refused(tmp_path, files) == problems
