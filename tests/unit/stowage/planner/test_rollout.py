# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicas that are replaced in batches, and what a failing one means for the rest."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, mode
from tests.unit.stowage.support.hosts import Host

BEFORE = containers(web=mode("a", scale=3))


def after(**config):
    return containers(web=mode("b", scale=3, deploy={"update_config": config}))


@cases(
    Case("one by one unless said otherwise", BEFORE, after(), """
            #1 CreateContainer web-1.next (environment MODE changed)
            #2 StopContainer web-1 <- #1 (environment MODE changed)
            #3 StartContainer web-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web-1.next ready <- #3 (it was started)
            #5 RemoveContainer web-1 <- #4 (environment MODE changed)
            #6 RenameContainer web-1.next to web-1 <- #5 (it takes over)
            #7 CreateContainer web-2.next <- #6 (environment MODE changed)
            #8 StopContainer web-2 <- #7 (environment MODE changed)
            #9 StartContainer web-2.next <- #8 (takes over: environment MODE changed)
            #10 WaitContainer web-2.next ready <- #9 (it was started)
            #11 RemoveContainer web-2 <- #10 (environment MODE changed)
            #12 RenameContainer web-2.next to web-2 <- #11 (it takes over)
            #13 CreateContainer web-3.next <- #12 (environment MODE changed)
            #14 StopContainer web-3 <- #13 (environment MODE changed)
            #15 StartContainer web-3.next <- #14 (takes over: environment MODE changed)
            #16 WaitContainer web-3.next ready <- #15 (it was started)
            #17 RemoveContainer web-3 <- #16 (environment MODE changed)
            #18 RenameContainer web-3.next to web-3 <- #17 (it takes over)
            undo #2, #3, #4: RemoveContainer web-1.next, StartContainer web-1
            undo #8, #9, #10: RemoveContainer web-2.next, StartContainer web-2
            undo #14, #15, #16: RemoveContainer web-3.next, StartContainer web-3
        """),
    Case("two at a time with a pause, whatever becomes of them", BEFORE,
         after(parallelism=2, delay="10ms", failure_action="continue"), """
            #1 CreateContainer web-1.next (environment MODE changed)
            #2 StopContainer web-1 <- #1 (environment MODE changed)
            #3 StartContainer web-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web-1.next ready <- #3 (it was started)
            #5 RemoveContainer web-1 <- #4 (environment MODE changed)
            #6 RenameContainer web-1.next to web-1 <- #5 (it takes over)
            #7 CreateContainer web-2.next (environment MODE changed)
            #8 StopContainer web-2 <- #7 (environment MODE changed)
            #9 StartContainer web-2.next <- #8 (takes over: environment MODE changed)
            #10 WaitContainer web-2.next ready <- #9 (it was started)
            #11 RemoveContainer web-2 <- #10 (environment MODE changed)
            #12 RenameContainer web-2.next to web-2 <- #11 (it takes over)
            #13 Pause web <- #6, #12 (delay between two batches)
            #14 CreateContainer web-3.next <- #13 (environment MODE changed)
            #15 StopContainer web-3 <- #14 (environment MODE changed)
            #16 StartContainer web-3.next <- #15 (takes over: environment MODE changed)
            #17 WaitContainer web-3.next ready <- #16 (it was started)
            #18 RemoveContainer web-3 <- #17 (environment MODE changed)
            #19 RenameContainer web-3.next to web-3 <- #18 (it takes over)
            undo #2, #3, #4: RemoveContainer web-1.next, StartContainer web-1
            undo #8, #9, #10: RemoveContainer web-2.next, StartContainer web-2
            undo #15, #16, #17: RemoveContainer web-3.next, StartContainer web-3
        """),
    Case("two at a time, whatever becomes of them", BEFORE, after(parallelism=2, failure_action="continue"), """
            #1 CreateContainer web-1.next (environment MODE changed)
            #2 StopContainer web-1 <- #1 (environment MODE changed)
            #3 StartContainer web-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web-1.next ready <- #3 (it was started)
            #5 RemoveContainer web-1 <- #4 (environment MODE changed)
            #6 RenameContainer web-1.next to web-1 <- #5 (it takes over)
            #7 CreateContainer web-2.next (environment MODE changed)
            #8 StopContainer web-2 <- #7 (environment MODE changed)
            #9 StartContainer web-2.next <- #8 (takes over: environment MODE changed)
            #10 WaitContainer web-2.next ready <- #9 (it was started)
            #11 RemoveContainer web-2 <- #10 (environment MODE changed)
            #12 RenameContainer web-2.next to web-2 <- #11 (it takes over)
            #13 CreateContainer web-3.next <- #6, #12 (environment MODE changed)
            #14 StopContainer web-3 <- #13 (environment MODE changed)
            #15 StartContainer web-3.next <- #14 (takes over: environment MODE changed)
            #16 WaitContainer web-3.next ready <- #15 (it was started)
            #17 RemoveContainer web-3 <- #16 (environment MODE changed)
            #18 RenameContainer web-3.next to web-3 <- #17 (it takes over)
            undo #2, #3, #4: RemoveContainer web-1.next, StartContainer web-1
            undo #8, #9, #10: RemoveContainer web-2.next, StartContainer web-2
            undo #14, #15, #16: RemoveContainer web-3.next, StartContainer web-3
        """),
    Case("all at once, and back again if one fails", BEFORE, after(parallelism=0, failure_action="rollback"), """
            #1 CreateContainer web-1.next (environment MODE changed)
            #2 StopContainer web-1 <- #1 (environment MODE changed)
            #3 StartContainer web-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web-1.next ready <- #3 (it was started)
            #5 CreateContainer web-2.next (environment MODE changed)
            #6 StopContainer web-2 <- #5 (environment MODE changed)
            #7 StartContainer web-2.next <- #6 (takes over: environment MODE changed)
            #8 WaitContainer web-2.next ready <- #7 (it was started)
            #9 CreateContainer web-3.next (environment MODE changed)
            #10 StopContainer web-3 <- #9 (environment MODE changed)
            #11 StartContainer web-3.next <- #10 (takes over: environment MODE changed)
            #12 WaitContainer web-3.next ready <- #11 (it was started)
            #13 RemoveContainer web-1 <- #4, #8, #12 (environment MODE changed)
            #14 RenameContainer web-1.next to web-1 <- #13 (it takes over)
            #15 RemoveContainer web-2 <- #4, #8, #12 (environment MODE changed)
            #16 RenameContainer web-2.next to web-2 <- #15 (it takes over)
            #17 RemoveContainer web-3 <- #4, #8, #12 (environment MODE changed)
            #18 RenameContainer web-3.next to web-3 <- #17 (it takes over)
            undo #1, #2, #3, #4, #5, #6, #7, #8, #9, #10, #11, #12: RemoveContainer web-1.next, StartContainer web-1, RemoveContainer web-2.next, StartContainer web-2, RemoveContainer web-3.next, StartContainer web-3
        """),
    Case("one by one, and back again if one fails", containers(web=mode("a", scale=2)),
         containers(web=mode("b", scale=2, deploy={"update_config": {"failure_action": "rollback", "delay": "10ms"}})), """
            #1 CreateContainer web-1.next (environment MODE changed)
            #2 StopContainer web-1 <- #1 (environment MODE changed)
            #3 StartContainer web-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web-1.next ready <- #3 (it was started)
            #5 Pause web <- #4 (delay between two batches)
            #6 CreateContainer web-2.next <- #5 (environment MODE changed)
            #7 StopContainer web-2 <- #6 (environment MODE changed)
            #8 StartContainer web-2.next <- #7 (takes over: environment MODE changed)
            #9 WaitContainer web-2.next ready <- #8 (it was started)
            #10 RemoveContainer web-1 <- #4, #9 (environment MODE changed)
            #11 RenameContainer web-1.next to web-1 <- #10 (it takes over)
            #12 RemoveContainer web-2 <- #4, #9 (environment MODE changed)
            #13 RenameContainer web-2.next to web-2 <- #12 (it takes over)
            undo #1, #2, #3, #4, #6, #7, #8, #9: RemoveContainer web-1.next, StartContainer web-1, RemoveContainer web-2.next, StartContainer web-2
        """),
    Case("a single one, back again if it fails", containers(web=mode("a"), db=app(network_mode="service:web")),
         containers(web=mode("b", deploy={"update_config": {"failure_action": "rollback"}}), db=app(network_mode="service:web")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            #7 CreateContainer db.next <- #3, #6 (web is replaced, whose namespace or volumes it uses)
            #8 StopContainer db <- #7 (web is replaced, whose namespace or volumes it uses)
            #9 StartContainer db.next <- #8 (takes over: web is replaced, whose namespace or volumes it uses)
            #10 WaitContainer db.next ready <- #9 (it was started)
            #11 RemoveContainer db <- #10 (web is replaced, whose namespace or volumes it uses)
            #12 RenameContainer db.next to db <- #11 (it takes over)
            undo #1, #2, #3, #4: RemoveContainer web.next, StartContainer web
            undo #8, #9, #10: RemoveContainer db.next, StartContainer db
        """),
)  # fmt: skip
def test_batches(case):
    check(case)


def image(number):
    """What each replica has afterwards: the old or the new declaration."""
    return lambda host: [
        "new" if "MODE=b" in host.container(f"web-{index}")["Config"]["Env"] else "old"
        for index in range(1, number + 1)
    ]


@pytest.mark.parametrize(
    ("config", "result"),
    [
        # The second replica's start fails. What is left of the old ones runs on in every case.
        ({"failure_action": "pause"}, ["new", "old", "old"]),
        ({"failure_action": "continue"}, ["new", "old", "new"]),
        ({"failure_action": "rollback"}, ["old", "old", "old"]),
        ({"failure_action": "rollback", "parallelism": 0}, ["old", "old", "old"]),
        ({"failure_action": "pause", "parallelism": 2}, ["new", "old", "old"]),
    ],
)
def test_a_failure(config, result):
    host = Host()
    host.deploy(BEFORE)
    plan = host.plan(after(**config))
    start = host.engine.containers.start

    def fail(name):
        if name == "web-2.next":
            host.engine.fail_at = len(host.engine.changes) + 1
        start(name)

    host.engine.containers.start = fail
    report = host.carry_out(plan)
    assert [failure.step.operation.target for failure in report.failures] == ["web-2.next"]
    assert image(3)(host) == result
    assert host.states() == {"web-1": "running", "web-2": "running", "web-3": "running"}
    host.engine.containers.start = start
    host.engine.revive()
    host.deploy(after(**config))
    assert image(3)(host) == ["new", "new", "new"]
