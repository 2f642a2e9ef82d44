# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and volumes on real engines."""

from __future__ import annotations

import pytest

from stowage import errors
from stowage.engine.client import Engine

from .conftest import LABEL, LABELS
from .test_containers import make, run


def test_a_network_lives_and_dies(engine: Engine) -> None:
    networks = engine.networks
    oid = networks.create("engine-client-net", {"Driver": "bridge", "Internal": True, "Labels": LABELS})["Id"]
    assert networks.inspect("engine-client-net")["Id"] == oid
    assert [one["Name"] for one in networks.list(labels=[LABEL])] == ["engine-client-net"]
    assert [one["Id"] for one in networks.list(names=["engine-client-n"])] == [oid]
    container = run(engine, "member", HostConfig={"NetworkMode": "none"})
    with pytest.raises(errors.EngineError, match="none"):
        networks.connect(oid, container)
    other = make(engine, "other")
    networks.connect(oid, other, {"Aliases": ["db"]})
    assert "db" in engine.containers.inspect(other)["NetworkSettings"]["Networks"]["engine-client-net"]["Aliases"]
    engine.containers.start(other)
    assert list(networks.inspect(oid)["Containers"]) == [other]
    with pytest.raises(errors.EngineError, match="active endpoints"):
        networks.remove(oid)
    networks.disconnect(oid, other)
    assert networks.inspect(oid)["Containers"] == {}
    networks.remove(oid)
    with pytest.raises(errors.NotFound):
        networks.inspect(oid)


def test_no_two_networks_of_one_name(engine: Engine) -> None:
    engine.networks.create("engine-client-net", {"Labels": LABELS, "Internal": True})
    with pytest.raises(errors.Conflict, match="already exists"):
        engine.networks.create("engine-client-net", {"Labels": LABELS, "Internal": True})


def test_a_volume_lives_and_dies(engine: Engine) -> None:
    volumes = engine.volumes
    made = volumes.create("engine-client-vol", {"Labels": LABELS})
    assert made["Name"] == "engine-client-vol"
    assert volumes.create("engine-client-vol", {"Labels": LABELS})["Mountpoint"] == made["Mountpoint"]
    assert volumes.inspect("engine-client-vol")["Labels"] == LABELS
    nameless = volumes.create("", {"Labels": LABELS})["Name"]
    assert {one["Name"] for one in volumes.list(labels=[LABEL])} == {"engine-client-vol", nameless}
    assert [one["Name"] for one in volumes.list(names=["engine-client-vo"])] == ["engine-client-vol"]
    user = make(engine, "user", HostConfig={"Binds": ["engine-client-vol:/data"]})
    with pytest.raises(errors.Conflict, match="in use"):
        volumes.remove("engine-client-vol")
    engine.containers.remove(user)
    volumes.remove("engine-client-vol")
    with pytest.raises(errors.NotFound):
        volumes.inspect("engine-client-vol")


def test_anonymous_volumes_go_with_their_container_only_if_asked(engine: Engine) -> None:
    volumes = engine.volumes

    def all_names() -> set[str]:
        return {one["Name"] for one in volumes.list()}

    for along in (True, False):
        oid = make(engine, "anonymous", Volumes={"/data": {}})
        [mount] = engine.containers.inspect(oid)["Mounts"]
        assert mount["Name"] in all_names()
        engine.containers.remove(oid, volumes=along)
        assert (mount["Name"] in all_names()) is not along
    volumes.remove(mount["Name"])
