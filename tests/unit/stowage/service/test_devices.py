# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices, accelerators, ulimits and block I/O."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.devices import is_cdi

from .reading import canonical, refused


def device(source: str, target: str, permissions: str = "rwm") -> dict[str, str]:
    return {"source": source, "target": target, "permissions": permissions}


@pytest.mark.parametrize(
    ("value", "entry", "cdi"),
    [
        ("/dev/a", device("/dev/a", "/dev/a"), False),
        ("/dev/a:/dev/b", device("/dev/a", "/dev/b"), False),
        ("/dev/a:/dev/b:r", device("/dev/a", "/dev/b", "r"), False),
        ("/dev/a:rw", device("/dev/a", "/dev/a", "rw"), False),
        ("vendor.example/gpu=all", device("vendor.example/gpu=all", "vendor.example/gpu=all"), True),
        ({"source": "/dev/a"}, device("/dev/a", "/dev/a"), False),
        ({"source": "/dev/a", "target": "/dev/b", "permissions": "m"}, device("/dev/a", "/dev/b", "m"), False),
        ({"source": "v.example/x=0"}, device("v.example/x=0", "v.example/x=0"), True),
    ],
)
def test_one_device(value: Any, entry: dict[str, str], cdi: bool) -> None:
    assert canonical(devices=[value])["devices"] == [entry]
    assert is_cdi(entry) is cdi


@pytest.mark.parametrize(
    ("key", "value", "result"),
    [
        ("gpus", "all", [{"count": -1}]),
        ("gpus", [{"count": "all", "driver": "nvidia"}], [{"count": -1, "driver": "nvidia"}]),
        ("gpus", [{"device_ids": [0]}], [{"device_ids": ["0"]}]),
        ("ulimits", {"nproc": "5"}, {"nproc": 5}),
        ("ulimits", {"nofile": {"soft": 1, "hard": "2"}}, {"nofile": {"soft": 1, "hard": 2}}),
        ("ulimits", {"core": {"soft": 5, "hard": -1}}, {"core": {"soft": 5, "hard": -1}}),
        (
            "blkio_config",
            {"weight": 300, "device_read_bps": [{"path": "/dev/a", "rate": "1k"}]},
            {"weight": 300, "device_read_bps": [{"Path": "/dev/a", "Rate": "1024"}]},
        ),
        ("device_cgroup_rules", ["c 1:3 rwm", "a *:* r"], ["c 1:3 rwm", "a *:* r"]),
    ],
)
def test_other_keys(key: str, value: Any, result: Any) -> None:
    assert canonical(**{key: value})[key] == result


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        ({"devices": ["a"]}, ["$.devices[0]: the source must be an absolute path or a CDI name"]),
        ({"devices": ["/dev/a:b"]}, ["$.devices[0]: the target must be an absolute path or a CDI name"]),
        ({"devices": ["/dev/a:/dev/b:x"]}, ["$.devices[0]: must be made of r, w and m"]),
        ({"devices": ["/dev/a:"]}, ["$.devices[0]: must be source[:target[:permissions]]"]),
        ({"devices": ["/dev/a", "/dev/b:/dev/a"]}, ["$.devices[1]: /dev/a is made by devices[0] already"]),
        ({"devices": [{"target": "/dev/a"}]}, ["$.devices[0]: source is missing"]),
        ({"gpus": "some"}, ["$.gpus: must be all or a list, not a string"]),
        ({"gpus": [{"count": 1, "device_ids": ["0"]}]}, ["$.gpus[0]: count and device_ids exclude each other"]),
        ({"ulimits": ["a"]}, ["$.ulimits: must be a mapping, not a list"]),
        ({"ulimits": {"nofile": {"soft": 3, "hard": 2}}}, ["$.ulimits.nofile: soft must not be above hard"]),
        ({"ulimits": {"nofile": {"soft": -1, "hard": 2}}}, ["$.ulimits.nofile: soft must not be above hard"]),
        ({"ulimits": {"nofile": {"soft": 3}}}, ["$.ulimits.nofile: soft must not be above hard"]),
        ({"blkio_config": {"weight": 5}}, ["$.blkio_config.weight: must be at least 10"]),
        (
            {"blkio_config": {"device_read_bps": [{"path": "/a"}]}},
            ["$.blkio_config.device_read_bps[0]: must have path and rate"],
        ),
        ({"device_cgroup_rules": ["x"]}, ["$.device_cgroup_rules[0]: must be a rule such as 'c 1:3 rwm'"]),
    ],
)
def test_what_is_refused(document: dict[str, Any], messages: list[str]) -> None:
    assert refused(**document) == messages
