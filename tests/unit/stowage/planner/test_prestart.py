# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of pre_start: once for a service's new containers, before the first of them starts."""

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import Case, cases, check, state
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import as_compose_made, file, mounted, service, stack


def hook(**keys):
    return {"image": "app:2", "command": ["migrate"], "environment": {"BEHAVE": "done"}, **keys}


FAILING = hook(environment={"BEHAVE": "crash"})


def shop(*hooks, mode="a", files=None, **keys):
    web = mounted("www") if files else service()
    web = {**web, "environment": {"MODE": mode}, "pre_start": list(hooks), **keys}
    return stack("shop", {"web": web}, files=files or {})


@cases(
    Case("before the first start", None, shop(hook()), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 CreateContainer shop-web-pre_start-1 <- #2 (it was created)
            #4 StartContainer shop-web-pre_start-1 <- #3 (pre_start)
            #5 WaitContainer shop-web-pre_start-1 completed <- #4 (pre_start)
            #6 RemoveContainer shop-web-pre_start-1 <- #5 (it has done its work)
            #7 StartContainer shop-web-1 <- #6 (it was created)
            #8 WaitContainer shop-web-1 ready <- #7 (it was started)
        """),
    Case("one after the other", None, shop(hook(), hook(command=["seed"])), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 CreateContainer shop-web-pre_start-1 <- #2 (it was created)
            #4 StartContainer shop-web-pre_start-1 <- #3 (pre_start)
            #5 WaitContainer shop-web-pre_start-1 completed <- #4 (pre_start)
            #6 RemoveContainer shop-web-pre_start-1 <- #5 (it has done its work)
            #7 CreateContainer shop-web-pre_start-2 <- #2, #6 (it was created)
            #8 StartContainer shop-web-pre_start-2 <- #7 (pre_start)
            #9 WaitContainer shop-web-pre_start-2 completed <- #8 (pre_start)
            #10 RemoveContainer shop-web-pre_start-2 <- #9 (it has done its work)
            #11 StartContainer shop-web-1 <- #10 (it was created)
            #12 WaitContainer shop-web-1 ready <- #11 (it was started)
        """),
    Case("not again", shop(hook()), shop(hook()), ""),
    Case("nor for a start of what is there", shop(hook()), shop(hook()), """
            #1 StartContainer shop-web-1 (has exited with code 1)
            #2 WaitContainer shop-web-1 ready <- #1 (it was started)
        """, state("shop-web-1", Status="exited", ExitCode=1)),
    Case("nor where hooks alone are others", shop(hook()), shop(hook(command=["seed"])), ""),
    Case("before a replacement takes over", shop(hook()), shop(hook(), mode="b"), """
            #1 CreateContainer shop-web-1.next (environment MODE changed)
            #2 CreateContainer shop-web-pre_start-1 <- #1 (environment MODE changed)
            #3 StartContainer shop-web-pre_start-1 <- #2 (pre_start)
            #4 WaitContainer shop-web-pre_start-1 completed <- #3 (pre_start)
            #5 RemoveContainer shop-web-pre_start-1 <- #4 (it has done its work)
            #6 StopContainer shop-web-1 <- #5 (environment MODE changed)
            #7 StartContainer shop-web-1.next <- #6 (takes over: environment MODE changed)
            #8 WaitContainer shop-web-1.next ready <- #7 (it was started)
            #9 RemoveContainer shop-web-1 <- #8 (environment MODE changed)
            #10 RenameContainer shop-web-1.next to shop-web-1 <- #9 (it takes over)
            undo #2, #3, #4, #5, #6, #7, #8: RemoveContainer shop-web-1.next, StartContainer shop-web-1
        """),
    Case("once for all replicas", None, shop(hook(), scale=2), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 CreateContainer shop-web-pre_start-1 <- #2 (it was created)
            #4 StartContainer shop-web-pre_start-1 <- #3 (pre_start)
            #5 WaitContainer shop-web-pre_start-1 completed <- #4 (pre_start)
            #6 RemoveContainer shop-web-pre_start-1 <- #5 (it has done its work)
            #7 StartContainer shop-web-1 <- #6 (it was created)
            #8 WaitContainer shop-web-1 ready <- #7 (it was started)
            #9 CreateContainer shop-web-2 <- #1 (container is missing)
            #10 StartContainer shop-web-2 <- #6, #9 (it was created)
            #11 WaitContainer shop-web-2 ready <- #10 (it was started)
        """),
    Case("once for all replacements", shop(hook(), scale=2), shop(hook(), scale=2, mode="b"), """
            #1 CreateContainer shop-web-1.next (environment MODE changed)
            #2 CreateContainer shop-web-pre_start-1 <- #1 (environment MODE changed)
            #3 StartContainer shop-web-pre_start-1 <- #2 (pre_start)
            #4 WaitContainer shop-web-pre_start-1 completed <- #3 (pre_start)
            #5 RemoveContainer shop-web-pre_start-1 <- #4 (it has done its work)
            #6 StopContainer shop-web-1 <- #5 (environment MODE changed)
            #7 StartContainer shop-web-1.next <- #6 (takes over: environment MODE changed)
            #8 WaitContainer shop-web-1.next ready <- #7 (it was started)
            #9 RemoveContainer shop-web-1 <- #8 (environment MODE changed)
            #10 RenameContainer shop-web-1.next to shop-web-1 <- #9 (it takes over)
            #11 CreateContainer shop-web-2.next <- #10 (environment MODE changed)
            #12 StopContainer shop-web-2 <- #5, #11 (environment MODE changed)
            #13 StartContainer shop-web-2.next <- #12 (takes over: environment MODE changed)
            #14 WaitContainer shop-web-2.next ready <- #13 (it was started)
            #15 RemoveContainer shop-web-2 <- #14 (environment MODE changed)
            #16 RenameContainer shop-web-2.next to shop-web-2 <- #15 (it takes over)
            undo #2, #3, #4, #5, #6, #7, #8: RemoveContainer shop-web-1.next, StartContainer shop-web-1
            undo #2, #3, #4, #5, #12, #13, #14: RemoveContainer shop-web-2.next, StartContainer shop-web-2
        """),
    Case("not for a further replica", shop(hook(), scale=1), shop(hook(), scale=2), """
            #1 CreateContainer shop-web-2 (container is missing)
            #2 StartContainer shop-web-2 <- #1 (it was created)
            #3 WaitContainer shop-web-2 ready <- #2 (it was started)
        """),
    Case("an image of its own is pulled", None, shop(hook(image="new:1")), """
            #1 PullImage new:1 (image is missing)
            #2 CreateNetwork shop_default (network is missing)
            #3 CreateContainer shop-web-1 <- #2 (container is missing)
            #4 CreateContainer shop-web-pre_start-1 <- #1, #3 (it was created)
            #5 StartContainer shop-web-pre_start-1 <- #4 (pre_start)
            #6 WaitContainer shop-web-pre_start-1 completed <- #5 (pre_start)
            #7 RemoveContainer shop-web-pre_start-1 <- #6 (it has done its work)
            #8 StartContainer shop-web-1 <- #7 (it was created)
            #9 WaitContainer shop-web-1 ready <- #8 (it was started)
        """, lambda host: host.engine.images.offer("new:1")),
    Case("made by docker compose", shop(hook()), shop(hook()), "", as_compose_made),
    Case("for one that was never started", stack("shop", {"web": service(pre_start=[hook()])}, state="stopped"),
         stack("shop", {"web": service(pre_start=[hook()])}), """
            #1 CreateContainer shop-web-pre_start-1 (is created)
            #2 StartContainer shop-web-pre_start-1 <- #1 (pre_start)
            #3 WaitContainer shop-web-pre_start-1 completed <- #2 (pre_start)
            #4 RemoveContainer shop-web-pre_start-1 <- #3 (it has done its work)
            #5 StartContainer shop-web-1 <- #4 (is created)
            #6 WaitContainer shop-web-1 ready <- #5 (it was started)
        """),
    Case("not for one that shall not run", None, stack("shop", {"web": service(pre_start=[hook()])}, state="stopped"), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
        """),
)  # fmt: skip
def test_when(case, tmp_path):
    host = check(case, tmp_path)
    assert not [name for name in host.names() if "pre_start" in name]


def hooks_run(host):
    return [call for call in host.engine.changes if call.startswith("POST /containers/create") and "pre_start" in call]


def test_it_works_on_what_the_service_will_work_on():
    data = {"type": "volume", "source": "data", "target": "/data"}
    own = {"type": "volume", "source": "other", "target": "/own"}
    volumes = {"data": {"name": "shop_data"}, "other": {"name": "shop_other"}}
    web = service(volumes=[data, {**own, "source": "data"}], pre_start=[hook(volumes=[own])])
    host = Host()
    plan = host.plan(stack("shop", {"web": web}, volumes=volumes))
    create = next(step.operation for step in plan if step.operation.name == "shop-web-pre_start-1")
    mounts = {mount["Target"]: mount["Source"] for mount in create.body["HostConfig"]["Mounts"]}
    assert mounts == {"/data": "shop_data", "/own": "shop_other"}


def test_one_that_fails_stays_for_its_log_until_the_next_run(tmp_path):
    host = Host(root=tmp_path)
    report = host.apply(shop(FAILING))
    assert [str(failure.step.operation.target) for failure in report.failures] == ["shop-web-pre_start-1 completed"]
    assert host.states() == {"shop-web-1": "created", "shop-web-pre_start-1": "exited"}
    host.engine.revive()
    assert host.apply(shop(FAILING)).failures
    assert host.states() == {"shop-web-1": "created", "shop-web-pre_start-1": "exited"}
    host.engine.revive()
    host.deploy(shop(hook()))
    assert host.states() == {"shop-web-1": "running"}


def test_one_that_fails_before_a_replacement_leaves_the_old_one_as_it_was(tmp_path):
    host = Host(root=tmp_path)
    host.deploy(shop(hook(), files={"www/a": file("A")}))
    former = host.container("shop-web-1")["Id"]
    report = host.apply(shop(FAILING, mode="b", files={"www/a": file("B")}))
    assert len(report.failures) == 1
    assert host.container("shop-web-1")["Id"] == former
    assert host.states()["shop-web-1"] == "running"
    assert (tmp_path / "shop/www/a").read_text() == "A"
    assert "shop-web-1.next" not in host.names()
    host.engine.revive()
    host.deploy(shop(hook(), mode="b", files={"www/a": file("B")}))
    assert host.names() == ("shop-web-1",)


def test_a_name_that_somebody_else_has_is_refused():
    host = Host()
    host.engine.containers.make("shop-web-pre_start-1", {"Image": "app:1", "Labels": {"io.stowage.scope": "other"}})
    assert host.refusals(shop(hook())) == {
        "$.stacks.shop.services.web.pre_start[0]": (
            "the container shop-web-pre_start-1 belongs to the scope other; declare it there, or remove it there first"
        )
    }


@pytest.mark.parametrize("before", [None, "a"])
def test_a_run_killed_half_way_is_finished(before, tmp_path):
    """And the hook has run to its end before the new container starts, however often that takes."""
    for call in range(1, 40):
        host = Host(root=tmp_path)
        if before:
            host.deploy(shop(hook(), mode=before))
        host.engine.die_at = call
        report = host.apply(shop(hook(), mode="b"))
        finished = not report.failures
        ran = "DELETE /containers/shop-web-pre_start-1" in host.engine.changes
        started = [
            c
            for c in host.engine.changes
            if c in ("POST /containers/shop-web-1/start", "POST /containers/shop-web-1.next/start")
        ]
        assert ran or not started
        host.engine.revive()
        plan = host.plan(shop(hook(), mode="b"))
        host.carry_out(plan)
        if not started and not finished:
            assert hooks_run(host), (call, str(plan))
        assert host.states() == {"shop-web-1": "running"}
        assert str(host.plan(shop(hook(), mode="b"))) == ""
        if finished:
            return
    pytest.fail("the plan has no end")
