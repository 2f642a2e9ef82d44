# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from stowage.model import operations as op
from stowage.model.plan import Plan, Step

# Every operation once: how it reads, whether it is final, whether it only waits.
TABLE = [
    (op.PullImage("app:1", "why", platform="linux/arm64", digest="sha256:1"), "PullImage app:1", "", ""),
    (op.BuildImage("app:1", "why", options={"args": {"A": "hunter2"}}, labels={}), "BuildImage app:1", "", ""),
    (op.LoadImage("app:1", "why", archive="a.tar"), "LoadImage app:1", "", ""),
    (op.TagImage("new:1", "why", source="app:1"), "TagImage app:1 as new:1", "", ""),
    (op.PushImage("app:1", "why"), "PushImage app:1", "", ""),
    (op.RemoveImage("app:1", "why"), "RemoveImage app:1", "final", ""),
    (op.CreateNetwork("edge", "why", body={"Options": {"key": "hunter2"}}), "CreateNetwork edge", "", ""),
    (op.RemoveNetwork("edge", "why"), "RemoveNetwork edge", "final", ""),
    (op.ConnectNetwork("edge", "why", container="web"), "ConnectNetwork web to edge", "", ""),
    (op.DisconnectNetwork("edge", "why", container="web"), "DisconnectNetwork web from edge", "", ""),
    (op.CreateVolume("data", "why", body={"DriverOpts": {"o": "hunter2"}}), "CreateVolume data", "", ""),
    (op.RemoveVolume("data", "why"), "RemoveVolume data", "final", ""),
    (op.CreateContainer("web", "why", body={"Env": ["A=hunter2"]}), "CreateContainer web", "", ""),
    (op.StartContainer("web", "why"), "StartContainer web", "", ""),
    (op.StopContainer("web", "why"), "StopContainer web", "", ""),
    (op.RestartContainer("web", "why"), "RestartContainer web", "", ""),
    (op.UnpauseContainer("web", "why"), "UnpauseContainer web", "", ""),
    (op.UpdateContainer("web", "why", body={"Memory": 1}), "UpdateContainer web", "", ""),
    (op.RenameContainer("web.next", "why", new_name="web"), "RenameContainer web.next to web", "", ""),
    (op.RemoveContainer("web", "why", volumes=True), "RemoveContainer web", "final", ""),
    (op.RunHook("web", "why", hook="pre_stop", body={"Cmd": ["hunter2"]}), "RunHook pre_stop in web", "", ""),
    (op.WaitContainer("web", "why", condition="healthy", timeout=9.0), "WaitContainer web healthy", "", "waits"),
    (op.WriteFile("a/b", "why", "/srv/shop", "sha256:1", 0o644), "WriteFile /srv/shop/a/b", "", ""),
    (op.MakeDirectory("a", "why", "/srv/shop", 0o755), "MakeDirectory /srv/shop/a", "", ""),
    (op.RestoreFile("a/b", "why", "/srv/shop"), "RestoreFile /srv/shop/a/b", "", ""),
    (op.RemoveFile("a/b", "why", "/srv/shop"), "RemoveFile /srv/shop/a/b", "final", ""),
    (op.SettleFiles("/srv/shop", "why"), "SettleFiles /srv/shop", "", ""),
    (op.RemoveFiles("/srv/shop", "why"), "RemoveFiles /srv/shop", "final", ""),
    (op.Pause("web", "why", seconds=1.0), "Pause web", "", "waits"),
]


@pytest.mark.parametrize(("operation", "text", "final", "waits"), TABLE)
def test_operations(operation, text, final, waits):
    assert str(Step(7, operation, (2, 5), (3,))) == f"#7 {text} <- #2, #3, #5 (why)"
    assert isinstance(operation, op.Destructive) == bool(final)
    assert operation.waits == bool(waits)
    assert "hunter2" not in repr(operation)


def test_the_table_is_complete():
    def leaves(kind):
        return {leaf for child in kind.__subclasses__() for leaf in leaves(child)} or {kind}

    assert {type(row[0]) for row in TABLE} == leaves(op.Operation)


def test_an_empty_plan():
    plan = Plan("host")
    assert (str(plan), bool(plan), plan.changes, plan.summary(), list(plan)) == ("", False, False, {}, [])


def test_a_plan():
    wait = op.WaitContainer("web", "it was started", condition="ready", timeout=1.0)
    plan = Plan("host", (Step(1, op.StartContainer("web", "is created")), Step(2, wait, (1,)), Step(3, wait, (1,))))
    assert str(plan) == (
        "#1 StartContainer web (is created)\n"
        "#2 WaitContainer web ready <- #1 (it was started)\n"
        "#3 WaitContainer web ready <- #1 (it was started)"
    )
    assert plan.changes
    assert plan.summary() == {"StartContainer": 1, "WaitContainer": 2}


def test_waiting_alone_is_no_change():
    wait = op.WaitContainer("web", "it was started", condition="ready", timeout=1.0)
    assert not Plan("host", (Step(1, wait),)).changes
