# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks from a project directory: up, unchanged, changed, scaled, in part, stopped and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import compose, scene
from tests.integration.compose import CREATE, REMOVE, REPLACE, SLEEP, kinds, names, stack
from tests.integration.playbook import Playbook

SHOP = """
    x-common: &common
      image: stowage-test/web:${TAG:-1}
      command: [sleep, "1000"]
      stop_grace_period: 0s
    services:
      web:
        <<: *common
        command: [httpd, -f, -h, /site]
        ports: ["127.0.0.1:8080:80"]
        volumes: ["./site:/site:ro"]
        networks: [front, back]
        depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}
        healthcheck: {test: [CMD, wget, -qO-, "http://127.0.0.1/"], interval: 1s}
      worker:
        <<: *common
        networks: [back]
        deploy: {replicas: 2}
        environment: {DB: "db:5432"}
        depends_on: [db]
      db:
        <<: *common
        networks: {back: {aliases: [database]}}
        volumes: ["data:/data"]
        healthcheck: {test: [CMD, "true"], interval: 1s}
      cache:
        <<: *common
        networks: [back]
    networks:
      front:
      back: {internal: true}
    volumes:
      data:
"""
CACHE = """      cache:
        <<: *common
        networks: [back]
"""
LESS = SHOP.replace(CACHE, "").replace(", cache: {condition: service_started}", "")
ALL = ["shop-cache-1", "shop-db-1", "shop-web-1", "shop-worker-1", "shop-worker-2"]
PAGE = "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:8080/\").read().decode())'"


def test_a_stack_comes_stays_loses_a_service_and_goes(place: Host, tmp_path: Path) -> None:
    shop = compose.write_project(tmp_path / "shop", {"compose.yaml": SHOP, "site/index.html": "first page\n"})
    less = compose.write_project(tmp_path / "less" / "shop", {"compose.yaml": LESS, "site/index.html": "first page\n"})
    play = Playbook(place)
    play.converge("up", "stack", stack(shop))
    play.task("page", "ansible.builtin.raw", PAGE)
    play.snapshot("up seen")
    play.task("info", "stack_info", {})
    play.converge("kept", "stack", stack(less, prune=False))
    play.converge("less", "stack", stack(less))
    play.snapshot("less seen")
    play.engine("lose", "DELETE", "/containers/shop-worker-2?force=1")
    play.task("drift", "stack_info", {"name": "shop"})
    play.converge("repair", "stack", stack(less))
    play.converge("absent", "stack", {"name": "shop", "state": "absent"})
    play.snapshot("absent seen")
    play.converge("volumes too", "stack", {"name": "shop", "state": "absent", "remove_volumes": True})
    play.snapshot("end")
    outcome = play.run()

    made = ["CreateVolume", "WriteFile", "SettleFiles", *["CreateNetwork"] * 2, *CREATE * 5]
    up = [kind for kind in kinds(outcome, "up") if kind != "ConnectNetwork"]  # old engines: one network at creation
    assert up == sorted(made)
    assert "first page" in outcome.ok("page")["stdout"]
    seen = outcome.json("up seen")
    assert names(seen) == ALL
    services = outcome.ok("info")["stacks"]["shop"]["services"]
    assert {name: (entry["replicas"], entry["healthy"]) for name, entry in services.items()} == {
        "web": (1, 1), "worker": (2, 0), "db": (1, 1), "cache": (1, 0),
    }  # fmt: skip
    assert services["web"]["ports"] == [{"host_ip": "127.0.0.1", "published": 8080, "target": 80, "protocol": "tcp"}]
    assert outcome.ok("info")["stacks"]["shop"]["drift"]["drifted"] is False
    assert seen["networks"]["shop_back"]["Internal"] is True
    assert "database" in seen["containers"]["shop-db-1"]["NetworkSettings"]["Networks"]["shop_back"]["Aliases"]

    assert kinds(outcome, "kept") == []
    assert kinds(outcome, "less") == sorted(REMOVE)
    assert names(outcome.json("less seen")) == ALL[1:]
    assert scene.identity(outcome.json("less seen"), *ALL[1:]) == scene.identity(seen, *ALL[1:])

    drift = outcome.ok("drift")["stacks"]["shop"]["drift"]
    assert drift["plan"] == outcome.ok("repair/check")["plan"]
    assert kinds(outcome, "repair") == sorted(CREATE)

    assert kinds(outcome, "absent") == sorted(REMOVE * 4 + ["RemoveNetwork"] * 2 + ["RemoveFiles"])
    absent = outcome.json("absent seen")
    assert not absent["containers"]
    assert set(absent["networks"]) == {"bridge", "host", "none"}
    assert list(absent["volumes"]) == ["shop_data"], "data stays"
    assert place.run("ls -A /var/lib/stowage/stacks").stdout == ""
    assert kinds(outcome, "volumes too") == ["RemoveVolume"]
    assert not outcome.json("end")["volumes"]


def app(*changed: str, **options: Any) -> dict[str, Any]:
    """Options for an application in the playbook itself; ``changed`` are the services that have another environment."""
    services: dict[str, dict[str, Any]] = {
        "web": {**SLEEP, "depends_on": ["db"]},
        "db": {**SLEEP, "volumes": ["data:/data"]},
        "worker": {**SLEEP, "deploy": {"replicas": 2}},
        "debug": {**SLEEP, "profiles": ["debug"]},
    }
    for name in changed:
        services[name]["environment"] = {"CHANGED": "1"}
    definition = {"services": services, "volumes": {"data": None}}
    return {"name": "app", "monitor": 0.2, "definition": definition, **options}


@pytest.mark.flavour_in_turn
def test_parts_of_a_stack_change_alone(place: Host) -> None:
    play = Playbook(place)
    play.converge("up", "stack", app())
    play.snapshot("up seen")
    play.converge("more", "stack", app(scale={"worker": 3}, profiles=["debug"]))
    play.snapshot("more seen")
    play.converge("fewer", "stack", app(scale={"worker": 1}))
    play.snapshot("fewer seen")
    play.converge("part", "stack", app("web", "db", "worker", services=["web"]))
    play.snapshot("part seen")
    play.task("unknown", "stack", app(services=["wbe"], scale={"debug": 2}))
    outcome = play.run()

    assert kinds(outcome, "up") == sorted(["CreateVolume", "CreateNetwork"] + CREATE * 4)
    up = outcome.json("up seen")
    assert names(up) == ["app-db-1", "app-web-1", "app-worker-1", "app-worker-2"]
    assert kinds(outcome, "more") == sorted(CREATE * 2)
    more = outcome.json("more seen")
    assert names(more) == ["app-db-1", "app-debug-1", "app-web-1", "app-worker-1", "app-worker-2", "app-worker-3"]
    assert scene.identity(more, *names(up)) == scene.identity(up, *names(up))
    assert kinds(outcome, "fewer") == sorted(REMOVE * 3)
    fewer = outcome.json("fewer seen")
    assert names(fewer) == ["app-db-1", "app-web-1", "app-worker-1"]
    assert scene.identity(fewer, *names(fewer)) == scene.identity(up, *names(fewer))
    assert kinds(outcome, "part") == sorted(REPLACE * 2)
    part = outcome.json("part seen")
    assert names(part) == names(fewer), "worker is no part of this run: neither scaled nor removed"
    assert scene.identity(part, "app-worker-1") == scene.identity(fewer, "app-worker-1")
    for name in ("app-web-1", "app-db-1"):
        assert "CHANGED=1" in part["containers"][name]["Config"]["Env"]
    message = outcome.failed("unknown")
    assert "services: wbe is no service of the project" in message
    assert "scale: debug is not enabled by a profile" in message


@pytest.mark.flavour_in_turn
def test_states(place: Host) -> None:
    play = Playbook(place)
    play.task("up", "stack", app())
    play.snapshot("up seen")
    play.task("restarted/check", "stack", app(state="restarted"), check_mode=True)
    play.task("restarted", "stack", app(state="restarted"))
    play.snapshot("restarted seen")
    play.converge("stopped", "stack", app(state="stopped"))
    play.snapshot("stopped seen")
    play.converge("present", "stack", app())
    play.snapshot("present seen")
    play.task("recreate", "stack", app(recreate=True, services=["db"]))
    play.converge("absent", "stack", app(state="absent", remove_volumes=True))
    play.snapshot("end")
    outcome = play.run()

    up, restarted, stopped, present = (
        outcome.json(f"{label} seen") for label in ("up", "restarted", "stopped", "present")
    )
    assert outcome.ok("restarted")["plan"] == outcome.ok("restarted/check")["plan"] != []
    for name in names(up):
        before, after = (seen["containers"][name] for seen in (up, restarted))
        assert before["Id"] == after["Id"]
        assert before["State"]["StartedAt"] < after["State"]["StartedAt"]
    stop = outcome.converged("stopped", *["StopContainer"] * 4)["plan"]
    order = [line.split()[2] for line in stop]
    assert order.index("app-web-1") < order.index("app-db-1"), "who depends on db stops before it"
    assert {entry["State"]["Status"] for entry in stopped["containers"].values()} == {"exited"}
    outcome.converged("present", *["StartContainer"] * 4)
    assert {name: entry["Id"] for name, entry in present["containers"].items()} == {
        name: entry["Id"] for name, entry in up["containers"].items()
    }
    assert [line.split()[2] for line in outcome.ok("recreate")["plan"] if "CreateContainer" in line] == [
        "app-db-1.next"
    ]
    kinds(outcome, "absent")
    end = outcome.json("end")
    assert not end["containers"]
    assert not end["volumes"]


@pytest.mark.flavour_in_turn
def test_stacks_of_one_host_are_planned_together(place: Host) -> None:
    """One's network is another's external one, and a container of the host's own is on it too."""
    external = {"shared": {"external": True}}
    user = {"services": {"app": {**SLEEP, "networks": ["shared"]}}, "networks": external}
    maker = {"services": {"app": {**SLEEP, "networks": ["shared"]}}, "networks": {"shared": {"name": "shared"}}}
    own = {"monitor": 0.2, "containers": {"own": {**SLEEP, "networks": ["shared"]}}, "networks": external}
    stacks = {"a-user": {"definition": user}, "maker": {"definition": maker}}
    play = Playbook(place)
    play.converge("both", "host", {**own, "stacks": stacks})
    play.snapshot("both seen")
    play.converge("alone", "stack", {"name": "maker", "definition": maker})
    play.converge("one unnamed", "host", {**own, "stacks": {"maker": stacks["maker"]}})
    gone = {"state": "absent"}
    play.converge("gone", "host", {"stacks": {"a-user": gone, "maker": gone}})
    play.snapshot("gone seen")
    play.converge("own gone", "host", {})
    play.converge("network gone", "stack", {"name": "maker", "state": "absent"})
    play.snapshot("end")
    outcome = play.run()

    assert kinds(outcome, "both") == sorted(CREATE * 3 + ["CreateNetwork"])
    both = outcome.json("both seen")
    assert names(both) == ["a-user-app-1", "maker-app-1", "own"]
    labels = {name: entry["Config"]["Labels"] for name, entry in both["containers"].items()}
    assert {name: entry["io.stowage.scope"] for name, entry in labels.items()} == {
        "a-user-app-1": "a-user", "maker-app-1": "maker", "own": "host",
    }  # fmt: skip
    for entry in both["containers"].values():
        assert list(entry["NetworkSettings"]["Networks"]) == ["shared"]
    assert kinds(outcome, "alone") == []
    assert kinds(outcome, "one unnamed") == []
    assert kinds(outcome, "gone") == sorted(REMOVE * 2), "the network is in use, and the host's own scope is not asked"
    after = outcome.json("gone seen")
    assert names(after) == ["own"]
    assert scene.identity(after, "own") == scene.identity(both, "own")
    assert "network shared: not declared any more, kept for own" in str(outcome.ok("gone/apply")["warnings"])
    assert kinds(outcome, "own gone") == sorted(REMOVE)
    assert kinds(outcome, "network gone") == ["RemoveNetwork"]
    assert "shared" not in outcome.json("end")["networks"]
