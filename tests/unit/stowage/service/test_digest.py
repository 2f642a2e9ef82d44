# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from stowage.service.digest import build_digest, document_hash


def test_a_hash_of_content_not_of_order():
    assert document_hash({"a": 1, "b": [1, 2]}) == document_hash({"b": [1, 2], "a": 1})
    assert document_hash({"b": [2, 1]}) != document_hash({"b": [1, 2]})
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", document_hash({}))
    # Labels on the objects of hosts hold it, so it must not change with a release.
    assert document_hash({"Name": "edge", "é": None}) == (
        "sha256:ad442cf6f6891a5e0f5d2751e5a9727a5ebabcd88e72633a19d3eaf5d4124ed5"
    )


BUILD = {"context": "web", "args": {"A": "1"}, "tags": ["app:edge"]}


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({**BUILD, "context": "elsewhere"}, True),
        ({**BUILD, "no_cache": True, "pull": True, "cache_from": ["x"], "cache_to": ["y"]}, True),
        ({**BUILD, "args": {"A": "2"}}, False),
        ({**BUILD, "target": "final"}, False),
        ({**BUILD, "dockerfile_inline": "FROM x"}, False),
        ({**BUILD, "tags": []}, False),
    ],
)
def test_a_build_is_what_goes_into_it(options, same):
    assert (build_digest(options, "sha256:1", "classic", "") == build_digest(BUILD, "sha256:1", "classic", "")) is same


def test_files_builder_and_platform_count():
    digests = {
        build_digest(BUILD, files, builder, platform)
        for files in ("sha256:1", "sha256:2")
        for builder in ("classic", "buildkit")
        for platform in ("", "linux/arm64")
    }
    assert len(digests) == 8
