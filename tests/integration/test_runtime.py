# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a user has it: put on a host by its role, declared to by playbooks, asked on the host."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.zipapp import runtime_digest
from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Playbook, operations
from tests.integration.test_containers import SLEEP

ROLE = {"name": "stowage.docker.runtime"}
COMPOSE = """
    services:
      web:
        image: stowage-test/web:1
        command: [httpd, -f, -h, /site]
        stop_grace_period: 0s
        volumes: ["./site:/site:ro"]
        secrets: [token]
    secrets:
      token: {file: ./token}
"""


def role(play: Playbook, label: str = "role", **variables: Any) -> None:
    play.task(label, "ansible.builtin.include_role", ROLE, vars=variables)


def status(host: Host) -> dict[str, Any]:
    return dict(json.loads(host.run("stowage status --json").stdout))


def until(happened: Any, patience: float = 20.0) -> float:
    """Seconds until it was so."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < patience, "it did not happen"
        time.sleep(0.1)
    return time.monotonic() - began


def running(host: Host, name: str) -> bool:
    found = scene.snapshot(host)["containers"].get(name)
    return bool(found and found["State"]["Running"])


@pytest.fixture
def kept(place: Host) -> Host:
    """A host with a runtime that knows nothing yet. One that an earlier test put there is only started."""
    there = place.run("cat /root/runtime-of-tests 2>/dev/null; true").stdout
    if there == runtime_digest():
        place.run("if test -d /run/systemd/system; then systemctl start stowage; else /etc/init.d/stowage start; fi")
        until(lambda: place.run("stowage status --json", check=False).returncode == 0)
        return place
    play = Playbook(place)
    role(play)
    outcome = play.run()
    assert outcome.code == 0, outcome.text[-4000:]
    place.run(f"printf %s {runtime_digest()} >/root/runtime-of-tests")
    return place


@pytest.mark.flavours("trixie")
def test_what_a_playbook_declares_is_kept_from_then_on(kept: Host) -> None:
    play = Playbook(kept)
    play.converge("host", "host", {"containers": {"web": {**SLEEP, "mem_limit": "64m"}}, "networks": {"edge": {}}})
    play.converge("one", "container", {"name": "single", "image": f"{scene.WEB}:1", "command": ["sleep", "1000"]})
    play.task("info", "runtime_info", {})
    role(play, "role again")
    outcome = play.run()
    outcome.converged("host", "CreateNetwork", "CreateContainer", "StartContainer")
    assert "went without it" not in outcome.text
    outcome.converged("one", "CreateContainer", "StartContainer")
    info = outcome.ok("info")
    assert info["present"]
    assert sorted(info["scopes"]) == ["host", "object"]
    assert info["history"]["host"][0]["outcome"] == "done"
    assert "ansible (" in info["scopes"]["host"]["by"]
    assert "changed=4" in outcome.text, "the role had nothing to do the second time"
    until(lambda: status(kept)["scopes"]["host"]["state"] == "as declared")
    for spoil, mended in (
        (("DELETE", "/containers/web?force=1", None), lambda: running(kept, "web")),
        (("POST", "/containers/single/stop?t=0", None), lambda: running(kept, "single")),
        (
            ("POST", "/containers/web/update", {"Memory": 128 << 20, "MemorySwap": 256 << 20}),
            lambda: scene.snapshot(kept)["containers"]["web"]["HostConfig"]["Memory"] == 64 << 20,
        ),
        (("DELETE", "/networks/edge", None), lambda: "edge" in scene.snapshot(kept)["networks"]),
    ):
        kept.engine(*spoil)
        until(mended)
    kept.run("stowage pause host --for 1h --reason test")
    kept.engine("DELETE", "/containers/web?force=1")
    time.sleep(2.0)
    assert not running(kept, "web")
    drift = kept.run("stowage drift host", check=False)
    assert drift.returncode == 2
    assert "CreateContainer web" in drift.stdout
    kept.run("stowage resume host")
    until(lambda: running(kept, "web"))
    events = kept.run("stowage events").stdout
    assert "repaired container web" in events
    assert "paused for 3600 s" in events


@pytest.mark.flavour_in_turn
def test_going_back_brings_the_very_images_that_ran(kept: Host) -> None:
    def web(version: str) -> dict[str, Any]:
        return {
            "containers": {"web": {**SLEEP, "image": "local/app:latest", "environment": {"V": version}}},
            "monitor": 0,
        }

    def tag(version: str) -> tuple[str, str]:
        return "POST", f"/images/{scene.WEB}:{version}/tag?repo=local/app&tag=latest"

    play = Playbook(kept)
    play.engine("tag 1", *tag("1"))
    play.task("one", "host", web("1"))
    play.engine("tag 2", *tag("2"))
    play.task("two", "host", web("2"))
    play.snapshot("before")
    play.task("check", "rollback", {"scope": "host"}, check_mode=True)
    play.task("back", "rollback", {"scope": "host"})
    play.snapshot("after")
    play.task("to two", "rollback", {"scope": "host", "version": 2})
    play.task("nowhere", "rollback", {"scope": "host", "version": 99})
    play.task("nobody", "rollback", {"scope": "elsewhere"})
    play.task("info", "runtime_info", {"scope": "host"})
    outcome = play.run()
    before, after = outcome.json("before"), outcome.json("after")
    assert before["containers"]["web"]["Image"] != after["containers"]["web"]["Image"]
    assert after["containers"]["web"]["Image"] == before["images"][f"{scene.WEB}:1"]
    assert after["images"]["local/app:latest"] == before["images"][f"{scene.WEB}:1"]
    assert outcome.ok("check")["plan"] == outcome.ok("back")["plan"]
    assert outcome.ok("back")["number"] == 1
    assert outcome.ok("to two")["changed"]
    assert "there is no version 99" in outcome.failed("nowhere")
    assert "no scope 'elsewhere' is declared here; there are: host" in outcome.failed("nobody")
    assert [entry["number"] for entry in outcome.ok("info")["history"]["host"]] == [4, 3, 2, 1]
    shown = kept.run("stowage diff host 1 2").stdout
    assert "********" in shown


@pytest.mark.flavour_in_turn
def test_files_of_a_stack_are_kept_too(kept: Host, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("hello\n")
    (tmp_path / "token").write_text("a-secret-token\n")
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    play = Playbook(kept)
    play.converge("stack", "stack", {"name": "shop", "src": str(tmp_path)})
    outcome = play.run()
    assert "CreateContainer" in operations(outcome.ok("stack/apply"))
    outcome.converged("stack", *operations(outcome.ok("stack/apply")))
    until(lambda: status(kept)["scopes"]["shop"]["state"] == "as declared")
    page = "/var/lib/stowage/stacks/shop/site/index.html"
    kept.run(f"echo spoilt > {page}")
    kept.engine("DELETE", "/containers/shop-web-1?force=1")
    until(lambda: running(kept, "shop-web-1"))
    until(lambda: kept.run(["cat", page]).stdout == "hello\n")
    for command in ("stowage show shop --json", "stowage history --json", "stowage status --json", "stowage events"):
        assert "a-secret-token" not in kept.run(command).stdout


@pytest.mark.flavour_in_turn
def test_long_work_is_seen_while_it_is_done(kept: Host) -> None:
    slow = {
        "test": ["CMD-SHELL", "test $(( $(date +%s) - $(stat -c %Y /proc/1) )) -gt 5"],
        "interval": "1s",
        "retries": 60,
    }
    play = Playbook(kept)
    play.task("slow", "host", {"containers": {"web": {**SLEEP, "healthcheck": slow}}})
    outcome = play.run()
    outcome.ok("slow")
    shown = [line for line in outcome.text.splitlines() if line.startswith(f"  {kept.name}: ")]
    assert any("WaitContainer web ready ..." in line for line in shown), outcome.text
    assert any(line.endswith("StartContainer web ok") for line in shown), outcome.text


@pytest.mark.flavour_in_turn
def test_another_version_is_said_and_done_without(kept: Host) -> None:
    kept.run('sed -i \'s/"digest": "[0-9a-f]*"/"digest": "0"/\' /run/stowage/runtime.json')
    play = Playbook(kept)
    play.task("host", "host", {"containers": {"web": SLEEP}})
    play.task("back", "rollback", {"scope": "host"})
    play.task("role", "ansible.builtin.include_role", ROLE)
    outcome = play.run()
    assert "is another one than this collection's" in outcome.text
    assert outcome.ok("host")["changed"]
    assert "no runtime keeps this host" in outcome.failed("back")
    # It is kept all the same: store and lock are one.
    until(lambda: status(kept)["scopes"].get("host", {}).get("state") == "as declared")
    kept.engine("DELETE", "/containers/web?force=1")
    until(lambda: running(kept, "web"))


@pytest.mark.flavour_in_turn
def test_work_in_the_background_reaches_the_runtime_as_well(kept: Host) -> None:
    play = Playbook(kept)
    play.task("host", "host", {"containers": {"web": SLEEP}}, **{"async": 60, "poll": 1})
    play.task("info", "runtime_info", {}, **{"async": 60, "poll": 1})
    outcome = play.run()
    assert outcome.ok("host")["changed"]
    assert outcome.ok("info")["present"]
    until(lambda: status(kept)["scopes"].get("host", {}).get("state") == "as declared")


@pytest.mark.flavour_in_turn
def test_without_a_runtime_nothing_is_there_to_go_back_to(place: Host) -> None:
    play = Playbook(place)
    play.task("host", "host", {"containers": {"web": SLEEP}})
    play.task("info", "runtime_info", {})
    play.task("back", "rollback", {"scope": "host"})
    outcome = play.run()
    assert outcome.ok("info")["present"] is False
    assert "no runtime keeps this host" in outcome.failed("back")


@pytest.mark.flavour_in_turn
def test_its_removal_leaves_containers_and_versions(kept: Host) -> None:
    play = Playbook(kept)
    play.task("host", "host", {"containers": {"web": SLEEP}})
    play.snapshot("before")
    role(play, "absent", runtime_state="absent")
    play.snapshot("after")
    role(play, "back")
    outcome = play.run()
    kept.run("systemctl is-active stowage || /etc/init.d/stowage status")
    assert outcome.code == 0, outcome.text[-4000:]
    before, after = outcome.json("before"), outcome.json("after")
    assert scene.identity(before, "web") == scene.identity(after, "web")
    assert status(kept)["scopes"]["host"]["version"] == 1
