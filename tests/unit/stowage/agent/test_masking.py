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
        {"images": {"app:1": {"build": {"context": "https://me:hunter2secret@git.example.org/app.git#main"}}}},
        {"images": {"app:1": {"build": {"context": "https://hunter2secret@git.example.org/app.git"}}}},
        {"containers": {"web": {"command": ["serve", "--db", "postgres://me:hunter2secret@db:5432/app"]}}},
        {"containers": {"web": {"labels": {"from": "ftp://a:b@x and http://me:hunter2secret@y/z"}}}},
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


def test_of_an_address_with_a_login_the_rest_stays():
    masked = mask_manifest({"context": "https://me:pass@git.example.org/a@b.git", "from": "https://example.org/a@b"})
    assert masked == {"context": "https://********@git.example.org/a@b.git", "from": "https://example.org/a@b"}


class TestDigestsOfSecrets:
    """Who knows the digest of a short secret finds it by trying."""

    def of(self, path, digest):
        files = {path: {"digest": digest, "mode": 0o400}}
        return {"stacks": {"shop": {"files": files}}}

    def test_they_are_not_shown(self):
        assert "sha256:abc" not in json.dumps(mask_manifest(self.of(".stowage/secrets/password", "sha256:abc")))

    def test_those_of_other_files_are(self):
        assert "sha256:abc" in json.dumps(mask_manifest(self.of("app.conf", "sha256:abc")))

    def test_that_one_changed_is(self):
        path = ".stowage/secrets/password"
        assert compare(self.of(path, "sha256:abc"), self.of(path, "sha256:abd"), ["a", "b"])
