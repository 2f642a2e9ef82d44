# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.service.canonical import parse_service
from stowage.service.hooks import POST_START, PRE_STOP, hook_requests

OUTPUT = {"AttachStdout": True, "AttachStderr": True}


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ({"command": "echo 'a b'"}, {"Cmd": ["echo", "a b"]}),
        ({"command": ["true"], "user": "", "privileged": False, "environment": {}}, {"Cmd": ["true"]}),
        (
            {"command": ["x"], "user": "1:2", "privileged": True, "working_dir": "/w", "environment": ["A=1", "B"]},
            {"Cmd": ["x"], "User": "1:2", "Privileged": True, "WorkingDir": "/w", "Env": ["A=1", "B"]},
        ),
    ],
)
def test_requests(hook, expected):
    problems = []
    service = parse_service({"image": "app:1", POST_START: [hook]}, "$", problems)
    assert problems == []
    assert hook_requests(service, POST_START) == [{**expected, **OUTPUT}]
    assert hook_requests(service, PRE_STOP) == []


def test_in_the_declared_order():
    service = {"pre_stop": [{"command": ["one"]}, {"command": ["two"]}]}
    assert [request["Cmd"] for request in hook_requests(service, PRE_STOP)] == [["one"], ["two"]]
