# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.unit.stowage.support.golden import app, containers
from tests.unit.stowage.support.hosts import Host

NOWHERE = "is not declared and not on the host"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (containers(web=app(networks=["edge"])), {"$.containers.web.networks": f"the network edge {NOWHERE}"}),
        (
            containers(web=app(volumes=["/a", "data:/d", "/x:/x"])),
            {"$.containers.web.volumes[1]": f"the volume data {NOWHERE}"},
        ),
        (containers(web=app(pid="container:ghost")), {"$.containers.web.pid": f"the container ghost {NOWHERE}"}),
        (
            containers(web=app(volumes_from=["container:ghost:ro"])),
            {"$.containers.web.volumes_from": f"the container ghost {NOWHERE}"},
        ),
        (
            {"networks": {"here": {"state": "absent"}}, **containers(web=app(networks=["here"]))},
            {"$.containers.web.networks": "the network here is declared absent"},
        ),
        (
            {"volumes": {"here": {"state": "absent"}}, **containers(web=app(volumes=["here:/d"], scale=2))},
            {"$.containers.web.volumes[0]": "the volume here is declared absent"},
        ),
        (containers(web={"image": "nope:1", "pull_policy": "never"}),
         {"$.containers.web.image": "nope:1 is not on the host, and pull is never"}),
        ({"images": {"nope:1": {"pull": "never"}}}, {'$.images["nope:1"]': "nope:1 is not on the host, and pull is never"}),
        (
            containers(web=app(healthcheck={"test": ["CMD", "x"], "start_interval": "1s"}, annotations={"a": "b"})),
            {
                "$.containers.web.healthcheck.start_interval": "needs Engine API 1.44, this engine has 1.41",
                "$.containers.web.annotations": "needs Engine API 1.43, this engine has 1.41",
            },
        ),
    ],
)  # fmt: skip
def test_lacking(document, expected):
    host = Host((1, 41))
    host.engine.networks.make("here", {})
    host.engine.volumes.make("here", {})
    assert host.refusals(document) == expected


def test_not_lacking():
    host = Host()
    host.engine.networks.make("theirs", {})
    host.engine.volumes.make("theirs", {})
    host.engine.containers.make("theirs", {"Image": "app:1"})
    host.engine.containers.start("theirs")
    host.engine.revive()
    host.deploy(
        {
            "networks": {"edge": {}},
            "volumes": {"data": {}},
            **containers(
                web=app(networks=["edge", "theirs"], volumes=["data:/d", "theirs:/t", "/anon"]),
                one=app(network_mode="container:theirs"),
                two=app(pid="service:web", volumes_from=["web", "container:theirs"]),
            ),
        }
    )


def test_another_scopes_objects_are_told_all_at_once():
    host = Host()
    host.deploy({"scope": "other", "networks": {"n1": {}}, "volumes": {"v1": {}}, **containers(web=app())})
    kinds = {
        "$.networks.n1": "the network n1",
        "$.volumes.v1": "the volume v1",
        "$.containers.web": "the container web",
    }
    expected = {
        path: f"{what} belongs to the scope other; declare it there, or remove it there first"
        for path, what in kinds.items()
    }
    assert host.refusals({"networks": {"n1": {}}, "volumes": {"v1": {}}, **containers(web=app())}) == expected
    gone = {"state": "absent"}
    assert host.refusals({"networks": {"n1": gone}, "volumes": {"v1": gone}, "containers": {"web": gone}}) == expected
