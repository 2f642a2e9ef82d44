# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs besides the services themselves: one-shots, pre_start containers, hooks after a start and before a stop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.compose import CREATE, REMOVE, REPLACE, SLEEP, kinds, names
from tests.integration.playbook import Playbook

LOG = "cat /var/lib/docker/volumes/app_log/_data/log 2>/dev/null || true"
# A one-shot that has ended is not stopped.
REPLACE_ENDED = [kind for kind in REPLACE if kind != "StopContainer"]
ON_LOG = {"volumes": ["log:/log"]}


def note(word: str) -> list[str]:
    """A command that writes a line to what a test reads afterwards."""
    return ["sh", "-c", f"echo {word} >>/log/log"]


def app(services: dict[str, Any], **options: Any) -> dict[str, Any]:
    definition = {"services": services, "volumes": {"log": None}}
    return {"name": "app", "monitor": 0.2, "definition": definition, **options}


class Story:
    """Tasks whose lines in the log are told apart."""

    def __init__(self, place: Host) -> None:
        self.play = Playbook(place)

    def converge(self, label: str, services: dict[str, Any], **options: Any) -> None:
        self.play.converge(label, "stack", app(services, **options))
        self.play.task(f"{label} log", "ansible.builtin.raw", LOG)

    def told(self) -> tuple[Any, Any]:
        """The outcome, and a function from a label to the lines written by it and all before it."""
        outcome = self.play.run()
        return outcome, lambda label: outcome.ok(f"{label} log")["stdout_lines"]


@pytest.mark.flavour_in_turn
def test_a_one_shot_runs_once_for_each_change(place: Host) -> None:
    once = {**SLEEP, **ON_LOG, "command": note("migrated-1"), "restart": "no"}
    web = {**SLEEP, "depends_on": {"once": {"condition": "service_completed_successfully"}}}
    story = Story(place)
    story.converge("up", {"once": once, "web": web})
    story.play.snapshot("up seen")
    story.converge("web changed", {"once": once, "web": {**web, "environment": {"A": "1"}}})
    story.converge(
        "once changed", {"once": {**once, "command": note("migrated-2")}, "web": {**web, "environment": {"A": "1"}}}
    )
    fails = {**once, "command": ["sh", "-c", "echo cannot migrate; exit 4"]}
    story.play.task("fails", "stack", app({"once": fails, "web": {**web, "environment": {"A": "2"}}}))
    story.play.snapshot("fails seen")
    story.converge(
        "as before", {"once": {**once, "command": note("migrated-2")}, "web": {**web, "environment": {"A": "1"}}}
    )
    story.play.snapshot("end")
    outcome, log = story.told()

    assert kinds(outcome, "up") == sorted(CREATE * 2 + ["CreateNetwork", "CreateVolume"])
    assert log("up") == ["migrated-1"]
    assert kinds(outcome, "web changed") == sorted(REPLACE)
    assert log("web changed") == ["migrated-1"]
    assert kinds(outcome, "once changed") == sorted(REPLACE_ENDED)
    assert log("once changed") == ["migrated-1", "migrated-2"]
    assert "app-once-1.next exited with code 4" in outcome.failed("fails")
    seen = outcome.json("fails seen")["containers"]
    assert seen["app-web-1"]["State"]["Running"]
    assert "A=1" in seen["app-web-1"]["Config"]["Env"], "web is not changed where what it needs has failed"
    kinds(outcome, "as before")
    assert log("as before") == ["migrated-1", "migrated-2"]
    end = outcome.json("end")
    assert names(end) == ["app-once-1", "app-web-1"]
    assert end["containers"]["app-web-1"]["Id"] == seen["app-web-1"]["Id"]


@pytest.mark.flavour_in_turn
def test_pre_start_runs_before_each_new_container_and_hooks_around_it(place: Host) -> None:
    def service(version: str, **more: Any) -> dict[str, Any]:
        return {
            **SLEEP,
            **ON_LOG,
            "environment": {"VERSION": version},
            "pre_start": [
                {"command": note(f"prepare-{version}")},
                {"command": note(f"check-{version}"), "user": "root"},
            ],
            "post_start": [{"command": note(f"started-{version}")}],
            "pre_stop": [{"command": note(f"stopping-{version}")}],
            **more,
        }

    story = Story(place)
    story.converge("up", {"web": service("1")})
    story.converge("changed", {"web": service("2")})
    story.converge("stopped", {"web": service("2")}, state="stopped")
    story.converge("started", {"web": service("2")})
    story.converge("scaled", {"web": service("2", scale=2)})
    story.play.snapshot("scaled seen")
    bad = service("3", scale=2, pre_start=[{"command": ["sh", "-c", "echo no way; exit 5"]}])
    story.play.task("bad", "stack", app({"web": bad}))
    story.play.snapshot("bad seen")
    story.converge("as before", {"web": service("2", scale=2)})
    story.converge("fewer", {"web": service("2")})
    outcome, log = story.told()

    prepared = ["CreateContainer", "StartContainer", "RemoveContainer"] * 2
    assert kinds(outcome, "up") == sorted([*CREATE, *prepared, "RunHook", "CreateNetwork", "CreateVolume"])
    lines = ["prepare-1", "check-1", "started-1"]
    assert log("up") == lines
    assert kinds(outcome, "changed") == sorted([*REPLACE, *prepared, "RunHook", "RunHook"])
    lines += ["prepare-2", "check-2", "stopping-2", "started-2"]
    assert log("changed") == lines, "the old one is told what the new declaration says, once all is prepared"
    outcome.converged("stopped", "RunHook", "StopContainer")
    lines += ["stopping-2"]
    assert log("stopped") == lines
    kinds(outcome, "started")
    lines += ["started-2"]
    assert log("started") == lines, "nothing is prepared for a container that is there"
    assert kinds(outcome, "scaled") == sorted([*CREATE, "RunHook"])
    lines += ["started-2"]
    assert log("scaled") == lines, "another replica finds all prepared"
    scaled, bad = outcome.json("scaled seen"), outcome.json("bad seen")
    message = outcome.failed("bad")
    assert "app-web-pre_start-1 exited with code 5" in message
    assert "no way" in message
    assert scene.identity(bad, "app-web-1", "app-web-2") == scene.identity(scaled, "app-web-1", "app-web-2")
    assert kinds(outcome, "as before") == ["RemoveContainer"], "what is left of the failed pre_start, for its log"
    assert log("as before") == lines
    assert kinds(outcome, "fewer") == sorted([*REMOVE, "RunHook"])
    assert log("fewer") == [*lines, "stopping-2"]
