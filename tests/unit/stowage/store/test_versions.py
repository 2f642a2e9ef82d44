# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from stowage.store.versions import (
    Index,
    KeptImage,
    Pause,
    Version,
    parse_index,
    parse_version,
    render_index,
    render_version,
)

VERSION = Version(
    scope="shop",
    number=7,
    manifest={"containers": {"web": {"image": "app:1"}}},
    declared_at=1e9,
    by="ansible",
    images={"app:1": KeptImage("sha256:1", True)},
    files=("sha256:2",),
    plan=("+ container web",),
    outcome="failed",
    message="no such image",
    seconds=1.5,
    finished_at=2e9,
)
INDEX = Index("shop", 7, {6: "a", 7: "b"}, Pause(2e9, "root", "backup", 1e9))


def as_document(rendered):
    return json.loads(json.dumps(rendered))


@pytest.mark.parametrize("version", [VERSION, Version("", 1, {}, 0, "")])
def test_a_version_is_read_as_it_was_written(version):
    assert parse_version(as_document(render_version(version))) == version


@pytest.mark.parametrize("index", [INDEX, Index("", 1, {1: ""})])
def test_an_index_is_read_as_it_was_written(index):
    assert parse_index(as_document(render_index(index))) == index


MISSING = object()
UNFIT_VERSIONS = [
    *((key, MISSING) for key in render_version(VERSION)),
    *((key, None) for key in render_version(VERSION)),
    ("number", True),
    ("number", 0),
    ("number", -1),
    ("number", 7.0),
    ("number", "7"),
    ("scope", 5),
    ("declared_at", "now"),
    ("declared_at", True),
    ("seconds", [1]),
    ("outcome", "well"),
    ("plan", "line"),
    ("plan", [5]),
    ("files", {"a": 1}),
    ("files", [None]),
    ("manifest", []),
    ("images", []),
    ("images", {"a": "sha256:1"}),
    ("images", {"a": {"id": "sha256:1"}}),
    ("images", {"a": {"id": "sha256:1", "brought": 1}}),
    ("images", {"a": {"id": None, "brought": True}}),
]
UNFIT_INDEXES = [
    *((key, MISSING) for key in ("scope", "number", "versions")),
    *((key, None) for key in ("scope", "number", "versions")),
    ("number", True),
    ("number", 0),
    ("number", 8),
    ("versions", {}),
    ("versions", []),
    ("versions", {"7": 5}),
    ("versions", {"7": "b", "x": "a"}),
    ("versions", {"7": "b", "0": "a"}),
    ("pause", 5),
    ("pause", []),
    ("pause", {}),
    ("pause", {"until": None, "by": "root", "reason": "", "since": 0}),
    ("pause", {"until": True, "by": "root", "reason": "", "since": 0}),
    ("pause", {"until": 1.0, "by": "root", "reason": None, "since": 0}),
]


@pytest.mark.parametrize(
    ("parse", "document", "key", "value"),
    [
        *((parse_version, render_version(VERSION), key, value) for key, value in UNFIT_VERSIONS),
        *((parse_index, render_index(INDEX), key, value) for key, value in UNFIT_INDEXES),
    ],
)
def test_anything_else_is_refused(parse, document, key, value):
    changed = {**as_document(document), key: value}
    if value is MISSING:
        del changed[key]
    with pytest.raises(ValueError, match=r"not what stowage writes|invalid literal"):
        parse(changed)


@pytest.mark.parametrize("document", [None, [], 5, "x", {}])
def test_so_is_what_is_no_document(document):
    for parse in (parse_version, parse_index):
        with pytest.raises(ValueError, match="not what stowage writes"):
            parse(document)
