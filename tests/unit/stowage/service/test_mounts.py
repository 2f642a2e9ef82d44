# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``volumes`` and ``tmpfs``."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.mounts import clean

from .reading import canonical, refused


@pytest.mark.parametrize(
    ("short", "entry"),
    [
        ("/data", {"type": "volume", "target": "/data", "volume": {}}),
        ("data:/data", {"type": "volume", "source": "data", "target": "/data", "volume": {}}),
        (
            "data:/a/../data/:ro",
            {"type": "volume", "source": "data", "target": "/data", "read_only": True, "volume": {}},
        ),
        ("data:/data:nocopy,rw", {"type": "volume", "source": "data", "target": "/data", "volume": {"nocopy": True}}),
        ("data:/d:z", {"type": "volume", "source": "data", "target": "/d", "bind": {"selinux": "z"}, "volume": {}}),
        ("/a:/b", {"type": "bind", "source": "/a", "target": "/b", "bind": {}}),
        (
            "/a:/b:ro,Z,rslave,cached",
            {
                "type": "bind",
                "source": "/a",
                "target": "/b",
                "read_only": True,
                "bind": {"selinux": "Z", "propagation": "rslave"},
            },
        ),
        (
            {"type": "bind", "source": "/a", "target": "/b/", "bind": {"create_host_path": True}},
            {"type": "bind", "source": "/a", "target": "/b", "bind": {}},
        ),
        (
            {"type": "bind", "source": "/a", "target": "/b", "bind": {"create_host_path": False}},
            {"type": "bind", "source": "/a", "target": "/b", "bind": {"create_host_path": False}},
        ),
        (
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m", "mode": "0755"}},
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1048576", "mode": 0o755}},
        ),
        (
            {"type": "volume", "target": "/v", "read_only": False, "volume": None},
            {"type": "volume", "target": "/v"},
        ),
        (
            {"type": "npipe", "source": "\\\\.\\pipe\\x", "target": "\\\\.\\pipe\\x"},
            {"type": "npipe", "source": "\\\\.\\pipe\\x", "target": "\\\\.\\pipe\\x"},
        ),
        ({"type": "cluster", "source": "c", "target": "/c"}, {"type": "cluster", "source": "c", "target": "/c"}),
    ],
)
def test_one_volume(short: Any, entry: dict[str, Any]) -> None:
    assert canonical(volumes=[short])["volumes"] == [entry]


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("/a", ["$.volumes: must be a list, not a string"]),
        ([5], ["$.volumes[0]: must be a mapping, not a number"]),
        (["data"], ["$.volumes[0]: the target must be an absolute path in the container"]),
        (["a:b:c:d"], ["$.volumes[0]: must be [source:]target[:options]"]),
        (["a::ro"], ["$.volumes[0]: must be [source:]target[:options]"]),
        (["/a:/b:rx"], ["$.volumes[0]: 'rx' is not an option of a mount"]),
        (["./a:/b"], ["$.volumes[0]: the source must be an absolute path on the host"]),
        (["~/a:/b"], ["$.volumes[0]: the source must be an absolute path on the host"]),
        (["a/b:/b"], ["$.volumes[0]: 'a/b' is not the name of a volume"]),
        (["/a:/x", "b:/y", "c:/x/"], ["$.volumes[2]: /x is mounted by volumes[0] already"]),
        ([{"type": "bind", "target": "/a"}], ["$.volumes[0]: source is missing"]),
        ([{"type": "image", "target": "/a"}], ["$.volumes[0]: source is missing"]),
        (
            [{"type": "what", "target": "/a"}],
            ["$.volumes[0].type: must be one of bind, volume, tmpfs, image, npipe, cluster"],
        ),
        ([{"target": "/a"}], ["$.volumes[0]: type is missing"]),
        (
            [{"type": "volume", "source": "a", "target": "a"}],
            ["$.volumes[0].target: must be an absolute path in the container"],
        ),
        ([{"type": "tmpfs", "source": "a", "target": "/a"}], ["$.volumes[0]: a tmpfs has no source"]),
        ([{"type": "volume", "target": "/a", "read_only": True}], ["$.volumes[0]: read_only needs a named volume"]),
        (
            [{"type": "volume", "target": "/a", "volume": {"subpath": "x"}}],
            ["$.volumes[0].volume: subpath needs a named volume"],
        ),
        (
            [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": "rwx"}}],
            ["$.volumes[0].tmpfs.mode: must be a file mode such as 0755"],
        ),
        (
            [{"type": "bind", "source": "/a", "target": "/a", "bind": {"selinux": "z", "create_host_path": False}}],
            ["$.volumes[0].bind: selinux goes with neither recursive nor create_host_path: false"],
        ),
        (
            [{"type": "bind", "source": "/a", "target": "/a", "bind": {"propagation": "up"}, "colour": 1}],
            [
                "$.volumes[0].bind.propagation: must be one of private, rprivate, shared, rshared, slave, rslave",
                "$.volumes[0].colour: unknown key",
            ],
        ),
    ],
)
def test_what_is_refused(value: Any, messages: list[str]) -> None:
    assert refused(volumes=value) == messages


def test_tmpfs() -> None:
    assert canonical(tmpfs="/run")["tmpfs"] == ["/run"]
    assert canonical(tmpfs=["/run:size=1m"])["tmpfs"] == ["/run:size=1m"]
    assert refused(tmpfs=["run"]) == ["$.tmpfs[0]: must be an absolute path in the container"]


def test_one_target_in_both_keys() -> None:
    found = refused(tmpfs=["/run", "/x:size=1m", "/run/"], volumes=["a:/x"])
    assert found == [
        "$.tmpfs[1]: /x is mounted by volumes[0] already",
        "$.tmpfs[2]: /run is mounted by tmpfs[0] already",
    ]


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("/a", "/a"),
        ("/a/", "/a"),
        ("//a", "/a"),
        ("/a/./b/../c", "/a/c"),
        ("/", "/"),
        ("/a//b", "/a/b"),
        ("/.x", "/.x"),
    ],
)
def test_paths_are_cleaned_as_go_does(path: str, cleaned: str) -> None:
    assert clean(path) == cleaned
