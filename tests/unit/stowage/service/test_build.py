# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.service.build import build_query, buildx_command

ALWAYS = {"rm": True, "forcerm": True, "version": "1"}
LABELS = {"io.stowage.context": "sha256:1"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"context": "web", "dockerfile": "elsewhere", "dockerfile_inline": "FROM x"}, {}),
        ({"args": {"A": "1", "B": ""}}, {"buildargs": {"A": "1", "B": ""}}),
        ({"target": "final", "network": "host"}, {"target": "final", "networkmode": "host"}),
        ({"no_cache": True, "pull": True}, {"nocache": True, "pull": True}),
        ({"no_cache": False, "pull": False}, {}),
        ({"shm_size": "67108864"}, {"shmsize": 67108864}),
        ({"cache_from": ["a:1", "b:1"]}, {"cachefrom": ["a:1", "b:1"]}),
        ({"extra_hosts": ["one=10.0.0.1", "two=::1"]}, {"extrahosts": "one:10.0.0.1,two:::1"}),
        ({"ulimits": {"nproc": 5, "nofile": {"soft": 1, "hard": 2}}},
         {"ulimits": [{"Name": "nproc", "Soft": 5, "Hard": 5}, {"Name": "nofile", "Soft": 1, "Hard": 2}]}),
    ],
)  # fmt: skip
def test_query(options, expected):
    query = build_query("app:1", options, LABELS, "", "Dockerfile")
    assert query == {**ALWAYS, "t": ("app:1",), "dockerfile": "Dockerfile", "labels": LABELS, **expected}


def test_names_labels_and_platform():
    query = build_query("app:1", {"tags": ["app:edge"], "labels": {"a": "b"}}, LABELS, "linux/arm64", "d/File")
    assert query == {
        **ALWAYS,
        "t": ("app:1", "app:edge"),
        "dockerfile": "d/File",
        "labels": {"a": "b", **LABELS},
        "platform": "linux/arm64",
    }


def test_buildx_gets_arguments_by_the_environment_alone():
    words, environment = buildx_command("app:1", {"args": {"TOKEN": "hunter2"}}, LABELS, "", "Dockerfile")
    assert environment == {"TOKEN": "hunter2"}
    assert "hunter2" not in " ".join(words)
    assert words == [
        *("--load", "--file", "Dockerfile", "--tag", "app:1", "--label", "io.stowage.context=sha256:1"),
        *("--build-arg", "TOKEN", "-"),
    ]


def test_buildx_words():
    options = {
        "tags": ["app:edge"],
        "secrets": ["id=a,src=/a"],
        "ssh": ["default"],
        "additional_contexts": {"base": "docker-image://b:1"},
        "platforms": ["linux/amd64", "linux/arm64"],
        "no_cache": True,
        "extra_hosts": ["one=10.0.0.1"],
        "ulimits": {"nofile": {"soft": 1, "hard": 2}},
    }
    words, _environment = buildx_command("app:1", options, {}, "", "Dockerfile")
    text = " ".join(words)
    for expected in (
        "--tag app:1 --tag app:edge",
        "--no-cache",
        "--secret id=a,src=/a",
        "--ssh default",
        "--build-context base=docker-image://b:1",
        "--add-host one:10.0.0.1",
        "--ulimit nofile=1:2",
        "--platform linux/amd64,linux/arm64",
    ):
        assert expected in text
