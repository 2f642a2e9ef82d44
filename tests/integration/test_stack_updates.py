# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of a stack under load: a client asks through a reverse proxy without pause, and no request may fail.

The proxy is Debian's nginx, in a container of the same stack. It finds its peers by DNS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, images, nginx
from tests.integration import compose, scene
from tests.integration.compose import SLEEP, START_FIRST, kinds, names, stack
from tests.integration.load import Load
from tests.integration.playbook import Playbook

PROXY = "stowage-test/nginx:1"
PORT = 8088
CONF = """
    user root root;
    worker_processes 1;
    events {}
    http {
        access_log off;
        resolver 127.0.0.11 valid=1s;
        server {
            listen 80;
            location / {
                set $peers web;
                proxy_pass http://$peers;
                proxy_connect_timeout 1s;
                proxy_next_upstream error timeout;
            }
        }
    }
"""
SITE = """
    services:
      proxy:
        image: stowage-test/nginx:1
        ports: ["8088:80"]
        volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
        stop_grace_period: 0s
      web:
        image: ${IMAGE:-stowage-test/web:1}
        command: ${COMMAND:-sh /serve}
        stop_grace_period: 5s
        healthcheck:
          test: ${CHECK:-wget -qO- http://127.0.0.1/}
          interval: 2s
          retries: 1
        volumes: ["state:/state"]
        deploy:
          replicas: ${REPLICAS:-2}
          update_config: {order: start-first, failure_action: "${ACTION:-pause}"}
    volumes:
      state:
"""


@pytest.fixture
def site(place: Host, tmp_path: Path) -> Path:
    """The project, on a host that has its images."""
    images.load(place, nginx.nginx_tar(PROXY))
    return compose.write_project(tmp_path / "site", {"compose.yaml": SITE, "nginx.conf": CONF})


def _up(place: Host, site: Path, **env: Any) -> dict[str, Any]:
    """The site with its first version, and what it looks like."""
    play = Playbook(place)
    play.task("up", "stack", stack(site, env=env))
    play.snapshot("seen")
    outcome = play.run()
    outcome.ok("up")
    return dict(outcome.json("seen"))


# What a new version may suffer from: variables of the project, and what the task has to say of it.
BAD = {
    "no such image": ({"IMAGE": "127.0.0.1:5999/web:2"}, "PullImage 127.0.0.1:5999/web:2"),
    "exits": ({"COMMAND": "sh -c 'echo no config; exit 2'"}, "site-web-1.next exited with code 2"),
    "fails its check": ({"CHECK": "echo not well; false"}, "site-web-1.next is unhealthy"),
}
# The first of a version that starts runs, and any other does not.
ONLY_ONE = "sh -c 'mkdir /state/taken && exec httpd -f -h /www'"


@pytest.mark.flavour_in_turn
def test_an_update_with_start_first_fails_no_request(place: Host, site: Path) -> None:
    """With two replicas from the first version to the second, and with one back again."""
    _up(place, site)
    play = Playbook(place)
    play.converge("two", "stack", stack(site, env={"IMAGE": f"{scene.WEB}:2"}))
    play.task("fewer", "stack", stack(site, env={"IMAGE": f"{scene.WEB}:2", "REPLICAS": 1}))
    with Load(place.address, PORT) as two:
        outcome = play.run()
    back = Playbook(place)
    back.converge("one", "stack", stack(site, env={"REPLICAS": 1}))
    back.snapshot("seen")
    with Load(place.address, PORT) as one:
        end = back.run()

    assert kinds(outcome, "two") == sorted(START_FIRST * 2)
    assert kinds(end, "one") == sorted(START_FIRST)
    outcome.ok("fewer")
    for load, last in ((two, "page 2"), (one, "page 1")):
        assert load.failures == []
        assert sorted(load.pages) == ["page 1", "page 2"]
        assert load.last_page == last
        assert load.count > 100
    assert names(end.json("seen")) == ["site-proxy-1", "site-web-1"]


@pytest.mark.flavour_in_turn
def test_a_bad_new_version_leaves_the_old_one_serving(place: Host, site: Path) -> None:
    before = _up(place, site)
    play = Playbook(place)
    for label, (env, _) in BAD.items():
        play.task(f"{label}/check", "stack", stack(site, env=env), check_mode=True)
        play.task(label, "stack", stack(site, env=env))
        play.snapshot(f"{label} seen")
    play.converge("as before", "stack", stack(site))
    with Load(place.address, PORT) as load:
        outcome = play.run()

    for label, (_, words) in BAD.items():
        message = outcome.failed(label)
        assert words in message, label
        assert outcome[label]["plan"] == outcome.ok(f"{label}/check")["plan"]
        after = outcome.json(f"{label} seen")
        assert scene.identity(after, *names(before)) == scene.identity(before, *names(after)), label
    assert "no config" in str(outcome["exits"]["failures"]), "the log of the one that failed"
    assert kinds(outcome, "as before") == []
    assert (load.failures, list(load.pages)) == ([], ["page 1"])


@pytest.mark.flavour_in_turn
def test_a_rollback_ends_with_all_old_replicas_serving(place: Host, site: Path) -> None:
    before = _up(place, site, REPLICAS=3, ACTION="rollback")
    play = Playbook(place)
    bad = stack(site, env={"REPLICAS": 3, "ACTION": "rollback", "IMAGE": f"{scene.WEB}:2", "COMMAND": ONLY_ONE})
    play.task("bad/check", "stack", bad, check_mode=True)
    play.task("bad", "stack", bad)
    play.snapshot("seen")
    play.task("as before", "stack", stack(site, env={"REPLICAS": 3, "ACTION": "rollback"}))
    with Load(place.address, PORT) as load:
        outcome = play.run()

    message = outcome.failed("bad")
    assert "site-web-2.next exited with code 1" in message
    assert "rolled back: StartContainer site-web-1" in message
    seen = outcome.json("seen")
    assert names(seen) == names(before)
    for name in names(before):
        assert seen["containers"][name]["Id"] == before["containers"][name]["Id"]
        assert seen["containers"][name]["State"]["Running"]
    assert outcome.ok("as before")["changed"] is False, "at most it waits for what was started again"
    assert load.failures == []
    assert load.last_page == "page 1"
    assert "page 2" in load.pages, "the first new one had served"


@pytest.mark.flavour_in_turn
def test_batches_have_their_size_their_pause_and_their_watch(place: Host) -> None:
    config = {"parallelism": 2, "delay": "1s", "monitor": "700ms", "order": "start-first"}
    services = {"web": {**SLEEP, "deploy": {"replicas": 4, "update_config": config}}}
    play = Playbook(place)
    play.task("up", "stack", {"name": "many", "definition": {"services": services}, "monitor": 0})
    services = {"web": {**services["web"], "environment": {"VERSION": "2"}}}
    play.converge("update", "stack", {"name": "many", "definition": {"services": services}, "monitor": 0})
    outcome = play.run()

    outcome.ok("up")
    assert kinds(outcome, "update") == sorted([*START_FIRST * 4, "Pause"])
    steps = {step["number"]: step for step in outcome.ok("update/apply")["operations"]}
    (pause,) = (step for step in steps.values() if step["operation"] == "Pause")
    assert pause["seconds"] >= 1
    assert [steps[number]["operation"] for number in pause["after"]] == ["RenameContainer"] * 2
    created = {step["target"]: step["after"] for step in steps.values() if step["operation"] == "CreateContainer"}
    assert created == {
        "many-web-1.next": [], "many-web-2.next": [],
        "many-web-3.next": [pause["number"]], "many-web-4.next": [pause["number"]],
    }  # fmt: skip
    watched = [step["seconds"] for step in steps.values() if step["operation"] == "WaitContainer"]
    assert len(watched) == 4
    assert min(watched) >= 0.7
