# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose anonymous volumes go with a container: a leftover's own, and never those of one that served."""

from __future__ import annotations

from tests.unit.stowage.support.hosts import Host

DATA = {"image": "app:1", "volumes": ["/data"]}


def test_a_name_five_letters_longer_makes_no_leftover():
    host = Host()
    host.deploy({"containers": {"web": {"image": "app:1"}, "web-test": {**DATA, "environment": {"A": "1"}}}})
    # Replaced once, it bears the label of a successor for good.
    host.deploy({"containers": {"web": {"image": "app:1"}, "web-test": {**DATA, "environment": {"A": "2"}}}})
    (removal,) = [
        step.operation
        for step in host.plan({"containers": {"web": {"image": "app:1"}}})
        if step.operation.kind == "RemoveContainer"
    ]
    assert (removal.target, removal.volumes) == ("web-test", False)
