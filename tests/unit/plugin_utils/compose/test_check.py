# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that lead nowhere and services that wait for each other are refused, each with its place."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import judged, refused

CASES = [
    ("a: {image: x, networks: [n]}", ["2: services.a.networks: there is no network n"]),
    ("a: {image: x, networks: {n: }}", ["2: services.a.networks.n: there is no network n"]),
    ("a: {image: x, volumes: [data:/x]}", ["2: services.a.volumes[0]: there is no volume data"]),
    ("a: {image: x, configs: [c]}", ["2: services.a.configs[0]: there is no config c"]),
    ("a: {image: x, secrets: [{source: s}]}", ["2: services.a.secrets[0]: there is no secret s"]),
    ("a: {build: {context: ., secrets: [s]}}", ["2: services.a.build.secrets[0]: there is no secret s"]),
    ("a: {image: x, depends_on: [b]}", ["2: services.a.depends_on.b: there is no service b"]),
    ("a: {image: x, links: ['b:c']}", ["2: services.a.links[0]: there is no service b"]),
    ("a: {image: x, volumes_from: ['b:ro']}", ["2: services.a.volumes_from[0]: there is no service b"]),
    ("a: {image: x, network_mode: 'service:b'}", ["2: services.a.network_mode: there is no service b"]),
    ("a: {image: x, ipc: 'service:b'}", ["2: services.a.ipc: there is no service b"]),
    ("a: {image: x, pid: 'service:b'}", ["2: services.a.pid: there is no service b"]),
    (
        "a: {image: x, depends_on: {b: {condition: service_started, required: false}}}",
        ["2: services.a.depends_on.b: there is no service b"],
    ),
    ("a: {}", ["2: services.a: must have an image or a build"]),
    ("a: {image: x, depends_on: [a]}", ["2: services.a.depends_on: services wait for each other: a -> a"]),
    (
        "a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, links: [a]}",
        ["2: services.a.depends_on: services wait for each other: a -> b -> c -> a"],
    ),
    (
        "b: {image: x}\n  a: {build: {context: ., additional_contexts: {k: 'service:b'}}}",
        ["3: services.a.build.additional_contexts.k: there is no service b that is built"],
    ),
]


@pytest.mark.parametrize(("services", "problems"), CASES)
def test_what_is_refused(tmp_path, services, problems):
    text = f"services:\n  {services}\n"
    assert [line.replace("networks.n:", "networks:") for line in refused(tmp_path, text)] == [
        f"compose.yaml:{problem}".replace("networks.n:", "networks:") for problem in problems
    ]
    assert judged(tmp_path, text).document is None


def test_each_circle_is_told_once(tmp_path):
    text = """
services:
  a: {image: x, depends_on: [b, d]}
  b: {image: x, depends_on: [a]}
  c: {image: x, depends_on: [a, b]}
  d: {image: x, depends_on: [e]}
  e: {image: x, depends_on: [d]}
"""
    assert refused(tmp_path, text) == [
        "compose.yaml:3: services.a.depends_on: services wait for each other: a -> b -> a",
        "compose.yaml:6: services.d.depends_on: services wait for each other: d -> e -> d",
    ]


def test_a_long_chain_is_no_circle(tmp_path):
    services = "".join(f"  s{at}: {{image: x, depends_on: [s{at + 1}]}}\n" for at in range(2000))
    assert refused(tmp_path, f"services:\n{services}  s2000: {{image: x}}\n") == []


def test_what_is_wrong_itself_is_there(tmp_path):
    text = "services:\n  a: {image: x, networks: [n], depends_on: [b]}\n  b: 5\nnetworks:\n  n: {frob: 1}\n"
    assert refused(tmp_path, text) == [
        "compose.yaml:3: services.b: must be a mapping",
        "compose.yaml:5: networks.n.frob: unknown key",
    ]


def test_a_variable_that_a_secret_is_made_of_must_be_set(tmp_path):
    text = "services: {a: {image: x, secrets: [s]}}\nsecrets:\n  s:\n    environment: NOWHERE\n"
    problem = "compose.yaml:4: secrets.s.environment: the variable NOWHERE is not set"
    assert refused(tmp_path, text) == [problem]
