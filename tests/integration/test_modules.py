# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for single objects, in all their states, beside each other and beside a whole document."""

from __future__ import annotations

import pytest

from tests.hosts import Host
from tests.integration import scene
from tests.integration.playbook import Outcome, Playbook
from tests.integration.test_containers import REPLACE

APP = {"name": "app", "image": "stowage-test/web:1", "command": ["sleep", "1000"], "stop_timeout": 0, "monitor": 0}


@pytest.mark.flavour_in_turn
def test_each_object_by_its_own_module(place: Host) -> None:
    app = {
        **APP,
        "networks": [{"name": "net", "aliases": ["alias"]}],
        "volumes": ["vol:/data"],
        "env": {"MODE": "live"},
    }
    play = Playbook(place)
    play.converge("network", "network", {"name": "net", "ipam_config": [{"subnet": "10.77.20.0/24"}]})
    play.converge("volume", "volume", {"name": "vol", "labels": {"tier": "data"}})
    play.converge("container", "container", app)
    play.converge("document", "host", {"scope": "other", "volumes": {"theirs": {}}})
    play.converge("stopped", "container", {**app, "state": "stopped"})
    play.converge("present", "container", {**app, "state": "present"})
    play.snapshot("stopped")
    play.converge("started", "container", {**app, "state": "started"})
    play.snapshot("started")
    play.task("restart check", "container", {**app, "state": "restarted"}, check_mode=True)
    play.task("restart", "container", {**app, "state": "restarted"})
    play.snapshot("restarted")
    play.task("recreate", "container", {**app, "recreate": True})
    play.snapshot("recreated")
    play.converge("env", "container", {**app, "env": {}, "memory": "64M", "restart_policy": "always"})
    play.converge("network again", "network", {"name": "net", "ipam_config": [{"subnet": "10.77.21.0/24"}]})
    play.snapshot("moved")
    play.task("in use", "network", {"name": "net", "state": "absent"})
    play.task("volume in use", "volume", {"name": "vol", "state": "absent"})
    play.converge("no container", "container", {"name": "app", "state": "absent"})
    play.converge("no network", "network", {"name": "net", "state": "absent"})
    play.converge("no volume", "volume", {"name": "vol", "state": "absent"})
    play.converge("tag", "image", {"name": "other", "tag": "7", "tag_of": "stowage-test/web:2"})
    play.converge("no tag", "image", {"name": "other:7", "state": "absent"})
    play.task("info", "host_info", {})
    play.snapshot("end")
    _shows_each_object(play.run())


def _shows_each_object(outcome: Outcome) -> None:
    outcome.converged("network", "CreateNetwork")
    assert outcome["network/apply"]["network"]["driver"] == "bridge"
    outcome.converged("volume", "CreateVolume")
    created = outcome.converged("container", "CreateContainer", "StartContainer")
    assert created["container"]["status"] == "running"
    outcome.converged("document", "CreateVolume")
    outcome.converged("stopped", "StopContainer")
    outcome.converged("present")
    assert outcome.json("stopped")["containers"]["app"]["State"]["Status"] == "exited"
    outcome.converged("started", "StartContainer")
    assert outcome["restart check"]["plan"] == outcome["restart"]["plan"]
    assert outcome.ok("restart")["changed"] is True
    started, restarted = outcome.json("started"), outcome.json("restarted")
    assert started["containers"]["app"]["Id"] == restarted["containers"]["app"]["Id"]
    assert scene.identity(started, "app") != scene.identity(restarted, "app")
    assert outcome.ok("recreate")["changed"] is True
    assert outcome.json("recreated")["containers"]["app"]["Id"] != restarted["containers"]["app"]["Id"]
    outcome.converged("env", *REPLACE)
    steps = ["DisconnectNetwork", "RemoveNetwork", "CreateNetwork", "ConnectNetwork"]
    outcome.converged("network again", "CreateVolume", *steps, "RemoveVolume")
    endpoint = outcome.json("moved")["containers"]["app"]["NetworkSettings"]["Networks"]["net"]
    assert endpoint["IPAddress"].startswith("10.77.21.")
    assert "alias" in endpoint["Aliases"]
    assert "in use by app" in outcome.failed("in use")
    assert "in use by app" in outcome.failed("volume in use")
    outcome.converged("no container", "StopContainer", "RemoveContainer")
    outcome.converged("no network", "RemoveNetwork")
    outcome.converged("no volume", "RemoveVolume")
    outcome.converged("tag", "TagImage")
    outcome.converged("no tag", "RemoveImage")
    end = outcome.json("end")
    assert sorted(end["volumes"]) == ["theirs"], "no document takes what a single module declared, nor the reverse"
    assert outcome.ok("info")["scopes"]["other"]["volumes"] == ["theirs"]


@pytest.mark.flavour_in_turn
def test_host_info_tells_what_has_drifted(place: Host) -> None:
    def document(scope: str) -> dict[str, object]:
        service = {"image": "stowage-test/web:1", "command": ["sleep", "1000"], "mem_limit": "64m"}
        service |= {"ports": ["127.0.0.1::80"], "healthcheck": {"test": ["CMD", "true"], "interval": "1s"}}
        return {"scope": scope, "monitor": 0, "containers": {scope: {**service, "stop_grace_period": "0s"}}}

    play = Playbook(place)
    play.task("one", "host", document("one"))
    play.task("two", "host", document("two"))
    play.task("as declared", "host_info", {})
    play.engine("drift", "POST", "/containers/two/update", {"Memory": 96 << 20, "MemorySwap": -1})
    play.task("drifted", "host_info", {})
    play.task("of one", "host_info", {"scope": "one"})
    play.task("not asked", "host_info", {"drift": False}, check_mode=True)
    outcome = play.run()
    calm = outcome.ok("as declared")
    assert {scope: entry["drifted"] for scope, entry in calm["drift"].items()} == {"one": False, "two": False}
    assert calm["changed"] is False
    # The engine's list tells these otherwise than an inspect does, and both modules the same.
    assert calm["containers"]["one"] == outcome["one"]["containers"]["one"]
    assert calm["containers"]["one"]["health"] == "healthy"
    assert calm["containers"]["one"]["networks"]["bridge"].startswith("172.")
    assert calm["containers"]["one"]["ports"][0]["target"] == 80
    drifted = outcome.ok("drifted")["drift"]
    assert (drifted["one"]["drifted"], drifted["two"]["drifted"]) == (False, True)
    assert "UpdateContainer two" in drifted["two"]["plan"][0]
    assert list(outcome.ok("of one")["drift"]) == ["one"]
    assert "drift" not in outcome.ok("not asked")
    assert outcome["not asked"]["containers"]["one"]["scope"] == "one"
    assert outcome["not asked"]["engine"]["version"]
