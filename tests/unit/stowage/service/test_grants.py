# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configs and secrets: where each lies, and where a service finds it."""

from __future__ import annotations

import pytest

from stowage.service.grants import Grant, grants, is_below, kept_path, masks_for, mounts_for, without_mounts

PLAIN = ".stowage/secrets/pw"


@pytest.mark.parametrize(
    ("kind", "entry", "target"),
    [
        ("secrets", {"source": "pw"}, "/run/secrets/pw"),
        ("secrets", {"source": "pw", "target": "/run/secrets/pw"}, "/run/secrets/pw"),
        ("secrets", {"source": "pw", "target": "db"}, "/run/secrets/db"),
        ("secrets", {"source": "pw", "target": ""}, "/run/secrets/pw"),
        ("secrets", {"source": "pw", "target": "/etc/pw"}, "/etc/pw"),
        ("configs", {"source": "conf"}, "/conf"),
        ("configs", {"source": "conf", "target": "app.conf"}, "/app.conf"),
        ("configs", {"source": "conf", "target": "/etc/app.conf"}, "/etc/app.conf"),
    ],
)
def test_targets(kind, entry, target):
    (grant,) = grants({kind: [entry]})
    assert (grant.kind, grant.source, grant.target) == (kind, entry["source"], target)
    assert grant.is_plain


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, PLAIN),
        ({"uid": "", "gid": None}, PLAIN),
        ({"mode": "0400"}, f"{PLAIN}@0-0-0400"),
        ({"mode": 0o400}, f"{PLAIN}@0-0-0400"),
        ({"mode": "0444"}, f"{PLAIN}@0-0-0444"),
        ({"mode": "04755"}, f"{PLAIN}@0-0-4755"),
        ({"mode": "00"}, f"{PLAIN}@0-0-0000"),
        ({"uid": "1000"}, f"{PLAIN}@1000-0-0444"),
        ({"gid": "103", "mode": "0440"}, f"{PLAIN}@0-103-0440"),
        ({"uid": "0", "gid": "0"}, f"{PLAIN}@0-0-0444"),
    ],
)
def test_a_copy_for_each_owner_and_mode(asked, path):
    (grant,) = grants({"secrets": [{"source": "pw", **asked}]})
    assert grant.path(PLAIN) == path
    assert grant.is_plain == (path == PLAIN)


def test_a_projects_own_file_is_never_given_away_itself():
    (grant,) = grants({"configs": [{"source": "conf", "uid": "1"}]})
    assert grant.path("etc/app.conf") == ".stowage/configs/conf@1-0-0444"
    assert grant._replace(uid=None).path("etc/app.conf") == "etc/app.conf"


def test_both_kinds_in_order():
    service = {"secrets": [{"source": "a"}, {"source": "b"}], "configs": [{"source": "c"}]}
    assert [(grant.kind, grant.source) for grant in grants(service)] == [
        ("configs", "c"),
        ("secrets", "a"),
        ("secrets", "b"),
    ]
    assert list(grants({})) == list(grants({"secrets": None, "configs": []})) == []
    assert next(grants({"secrets": [{"source": "a"}]})) == Grant("secrets", "a", "/run/secrets/a", None, None, None)


def test_kinds_do_not_mix():
    assert kept_path("configs", "x") != kept_path("secrets", "x")
    service = {"secrets": [{"source": "x"}], "configs": [{"source": "x", "target": "/c"}]}
    places = {("secrets", "x"): "one", ("configs", "x"): "two"}
    assert {m["target"]: m["source"] for m in mounts_for(service, places, "/srv/s")} == {
        "/run/secrets/x": "/srv/s/one",
        "/c": "/srv/s/two",
    }


def test_mounts_are_for_reading_and_make_nothing_on_the_host():
    (mount,) = mounts_for({"secrets": [{"source": "pw", "mode": "0400"}]}, {("secrets", "pw"): PLAIN}, "/srv/s")
    assert mount == {
        "type": "bind",
        "source": f"/srv/s/{PLAIN}@0-0-0400",
        "target": "/run/secrets/pw",
        "read_only": True,
        "bind": {"create_host_path": False},
    }


def test_what_was_not_brought_is_not_mounted():
    assert mounts_for({"secrets": [{"source": "pw"}]}, {("configs", "pw"): "x"}, "/srv/s") == []


def test_a_service_without_some_of_its_mounts():
    mounts = [{"target": "/a"}, {"target": "/b"}]
    service = {"image": "app:1", "volumes": mounts}
    assert without_mounts(service, {"/b", "/c"}) == {"image": "app:1", "volumes": [{"target": "/a"}]}
    assert service["volumes"] == mounts
    assert without_mounts({}, {"/b"}) == {"volumes": []}


def test_who_mounts_the_whole_directory_does_not_see_what_is_kept_for_others():
    service = {
        "volumes": [
            {"type": "bind", "source": "/srv/shop", "target": "/app/"},
            {"type": "bind", "source": "/srv/shop/www", "target": "/www"},
            {"type": "volume", "source": "data", "target": "/data"},
        ]
    }
    assert masks_for(service, "/srv/shop") == [{"type": "tmpfs", "target": "/app/.stowage", "tmpfs": {"size": "4096"}}]


@pytest.mark.parametrize(
    ("path", "prefix", "below"),
    [
        ("www/a", "www/", True),
        ("a", "a/", True),
        ("www2/a", "www/", False),
        ("a", "", True),
        (".stowage/secrets/k", "", False),
        (".stowage/secrets/k", ".stowage/secrets/k/", True),
    ],
)
def test_what_is_in_a_mount(path, prefix, below):
    assert is_below(path, prefix) == below
