# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs and snapshots look like in an answer."""

from __future__ import annotations

import pytest

from stowage.converge import Run
from stowage.model.observed import Observed, ObservedContainer
from stowage.render import render_container, render_run, render_scopes
from tests.unit.stowage.support.hosts import Host


def container(name, **fields):
    return ObservedContainer(name, name, "sha256:1", fields.pop("labels", {}), "running", **fields)


def test_each_port_stands_beside_its_target():
    found = container("web", ports=(("", 80, "tcp"), ("", 53, "udp")), targets=(8080, 5353))
    assert render_container(found)["ports"] == [
        {"host_ip": "", "published": 80, "target": 8080, "protocol": "tcp"},
        {"host_ip": "", "published": 53, "target": 5353, "protocol": "udp"},
    ]


def test_networks_without_an_address_yet_are_named():
    found = container("web", networks=("edge", "inner"), addresses={"edge": "10.0.0.2"})
    assert render_container(found)["networks"] == {"edge": "10.0.0.2", "inner": ""}


def test_names_of_a_scope_are_sorted():
    names = ("web", "app", "db")
    scopes = render_scopes(Observed(containers={name: container(name) for name in names}))
    assert scopes[""]["containers"] == ["app", "db", "web"]


@pytest.mark.parametrize(
    ("fail_at", "words"),
    [(2, "1 later step was not begun"), (1, "2 later steps were not begun")],
)
def test_a_failure_tells_how_much_was_left(fail_at, words):
    host = Host()
    document = {"containers": {"web": {"image": "app:1"}}}
    plan = host.plan(document)
    host.engine.fail_at = fail_at
    run = Run(plan, host.observe(document), host.carry_out(plan))
    assert render_run(run)["msg"].endswith(f"{words}; the next run goes on from here")
