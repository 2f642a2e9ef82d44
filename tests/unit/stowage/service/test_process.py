# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands, hooks, health checks, environment, dependencies."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.process import environment_list

from .reading import canonical, refused


@pytest.mark.parametrize(
    ("key", "value", "result"),
    [
        ("command", "a 'b c' \"d\"", ["a", "b c", "d"]),
        ("command", ["a", 5], ["a", "5"]),
        ("command", "", []),
        ("entrypoint", [], []),
        ("environment", ["A=1", "B", "C="], {"A": "1", "B": None, "C": ""}),
        ("environment", {"A": 1, "B": None, "C": True}, {"A": "1", "B": None, "C": "true"}),
        ("healthcheck", {"test": "x y"}, {"test": ["CMD-SHELL", "x y"]}),
        (
            "healthcheck",
            {"test": ["CMD", "x"], "retries": "3", "interval": "90s"},
            {"test": ["CMD", "x"], "retries": 3, "interval": "1m30s"},
        ),
        ("healthcheck", {"disable": True}, {"disable": True}),
        ("healthcheck", {"disable": False, "retries": 0}, {"retries": 0}),
        ("depends_on", ["a"], {"a": {"condition": "service_started", "required": True}}),
        (
            "depends_on",
            {
                "a": {"condition": "service_healthy", "restart": True},
                "b": {"required": False, "restart": False},
                "c": None,
            },
            {
                "a": {"condition": "service_healthy", "required": True, "restart": True},
                "b": {"condition": "service_started", "required": False},
                "c": {"condition": "service_started", "required": True},
            },
        ),
        ("restart", False, "no"),
        ("restart", "on-failure", "on-failure"),
        ("pull_policy", "if_not_present", "missing"),
        ("extra_hosts", ["b:1.1.1.1", "a=[::1]"], ["a=::1", "b=1.1.1.1"]),
        (
            "extra_hosts",
            {"b": ["1.1.1.1", "0.0.0.1"], "a": "host-gateway"},
            ["a=host-gateway", "b=0.0.0.1", "b=1.1.1.1"],
        ),
        ("logging", {"driver": "local", "options": {"max-file": 3}}, {"driver": "local", "options": {"max-file": "3"}}),
        (
            "post_start",
            [{"command": "a b", "environment": ["A=1"]}],
            [{"command": ["a", "b"], "environment": {"A": "1"}}],
        ),
    ],
)
def test_short_syntaxes(key: str, value: Any, result: Any) -> None:
    assert canonical(**{key: value})[key] == result


@pytest.mark.parametrize(
    ("document", "messages"),
    [
        ({"command": "a 'b"}, ["$.command: has a quotation that is not closed"]),
        ({"command": ["a", None]}, ["$.command[1]: must be a string, not null"]),
        ({"healthcheck": {"test": ["x"]}}, ["$.healthcheck.test: must begin with CMD, CMD-SHELL or NONE"]),
        ({"healthcheck": {"test": ["CMD-SHELL", "a", "b"]}}, ["$.healthcheck.test: CMD-SHELL takes one command line"]),
        ({"healthcheck": {"interval": "1us"}}, ["$.healthcheck.interval: must be 0 or at least 1ms"]),
        (
            {"healthcheck": {"retries": -1, "tries": 1}},
            ["$.healthcheck.retries: must be at least 0", "$.healthcheck.tries: unknown key; did you mean retries?"],
        ),
        ({"depends_on": "a"}, ["$.depends_on: must be a list or a mapping, not a string"]),
        ({"depends_on": ["a", "a"]}, ["$.depends_on[1]: stands here twice"]),
        (
            {"depends_on": {"a": {"condition": "up"}}},
            [
                "$.depends_on.a.condition: must be one of service_started, service_healthy, service_completed_successfully"
            ],
        ),
        ({"restart": "sometimes"}, ["$.restart: must be no, always, unless-stopped or on-failure[:attempts]"]),
        ({"restart": "always:3"}, ["$.restart: must be no, always, unless-stopped or on-failure[:attempts]"]),
        ({"restart": "on-failure:x"}, ["$.restart: must be no, always, unless-stopped or on-failure[:attempts]"]),
        ({"pull_policy": "daily"}, ["$.pull_policy: must be one of always, never, missing, if_not_present, build"]),
        ({"extra_hosts": ["a"]}, ["$.extra_hosts[0]: must be host=address or host:address"]),
        (
            {"extra_hosts": {"a": 5.5, "b": None}},
            ["$.extra_hosts.a: must be a list, not a number", "$.extra_hosts.b: must be a list, not null"],
        ),
        ({"post_start": [{"user": "a"}]}, ["$.post_start[0]: command is missing"]),
        ({"logging": {"level": "x"}}, ["$.logging.level: unknown key"]),
    ],
)
def test_what_is_refused(document: dict[str, Any], messages: list[str]) -> None:
    assert refused(**document) == messages


def test_the_environment_as_the_engine_takes_it() -> None:
    assert environment_list({"A": "1", "B": None, "C": ""}) == ["A=1", "B", "C="]
