# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations that cannot be meant: refused before anything is changed, all errors at once, each with its path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts import Host
from tests.integration.playbook import Playbook
from tests.integration.test_containers import SLEEP

DOCUMENT: dict[str, Any] = {
    "scope": "bad",
    "networks": {"edge": {"drivers": "bridge"}, "in valid": {}},
    "volumes": {"data": {"driver_opts": "none"}},
    "images": {"UPPER:1": {}, "two:1": {"tag_of": "one:1", "load": {"path": "/x.tar", "remote_src": True}}},
    "containers": {
        "unknown-key": {**SLEEP, "imagee": "x"},
        "wrong-type": {**SLEEP, "environment": 5, "privileged": "perhaps", "mem_limit": "much"},
        "ports": {**SLEEP, "ports": ["8080:80", "8080:81", "80:eighty"]},
        "first": {**SLEEP, "ports": ["8090:80"]},
        "rival": {**SLEEP, "ports": ["127.0.0.1:8090:80"]},
        "targets": {**SLEEP, "volumes": ["data:/data", "/srv:/data"]},
        "-name": SLEEP,
        "one": {**SLEEP, "depends_on": ["two"]},
        "two": {**SLEEP, "depends_on": ["one"]},
        "lonely": {**SLEEP, "depends_on": ["nobody"]},
        "no-image": {"command": ["sh"]},
        "network": {**SLEEP, "networks": ["nowhere"]},
        "volume": {**SLEEP, "volumes": ["nothing:/data"]},
        "parent": {**SLEEP, "network_mode": "container:orphan"},
        "good": SLEEP,
    },
}

EXPECTED = (
    "networks.edge.drivers: unknown key",
    'networks["in valid"]: ',
    "volumes.data.driver_opts: expected a mapping",
    'images["UPPER:1"]: ',
    'images["two:1"]: load and tag_of exclude each other',
    "containers.unknown-key.imagee: ",
    "containers.wrong-type.environment: ",
    "containers.wrong-type.privileged: ",
    "containers.wrong-type.mem_limit: ",
    "containers.ports.ports[1]: ",
    "containers.ports.ports[2]: ",
    "containers.rival.ports[0]: port 8090/tcp is published by first too",
    "containers.targets.volumes[1]: ",
    "containers.-name: ",
    "containers.one.depends_on: depends on itself: one -> two -> one",
    "containers.lonely.depends_on.nobody: ",
    "containers.no-image.image: must name an image",
    "containers.network.networks: the network nowhere is not declared and not on the host",
    "containers.volume.volumes[0]: the volume nothing is not declared and not on the host",
    "containers.parent.network_mode: the container orphan is not declared and not on the host",
)


@pytest.mark.flavour_in_turn
def test_everything_wrong_is_told_at_once_and_nothing_is_changed(place: Host) -> None:
    only_the_host_knows = {name: DOCUMENT["containers"][name] for name in ("network", "volume", "parent", "good")}
    play = Playbook(place)
    play.snapshot("before")
    play.task("check", "host", DOCUMENT, check_mode=True)
    play.task("apply", "host", DOCUMENT)
    play.task("host's", "host", {"scope": "bad", "containers": only_the_host_knows})
    play.task("option", "host", {"scoop": "bad", "wait": "perhaps"})
    play.task("scope", "host", {"scope": "Not A Scope"})
    play.task("container", "container", {"name": "app", "imagee": "x", "cpus": "many", "auto_remove": True})
    play.task("service", "container", {"name": "app", **SLEEP, "ports": ["80:eighty"], "restart": "sometimes"})
    play.task("network", "network", {"name": "bridge"})
    play.task("volume", "volume", {"name": "x/y", "recreate": "always"})
    play.task("image", "image", {"name": "a:1", "tag": "2", "build": {"dockerfile": "x"}})
    play.task("no engine", "host", {"scope": "bad", "docker_host": "tcp://127.0.0.1:1"})
    play.snapshot("after")
    outcome = play.run()

    assert outcome.failed("check") == outcome.failed("apply")
    message = outcome.failed("apply")
    missing = [words for words in EXPECTED if words not in message]
    assert not missing, message
    assert len(outcome["apply"]["problems"]) == message.count("\n")
    told = outcome.failed("host's")
    assert all(words in told for words in EXPECTED[-3:]), told
    assert "good" not in told
    assert "scoop" in outcome.failed("option")
    assert "scope: a scope is" in outcome.failed("scope")
    said = outcome.failed("container")
    assert all(words in said for words in ("imagee", "auto_remove: not supported", "cpus")), said
    said = outcome.failed("service")
    assert all(words in said for words in ("ports[0]: ", "restart: ")), said
    assert "the engine's own" in outcome.failed("network")
    assert "recreate" in outcome.failed("volume")
    assert "tag: name has a tag already" in outcome.failed("image")
    assert "tcp://127.0.0.1:1" in outcome.failed("no engine")
    assert all(outcome[label]["changed"] is False for label in ("check", "apply", "host's", "no engine"))
    before, after = outcome.json("before"), outcome.json("after")
    for seen in (before, after):
        assert not seen["containers"]
    assert (before["volumes"], sorted(before["networks"])) == (after["volumes"], sorted(after["networks"]))
