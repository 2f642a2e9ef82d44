# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks: several scopes in one plan, what docker compose made, and what of a stack stays and goes."""

from __future__ import annotations

import copy

import pytest

from tests.unit.stowage.support.golden import Case, app, cases, check, containers, state
from tests.unit.stowage.support.golden import together as one_by_one
from tests.unit.stowage.support.hosts import Host
from tests.unit.stowage.support.stacks import as_compose_made, service, stack, together

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
DATA = {"volumes": {"data": {"name": "shop_data"}}}
ON_DATA = [{"type": "volume", "source": "data", "target": "/data"}]
CHECK = {"test": ["CMD", "true"], "interval": "3s"}


def shop(services=None, **keys):
    return stack("shop", services, **keys)


def depending(condition="service_started", **keys):
    return service(depends_on={"db": {"condition": condition, "required": True, **keys}})


def published(port="80", **keys):
    return service(ports=[{"mode": "ingress", "target": 80, "published": port, "protocol": "tcp"}], **keys)


def env(value, **keys):
    return service(environment={"MODE": value}, **keys)


SHOP = shop({"web": depending("service_healthy"), "db": service(healthcheck=CHECK, volumes=ON_DATA)}, **DATA)


@cases(
    Case("from nothing", None, SHOP, """
            #1 CreateVolume shop_data (volume is missing)
            #2 CreateNetwork shop_default (network is missing)
            #3 CreateContainer shop-db-1 <- #1, #2 (container is missing)
            #4 StartContainer shop-db-1 <- #3 (it was created)
            #5 WaitContainer shop-db-1 healthy <- #4 (it was started)
            #6 CreateContainer shop-web-1 <- #2 (container is missing)
            #7 StartContainer shop-web-1 <- #5, #6 (it was created)
            #8 WaitContainer shop-web-1 ready <- #7 (it was started)
        """),
    Case("one service on top, one gone", SHOP,
         shop({"db": SHOP["stacks"]["shop"]["services"]["db"], "api": service()}, **DATA), """
            #1 CreateContainer shop-api-1 (container is missing)
            #2 StartContainer shop-api-1 <- #1 (it was created)
            #3 WaitContainer shop-api-1 ready <- #2 (it was started)
            #4 StopContainer shop-web-1 <- #3 (not declared any more)
            #5 RemoveContainer shop-web-1 <- #4 (not declared any more)
        """),
    Case("the same again", SHOP, SHOP, ""),
    Case("scaled up", shop({"web": service()}), shop({"web": service(scale=3)}), """
            #1 CreateContainer shop-web-2 (container is missing)
            #2 StartContainer shop-web-2 <- #1 (it was created)
            #3 WaitContainer shop-web-2 ready <- #2 (it was started)
            #4 CreateContainer shop-web-3 (container is missing)
            #5 StartContainer shop-web-3 <- #4 (it was created)
            #6 WaitContainer shop-web-3 ready <- #5 (it was started)
        """),
    Case("scaled down", shop({"web": service(scale=3)}), shop({"web": service(scale=1)}), """
            #1 StopContainer shop-web-2 (not declared any more)
            #2 RemoveContainer shop-web-2 <- #1 (not declared any more)
            #3 StopContainer shop-web-3 <- #1 (not declared any more)
            #4 RemoveContainer shop-web-3 <- #3 (not declared any more)
        """),
    Case("scaled down, with a hook", shop({"web": service(scale=2, pre_stop=[{"command": ["bye"]}, {"command": ["end"]}])}),
         shop({"web": service(scale=1, pre_stop=[{"command": ["bye"]}, {"command": ["end"]}])}), """
            #1 RunHook pre_stop in shop-web-2 (not declared any more)
            #2 RunHook pre_stop in shop-web-2 <- #1 (not declared any more)
            #3 StopContainer shop-web-2 <- #1, #2 (not declared any more)
            #4 RemoveContainer shop-web-2 <- #3 (not declared any more)
        """),
    Case("scaled to nothing", shop({"web": service()}), shop({"web": service(scale=0)}), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
        """),
    Case("a name of its own", None, shop({"web": service(container_name="front")}), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer front <- #1 (container is missing)
            #3 StartContainer front <- #2 (it was created)
            #4 WaitContainer front ready <- #3 (it was started)
        """),
    Case("a dependency that others restart with", shop({"web": depending(restart=True), "db": env("a")}),
         shop({"web": depending(restart=True), "db": env("b")}), """
            #1 CreateContainer shop-db-1.next (environment MODE changed)
            #2 StopContainer shop-db-1 <- #1 (environment MODE changed)
            #3 StartContainer shop-db-1.next <- #2 (takes over: environment MODE changed)
            #4 WaitContainer shop-db-1.next ready <- #3 (it was started)
            #5 RemoveContainer shop-db-1 <- #4 (environment MODE changed)
            #6 RenameContainer shop-db-1.next to shop-db-1 <- #5 (it takes over)
            #7 RestartContainer shop-web-1 <- #6 (shop-db-1 is replaced)
            #8 WaitContainer shop-web-1 ready <- #7 (it was started)
            undo #2, #3, #4: RemoveContainer shop-db-1.next, StartContainer shop-db-1
        """),
    Case("stopped", shop({"web": service()}), shop({"web": service()}, state="stopped"), """
            #1 StopContainer shop-web-1 (declared stopped)
        """),
    Case("stopped, who depends on another before it", SHOP, {**SHOP, "stacks": {"shop": {**SHOP["stacks"]["shop"], "state": "stopped"}}}, """
            #1 StopContainer shop-web-1 (declared stopped)
            #2 StopContainer shop-db-1 <- #1 (declared stopped)
        """),
    Case("gone, who depends on another before it",
         shop({"db": service(), "web": depending(), "job": service(depends_on={"web": {"condition": "service_started"}})}),
         shop({"other": service()}), """
            #1 CreateContainer shop-other-1 (container is missing)
            #2 StartContainer shop-other-1 <- #1 (it was created)
            #3 WaitContainer shop-other-1 ready <- #2 (it was started)
            #4 StopContainer shop-job-1 <- #3 (not declared any more)
            #5 RemoveContainer shop-job-1 <- #4 (not declared any more)
            #6 StopContainer shop-web-1 <- #4 (not declared any more)
            #7 RemoveContainer shop-web-1 <- #6 (not declared any more)
            #8 StopContainer shop-db-1 <- #6 (not declared any more)
            #9 RemoveContainer shop-db-1 <- #4, #8 (not declared any more)
        """),
    Case("stopped from nothing", None, shop({"web": service()}, state="stopped"), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
        """),
    Case("restarted", shop({"web": service()}), shop({"web": service()}, state="restarted"), """
            #1 RestartContainer shop-web-1 (restart is declared)
            #2 WaitContainer shop-web-1 ready <- #1 (it was started)
        """, again=True),
    Case("recreated", shop({"web": service()}), shop({"web": service()}, recreate=True), """
            #1 CreateContainer shop-web-1.next (recreate is declared)
            #2 StopContainer shop-web-1 <- #1 (recreate is declared)
            #3 StartContainer shop-web-1.next <- #2 (takes over: recreate is declared)
            #4 WaitContainer shop-web-1.next ready <- #3 (it was started)
            #5 RemoveContainer shop-web-1 <- #4 (recreate is declared)
            #6 RenameContainer shop-web-1.next to shop-web-1 <- #5 (it takes over)
            undo #2, #3, #4: RemoveContainer shop-web-1.next, StartContainer shop-web-1
        """, again=True),
    Case("not waited for", None, shop({"web": service()}, wait=False), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 StartContainer shop-web-1 <- #2 (it was created)
        """),
    Case("stopped by hand", SHOP, SHOP, """
            #1 StartContainer shop-web-1 (has exited with code 137)
            #2 WaitContainer shop-web-1 ready <- #1 (it was started)
        """, state("shop-web-1", Status="exited", ExitCode=137)),
)  # fmt: skip
def test_one_stack(case):
    check(case)


def test_one_shots_run_once_per_change():
    job = {"web": service(), "job": env("a BEHAVE=done", restart="no")}
    host = Host()
    job["job"]["environment"] = {"BEHAVE": "done"}
    job["web"]["depends_on"] = {"job": {"condition": "service_completed_successfully", "required": True}}
    host.deploy(shop(job))
    assert host.states() == {"shop-web-1": "running", "shop-job-1": "exited"}
    job["job"]["environment"]["MODE"] = "b"
    assert "StartContainer shop-job-1.next" in str(host.plan(shop(job)))


# -- several scopes ----------------------------------------------------------------------------------

EDGE = {"networks": {"edge": {}}, "volumes": {"shared": {}}}
ON_EDGE = {
    "networks": {"edge": {"name": "edge", "external": True}},
    "volumes": {"shared": {"name": "shared", "external": True}},
}
GUEST = {"web": {"image": "app:1", "networks": {"edge": None},
                 "volumes": [{"type": "volume", "source": "shared", "target": "/d"}]}}  # fmt: skip
MAKER = stack("base", {}, networks={"n": {"name": "edge"}}, volumes={"v": {"name": "shared"}})


@cases(
    Case("beside the host's own", None, together(containers(db=app()), shop({"web": service()})), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer db (container is missing)
            #3 StartContainer db <- #2 (it was created)
            #4 WaitContainer db ready <- #3 (it was started)
            #5 CreateContainer shop-web-1 <- #1 (container is missing)
            #6 StartContainer shop-web-1 <- #5 (it was created)
            #7 WaitContainer shop-web-1 ready <- #6 (it was started)
        """),
    Case("external to one, made by the host's scope", None, together(EDGE, stack("shop", GUEST, **ON_EDGE)), """
            #1 CreateVolume shared (volume is missing)
            #2 CreateNetwork edge (network is missing)
            #3 CreateContainer shop-web-1 <- #1, #2 (container is missing)
            #4 StartContainer shop-web-1 <- #3 (it was created)
            #5 WaitContainer shop-web-1 ready <- #4 (it was started)
        """),
    Case("external to one, made by a stack that comes later", None,
         together(stack("shop", GUEST, **ON_EDGE), MAKER), """
            #1 CreateVolume shared (volume is missing)
            #2 CreateNetwork edge (network is missing)
            #3 CreateContainer shop-web-1 <- #1, #2 (container is missing)
            #4 StartContainer shop-web-1 <- #3 (it was created)
            #5 WaitContainer shop-web-1 ready <- #4 (it was started)
        """),
    Case("external, and there already", MAKER, together(MAKER, stack("shop", GUEST, **ON_EDGE)), """
            #1 CreateContainer shop-web-1 (container is missing)
            #2 StartContainer shop-web-1 <- #1 (it was created)
            #3 WaitContainer shop-web-1 ready <- #2 (it was started)
        """),
    Case("a network made anew under another scope's container", together(MAKER, stack("shop", GUEST, **ON_EDGE)),
         together(stack("base", {}, networks={"n": {"name": "edge", "internal": True}}, volumes={"v": {"name": "shared"}}),
                  stack("shop", GUEST, **ON_EDGE)), """
            #1 CreateVolume edge.27a760b21c9e.next (keeps the place of shop-web-1)
            #2 DisconnectNetwork shop-web-1 from edge <- #1 (network edge is made anew)
            #3 RemoveNetwork edge <- #2 (internal changed)
            #4 CreateNetwork edge <- #3 (internal changed)
            #5 ConnectNetwork shop-web-1 to edge <- #4 (network edge is made anew)
            #6 RemoveVolume edge.27a760b21c9e.next <- #5 (shop-web-1 has its place)
            undo #2, #3, #4, #5: DisconnectNetwork shop-web-1 from edge, RemoveNetwork edge, CreateNetwork edge, ConnectNetwork shop-web-1 to edge
        """),
    Case("a network made anew, which another scope's container leaves", together(MAKER, stack("shop", GUEST, **ON_EDGE)),
         together(stack("base", {}, networks={"n": {"name": "edge", "internal": True}}, volumes={"v": {"name": "shared"}}),
                  stack("shop", {"web": {**GUEST["web"], "networks": {"default": None}}},
                        networks={"default": {"name": "shop_default"}}, volumes=ON_EDGE["volumes"])), """
            #1 CreateVolume edge.27a760b21c9e.next (keeps the place of shop-web-1)
            #2 DisconnectNetwork shop-web-1 from edge <- #1 (network edge is made anew)
            #3 RemoveNetwork edge <- #2 (internal changed)
            #4 CreateNetwork edge <- #3 (internal changed)
            #5 RemoveVolume edge.27a760b21c9e.next <- #4 (shop-web-1 has its place)
            #6 CreateNetwork shop_default (network is missing)
            #7 ConnectNetwork shop-web-1 to shop_default <- #4, #6 (network shop_default added)
            undo #2, #3, #4: DisconnectNetwork shop-web-1 from edge, RemoveNetwork edge, CreateNetwork edge, ConnectNetwork shop-web-1 to edge
        """),
    Case("a network made anew, where another scope's container has another place", together(MAKER, stack("shop", GUEST, **ON_EDGE)),
         together(stack("base", {}, networks={"n": {"name": "edge", "internal": True}}, volumes={"v": {"name": "shared"}}),
                  stack("shop", {"web": {**GUEST["web"], "networks": {"edge": {"aliases": ["www"]}}}}, **ON_EDGE)), """
            #1 CreateVolume edge.27a760b21c9e.next (keeps the place of shop-web-1)
            #2 DisconnectNetwork shop-web-1 from edge <- #1 (network edge is made anew)
            #3 RemoveNetwork edge <- #2 (internal changed)
            #4 CreateNetwork edge <- #3 (internal changed)
            #5 ConnectNetwork shop-web-1 to edge <- #4 (network edge is made anew)
            #6 RemoveVolume edge.27a760b21c9e.next <- #5 (shop-web-1 has its place)
            undo #2, #3, #4, #5: DisconnectNetwork shop-web-1 from edge, RemoveNetwork edge, CreateNetwork edge, ConnectNetwork shop-web-1 to edge
        """),
    Case("one image, one pull", None,
         together(containers(web={"image": "new:1"}), shop({"web": {"image": "new:1"}}), stack("blog", {"web": {"image": "new:1"}})),
         """
            #1 PullImage new:1 (image is missing)
            #2 CreateNetwork shop_default (network is missing)
            #3 CreateNetwork blog_default (network is missing)
            #4 CreateContainer web <- #1 (container is missing)
            #5 StartContainer web <- #4 (it was created)
            #6 WaitContainer web ready <- #5 (it was started)
            #7 CreateContainer shop-web-1 <- #1 (container is missing)
            #8 StartContainer shop-web-1 <- #7 (it was created)
            #9 WaitContainer shop-web-1 ready <- #8 (it was started)
            #10 CreateContainer blog-web-1 <- #1 (container is missing)
            #11 StartContainer blog-web-1 <- #10 (it was created)
            #12 WaitContainer blog-web-1 ready <- #11 (it was started)
        """, lambda host: host.engine.images.offer("new:1")),
    Case("one image, and the eagerest decides", None,
         together(shop({"web": service(pull_policy="never")}), stack("blog", {"web": service(pull_policy="always")})),
         """
            #1 PullImage app:1 (the registry holds sha256:9a85dd8d6ba9 now)
            #2 CreateNetwork shop_default (network is missing)
            #3 CreateNetwork blog_default (network is missing)
            #4 CreateContainer shop-web-1 <- #1, #2 (container is missing)
            #5 StartContainer shop-web-1 <- #4 (it was created)
            #6 WaitContainer shop-web-1 ready <- #5 (it was started)
            #7 CreateContainer blog-web-1 <- #1, #3 (container is missing)
            #8 StartContainer blog-web-1 <- #7 (it was created)
            #9 WaitContainer blog-web-1 ready <- #8 (it was started)
        """, lambda host: (host.engine.images.offer("app:1"), host.engine.images.pull("app:1"), host.engine.images.offer("app:1"))),
    Case("a port from the host's scope to a stack", containers(web=app(ports=["80:80"])),
         together({"containers": {}}, shop({"web": published()})), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 StopContainer web <- #2 (hands port 80/tcp to shop-web-1)
            #4 StartContainer shop-web-1 <- #3 (it was created)
            #5 WaitContainer shop-web-1 ready <- #4 (it was started)
            #6 RemoveContainer web <- #3, #5 (not declared any more)
            undo #4, #5: StopContainer shop-web-1, StartContainer web
        """),
    Case("a port from a stack to the host's scope", shop({"web": published()}),
         together(containers(web=app(ports=["80:80"])), shop({"api": service()})), """
            #1 CreateContainer web (container is missing)
            #2 StopContainer shop-web-1 <- #1 (hands port 80/tcp to web)
            #3 StartContainer web <- #2 (it was created)
            #4 WaitContainer web ready <- #3 (it was started)
            #5 CreateContainer shop-api-1 (container is missing)
            #6 StartContainer shop-api-1 <- #5 (it was created)
            #7 WaitContainer shop-api-1 ready <- #6 (it was started)
            #8 RemoveContainer shop-web-1 <- #2, #4, #7 (not declared any more)
            undo #3, #4: StopContainer web, StartContainer shop-web-1
        """),
    Case("a port from one stack to another", together(shop({"web": published()}), stack("blog", {"web": service()})),
         together(shop({"web": published("81")}), stack("blog", {"web": published()})), """
            #1 CreateContainer shop-web-1.next (port 80:80/tcp removed, port 81:80/tcp added)
            #2 StopContainer shop-web-1 <- #1 (port 80:80/tcp removed, port 81:80/tcp added)
            #3 StartContainer shop-web-1.next <- #2 (takes over: port 80:80/tcp removed, port 81:80/tcp added)
            #4 WaitContainer shop-web-1.next ready <- #3 (it was started)
            #5 RemoveContainer shop-web-1 <- #4 (port 80:80/tcp removed, port 81:80/tcp added)
            #6 RenameContainer shop-web-1.next to shop-web-1 <- #5 (it takes over)
            #7 CreateContainer blog-web-1.next (port 80:80/tcp added)
            #8 StopContainer blog-web-1 <- #2, #7 (port 80:80/tcp added)
            #9 StartContainer blog-web-1.next <- #8 (takes over: port 80:80/tcp added)
            #10 WaitContainer blog-web-1.next ready <- #9 (it was started)
            #11 RemoveContainer blog-web-1 <- #10 (port 80:80/tcp added)
            #12 RenameContainer blog-web-1.next to blog-web-1 <- #11 (it takes over)
            undo #2, #3, #4: RemoveContainer shop-web-1.next, StartContainer shop-web-1
            undo #8, #9, #10: RemoveContainer blog-web-1.next, StartContainer blog-web-1
        """),
    Case("a port from a stack that goes", together(shop({"web": published()})),
         together(shop(state="absent", networks=None, services=None), stack("blog", {"web": published()})), """
            #1 CreateNetwork blog_default (network is missing)
            #2 CreateContainer blog-web-1 <- #1 (container is missing)
            #3 StopContainer shop-web-1 <- #2 (hands port 80/tcp to blog-web-1)
            #4 StartContainer blog-web-1 <- #3 (it was created)
            #5 WaitContainer blog-web-1 ready <- #4 (it was started)
            #6 RemoveContainer shop-web-1 <- #3, #5 (not declared any more)
            #7 RemoveNetwork shop_default <- #6 (not declared any more)
            undo #4, #5: StopContainer blog-web-1, StartContainer shop-web-1
        """),
)  # fmt: skip
def test_scopes_side_by_side(case):
    check(case)


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (stack("shop", GUEST, **ON_EDGE), {
            "$.stacks.shop.networks.edge": "the external network edge is not on the host",
            "$.stacks.shop.volumes.shared": "the external volume shared is not on the host",
        }),
        (shop({"web": service(networks={"nope": None})}),
         {"$.stacks.shop.services.web.networks": "the network nope is not declared and not on the host"}),
        (shop({"web": published("8080")}),
         {"$.stacks.shop.services.web.ports": "port 8080/tcp is held by the container theirs, not declared here"}),
        (together(containers(theirs=app(state="started", ports=["8080:80"])), shop({"web": service(image="app:3", pull_policy="never")})),
         {"$.stacks.shop.services.web.image": "app:3 is not on the host, and pull is never"}),
    ],
)  # fmt: skip
def test_refused(document, problems):
    host = Host()
    host.engine.containers.make(
        "theirs", {"Image": "app:1", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}}
    )
    host.engine.containers.start("theirs")
    assert host.refusals(document) == problems


@pytest.mark.parametrize(
    "other", [containers(**{"shop-web-1": app()}), stack("other", {"web": service(container_name="shop-web-1")})]
)
def test_what_another_scope_owns_is_refused(other):
    host = Host()
    host.deploy(other)
    owner = next(iter(other.get("stacks", {"host": None})))
    assert host.refusals(shop({"web": service()})) == {
        "$.stacks.shop.services.web": (
            f"the container shop-web-1 belongs to the scope {owner}; declare it there, or remove it there first"
        )
    }


# -- what docker compose made ------------------------------------------------------------------------


def made(name, image="app:1", **labels):
    """A running container of the project that docker compose made."""

    def prepare(host):
        marks = {PROJECT: "shop", SERVICE: name, "com.docker.compose.oneoff": "False", **labels}
        host.engine.containers.make(f"shop-{name}-1", {"Image": image, "Labels": marks})
        host.engine.containers.start(f"shop-{name}-1")

    return prepare


ONE_OFF = {"com.docker.compose.oneoff": "True"}
ORPHANS = one_by_one(
    made("old"), made("run", **ONE_OFF), made("left"), made("theirs", **{PROJECT: "blog"}),
    made("taken", **{"io.stowage.scope": "host"}),
)  # fmt: skip


@cases(
    Case("what compose made and the files name no more", None, shop({"web": service()}), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 StartContainer shop-web-1 <- #2 (it was created)
            #4 WaitContainer shop-web-1 ready <- #3 (it was started)
            #5 StopContainer shop-old-1 <- #4 (not declared any more)
            #6 RemoveContainer shop-old-1 <- #5 (not declared any more)
            #7 StopContainer shop-left-1 <- #5 (not declared any more)
            #8 RemoveContainer shop-left-1 <- #7 (not declared any more)
        """, ORPHANS),
    Case("services that this run is not about are left", None, shop({"web": service(), "left": service()}, left=["left"]),
         """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 StartContainer shop-web-1 <- #2 (it was created)
            #4 WaitContainer shop-web-1 ready <- #3 (it was started)
            #5 StopContainer shop-old-1 <- #4 (not declared any more)
            #6 RemoveContainer shop-old-1 <- #5 (not declared any more)
        """, ORPHANS),
    Case("without pruning nothing goes", None, shop({"web": service()}, prune=False), """
            #1 CreateNetwork shop_default (network is missing)
            #2 CreateContainer shop-web-1 <- #1 (container is missing)
            #3 StartContainer shop-web-1 <- #2 (it was created)
            #4 WaitContainer shop-web-1 ready <- #3 (it was started)
        """, ORPHANS),
    Case("one-offs go with the whole", None, shop(state="absent"), """
            #1 StopContainer shop-old-1 (not declared any more)
            #2 RemoveContainer shop-old-1 <- #1 (not declared any more)
            #3 StopContainer shop-run-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-run-1 <- #3 (not declared any more)
            #5 StopContainer shop-left-1 <- #1 (not declared any more)
            #6 RemoveContainer shop-left-1 <- #5 (not declared any more)
        """, ORPHANS),
)  # fmt: skip
def test_what_is_the_projects_own(case):
    host = check(case)
    assert {"shop-theirs-1", "shop-taken-1"} <= set(host.names())


FULL = together(
    shop(
        {"web": env("a", restart="always", ports=[{"mode": "ingress", "target": 80, "published": "80", "protocol": "tcp"}]),
         "db": service(image="db:1", volumes=[*ON_DATA, {"type": "volume", "target": "/anon"}], healthcheck=CHECK)},
        **DATA,
    )
)  # fmt: skip
OTHER = copy.deepcopy(FULL)
OTHER["stacks"]["shop"]["services"]["web"]["environment"]["MODE"] = "b"
OTHER["stacks"]["shop"]["networks"]["default"]["internal"] = True


@cases(
    Case("as declared", FULL, FULL, "", as_compose_made),
    Case("as declared, and scaled down", shop({"web": service(scale=2)}), shop({"web": service(scale=1)}), """
            #1 StopContainer shop-web-2 (not declared any more)
            #2 RemoveContainer shop-web-2 <- #1 (not declared any more)
        """, as_compose_made),
    Case("by another declaration", FULL, OTHER, """
            #1 DisconnectNetwork shop-web-1 from shop_default (network shop_default is made anew)
            #2 DisconnectNetwork shop-db-1 from shop_default (network shop_default is made anew)
            #3 RemoveNetwork shop_default <- #1, #2 (internal changed)
            #4 CreateNetwork shop_default <- #3 (internal changed)
            #5 ConnectNetwork shop-web-1 to shop_default <- #4 (network shop_default is made anew)
            #6 ConnectNetwork shop-db-1 to shop_default <- #4 (network shop_default is made anew)
            #7 CreateContainer shop-web-1.next <- #5 (environment MODE changed)
            #8 StopContainer shop-web-1 <- #7 (environment MODE changed)
            #9 StartContainer shop-web-1.next <- #8 (takes over: environment MODE changed)
            #10 WaitContainer shop-web-1.next ready <- #9 (it was started)
            #11 RemoveContainer shop-web-1 <- #10 (environment MODE changed)
            #12 RenameContainer shop-web-1.next to shop-web-1 <- #11 (it takes over)
            undo #1, #2, #3, #4, #5, #6: DisconnectNetwork shop-web-1 from shop_default, DisconnectNetwork shop-db-1 from shop_default, RemoveNetwork shop_default, CreateNetwork shop_default, ConnectNetwork shop-web-1 to shop_default, ConnectNetwork shop-db-1 to shop_default
            undo #8, #9, #10: RemoveContainer shop-web-1.next, StartContainer shop-web-1
        """, as_compose_made),
    Case("as declared, but stopped", FULL, FULL, """
            #1 StartContainer shop-web-1 (has exited with code 137)
            #2 WaitContainer shop-web-1 ready <- #1 (it was started)
        """,
         one_by_one(as_compose_made, state("shop-web-1", Status="exited", ExitCode=137))),
    Case("to be gone, with its data and images", FULL, shop(state="absent", remove_volumes=True, remove_images=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveVolume <anonymous> <- #1, #4 (goes with shop-db-1)
            #6 RemoveNetwork shop_default <- #2, #4 (not declared any more)
            #7 RemoveVolume shop_data <- #1, #4 (not declared any more)
            #8 RemoveImage app:1 <- #2 (not needed any more)
            #9 RemoveImage db:1 <- #1, #4 (not needed any more)
        """,
         as_compose_made),
)  # fmt: skip
def test_taking_over_what_docker_compose_made(case):
    check(case)


def test_volumes_without_a_name_go_with_the_data():
    host = Host()
    host.deploy(FULL)
    host.deploy(shop(state="absent", remove_volumes=True))
    assert host.engine.volumes.all == {}


def test_what_is_taken_over_stays_docker_composes_until_it_changes():
    """No container is touched for a label; the one that changes is ours from then on."""
    host = Host()
    host.deploy(FULL)
    as_compose_made(host)
    ids = {name: host.container(name)["Id"] for name in host.names()}
    host.deploy(FULL)
    assert {name: host.container(name)["Id"] for name in host.names()} == ids
    changed = copy.deepcopy(FULL)
    changed["stacks"]["shop"]["services"]["web"]["environment"]["MODE"] = "b"
    host.deploy(changed)
    assert host.container("shop-db-1")["Id"] == ids["shop-db-1"]
    assert host.container("shop-web-1")["Id"] != ids["shop-web-1"]
    labels = {name: host.container(name)["Config"]["Labels"] for name in host.names()}
    assert "io.stowage.scope" not in labels["shop-db-1"]
    assert labels["shop-web-1"]["io.stowage.scope"] == "shop"


@pytest.mark.parametrize("label", ["com.docker.compose.project", "com.docker.compose.config-hash"])
def test_a_container_that_only_looks_like_it_is_compared(label):
    host = Host()
    host.deploy(FULL)
    as_compose_made(host)
    host.container("shop-web-1")["Config"]["Labels"].pop(label)
    host.container("shop-web-1")["Config"]["Env"].append("MORE=1")
    host.engine.revive()
    plan = str(host.plan(FULL))
    assert ("CreateContainer shop-web-1.next" in plan) == (label != PROJECT), plan


# -- what goes ---------------------------------------------------------------------------------------

WITH_VOLUME = shop({"web": service(volumes=ON_DATA), "db": service(image="db:1")}, **DATA)


def guest_on_data(host):
    mount = {"Type": "volume", "Source": "shop_data", "Target": "/d"}
    host.engine.containers.make("guest", {"Image": "app:1", "HostConfig": {"Mounts": [mount]}})


def slim(**keys):
    return shop({"db": service(image="db:1")}, **keys)


@cases(
    Case("a service and its volume", WITH_VOLUME, slim(), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
        """),
    Case("a service, with its volume", WITH_VOLUME, slim(remove_volumes=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 RemoveVolume shop_data <- #2 (not declared any more)
        """),
    Case("a service, with its image", WITH_VOLUME, slim(remove_images=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 RemoveImage app:1 <- #2 (not needed any more)
        """),
    Case("an image that another scope runs stays", together(WITH_VOLUME, containers(other=app())),
         together(slim(remove_images=True), containers(other=app())), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
        """),
    Case("an image that somebody runs stays", WITH_VOLUME, slim(remove_images=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
        """,
         lambda host: host.engine.containers.make("guest", {"Image": "app:1"})),
    Case("a volume that somebody mounts stays", WITH_VOLUME, slim(remove_volumes=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            note volume shop_data: not declared any more, kept for guest
        """, guest_on_data),
    Case("a volume that a service left alone mounts stays", WITH_VOLUME, slim(left=["web"], remove_volumes=True), """
            note volume shop_data: not declared any more, kept for shop-web-1
        """),
    Case("all", WITH_VOLUME, shop(state="absent"), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2, #4 (not declared any more)
        """),
    Case("all, with volumes", WITH_VOLUME, shop(state="absent", remove_volumes=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2, #4 (not declared any more)
            #6 RemoveVolume shop_data <- #2 (not declared any more)
        """),
    Case("all, with images", WITH_VOLUME, shop(state="absent", remove_images=True), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2, #4 (not declared any more)
            #6 RemoveImage app:1 <- #2 (not needed any more)
            #7 RemoveImage db:1 <- #1, #4 (not needed any more)
        """),
    Case("all, whatever prune says", WITH_VOLUME, shop(state="absent", prune=False), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2, #4 (not declared any more)
        """),
    Case("all of one, none of the other", together(WITH_VOLUME, stack("blog", {"web": service()}), containers(web=app())),
         together(shop(state="absent"), stack("blog", {"web": service()}), containers(web=app())), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer shop-db-1 <- #1 (not declared any more)
            #4 RemoveContainer shop-db-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2, #4 (not declared any more)
        """),
    Case("of two scopes in one order", together(MAKER, stack("shop", GUEST, **ON_EDGE)),
         together(stack("base", state="absent", remove_volumes=True), stack("shop", state="absent")), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 RemoveNetwork edge <- #2 (not declared any more)
            #4 RemoveVolume shared <- #2 (not declared any more)
        """),
    Case("an image of two stacks that go", together(shop({"web": service()}), stack("blog", {"web": service()})),
         together(shop(state="absent", remove_images=True), stack("blog", state="absent", remove_images=True)), """
            #1 StopContainer shop-web-1 (not declared any more)
            #2 RemoveContainer shop-web-1 <- #1 (not declared any more)
            #3 StopContainer blog-web-1 <- #1 (not declared any more)
            #4 RemoveContainer blog-web-1 <- #3 (not declared any more)
            #5 RemoveNetwork shop_default <- #2 (not declared any more)
            #6 RemoveNetwork blog_default <- #1, #4 (not declared any more)
            #7 RemoveImage app:1 <- #2, #4 (not needed any more)
        """),
    Case("nothing, where nothing is named", together(WITH_VOLUME, containers(web=app())), containers(web=app()), ""),
    Case("not there anyway", None, shop(state="absent"), ""),
)  # fmt: skip
def test_removals(case):
    check(case)


def test_an_image_built_for_the_stack_goes_with_it():
    host = Host()
    host.engine.images.have("other:1")
    digest = "sha256:" + 64 * "a"
    build = {"images": {"shop-web": {"build": {"context": "/x", "digest": digest, "labels": {PROJECT: "shop"}}}}}
    document = shop({"web": {"build": {"context": "/x"}, "networks": {"default": None}}}, **build)
    report = host.carry_out(host.plan(document), files={digest: "/dev/null"})
    assert not report.failures
    host.engine.revive()
    assert host.container("shop-web-1")["Config"]["Image"] == "shop-web:latest"
    assert "RemoveImage shop-web:latest" in str(host.plan(shop(state="absent")))
    host.deploy(shop(state="absent"))
    assert "shop-web:latest" not in {tag for image in host.engine.images.all.values() for tag in image["RepoTags"]}


def test_labels_are_those_of_docker_compose():
    host = Host()
    host.deploy(WITH_VOLUME)
    labels = host.container("shop-web-1")["Config"]["Labels"]
    assert {
        key: labels[key] for key in sorted(labels) if key.startswith("com.docker.compose.") and "hash" not in key
    } == {
        "com.docker.compose.container-number": "1",
        "com.docker.compose.depends_on": "",
        "com.docker.compose.image": host.engine.images.get("app:1")["Id"],
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": "shop",
        "com.docker.compose.project.config_files": "",
        "com.docker.compose.project.working_dir": "/srv/shop",
        "com.docker.compose.service": "web",
        "com.docker.compose.version": "5.6.1",
    }
    assert len(labels["com.docker.compose.config-hash"]) == 64
    network = host.engine.networks.all["shop_default"]["Labels"]
    assert (network["com.docker.compose.network"], network["com.docker.compose.project"]) == ("default", "shop")
    volume = host.engine.volumes.all["shop_data"]["Labels"]
    assert (volume["com.docker.compose.volume"], volume["com.docker.compose.project"]) == ("data", "shop")


def test_the_data_of_services_that_are_not_enabled_stays(tmp_path):
    host = Host(root=tmp_path)
    data = {"data": {"name": "shop_data"}}
    host.apply(shop({"web": service(), "db": service(volumes=["data:/data"])}, volumes=data))
    without = shop({"web": service()}, remove_volumes=True)
    assert "RemoveVolume shop_data" in str(host.plan(without))
    without["stacks"]["shop"]["named_volumes"] = ["data"]
    assert "RemoveVolume" not in str(host.plan(without))
