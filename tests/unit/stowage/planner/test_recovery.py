# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed run leaves, and how the next one goes on: the table of ARCHITECTURE.md, line by line."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, killed, mode, state, together
from tests.unit.stowage.support.hosts import Host

A, B, C = (containers(web=mode(value, volumes=["/anon"])) for value in "abc")
GONE = containers(web=app(state="absent"))
ONCE_A, ONCE_B = (containers(web=mode(value, restart="no")) for value in "ab")


@cases(
    # web and web.next, the latter as declared now
    Case("created: the old one still runs", A, B, """
            #1 StopContainer web (environment MODE changed)
            #2 StartContainer web.next <- #1 (takes over: environment MODE changed)
            #3 WaitContainer web.next ready <- #2 (it was started)
            #4 RemoveContainer web <- #3 (environment MODE changed)
            #5 RenameContainer web.next to web <- #4 (it takes over)
            undo #1, #2, #3: RemoveContainer web.next, StartContainer web
        """, killed(B, 2)),
    Case("created: the old one is down", A, B, """
            #1 StartContainer web.next (takes over: environment MODE changed)
            #2 WaitContainer web.next ready <- #1 (it was started)
            #3 RemoveContainer web <- #2 (environment MODE changed)
            #4 RenameContainer web.next to web <- #3 (it takes over)
            undo #1, #2: RemoveContainer web.next, StartContainer web
        """, killed(B, 3)),
    Case("started: not proven yet", A, B, """
            #1 StartContainer web.next (takes over: environment MODE changed)
            #2 WaitContainer web.next ready <- #1 (it was started)
            #3 RemoveContainer web <- #2 (environment MODE changed)
            #4 RenameContainer web.next to web <- #3 (it takes over)
            undo #1, #2: RemoveContainer web.next, StartContainer web
        """, killed(B, 4)),
    Case("started: and has crashed meanwhile", A, B, """
            #1 RemoveContainer web.next (a replacement that was not finished is outdated)
            #2 CreateContainer web.next <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #3, #4: RemoveContainer web.next, StartContainer web
        """,
         together(killed(B, 4), state("web.next", Status="exited", ExitCode=1))),
    # web and web.next, the latter outdated
    Case("created, outdated", A, C, """
            #1 RemoveContainer web.next (a replacement that was not finished is outdated)
            #2 CreateContainer web.next <- #1 (environment MODE changed)
            #3 StopContainer web <- #2 (environment MODE changed)
            #4 StartContainer web.next <- #3 (takes over: environment MODE changed)
            #5 WaitContainer web.next ready <- #4 (it was started)
            #6 RemoveContainer web <- #5 (environment MODE changed)
            #7 RenameContainer web.next to web <- #6 (it takes over)
            undo #3, #4, #5: RemoveContainer web.next, StartContainer web
        """, killed(B, 2)),
    Case("started, outdated", A, C, """
            #1 RemoveContainer web.next (a replacement that was not finished is outdated)
            #2 CreateContainer web.next <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #3, #4: RemoveContainer web.next, StartContainer web
        """, killed(B, 4)),
    # web as declared, and web.next
    Case("created, not wanted any more", A, A, """
            #1 RemoveContainer web.next (its replacement is not wanted any more)
        """, killed(B, 2)),
    Case("started, not wanted any more", A, A, """
            #1 RemoveContainer web.next (its replacement is not wanted any more)
            #2 StartContainer web <- #1 (has exited with code 143)
            #3 WaitContainer web ready <- #2 (it was started)
        """, killed(B, 4)),
    Case("of a one-shot that was stopped for it", ONCE_A, ONCE_A, """
            #1 RemoveContainer web.next (its replacement is not wanted any more)
            #2 StartContainer web <- #1 (has exited with code 0)
            #3 WaitContainer web ready <- #2 (it was started)
        """,
         together(killed(ONCE_B, 4), state("web", Status="exited", ExitCode=0))),
    # only web.next
    Case("the old one is gone", A, B, """
            #1 RenameContainer web.next to web (a replacement was not finished)
        """, killed(B, 5)),
    Case("the old one is gone, and the new one is outdated", A, C, """
            #1 RenameContainer web.next to web (a replacement was not finished)
            #2 CreateContainer web.next <- #1 (environment MODE changed)
            #3 StopContainer web <- #2 (environment MODE changed)
            #4 StartContainer web.next <- #3 (takes over: environment MODE changed)
            #5 WaitContainer web.next ready <- #4 (it was started)
            #6 RemoveContainer web <- #5 (environment MODE changed)
            #7 RenameContainer web.next to web <- #6 (it takes over)
            undo #3, #4, #5: RemoveContainer web.next, StartContainer web
        """, killed(B, 5)),
    Case("the old one is gone, and the new one fell over", A, B, """
            #1 RenameContainer web.next to web (a replacement was not finished)
            #2 StartContainer web <- #1 (has exited with code 1)
            #3 WaitContainer web ready <- #2 (it was started)
        """,
         together(killed(B, 5), state("web.next", Status="exited", ExitCode=1))),
    Case("the old one died", A, B, """
            #1 RemoveContainer web (is dead)
            #2 RenameContainer web.next to web <- #1 (a replacement was not finished)
        """, together(killed(B, 4), state("web", Status="dead"))),
    # web, created but not running
    Case("the first one was never started", None, A, """
            #1 StartContainer web (is created)
            #2 WaitContainer web ready <- #1 (it was started)
        """, killed(A, 2)),
    Case("before anything was done", A, B, """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """, killed(B, 1)),
    Case("after everything was done", A, B, "", killed(B, 6)),
)  # fmt: skip
def test_going_on(case):
    host = check(case)
    assert host.names() == ("web",)


@cases(
    Case(
        "declared absent",
        A,
        GONE,
        """
            #1 StopContainer web (declared absent)
            #2 RemoveContainer web <- #1 (declared absent)
            #3 RemoveContainer web.next <- #1 (declared absent)
        """,
        killed(B, 2),
    ),
    Case(
        "declared absent, without pruning",
        A,
        {"prune": False, **GONE},
        """
            #1 RemoveContainer web (declared absent)
            #2 StopContainer web.next <- #1 (declared absent)
            #3 RemoveContainer web.next <- #2 (declared absent)
        """,
        killed(B, 4),
    ),
    Case(
        "declared absent, the old one gone already",
        A,
        {"prune": False, **GONE},
        """
            #1 StopContainer web.next (declared absent)
            #2 RemoveContainer web.next <- #1 (declared absent)
        """,
        killed(B, 5),
    ),
    Case(
        "not declared any more",
        A,
        {},
        """
            #1 RemoveContainer web (not declared any more)
            #2 StopContainer web.next <- #1 (not declared any more)
            #3 RemoveContainer web.next <- #2 (not declared any more)
        """,
        killed(B, 4),
    ),
)
def test_what_shall_go_goes_with_its_successor(case):
    host = check(case)
    assert host.names() == ()
    assert len(host.engine.volumes.all) == 1  # nobody said that the anonymous volume may go


def test_without_pruning_a_successor_of_nobody_stays():
    host = Host()
    host.deploy(A)
    killed(B, 4)(host)
    host.engine.revive()
    host.deploy({"prune": False})
    assert host.names() == ("web", "web.next")


def test_failing_again_starts_what_the_killed_run_had_stopped():
    host = Host()
    host.deploy(A)
    sick = containers(web=app(environment={"BEHAVE": "sick"}, healthcheck={"test": ["CMD", "x"]}))
    killed(sick, 4)(host)
    host.engine.revive()
    assert host.states() == {"web": "exited", "web.next": "running"}
    assert host.apply(sick).failures
    assert host.states() == {"web": "running"}


@pytest.mark.parametrize("api", [(1, 41), (1, 51)])
def test_networks_that_were_not_joined_yet_make_a_successor_outdated(api):
    networks = {"networks": {"aa": {}, "bb": {}}}
    before, after = ({**networks, **containers(web=mode(value, networks=["aa", "bb"]))} for value in "ab")
    host = Host(api)
    host.deploy(before)
    killed(after, 2)(host)
    host.engine.revive()
    host.deploy(after)
    assert sorted(host.container("web")["NetworkSettings"]["Networks"]) == ["aa", "bb"]
