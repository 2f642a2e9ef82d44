# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacements step by step, and what their failures leave behind."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, mode, state, stranger
from tests.unit.stowage.support.hosts import Host

HOOKS = {
    "post_start": [{"command": ["one"]}, {"command": ["two"]}],
    "pre_stop": [{"command": ["bye"]}, {"command": ["false"]}],
}
START_FIRST = {"deploy": {"update_config": {"order": "start-first"}}}
TWO = {"aa": {}, "bb": {}}
FIXED = {"edge": {"ipv4_address": "10.1.0.5"}}
EDGE = {"networks": {"edge": {"ipam": {"config": [{"subnet": "10.1.0.0/24"}]}}}}


@cases(
    Case("one after the other", containers(web=mode("a")), containers(web=mode("b")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """),
    Case("another image", containers(web=app()), containers(web=app(image="app:2")), """
            #1 CreateContainer web.next (image changed <app:1> -> <app:2>)
            #2 StopContainer web <- #1 (image changed <app:1> -> <app:2>)
            #3 StartContainer web.next <- #2 (takes over: image changed <app:1> -> <app:2>)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (image changed <app:1> -> <app:2>)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """),
    Case(
        "networks that older engines cannot connect at create",
        {"networks": TWO, **containers(web=mode("a", networks=["aa", "bb"]))},
        {"networks": TWO, **containers(web=mode("b", networks=["aa", "bb"]))},
        """
            #1 CreateContainer web.next (environment MODE changed)
            #2 ConnectNetwork web.next to bb <- #1 (web.next was created)
            #3 StopContainer web <- #2 (environment MODE changed)
            #4 StartContainer web.next <- #3 (takes over: environment MODE changed)
            #5 WaitContainer web.next ready <- #4 (it was started)
            #6 RemoveContainer web <- #5 (environment MODE changed)
            #7 RenameContainer web.next to web <- #6 (it takes over)
            undo #2, #3, #4, #5: RemoveContainer web.next, StartContainer web
        """,
        api=(1, 41),
    ),
    Case("hooks of both", containers(web=mode("a", **HOOKS)), containers(web=mode("b", **HOOKS)), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 RunHook pre_stop in web <- #1 (environment MODE changed)
            #3 RunHook pre_stop in web <- #1, #2 (environment MODE changed)
            #4 StopContainer web <- #1, #3 (environment MODE changed)
            #5 StartContainer web.next <- #4 (takes over: environment MODE changed)
            #6 RunHook post_start in web.next <- #5 (it was started)
            #7 RunHook post_start in web.next <- #6 (it was started)
            #8 WaitContainer web.next ready <- #7 (it was started)
            #9 RemoveContainer web <- #8 (environment MODE changed)
            #10 RenameContainer web.next to web <- #9 (it takes over)
            undo #4, #5, #6, #7, #8: RemoveContainer web.next, StartContainer web
        """),
    Case("the new one first", containers(web=mode("a")), containers(web=mode("b", **START_FIRST)), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StartContainer web.next <- #1 (takes over: environment MODE changed)
            #3 WaitContainer web.next ready <- #2 (it was started)
            #4 StopContainer web <- #3 (environment MODE changed)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """),
    Case(
        "not first where both want one port",
        containers(web=mode("a", ports=["80:80"])),
        containers(web=mode("b", ports=["80:80"], **START_FIRST)),
        """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """,
    ),
    Case(
        "not first where both want one address",
        {**EDGE, **containers(web=mode("a", networks=FIXED))},
        {**EDGE, **containers(web=mode("b", networks=FIXED, **START_FIRST))},
        """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """,
    ),
    Case("of one that is stopped", containers(web=mode("a", state="stopped")), containers(web=mode("b", state="stopped")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 RemoveContainer web <- #1 (environment MODE changed)
            #3 RenameContainer web.next to web <- #2 (it takes over)
        """),
    Case("of one that shall be stopped", containers(web=mode("a")), containers(web=mode("b", state="stopped")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 RemoveContainer web <- #2 (environment MODE changed)
            #4 RenameContainer web.next to web <- #3 (it takes over)
        """),
    Case("of one that may be as it is, and runs", containers(web=mode("a")), containers(web=mode("b", state="present")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """),
    Case("of one that may be as it is, and is down", containers(web=mode("a", state="stopped")),
         containers(web=mode("b", state="present")), """
            #1 CreateContainer web.next (environment MODE changed)
            #2 RemoveContainer web <- #1 (environment MODE changed)
            #3 RenameContainer web.next to web <- #2 (it takes over)
        """),
    Case("of one that is paused: its hooks cannot run", containers(web=mode("a", **HOOKS)), containers(web=mode("b", pre_stop=HOOKS["pre_stop"])),
         """
            #1 CreateContainer web.next (environment MODE changed)
            #2 StopContainer web <- #1 (environment MODE changed)
            #3 StartContainer web.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer web.next ready <- #3 (it was started)
            #5 RemoveContainer web <- #4 (environment MODE changed)
            #6 RenameContainer web.next to web <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer web.next, StartContainer web
        """, state("web", Status="paused")),
    Case(
        "waits for what it depends on",
        containers(web=mode("a")),
        containers(web=mode("b", depends_on={"db": {"condition": "service_healthy"}, "log": {"condition": "service_started", "required": False}}),
                   db=app(healthcheck={"test": ["CMD", "true"]}), log=app()),
        """
            #1 CreateContainer db (container is missing)
            #2 StartContainer db <- #1 (it was created)
            #3 WaitContainer db healthy <- #2 (it was started)
            #4 CreateContainer log (container is missing)
            #5 StartContainer log <- #4 (it was created)
            #6 WaitContainer log ready <- #5 (it was started)
            #7 CreateContainer web.next (environment MODE changed)
            #8 StopContainer web <- #3, #5, #7 (environment MODE changed)
            #9 StartContainer web.next <- #5, #8 (takes over: environment MODE changed)
            #10 WaitContainer web.next ready <- #9 (it was started)
            #11 RemoveContainer web <- #10 (environment MODE changed)
            #12 RenameContainer web.next to web <- #11 (it takes over)
            undo #8, #9, #10: RemoveContainer web.next, StartContainer web
        """,
    ),
)  # fmt: skip
def test_steps(case):
    check(case)


def test_a_strangers_name_in_the_way_is_refused_before_anything_is_done():
    host = Host()
    host.deploy(containers(web=mode("a")))
    stranger("web.next")(host)
    assert host.refusals(containers(web=mode("b"))) == {
        "$.containers.web": "cannot be replaced: the name web.next, which its successor has for a while, is taken"
    }
    host.engine.revive()
    host.deploy(containers(web=mode("a")))  # nothing is in the way of what is there already


def test_of_another_scope_as_well():
    host = Host()
    host.deploy(containers(web=mode("a")))
    stranger("web.next", Labels={"io.stowage.scope": "other", "io.stowage.replaces": "x", "io.stowage.spec": "y"})(host)
    assert list(host.refusals(containers(web=mode("b")))) == ["$.containers.web"]


OLD = containers(web=mode("a", volumes=["/anon"], ports=["80:80"], healthcheck={"test": ["CMD", "true"]}))


def bad(**keys):
    return containers(web=mode("b", volumes=["/anon"], ports=["80:80"], healthcheck={"test": ["CMD", "true"]}, **keys))


@pytest.mark.parametrize(
    ("after", "failed"),
    [
        (containers(web=app(environment={"MODE": "b", "BEHAVE": "crash"}, volumes=["/anon"], ports=["80:80"])), "WaitContainer"),
        (containers(web=app(environment={"BEHAVE": "sick"}, ports=["80:80"], healthcheck={"test": ["CMD", "x"]})), "WaitContainer"),
        (bad(post_start=[{"command": ["false"]}]), "RunHook"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["start-first", "stop-first"])
def test_a_successor_that_fails_leaves_the_old_one_running(after, failed, order):
    host = Host()
    host.deploy(OLD)
    identity, contents = host.container("web")["Id"], dict(host.engine.contents)
    after = containers(web={**after["containers"]["web"], "deploy": {"update_config": {"order": order}}})
    report = host.apply(after)
    assert [failure.step.operation.kind for failure in report.failures] == [failed]
    assert host.states() == {"web": "running"}
    assert host.container("web")["Id"] == identity
    assert contents.items() <= host.engine.contents.items()
    assert len(host.engine.volumes.all) == 1  # the successor's own went with it
    host.deploy(OLD)


def every_call(document, after, api):
    """One host for each change that carrying the plan out makes."""
    host = Host(api)
    host.deploy(document)
    host.apply(after)
    return range(1, len(host.engine.changes) + 1)


@pytest.mark.parametrize("api", [(1, 41), (1, 51)])
@pytest.mark.parametrize("order", ["start-first", "stop-first"])
def test_whichever_call_fails_one_of_both_runs_and_the_next_run_goes_on(api, order):
    keys = {"networks": ["aa", "bb"], "volumes": ["/anon"], **HOOKS, "deploy": {"update_config": {"order": order}}}
    before = {"networks": TWO, **containers(web=mode("a", **keys))}
    after = {"networks": TWO, **containers(web=mode("b", **keys))}
    for call in every_call(before, after, api):
        host = Host(api)
        host.deploy(before)
        volume = host.container("web")["Mounts"][0]["Name"]
        host.engine.fail_at = call
        report = host.apply(after)
        # A hook before the stop that cannot be run holds nothing up.
        assert report.failures or host.engine.changes[call - 1].endswith("web/exec")
        states = host.states()
        assert "running" in (states.get("web"), states.get("web.next")), (call, states)
        host.engine.revive()
        host.deploy(after)
        assert host.states() == {"web": "running"}
        assert [mount["Name"] for mount in host.container("web")["Mounts"]] == [volume]
        assert list(host.engine.volumes.all) == [volume]
