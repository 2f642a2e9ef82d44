# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from plugins.module_utils.options import host

STACKS = {"shop": {"src": "shop"}}


def manifest(**given):
    params = {key: option.get("default") for key, option in host.SPEC.items()}
    problems: list[str] = []
    found = host.manifest_of({**params, **given}, problems)
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("given", "about_the_scope"),
    [
        ({}, True),
        ({"stacks": STACKS}, False),
        ({"stacks": STACKS, "scope": "edge"}, False),
        ({"stacks": STACKS, "containers": {}}, True),
        ({"stacks": STACKS, "networks": {"edge": {}}}, True),
        ({"stacks": {}}, True),
    ],
)
def test_a_task_of_nothing_but_stacks_is_not_about_the_scope(given, about_the_scope):
    found = manifest(**given)
    assert ("scope" in found, "containers" in found) == (about_the_scope, about_the_scope)
    assert ("stacks" in found) == bool(given.get("stacks"))
