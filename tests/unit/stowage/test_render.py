# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from stowage.converge import Run
from stowage.manifest import parse_manifest
from stowage.model.observed import Observed, ObservedContainer, ObservedNetwork, ObservedVolume
from stowage.model.operations import CreateContainer, StartContainer
from stowage.model.plan import Plan, Step
from stowage.model.report import Failure, Outcome, Report
from stowage.render import render_container, render_objects, render_run, render_scopes, render_stacks

FIRST = Step(1, CreateContainer("web", "container is missing", body={"Env": ["A=hunter2"]}))
SECOND = Step(2, StartContainer("web", "it was created"), (1,))
THIRD = Step(3, StartContainer("db", "is created"), (2,), settled=(1,))
PLAN = Plan("host", (FIRST, SECOND, THIRD), notes=("network n1: kept",))


def operation(number, kind, target, cause, after, status, seconds=0.0, message=""):
    return {
        "number": number, "operation": kind, "target": target, "cause": cause, "after": after, "status": status,
        "seconds": seconds, "message": message,
    }  # fmt: skip


def test_a_plan_that_is_only_asked_for():
    answer = render_run(Run(PLAN, Observed()))
    assert answer == {
        "changed": True,
        "failed": False,
        "plan": [
            "#1 CreateContainer web (container is missing)",
            "#2 StartContainer web <- #1 (it was created)",
            "#3 StartContainer db <- #1, #2 (is created)",
        ],
        "operations": [
            operation(1, "CreateContainer", "web", "container is missing", [], "planned"),
            operation(2, "StartContainer", "web", "it was created", [1], "planned"),
            operation(3, "StartContainer", "db", "is created", [1, 2], "planned"),
        ],
        "summary": {"CreateContainer": 1, "StartContainer": 2},
        "warnings": ["network n1: kept"],
        "failures": [],
        "needed_files": [],
    }
    assert "hunter2" not in json.dumps(answer)


def test_nothing_to_do():
    answer = render_run(Run(Plan("host"), Observed()))
    assert (answer["changed"], answer["failed"], answer["plan"]) == (False, False, [])


def test_files_that_have_to_be_brought():
    answer = render_run(Run(PLAN, Observed(), missing=("sha256:1",)))
    assert answer["needed_files"] == ["sha256:1"]


def test_a_run_that_failed_says_all_in_one_text():
    failure = Failure(
        SECOND, "port is already allocated", ("listening", "bye"), ("RemoveContainer web.next", "StartContainer web")
    )
    outcomes = (
        Outcome(FIRST, "done", 0.12345, "id"),
        Outcome(SECOND, "failed", 1.5, "port is already allocated"),
        Outcome(THIRD, "skipped", 0.0, "a step it comes after failed"),
    )
    answer = render_run(Run(PLAN, Observed(), Report(PLAN, outcomes, (failure,))))
    assert answer["failed"]
    assert answer["changed"]
    assert answer["operations"] == [
        operation(1, "CreateContainer", "web", "container is missing", [], "done", 0.123, "id"),
        operation(2, "StartContainer", "web", "it was created", [1], "failed", 1.5, "port is already allocated"),
        operation(3, "StartContainer", "db", "is created", [1, 2], "skipped", 0.0, "a step it comes after failed"),
    ]
    assert answer["failures"] == [
        {
            "operation": "#2 StartContainer web <- #1 (it was created)",
            "message": "port is already allocated",
            "log": ["listening", "bye"],
            "rolled_back": ["RemoveContainer web.next", "StartContainer web"],
        }
    ]
    assert answer["msg"] == (
        "#2 StartContainer web <- #1 (it was created) failed: port is already allocated\n"
        "last log lines:\n"
        "  listening\n"
        "  bye\n"
        "rolled back: RemoveContainer web.next\n"
        "rolled back: StartContainer web\n"
        "1 later step was not begun; the next run goes on from here"
    )
    json.dumps(answer)


def test_what_failed_before_anything_changed_changed_nothing():
    outcomes = (Outcome(FIRST, "failed"), Outcome(SECOND, "skipped"), Outcome(THIRD, "skipped"))
    answer = render_run(Run(PLAN, Observed(), Report(PLAN, outcomes, (Failure(FIRST, "no"),))))
    assert (answer["failed"], answer["changed"]) == (True, False)


WEB = ObservedContainer(
    "id1",
    "web",
    "sha256:1",
    {"io.stowage.scope": "shop"},
    "running",
    networks=("edge", "none"),
    ports=(("0.0.0.0", 8080, "tcp"), ("::", 8080, "tcp")),
    targets=(80, 80),
    addresses={"edge": "10.0.0.2"},
    inspect={"Config": {"Env": ["A=hunter2"]}},
    health="healthy",
)


def test_a_container():
    answer = render_container(WEB)
    assert answer["id"] == "id1"
    assert answer["image"] == "sha256:1"
    assert (answer["status"], answer["health"], answer["scope"]) == ("running", "healthy", "shop")
    assert answer["networks"] == {"edge": "10.0.0.2", "none": ""}
    assert answer["ports"] == [
        {"host_ip": "0.0.0.0", "published": 8080, "target": 80, "protocol": "tcp"},
        {"host_ip": "::", "published": 8080, "target": 80, "protocol": "tcp"},
    ]
    assert "hunter2" not in json.dumps(answer)


def test_declared_objects_alone_are_told():
    other = ObservedContainer("id2", "other", "sha256:2", {}, "exited")
    observed = Observed(
        containers={"web": WEB, "other": other},
        image_ids={"app:1": "sha256:1", "x:1": "sha256:2"},
        networks={"edge": ObservedNetwork("n1", "edge", {}, {"Driver": "bridge"})},
        volumes={"data": ObservedVolume("data", {}, {"Driver": "local", "Mountpoint": "/m"})},
    )
    ((desired, _policy),) = parse_manifest(
        {
            "containers": {"web": {"image": "app:1"}, "other": {"state": "absent"}, "new": {"image": "new:1"}},
            "networks": {"edge": {}, "gone": {"state": "absent"}},
            "volumes": {"data": {}, "later": {}},
        }
    )
    answer = render_objects(desired, observed)
    assert list(answer["containers"]) == ["web"]
    assert answer["images"] == {"app:1": {"id": "sha256:1"}}
    assert answer["networks"] == {"edge": {"id": "n1", "driver": "bridge"}}
    assert answer["volumes"] == {"data": {"driver": "local", "mountpoint": "/m"}}


def test_who_owns_what():
    mine = {"io.stowage.scope": "shop"}
    observed = Observed(
        containers={"web": WEB},
        networks={"edge": ObservedNetwork("n1", "edge", mine, {}), "bridge": ObservedNetwork("n0", "bridge", {}, {})},
        volumes={"data": ObservedVolume("data", {}, {})},
    )
    assert render_scopes(observed) == {
        "shop": {"containers": ["web"], "networks": ["edge"], "volumes": []},
        "": {"containers": [], "networks": ["bridge"], "volumes": ["data"]},
    }


# -- stacks ------------------------------------------------------------------------------------------


def of_shop(name, service, status="running", health="", **labels):
    marks = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": service,
        "com.docker.compose.project.working_dir": "/srv/shop",
        **labels,
    }
    return ObservedContainer(name, name, "sha256:1", marks, status, health=health)


ONE_OFF = {"com.docker.compose.oneoff": "True"}
PROJECTS = Observed(
    containers={
        found.name: found
        for found in (
            of_shop("shop-web-1", "web", health="healthy"),
            of_shop("shop-web-2", "web", health="unhealthy"),
            of_shop("shop-web-3", "web", "exited"),
            of_shop("shop-web-1.next", "web", health="starting"),
            of_shop("shop-db-1", "db", **{"io.stowage.scope": "shop"}),
            of_shop("shop-run", "web", **ONE_OFF),
            of_shop("blog-1", "web", **{"com.docker.compose.project": "blog"}),
            WEB,
        )
    },
    networks={
        "shop_default": ObservedNetwork("n1", "shop_default", {"com.docker.compose.project": "shop"}, {}),
        "bridge": ObservedNetwork("n0", "bridge", {}, {}),
        "old_default": ObservedNetwork("n2", "old_default", {"com.docker.compose.project": "old"}, {}),
    },
    volumes={"shop_data": ObservedVolume("shop_data", {"com.docker.compose.project": "shop"}, {})},
)


def test_stacks():
    answer = render_stacks(PROJECTS)
    assert list(answer) == ["blog", "shop", "old"]
    shop = answer["shop"]
    assert (shop["scope"], shop["directory"]) == ("shop", "/srv/shop")
    assert (shop["networks"], shop["volumes"]) == (["shop_default"], ["shop_data"])
    assert {name: {key: about[key] for key in ("replicas", "running", "healthy", "unhealthy")}
            for name, about in shop["services"].items()} == {
        "web": {"replicas": 3, "running": 2, "healthy": 1, "unhealthy": 1},
        "db": {"replicas": 1, "running": 1, "healthy": 0, "unhealthy": 0},
    }  # fmt: skip
    assert list(shop["services"]["web"]["containers"]) == ["shop-web-1", "shop-web-2", "shop-web-3"]
    assert answer["old"] == {"scope": "", "directory": "", "services": {}, "networks": ["old_default"], "volumes": []}
    json.dumps(answer)


def test_ports_of_a_stack_are_those_of_its_containers():
    marks = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    web = ObservedContainer("i", "w", "s", marks, "running", ports=(("0.0.0.0", 8080, "tcp"),), targets=(80,))
    about = render_stacks(Observed(containers={"w": web}))["shop"]["services"]["web"]
    assert about["ports"] == [{"host_ip": "0.0.0.0", "published": 8080, "target": 80, "protocol": "tcp"}]


def test_stacks_that_are_asked_for():
    answer = render_stacks(PROJECTS, ["shop", "none"])
    assert list(answer) == ["shop", "none"]
    assert answer["none"] == {"scope": "", "directory": "", "services": {}, "networks": [], "volumes": []}
    assert list(render_stacks(PROJECTS, [])) == []
