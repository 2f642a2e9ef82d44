# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits for whom, and what a change of one means for those that depend on it."""

from __future__ import annotations

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, mode, state
from tests.unit.stowage.support.hosts import Host

HEALTH = {"healthcheck": {"test": ["CMD", "true"]}}
ON_DB = {"depends_on": {"db": {"condition": "service_healthy"}}}
RESTART = {"depends_on": {"db": {"condition": "service_started", "restart": True}}}
DONE = {"depends_on": {"job": {"condition": "service_completed_successfully"}}}
OPTIONAL = {"depends_on": {"db": {"condition": "service_healthy", "required": False}}}


@cases(
    Case("healthy already", containers(db=app(**HEALTH)), containers(db=app(**HEALTH), web=app(**ON_DB)), """
            #1 CreateContainer web (container is missing)
            #2 StartContainer web <- #1 (it was created)
            #3 WaitContainer web ready <- #2 (it was started)
        """),
    Case("not healthy yet", containers(db=app(**HEALTH)), containers(db=app(**HEALTH), web=app(**ON_DB)), """
            #1 StartContainer db (has exited with code 1)
            #2 WaitContainer db healthy <- #1 (it was started)
            #3 CreateContainer web (container is missing)
            #4 StartContainer web <- #2, #3 (it was created)
            #5 WaitContainer web ready <- #4 (it was started)
        """,
         lambda host: host.container("db")["State"].update(Status="exited", ExitCode=1)),
    Case("replaced meanwhile", containers(db=mode("a", **HEALTH)), containers(db=mode("b", **HEALTH), web=app(**ON_DB)), """
            #1 CreateContainer db.next (environment MODE changed)
            #2 StopContainer db <- #1 (environment MODE changed)
            #3 StartContainer db.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer db.next healthy <- #3 (it was started)
            #5 RemoveContainer db <- #4 (environment MODE changed)
            #6 RenameContainer db.next to db <- #5 (it takes over)
            #7 CreateContainer web (container is missing)
            #8 StartContainer web <- #4, #7 (it was created)
            #9 WaitContainer web ready <- #8 (it was started)
            undo #2, #3, #4: RemoveContainer db.next, StartContainer db
        """),
    Case("completed already", containers(job=app(environment={"BEHAVE": "done"}, restart="no")),
         containers(job=app(environment={"BEHAVE": "done"}, restart="no"), web=app(**DONE)), """
            #1 CreateContainer web (container is missing)
            #2 StartContainer web <- #1 (it was created)
            #3 WaitContainer web ready <- #2 (it was started)
        """),
    Case("of replicas all", None, containers(db=app(scale=2, **HEALTH), web=app(**ON_DB)), """
            #1 CreateContainer db-1 (container is missing)
            #2 StartContainer db-1 <- #1 (it was created)
            #3 WaitContainer db-1 healthy <- #2 (it was started)
            #4 CreateContainer db-2 (container is missing)
            #5 StartContainer db-2 <- #4 (it was created)
            #6 WaitContainer db-2 healthy <- #5 (it was started)
            #7 CreateContainer web (container is missing)
            #8 StartContainer web <- #3, #6, #7 (it was created)
            #9 WaitContainer web ready <- #8 (it was started)
        """),
    Case("what is not required must only have ended", None, containers(db=app(**HEALTH), web=app(**OPTIONAL)), """
            #1 CreateContainer db (container is missing)
            #2 StartContainer db <- #1 (it was created)
            #3 WaitContainer db healthy <- #2 (it was started)
            #4 CreateContainer web (container is missing)
            #5 StartContainer web <- #3, #4 (it was created)
            #6 WaitContainer web ready <- #5 (it was started)
        """),
    Case("restart: true, replaced", containers(db=mode("a"), web=app(**RESTART)), containers(db=mode("b"), web=app(**RESTART)), """
            #1 CreateContainer db.next (environment MODE changed)
            #2 StopContainer db <- #1 (environment MODE changed)
            #3 StartContainer db.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer db.next ready <- #3 (it was started)
            #5 RemoveContainer db <- #4 (environment MODE changed)
            #6 RenameContainer db.next to db <- #5 (it takes over)
            #7 RestartContainer web <- #6 (db is replaced)
            #8 WaitContainer web ready <- #7 (it was started)
            undo #2, #3, #4: RemoveContainer db.next, StartContainer db
        """),
    Case("restart: true, started again", containers(db=app(), web=app(**RESTART)), containers(db=app(), web=app(**RESTART)), """
            #1 StartContainer db (has exited with code 1)
            #2 WaitContainer db ready <- #1 (it was started)
            #3 RestartContainer web <- #1 (db is restarted)
            #4 WaitContainer web ready <- #3 (it was started)
        """,
         state("db", Status="exited", ExitCode=1)),
    Case("restart: true, changed in place only", containers(db=app(), web=app(**RESTART)),
         containers(db=app(mem_limit="64m"), web=app(**RESTART)), """
            #1 UpdateContainer db (memory set to 64 MiB)
        """),
    Case("restart: true, replaced itself", containers(db=mode("a"), web=mode("a", **RESTART)),
         containers(db=mode("b"), web=mode("b", **RESTART)), """
            #1 CreateContainer db.next (environment MODE changed)
            #2 StopContainer db <- #1 (environment MODE changed)
            #3 StartContainer db.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer db.next ready <- #3 (it was started)
            #5 RemoveContainer db <- #4 (environment MODE changed)
            #6 RenameContainer db.next to db <- #5 (it takes over)
            #7 CreateContainer web.next (environment MODE changed)
            #8 StopContainer web <- #6, #7 (environment MODE changed)
            #9 StartContainer web.next <- #8 (takes over: environment MODE changed)
            #10 WaitContainer web.next ready <- #9 (it was started)
            #11 RemoveContainer web <- #10 (environment MODE changed)
            #12 RenameContainer web.next to web <- #11 (it takes over)
            undo #2, #3, #4: RemoveContainer db.next, StartContainer db
            undo #8, #9, #10: RemoveContainer web.next, StartContainer web
        """),
    Case("without it, nothing", containers(db=mode("a"), web=app(depends_on=["db"])), containers(db=mode("b"), web=app(depends_on=["db"])),
         """
            #1 CreateContainer db.next (environment MODE changed)
            #2 StopContainer db <- #1 (environment MODE changed)
            #3 StartContainer db.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer db.next ready <- #3 (it was started)
            #5 RemoveContainer db <- #4 (environment MODE changed)
            #6 RenameContainer db.next to db <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer db.next, StartContainer db
        """),
)  # fmt: skip
def test_readiness(case):
    check(case)


def test_a_dependency_that_fails_holds_back_who_needs_it_and_not_who_does_not():
    sick = app(environment={"BEHAVE": "sick"}, **HEALTH)
    host = Host()
    report = host.apply(containers(db=sick, web=app(**ON_DB), opt=app(**OPTIONAL), no=app()))
    assert [str(failure.step.operation.target) for failure in report.failures] == ["db healthy"]
    assert host.states() == {"db": "running", "web": "created", "opt": "running", "no": "running"}
