# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not ours stays as it is, however alike it looks; what a declaration names is adopted without a restart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Playbook
from tests.integration.test_containers import REPLACE, SLEEP


def _foreign(**labels: str) -> dict[str, Any]:
    return {"Image": "stowage-test/web:1", "Cmd": ["sleep", "1000"], "Labels": labels, "StopTimeout": 0}


@pytest.mark.flavour_in_turn
def test_objects_of_others_are_not_touched(place: Host) -> None:
    scope = "io.stowage.scope"
    strangers = {
        "web1": _foreign(),
        "web.next": _foreign(),  # no label says that it replaces anything
        "web-1": _foreign(**{scope: "shop2"}),
        "shop-web": _foreign(**{scope: "shop.staging"}),
        "old-web": _foreign(**{"io.stowage.replaces": "0" * 64}),
        "composed": _foreign(**{"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}),
    }
    service = {**SLEEP, "networks": ["edge"], "volumes": ["data:/data"]}
    shop = {"scope": "shop", "monitor": 0, "networks": {"edge": {}}, "volumes": {"data": {}}}
    play = Playbook(place)
    for name, body in strangers.items():
        play.engine(f"create {name}", "POST", f"/containers/create?name={name}", body)
        play.engine(f"start {name}", "POST", f"/containers/{name}/start")
    play.engine("net", "POST", "/networks/create", {"Name": "edge1", "Labels": {scope: "shop2"}})
    play.engine("net next", "POST", "/networks/create", {"Name": "edge.next"})
    play.engine("vol", "POST", "/volumes/create", {"Name": "data1", "Labels": {scope: "shop2"}})
    play.snapshot("before")
    play.converge("deploy", "host", {**shop, "containers": {"web": service}})
    play.snapshot("deployed")
    play.task("theirs", "host", {**shop, "containers": {"web": service, "web-1": SLEEP}})
    play.task("remove theirs", "host", {**shop, "containers": {"web": service, "web-1": {"state": "absent"}}})
    play.converge("replace", "host", {**shop, "containers": {"web": {**service, "environment": {"V": 2}}}})
    play.converge("remove", "host", {**shop, "networks": {}, "volumes": {"data": {"state": "absent"}}})
    play.snapshot("end")
    outcome = play.run()
    outcome.converged("deploy", "CreateVolume", "CreateNetwork", "CreateContainer", "StartContainer")
    for label in ("theirs", "remove theirs"):
        assert "containers.web-1: the container web-1 belongs to the scope shop2" in outcome.failed(label)
    _replaced_or_refused(outcome)
    before, end = outcome.json("before"), outcome.json("end")
    assert scene.identity(before, *strangers) == scene.identity(end, *strangers)
    assert {"edge1", "edge.next"} <= set(end["networks"])
    assert sorted(end["volumes"]) == ["data1"]
    outcome.converged("remove", "StopContainer", "RemoveContainer", "RemoveNetwork", "RemoveVolume")
    assert sorted(end["containers"]) == sorted(strangers)


def _replaced_or_refused(outcome: Any) -> None:
    """web.next is somebody's: the replacement has no room, and says so before it stops anything."""
    assert "web.next" in outcome.failed("replace/check")
    assert "web.next" in outcome.failed("replace/apply")


@pytest.mark.flavour_in_turn
def test_a_name_like_the_beginning_of_an_id_is_a_name(place: Host) -> None:
    made = place.engine("POST", "/containers/create?name=bystander", _foreign())["Id"]
    place.engine("POST", "/containers/bystander/start")
    names = [made[:length] for length in (2, 4, 6, 12)]
    service = {"scope": "prefix", "monitor": 0}
    play = Playbook(place)
    play.snapshot("before")
    play.converge("deploy", "host", {**service, "containers": dict.fromkeys(names, SLEEP)})
    play.converge(
        "replace", "host", {**service, "containers": {name: {**SLEEP, "environment": {"V": 2}} for name in names}}
    )
    play.converge(
        "stopped",
        "host",
        {**service, "containers": {name: {**SLEEP, "environment": {"V": 2}, "state": "stopped"} for name in names}},
    )
    play.converge(
        "started", "container", {"name": names[0], "scope": "prefix", **SLEEP, "environment": {"V": 2}, "monitor": 0}
    )
    play.converge(
        "restart",
        "host",
        {**service, "containers": {name: {**SLEEP, "environment": {"V": 2}, "mem_limit": "64m"} for name in names}},
    )
    play.converge("remove", "host", service)
    play.task("absent", "container", {"name": made[:5], "state": "absent"})
    play.task("no network", "network", {"name": made[:6], "state": "absent"})
    play.snapshot("end")
    outcome = play.run()
    for label in ("deploy", "replace", "stopped", "started", "restart", "remove"):
        assert outcome.ok(f"{label}/again")["plan"] == [], label
        assert outcome.ok(f"{label}/check")["plan"] == outcome.ok(f"{label}/apply")["plan"]
    assert outcome.ok("absent")["plan"] == []
    assert outcome.ok("no network")["plan"] == []
    before, end = outcome.json("before"), outcome.json("end")
    assert sorted(end["containers"]) == ["bystander"]
    assert scene.identity(before, "bystander") == scene.identity(end, "bystander")


def test_adoption_of_what_somebody_made_by_hand(place: Host) -> None:
    body = {
        **_foreign(owner="hand"),
        "Env": ["MODE=live"],
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8085"}]},
            "Binds": ["kept:/data"],
            "Memory": 64 << 20,
            "RestartPolicy": {"Name": "unless-stopped"},
            "NetworkMode": "handmade",
        },
        "NetworkingConfig": {"EndpointsConfig": {"handmade": {"Aliases": ["web"]}}},
    }
    service = {
        **SLEEP,
        "labels": {"owner": "hand"},
        "environment": {"MODE": "live"},
        "ports": ["127.0.0.1:8085:80"],
        "volumes": ["kept:/data"],
        "mem_limit": "64m",
        "restart": "unless-stopped",
        "networks": ["handmade"],
    }
    shop = {"scope": "adopt", "monitor": 0, "networks": {"handmade": {}}, "volumes": {"kept": {}}}
    play = Playbook(place)
    play.engine("network", "POST", "/networks/create", {"Name": "handmade"})
    play.engine("volume", "POST", "/volumes/create", {"Name": "kept"})
    play.engine("create", "POST", "/containers/create?name=web", body)
    play.engine("start", "POST", "/containers/web/start")
    play.snapshot("before")
    play.converge("as it is", "host", {**shop, "containers": {"web": service}})
    play.snapshot("adopted")
    play.converge("in place", "host", {**shop, "containers": {"web": {**service, "mem_limit": "96m"}}})
    play.snapshot("updated")
    play.converge("not named", "host", {"scope": "adopt"})
    play.snapshot("left")
    play.converge("replaced", "host", {**shop, "containers": {"web": {**service, "environment": {}}}})
    play.snapshot("replaced")
    outcome = play.run()
    outcome.converged("as it is")
    outcome.converged("in place", "UpdateContainer")
    outcome.converged("not named")
    before = outcome.json("before")
    for label in ("adopted", "updated", "left"):
        assert scene.identity(before, "web") == scene.identity(outcome.json(label), "web"), label
    assert {"handmade"} <= set(outcome.json("left")["networks"])
    outcome.converged("replaced", *REPLACE)
    assert outcome.json("replaced")["containers"]["web"]["Config"]["Labels"]["io.stowage.scope"] == "adopt"
