# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers that tables of keys are made of."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.errors import Problem
from stowage.service import shapes
from stowage.service.shapes import BAD

NUMBERS = shapes.list_of(shapes.integer(0, 9))
RECORD = shapes.record({"a": shapes.text, "b": shapes.integer(1)}, ("a",))


class Text(str):
    """What Ansible hands over: a string with more to it."""

    __slots__ = ("tags",)


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (shapes.text, "a", "a"),
        (shapes.text, 5, "5"),
        (shapes.boolean, True, True),
        (shapes.boolean, "yes", True),
        (shapes.boolean, "off", False),
        (shapes.integer(), "12", 12),
        (shapes.integer(), 12.0, 12),
        (shapes.number, "0.5", 0.5),
        (shapes.number, "2", 2),
        (shapes.number, 2.0, 2),
        (shapes.size(), "1k", "1024"),
        (shapes.size(-1), -1, "-1"),
        (shapes.duration, "90s", "1m30s"),
        (shapes.duration, 0, "0s"),
        (shapes.choice("a", "b"), "b", "b"),
        (shapes.matching("x+", "made of x"), "xx", "xx"),
        (NUMBERS, [1, "2"], [1, 2]),
        (NUMBERS, (), []),
        (shapes.list_of(shapes.text, single=True), "a", ["a"]),
        (shapes.strings(), ["a=1", "b", "c=x=y"], {"a": "1", "b": "", "c": "x=y"}),
        (shapes.strings(), {"a": 1, "b": None, "c": False}, {"a": "1", "b": "", "c": "false"}),
        (shapes.strings(absent=None), ["a", "b="], {"a": None, "b": ""}),
        (RECORD, {"a": "x", "b": None, "x-note": 1}, {"a": "x"}),
    ],
)
def test_what_readers_return(reader: Any, value: Any, result: Any) -> None:
    problems: list[Problem] = []
    found = reader(value, "$", problems)
    assert found == result
    assert type(found) is type(result)
    assert problems == []


@pytest.mark.parametrize(
    ("reader", "value", "messages"),
    [
        (shapes.text, None, ["$: must be a string, not null"]),
        (shapes.text, True, ["$: must be a string, not a boolean"]),
        (shapes.text, "a\0b", ["$: must not contain a NUL character"]),
        (shapes.name, "", ["$: must not be empty"]),
        (shapes.boolean, "maybe", ["$: must be a boolean, not a string"]),
        (shapes.boolean, 1, ["$: must be a boolean, not a number"]),
        (shapes.integer(), "x", ["$: must be a whole number"]),
        (shapes.integer(), 1.5, ["$: must be a whole number, not a number"]),
        (shapes.integer(), True, ["$: must be a whole number, not a boolean"]),
        (shapes.integer(2, 5), 1, ["$: must be at least 2"]),
        (shapes.integer(2, 5), 6, ["$: must be at most 5"]),
        (shapes.integer(), 2**63, ["$: must be at most 9223372036854775807"]),
        (shapes.number, -1, ["$: must be a number not below 0"]),
        (shapes.number, "nan", ["$: must be a number not below 0"]),
        (shapes.number, float("inf"), ["$: must be a number not below 0"]),
        (shapes.number, [], ["$: must be a number, not a list"]),
        (shapes.size(), "64x", ["$: not a size such as 64m, 1.5gb or 1024"]),
        (shapes.size(), -1, ["$: must be at least 0"]),
        (shapes.size(), True, ["$: must be a size such as 64m, not a boolean"]),
        (shapes.duration, 5, ["$: must be a duration such as 1m30s, not a number"]),
        (shapes.duration, "-1s", ["$: must not be negative"]),
        (shapes.choice("a", "b"), "c", ["$: must be one of a, b"]),
        (shapes.matching("x+", "made of x"), "y", ["$: must be made of x"]),
        (NUMBERS, "1", ["$: must be a list, not a string"]),
        (NUMBERS, [1, "x", 10], ["$[1]: must be a whole number", "$[2]: must be at most 9"]),
        (shapes.list_of(shapes.text, unique=True), ["a", "b", "a"], ["$[2]: stands here twice"]),
        (shapes.strings(), "a", ["$: must be a mapping or a list of key=value, not a string"]),
        (
            shapes.strings(),
            {"a": [1], "b c": {}},
            [
                "$.a: must be a string, number, boolean or null, not a list",
                '$["b c"]: must be a string, number, boolean or null, not a mapping',
            ],
        ),
        (
            shapes.strings(),
            ["a=1", "=x", 5, "a=2"],
            [
                "$[1]: must be key=value",
                "$[2]: must be key=value, not a number",
                "$[3]: a is set twice",
            ],
        ),
        (RECORD, [], ["$: must be a mapping, not a list"]),
        (RECORD, {"b": 0, "c.d": 1}, ["$.b: must be at least 1", '$["c.d"]: unknown key', "$: a is missing"]),
    ],
)
def test_what_readers_refuse(reader: Any, value: Any, messages: list[str]) -> None:
    problems: list[Problem] = []
    assert reader(value, "$", problems) is BAD
    assert [str(problem) for problem in problems] == messages


def test_only_plain_text_goes_on() -> None:
    tagged = Text("a")
    assert type(shapes.text(tagged, "$", [])) is str
    assert type(shapes.strings()({"a": tagged}, "$", [])["a"]) is str
    assert type(shapes.strings()([Text("a=b")], "$", [])["a"]) is str


def test_secrets_are_not_quoted() -> None:
    problems: list[Problem] = []
    shapes.strings()(["PASSWORD=hunter2", "PASSWORD=hunter3"], "$.environment", problems)
    shapes.strings()({"PASSWORD": ["hunter2"]}, "$.environment", problems)
    assert len(problems) == 2
    assert "hunter" not in str(problems)
