# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks, volumes, configs and secrets of a project, as docker compose prints them."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, load, refused

GOOD = [
    ("networks", ""),
    ("networks", "{name: foo}"),
    ("networks", "{external: true}"),
    ("networks", "{external: 'true', name: foo}"),
    ("networks", "{external: {name: foo}}"),
    ("networks", "{external: false, driver: bridge}"),
    ("networks", "{external: true, driver: bridge}"),
    (
        "networks",
        (
            "{driver: bridge, driver_opts: {a: 1, b: x, c: 1.5}, internal: true, attachable: true, enable_ipv6: 'true',"
            " enable_ipv4: false, labels: [a=1, b], ipam: {driver: default, options: {a: b}, config: [{subnet: 10.0.0.0/8,"
            " ip_range: 10.0.0.0/9, gateway: 10.0.0.1, aux_addresses: {h: 10.0.0.3}}]}, x-a: 1}"
        ),
    ),
    ("networks", "{internal: false, attachable: false, enable_ipv6: false, ipam: {config: []}, labels: {}}"),
    ("networks", "{ipam: {}}"),
    ("volumes", ""),
    ("volumes", "{name: foo}"),
    ("volumes", "{external: true}"),
    ("volumes", "{external: {name: foo}}"),
    ("volumes", "{driver: local, driver_opts: {type: nfs, o: a=1, device: ':/x', n: 5}, labels: {a: 1, b: , c: true}}"),
    ("volumes", "{driver_opts: {o: ''}, labels: [], x-a: 1}"),
    ("configs", "{file: ./c}"),
    ("configs", "{file: ./c, name: foo}"),
    ("configs", "{content: abc, labels: [a=1]}"),
    ("configs", "{content: ''}"),
    ("configs", "{environment: HERE, template_driver: x}"),
    ("configs", "{external: true}"),
    ("configs", "{external: true, name: foo}"),
    ("secrets", "{file: ./s, x-a: 1}"),
    ("secrets", "{environment: HERE, labels: {a: b}, driver: x, driver_opts: {a: 1}, template_driver: g}"),
    ("secrets", "{external: true}"),
    ("secrets", "{external: {name: foo}}"),
]
USES = {
    "networks": "networks: [k]",
    "volumes": "volumes: ['k:/k']",
    "configs": "configs: [k]",
    "secrets": "secrets: [k]",
}
USES["volumes"] = "volumes: [{type: volume, source: k, target: /k}]"


@pytest.mark.parametrize(("section", "entry"), GOOD)
def test_as_compose_does(tmp_path, section, entry):
    text = f"services: {{a: {{image: x, {USES[section]}}}}}\n{section}: {{k: {entry}, unused: {entry}}}\n"
    agree(tmp_path, text, environment={"HERE": "h"})


@pytest.mark.parametrize(
    "text",
    [
        "services: {a: {image: x}}",
        "services: {a: {image: x, network_mode: host}}",
        "services: {a: {image: x, networks: [n]}, b: {image: x}}\nnetworks: {n: }",
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: , default: {driver: d}}",
        "services: {a: {image: x}}\nnetworks: {default: {external: true, name: z}}",
        "services: {a: {image: x, networks: [default]}}",
        "services: {a: {build: {context: ., secrets: [s]}}}\nsecrets: {s: {file: ./s}, t: {file: ./t}}",
        "services: {}",
        "services: {a: {image: x, profiles: [p], networks: [n]}}\nnetworks: {n: }",
        "services: {a: {image: x}}\nx-a: {b: [1, {c: null}]}\nx-b: text",
    ],
)
def test_what_is_used_is_there(tmp_path, text):
    agree(tmp_path, text)


def test_what_runs_before_the_start_uses_too(tmp_path):
    """docker compose leaves such a network out, and cannot start the container then."""
    text = "services: {a: {image: x, pre_start: [{command: c, networks: [n]}]}}\nnetworks: {n: }"
    assert sorted(load(tmp_path, text).document["networks"]) == ["default", "n"]


def test_values_of_variables(tmp_path):
    text = """
services: {a: {image: x, secrets: [s], configs: [c]}}
secrets: {s: {environment: S}, unused: {environment: NOWHERE}}
configs: {c: {environment: C}}
"""
    project = load(tmp_path, {"compose.yaml": text, ".env": "C=from-env"}, environment={"S": "from-task"})
    assert project.values == {("secrets", "s"): "from-task", ("configs", "c"): "from-env"}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("networks: []", ["networks: must be a mapping, not a list"]),
        ("networks: {n: 5}", ["networks.n: must be a mapping, not a number"]),
        ("networks: {n: {driver: [x]}}", ["networks.n.driver: must be a string, not a list"]),
        ("networks: {n: {drover: x}}", ["networks.n.drover: unknown key; did you mean driver?"]),
        ("networks: {n: {driver_opts: [a=1]}}", ["networks.n.driver_opts: must be a mapping, not a list"]),
        ("networks: {n: {ipam: {config: {}}}}", ["networks.n.ipam.config: must be a list, not a mapping"]),
        (
            "networks: {n: {ipam: {config: [{sub: 1}]}}}",
            ["networks.n.ipam.config[0].sub: unknown key; did you mean subnet?"],
        ),
        ("networks: {n: {external: perhaps}}", ["networks.n.external: must be a boolean, not a string"]),
        ("volumes: {v: {external: true, driver: x}}", ["volumes.v.driver: cannot stand beside external"]),
        ("configs: {c: }", ["configs.c: must be a mapping, not null"]),
        ("configs: {c: {}}", ["configs.c: must have file, environment or content, or be external"]),
        ("secrets: {c: {}}", ["secrets.c: must have file or environment, or be external"]),
        ("configs: {c: {file: x, content: y}}", ["configs.c: file and content exclude each other"]),
        ("configs: {c: {external: true, file: x}}", ["configs.c.file: cannot stand beside external"]),
        ("secrets: {c: {content: x}}", ["secrets.c.content: unknown key"]),
    ],
)
def test_what_is_refused(tmp_path, text, problems):
    assert refused(tmp_path, f"services: {{a: {{image: x}}}}\n{text}\n") == [
        f"compose.yaml:2: {one}" for one in problems
    ]
