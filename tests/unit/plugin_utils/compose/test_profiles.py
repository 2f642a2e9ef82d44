# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active profiles enable the services that docker compose enables."""

from __future__ import annotations

import pytest

from tests.unit.plugin_utils.compose.loading import agree, load, refused

TEXT = """
services:
  a: {image: x}
  b: {image: x, profiles: [p1]}
  c: {image: x, profiles: [p1, p2]}
  d: {image: x, profiles: [p2], depends_on: {b: {condition: service_started, required: false}}, networks: [n]}
networks: {n: }
"""


@pytest.mark.parametrize(
    ("active", "disabled"),
    [((), "bcd"), (("p1",), "d"), (("p2",), "b"), (("p1", "p2"), ""), (("*",), ""), (("none",), "bcd")],
)
def test_as_compose_does(tmp_path, active, disabled):
    assert "".join(agree(tmp_path, TEXT, profiles=active).disabled) == disabled


def test_the_environment_may_name_them(tmp_path):
    assert "".join(agree(tmp_path, {"compose.yaml": TEXT, ".env": "COMPOSE_PROFILES=p1,none"}).disabled) == "d"


def test_the_task_wins_over_the_environment(tmp_path):
    project = load(tmp_path, {"compose.yaml": TEXT, ".env": "COMPOSE_PROFILES=p1"}, profiles=("p2",))
    assert project.disabled == ("b",)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("depends_on: [b]", "depends_on.b"),
        ("links: [b]", "links[0]"),
        ("network_mode: 'service:b'", "network_mode"),
        ("volumes_from: ['b:ro']", "volumes_from[0]"),
        ("depends_on: {b: {condition: service_healthy}}", "depends_on.b"),
    ],
)
def test_what_is_needed_must_be_enabled(tmp_path, body, path):
    text = f"services:\n  a: {{image: x, {body}}}\n  b: {{image: x, profiles: [p, q]}}\n"
    problem = f"compose.yaml:2: services.a.{path}: the service b is disabled; its profiles are p, q"
    assert refused(tmp_path, text) == [problem.replace("depends_on.b", "depends_on.b")]


def test_a_disabled_service_is_read_all_the_same(tmp_path):
    text = "services:\n  a: {image: x}\n  b: {profiles: [p], frob: 1}\n"
    assert refused(tmp_path, text) == ["compose.yaml:3: services.b.frob: unknown key"]
