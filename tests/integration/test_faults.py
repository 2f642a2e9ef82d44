# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on a host: a clear error, nothing lost, and the next run goes on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, registry
from tests.integration import scene
from tests.integration.playbook import Outcome, Playbook, operations, recorded
from tests.integration.test_containers import REPLACE, SLEEP

PORT = 5002


def document(service: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"scope": "faults", "monitor": 0.5, "containers": {"app": {**SLEEP, **service}}, **more}


@pytest.fixture
def address(place: Host) -> Iterator[str]:
    place.run(f"rm -rf /var/lib/test-registry-{PORT}")
    address = registry.start(place, PORT)
    registry.push(place, f"{scene.WEB}:1", f"{address}/web:1")
    try:
        yield address
    finally:
        place.run(f"systemctl stop test-registry-{PORT}.service", check=False)


def test_a_new_version_that_fails_leaves_the_old_one_running(place: Host, address: str) -> None:
    """Image missing, port taken, exiting at once, unhealthy, refused by the engine, hook failing, registry away."""
    failing = {
        "missing image": {"image": f"{address}/none:1"},
        "port taken": {"ports": ["8087:80"]},
        "exits": {"command": ["sh", "-c", "echo the last words; exit 3"]},
        "restarts": {"command": ["sh", "-c", "echo again and again; exit 4"], "restart": "always"},
        "unhealthy": {
            "command": ["sh", "-c", "echo I am ill >&2; exec sleep 1000"],
            "healthcheck": {"test": ["CMD-SHELL", "echo test says no; false"], "interval": "200ms", "retries": 2},
        },
        "no such command": {"command": ["no-such-command"]},
        "hook": {"environment": {"V": 2}, "post_start": [{"command": ["sh", "-c", "echo hook says no; exit 5"]}]},
    }
    good = document({"image": f"{address}/web:1", "networks": ["edge"]}, networks={"edge": {}})
    play = Playbook(place)
    play.task("listen", "ansible.builtin.raw", "systemd-run --quiet --unit=taker python3 -m http.server 8087")
    play.converge("good", "host", good)
    play.snapshot("before")
    for label, change in failing.items():
        bad = {**good, "containers": {"app": {**good["containers"]["app"], **change}}}
        play.task(f"{label}/check", "host", bad, check_mode=True)
        play.task(f"{label}/apply", "host", bad)
        play.snapshot(f"{label}/seen")
        play.task(f"{label}/back", "host", good)
    play.task("stop registry", "ansible.builtin.raw", f"systemctl stop test-registry-{PORT}.service")
    always = {**good, "images": {f"{address}/web:1": {"pull": "always"}}}
    play.task("registry away", "host", always)
    play.snapshot("registry away/seen")
    play.task("free", "ansible.builtin.raw", "systemctl stop taker")
    ports = {**good, "containers": {"app": {**good["containers"]["app"], **failing["port taken"]}}}
    play.converge("port free", "host", ports)
    outcome = play.run()

    outcome.converged("good", "CreateNetwork", "CreateContainer", "StartContainer")
    before = outcome.json("before")
    for label in failing:
        assert outcome.ok(f"{label}/check")["plan"] == outcome[f"{label}/apply"]["plan"], label
        _runs_as_before(outcome, label, before)
        assert outcome.ok(f"{label}/back")["plan"] == [], f"{label}: {outcome[f'{label}/back']['plan']}"
    _says(outcome, "missing image", "PullImage", f"{address}/none")
    _says(outcome, "port taken", "StartContainer app.next", "address already in use", "rolled back: StartContainer app")
    _says(outcome, "exits", "WaitContainer app.next", "exited with code 3", "the last words")
    _says(outcome, "restarts", "WaitContainer app.next", "exited with code 4", "again and again")
    _says(outcome, "unhealthy", "WaitContainer app.next", "is unhealthy: test says no", "I am ill")
    _says(outcome, "no such command", "StartContainer app.next", "no-such-command")
    _says(outcome, "hook", "RunHook", "code 5", "hook says no")
    away = outcome.failed("registry away")
    assert address in away
    assert "refused" in away
    _same(before, outcome.json("registry away/seen"))
    outcome.converged("port free", *REPLACE)


def _says(outcome: Outcome, label: str, *words: str) -> None:
    message = outcome.failed(f"{label}/apply")
    missing = [word for word in words if word not in message]
    assert not missing, f"{label}: {missing} not in:\n{message}"


def _runs_as_before(outcome: Outcome, label: str, before: dict[str, Any]) -> None:
    seen = outcome.json(f"{label}/seen")
    assert list(seen["containers"]) == ["app"], f"{label}: {list(seen['containers'])}"
    assert seen["containers"]["app"]["Id"] == before["containers"]["app"]["Id"], label
    assert seen["containers"]["app"]["State"]["Status"] == "running", label
    assert "edge" in seen["containers"]["app"]["NetworkSettings"]["Networks"], label


def _same(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert before["containers"]["app"]["Id"] == after["containers"]["app"]["Id"]
    assert after["containers"]["app"]["State"]["Running"]


@pytest.mark.flavour_in_turn
def test_a_first_deploy_that_fails_half_way_is_gone_on_with(place: Host) -> None:
    def documents(broken: bool) -> dict[str, Any]:
        command = ["sh", "-c", "echo cannot find my data; exit 7"] if broken else ["sleep", "1000"]
        database = {**SLEEP, "command": command}
        return {
            "scope": "faults",
            "monitor": 0,
            "networks": {"edge": {}},
            "containers": {
                "db": {**database, "networks": ["edge"], "healthcheck": {"test": "true", "interval": "200ms"}},
                "app": {**SLEEP, "networks": ["edge"], "depends_on": {"db": {"condition": "service_healthy"}}},
                "other": SLEEP,
            },
        }

    play = Playbook(place)
    play.task("stale", "host", {"scope": "faults", "monitor": 0, "containers": {"stale": SLEEP}})
    play.task("broken", "host", documents(broken=True))
    play.snapshot("half")
    play.converge("fixed", "host", documents(broken=False))
    play.snapshot("end")
    outcome = play.run()
    message = outcome.failed("broken")
    for words in ("db", "exited with code 7", "cannot find my data", "later steps were not begun"):
        assert words in message, message
    half = outcome.json("half")["containers"]
    assert half["other"]["State"]["Running"], "what does not depend on it goes on"
    assert half["stale"]["State"]["Running"], "a failed run takes nothing away"
    fixed = outcome.converged("fixed", *operations(outcome["fixed/apply"]))
    assert "stale" in fixed["plan"][-1]
    end = outcome.json("end")["containers"]
    assert sorted(end) == ["app", "db", "other"]
    assert end["other"]["Id"] == half["other"]["Id"]


@pytest.mark.flavours("bookworm", "trixie", "sid")
@pytest.mark.flavour_in_turn
def test_disk_full(host_factory, collection, flavour: str) -> None:
    with host_factory(flavour, fresh=True) as host:
        # The engine's data on 48 MiB: enough for two small images and not for what the build writes.
        host.run(
            "systemctl stop docker docker.socket && mount -t tmpfs -o size=48m tmpfs /var/lib/docker"
            " && systemctl start docker.socket docker"
        )
        host.wait_for_engine()
        scene.prepare(host)
        inline = f"FROM {scene.WEB}:1\nRUN dd if=/dev/zero of=/big bs=1M count=100\n"
        good = document({"volumes": ["data:/data"]}, volumes={"data": {}})
        play = Playbook(host)
        play.converge("good", "host", good)
        play.snapshot("before")
        images = {"big:1": {"build": {"context": ".", "dockerfile_inline": inline}}}
        play.task(
            "build",
            "host",
            {**document({"image": "big:1", "volumes": ["data:/data"]}, volumes={"data": {}}), "images": images},
        )
        play.snapshot("built")
        fill = "dd if=/dev/zero of=/var/lib/docker/volumes/fill bs=64k 2>/dev/null; true"
        play.task("fill", "ansible.builtin.raw", fill)
        changed = document({"image": f"{scene.WEB}:2", "volumes": ["data:/data"]}, volumes={"data": {}})
        play.task("full", "host", changed)
        play.snapshot("full seen")
        play.task("empty", "ansible.builtin.raw", "rm /var/lib/docker/volumes/fill")
        play.converge("room", "host", changed)
        outcome = play.run()
    before = outcome.json("before")
    assert "no space left on device" in outcome.failed("build").lower()
    assert "BuildImage big:1" in outcome.failed("build")
    _same(before, outcome.json("built"))
    assert "no space left on device" in outcome.failed("full").lower()
    _same(before, outcome.json("full seen"))
    assert list(outcome.json("full seen")["containers"]) == ["app"]
    outcome.converged("room", *REPLACE)


@pytest.mark.flavour_in_turn
def test_engine_killed_in_the_middle(place: Host, tmp_path: Path) -> None:
    def replaced(version: int) -> Playbook:
        service = {"restart": "unless-stopped", "environment": {"V": version}, "volumes": ["/anonymous"]}
        play = Playbook(place)
        play.task("apply", "host", {**document(service), "monitor": 4})
        return play

    assert replaced(1).run().ok("apply")["changed"]
    process = replaced(2).start(tmp_path)
    _wait_for(place, "app.next")
    place.kill_engine()
    try:
        _fails_without_engine(place, process, tmp_path)
    finally:
        place.start_engine()
    play = Playbook(place)
    service = {"restart": "unless-stopped", "environment": {"V": 2}, "volumes": ["/anonymous"]}
    play.converge("on", "host", document(service))
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("on", *operations(outcome["on/apply"]))
    end = outcome.json("end")
    assert list(end["containers"]) == ["app"]
    assert end["containers"]["app"]["State"]["Running"]
    assert "V=2" in end["containers"]["app"]["Config"]["Env"]
    assert len(end["volumes"]) == 1, "the anonymous volume moved along, and no other is left"


@pytest.mark.flavour_in_turn
def test_module_killed_in_the_middle(place: Host, tmp_path: Path) -> None:
    first = Playbook(place)
    first.task("old", "host", {**document({"volumes": ["/anonymous"]}), "monitor": 0})
    new = document({"volumes": ["/anonymous"], "environment": {"V": 2}})
    first.task("new", "host", {**new, "monitor": 20})
    process = first.start(tmp_path)
    _wait_for(place, "app.next")
    module = place.run(["pgrep", "-f", "^/usr/bin/python3 -c import sys;sys.version_info"]).stdout.split()
    place.run(["kill", "-9", *module])
    text = process.communicate(timeout=60)[0]
    assert "the host gave no answer" in Outcome(process.returncode, text, recorded(tmp_path)).failed("new")
    play = Playbook(place)
    play.converge("on", "host", new)
    outcome = play.run()
    outcome.converged("on", "StartContainer", "RemoveContainer", "RenameContainer")
    seen = scene.snapshot(place)
    assert list(seen["containers"]) == ["app"]
    assert len(seen["volumes"]) == 1


def _fails_without_engine(place: Host, process: subprocess.Popen[str], tmp_path: Path) -> None:
    text = process.communicate(timeout=120)[0]
    message = Outcome(process.returncode, text, recorded(tmp_path)).failed("apply")
    assert "app.next" in message
    assert "the engine" in message
    away = Playbook(place)
    away.task("away", "host", document({}))
    assert "docker.sock" in away.run().failed("away")


@pytest.mark.flavour_in_turn
def test_two_runs_at_once(place: Host, tmp_path: Path) -> None:
    slow = {**document({"environment": {"V": 2}}), "monitor": 4}
    first = Playbook(place)
    first.task("first", "host", document({}))
    first.task("slow", "host", slow)
    process = first.start(tmp_path)
    _wait_for(place, "app.next")
    play = Playbook(place)
    play.task("at once", "host", {**document({"environment": {"V": 3}}), "lock_timeout": 0})
    play.task("check at once", "host", {**document({}), "lock_timeout": 0}, check_mode=True)
    play.task("single", "volume", {"name": "data", "lock_timeout": 0.2})
    play.task("waits", "host", slow)
    outcome = play.run()
    process.communicate(timeout=60)
    assert not recorded(tmp_path)["slow"].get("failed")
    for label in ("at once", "check at once", "single"):
        message = outcome.failed(label)
        assert "another run is at work" in message
        assert "lock_timeout" in message
    assert outcome.ok("waits")["plan"] == [], "it found the work of the first one done"
    seen = scene.snapshot(place)
    assert list(seen["containers"]) == ["app"]
    assert not seen["volumes"]


def _wait_for(place: Host, name: str) -> None:
    """Wait until a container of that name is there and runs."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        done = place.run([scene.COMMAND, "GET", f"/containers/{name}/json"], check=False)
        if '"Status":"running"' in done.stdout:
            return
        time.sleep(0.1)
    raise AssertionError(f"{name} did not start")
