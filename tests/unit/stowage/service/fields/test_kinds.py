# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How kinds of values compare and read."""

from __future__ import annotations

from typing import Any

import pytest

from stowage.service.fields.kinds import Kind, Ordered, Scalar, Set, Table, always, never


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (Scalar("a"), None, "", True),
        (Scalar("a"), 0, None, True),
        (Scalar("a"), "x", "y", False),
        (Ordered("a"), None, [], True),
        (Ordered("a"), ["x", "y"], ["y", "x"], False),
        (Set("a"), None, [], True),
        (Set("a"), ["x", "y"], ["y", "x"], True),
        (Table("a"), None, {}, True),
        (Table("a"), {"x": 1, "y": 2}, {"y": 2, "x": 1}, True),
    ],
)
def test_what_is_the_same(kind: Kind, one: Any, other: Any, same: bool) -> None:
    assert (kind.norm(one) == kind.norm(other)) is same


@pytest.mark.parametrize(
    ("kind", "want", "have", "said"),
    [
        (Scalar("cpu_shares"), 5, None, ["cpu shares set to 5"]),
        (Scalar("cpu_shares"), 5, 4, ["cpu shares 4 -> 5"]),
        (Scalar("cpu_shares"), None, 4, ["cpu shares removed"]),
        (Scalar("tty"), True, False, ["tty switched on"]),
        (Scalar("tty"), False, True, ["tty switched off"]),
        (Scalar("a", show=None), "x", "y", ["a changed"]),
        (Ordered("dns"), ["x"], [], ["dns changed"]),
        (Set("cap"), frozenset("ab"), frozenset("bc"), ["cap c removed", "cap a added"]),
        (Table("env"), {"a": 1, "b": 2}, {"b": 3, "c": 1}, ["env a added", "env b changed", "env c removed"]),
        (Table("label", ignored=["io."]), {"io.a": 1}, {"io.b": 1}, ["label io.a added"]),
    ],
)
def test_what_is_said(kind: Kind, want: Any, have: Any, said: list[str]) -> None:
    assert kind.causes(want, have, always) == said


def test_entries_that_do_not_count() -> None:
    assert Set("cap").causes(frozenset("a"), frozenset("b"), never) == ["cap a added"]
    assert Table("env").causes({"a": 1}, {"b": 1}, never) == ["env a added"]


def test_merging_what_an_image_gives() -> None:
    assert Table("env").merge({"a": 1, "b": 1}, {"b": 2}) == {"a": 1, "b": 2}
    assert Set("port").merge(frozenset("a"), frozenset("b")) == frozenset("ab")
    assert Scalar("user").merge("a", "b") == "b"
