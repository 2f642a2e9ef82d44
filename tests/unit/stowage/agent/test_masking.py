# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored declarations are shown without the values that may be secret."""

from __future__ import annotations

import json

import pytest

from stowage.agent.masking import compare, mask_manifest


def of(environment):
    return {"containers": {"web": {"image": "app:1", "environment": environment}}}


@pytest.mark.parametrize(
    "manifest",
    [
        of({"PASSWORD": "hunter2secret"}),
        of(["PASSWORD=hunter2secret"]),
        {"images": {"app:1": {"build": {"context": "/x", "args": {"TOKEN": "hunter2secret"}}}}},
        {"volumes": {"data": {"driver_opts": {"o": "password=hunter2secret"}}}},
        {"containers": {"web": {"logging": {"driver": "splunk", "options": {"splunk-token": "hunter2secret"}}}}},
        {"stacks": {"shop": {"services": {"web": {"post_start": [{"environment": {"A": "hunter2secret"}}]}}}}},
    ],
)
def test_no_value_that_may_be_secret_is_left(manifest):
    assert "hunter2secret" not in json.dumps(mask_manifest(manifest))


def test_names_and_all_else_stay():
    masked = mask_manifest(of({"PASSWORD": "x", "EMPTY": "", "FLAG": None}))
    assert masked["containers"]["web"]["image"] == "app:1"
    assert masked["containers"]["web"]["environment"] == {
        "PASSWORD": masked["containers"]["web"]["environment"]["PASSWORD"],
        "EMPTY": "",
        "FLAG": None,
    }


def test_a_comparison_shows_that_a_secret_changed_and_not_what_it_is():
    text = compare(of({"PASSWORD": "first-secret"}), of({"PASSWORD": "second-secret"}), ["a", "b"])
    assert '-        "PASSWORD": "********' in text
    assert '+        "PASSWORD": "********' in text
    assert "secret" not in text


def test_equal_secrets_are_no_difference():
    assert compare(of({"PASSWORD": "same-secret"}), of({"PASSWORD": "same-secret"}), ["a", "b"]) == ""
