# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No lock-in: the real docker compose works on what stowage made, and stowage takes over what docker compose made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import compose, scene
from tests.integration.compose import REMOVE, REPLACE, kinds, names, stack
from tests.integration.playbook import Playbook

HOME = "/srv/shop"
SHOP = """
    x-common: &common
      image: stowage-test/web:1
      command: [sleep, "1000"]
      stop_grace_period: 0s
    services:
      web:
        <<: *common
        command: [httpd, -f, -h, /site]
        ports: ["127.0.0.1:8080:80"]
        volumes: ["./site:/site:ro", "data:/data", /cache]
        networks: {front: {aliases: [www]}, default: }
        depends_on: {db: {condition: service_healthy, restart: true}}
        healthcheck: {test: [CMD, wget, -qO-, "http://127.0.0.1/"], interval: 1s}
        environment: {MODE: live, PRICE: "5$$"}
        labels: {team: a}
        configs: [{source: inline, target: /etc/inline}, {source: file, mode: 0440}]
        secrets: [{source: key, uid: "1000", gid: "1000", mode: 0400}]
        restart: unless-stopped
        deploy: {resources: {limits: {memory: 64M}}}
      db:
        <<: *common
        volumes: [{type: volume, source: data, target: /data}]
        healthcheck: {test: [CMD, "true"], interval: 1s}
        secrets: [key]
      side: {<<: *common, network_mode: "service:db"}
      worker: {<<: *common, command: "sh -c 'echo a word in the log; exec sleep 1000'", scale: 2, links: ["db:database"]}
      once: {<<: *common, command: ["true"], restart: "no"}
    networks:
      front: {labels: {team: a}}
    volumes:
      data: {labels: {team: a}}
    configs:
      inline: {content: "inline\\n"}
      file: {file: ./file.conf}
    secrets:
      key: {file: ./key}
"""
FILES = {"compose.yaml": SHOP, "site/index.html": "page\n", "file.conf": "file\n", "key": "secret"}
SIDE = '      side: {<<: *common, network_mode: "service:db"}\n'
ALL = ["shop-db-1", "shop-once-1", "shop-side-1", "shop-web-1", "shop-worker-1", "shop-worker-2"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return compose.write_project(tmp_path / "shop", FILES)


@pytest.fixture
def real(place: Host) -> compose.Compose:
    """docker compose in the folder where the project lies on the host."""
    compose.install(place)
    place.run(["rm", "-rf", HOME])
    return compose.Compose(place, HOME)


@pytest.mark.flavour_in_turn
def test_docker_compose_works_on_what_stowage_made(place: Host, shop: Path, real: compose.Compose) -> None:
    play = Playbook(place)
    play.converge("up", "stack", stack(shop, directory=HOME))
    play.run().ok("up/apply")
    before = scene.snapshot(place)
    assert names(before) == ALL

    real.put(shop)
    up = real.run("up", "-d")
    after = scene.snapshot(place)
    running = [name for name in ALL if name != "shop-once-1"]  # up runs it again, whoever made it
    assert scene.identity(after, *running) == scene.identity(before, *running), up
    assert after["containers"]["shop-once-1"]["Id"] == before["containers"]["shop-once-1"]["Id"]
    for kind in ("networks", "volumes"):
        assert after[kind].keys() == before[kind].keys()
    assert {name: entry["Service"] for name, entry in real.containers().items()} == {
        name: name.split("-")[1] for name in ALL
    }
    assert "a word in the log" in real.run("logs", "worker")
    real.run("down", "--volumes")
    end = scene.snapshot(place)
    assert (end["containers"], end["volumes"]) == ({}, {})
    assert set(end["networks"]) == {"bridge", "host", "none"}


@pytest.mark.flavour_in_turn
def test_stowage_takes_over_what_docker_compose_made(place: Host, shop: Path, real: compose.Compose) -> None:
    real.put(shop)
    real.run("up", "-d")
    real.run("up", "-d", "--wait", "web")
    before = scene.snapshot(place)
    less = compose.write_project(
        shop.parent / "less" / "shop",
        {**FILES, "compose.yaml": SHOP.replace(SIDE, ""), "site/index.html": "new page\n"},
    )
    play = Playbook(place)
    play.converge("take over", "stack", stack(shop, directory=HOME))
    play.snapshot("taken")
    play.task("info", "stack_info", {"name": "shop"})
    play.converge("change", "stack", stack(less, directory=HOME))
    play.snapshot("changed")
    outcome = play.run()

    assert kinds(outcome, "take over") == []
    assert "made by docker compose" in str(outcome.ok("take over/apply")["warnings"]), "of secrets it cannot see"
    taken, changed = outcome.json("taken"), outcome.json("changed")
    assert names(taken) == names(before) == ALL
    assert scene.identity(taken, *ALL) == scene.identity(before, *ALL)
    assert (taken["networks"], taken["volumes"]) == (before["networks"], before["volumes"])
    info = outcome.ok("info")["stacks"]["shop"]
    assert {name: entry["running"] for name, entry in info["services"].items()} == {
        "web": 1, "db": 1, "side": 1, "worker": 2, "once": 0,
    }  # fmt: skip
    assert info["drift"]["drifted"] is False

    assert [kind for kind in kinds(outcome, "change") if kind != "WriteFile"] == sorted(
        [*REMOVE, *REPLACE, "SettleFiles"]
    )
    assert names(changed) == [name for name in ALL if name != "shop-side-1"]
    kept = [name for name in ALL if name not in ("shop-side-1", "shop-web-1")]
    assert scene.identity(changed, *kept) == scene.identity(before, *kept)
    assert _anonymous(changed) == _anonymous(before), "it moves along"

    real.put(less)
    real.run("up", "-d", "--remove-orphans")
    back = scene.snapshot(place)
    running = [name for name in names(changed) if name != "shop-once-1"]
    assert scene.identity(back, *running) == scene.identity(changed, *running), "docker compose takes it back as it is"


def _anonymous(seen: dict[str, Any]) -> list[str]:
    mounts = seen["containers"]["shop-web-1"]["Mounts"]
    return [mount["Name"] for mount in mounts if mount["Destination"] == "/cache"]
