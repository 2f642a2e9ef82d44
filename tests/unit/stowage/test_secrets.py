# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place of a declaration that may hold a secret, and every form in which it may come back."""

from __future__ import annotations

import json

import pytest

from stowage.manifest import parse_manifest
from stowage.secrets import MASK, Redactor, secret_values

SECRET = "hunter2-hunter2"
KEY = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nq83vEjRWeJCrze8S\n-----END KEY-----\n"


def container(**keys):
    return {"containers": {"web": {"image": "app:1", **keys}}}


HOOK = [{"command": ["true"], "environment": {"A": SECRET}}]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"registries": {"r.example": {"username": "ci", "password": SECRET}}}, id="password"),
        pytest.param({"registries": {"r.example": {"identity_token": SECRET}}}, id="token"),
        pytest.param(
            {"images": {"app:1": {"build": {"context": "/src", "remote_src": True, "args": {"A": SECRET}}}}},
            id="build argument",
        ),
        pytest.param({"volumes": {"data": {"driver_opts": {"o": SECRET}}}}, id="volume option"),
        pytest.param(container(environment={"A": SECRET}), id="environment"),
        pytest.param(container(logging={"driver": "splunk", "options": {"splunk-token": SECRET}}), id="log option"),
        pytest.param(container(post_start=HOOK), id="post_start"),
        pytest.param(container(pre_stop=HOOK), id="pre_stop"),
    ],
)
def test_places(document):
    ((desired, _policy),) = parse_manifest(document)
    assert Redactor(secret_values(desired))(f"the engine said {SECRET}.") == f"the engine said {MASK}."


@pytest.mark.parametrize("secret", ['with "quotes" and \\', "two\nlines-of-it", "tab\there-and", "ümläut-wörd"])
def test_quoted(secret):
    text = json.dumps({"Env": secret}, ensure_ascii=False)
    assert Redactor([secret])(text) == json.dumps({"Env": MASK})


def test_line_by_line():
    redact = Redactor([KEY])
    assert [redact(line) for line in f"key: {KEY}".splitlines()] == [f"key: {MASK}", MASK, MASK, MASK]


@pytest.mark.parametrize("word", ["true", "80", "live", ""])
def test_words_stay_readable(word):
    ((desired, _policy),) = parse_manifest(container(environment={"A": word}))
    assert Redactor(secret_values(desired))("true 80 live") == "true 80 live"


def test_one_inside_another():
    assert Redactor(["abcdef", "abcdef-ghijkl"])("abcdef-ghijkl abcdef") == f"{MASK} {MASK}"
