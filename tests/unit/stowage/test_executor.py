# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations reach the object of that name, never one whose id begins like it; and none takes for ever."""

from __future__ import annotations

import pytest

from stowage.errors import EngineTimeout, NotFound
from stowage.executor import Executor, missing_files
from stowage.model import operations as op
from stowage.model.plan import Plan, Step
from stowage.service.confighash import service_hash
from stowage.service.labels import COMPOSE_MOUNTED_IMAGES
from tests.unit.stowage.support.hosts import Host


@pytest.fixture
def host():
    found = Host((1, 51))
    found.engine.containers.make("stranger", {"Image": "app:1"})
    found.engine.containers.start("stranger")
    return found


@pytest.fixture
def lookalike(host):
    """A name nobody has, with which the stranger's id begins."""
    return host.container("stranger")["Id"][:4]


def perform(host, operation):
    executor = Executor(host.engine, lambda reference: None, {}, {}, lambda operation, event: None)
    executor.perform(operation)


TAKING_AWAY = [op.StopContainer, op.RemoveContainer]


@pytest.mark.parametrize("kind", TAKING_AWAY)
def test_what_is_gone_is_not_looked_for_among_ids(host, lookalike, kind):
    perform(host, kind(lookalike, "test"))
    assert host.states() == {"stranger": "running"}


def test_nobody_is_taken_off_a_network_for_another(host, lookalike):
    perform(host, op.DisconnectNetwork("bridge", "test", container=lookalike))
    assert "bridge" in host.container("stranger")["NetworkSettings"]["Networks"]


@pytest.mark.parametrize(
    "operation",
    [
        lambda name: op.StartContainer(name, "test"),
        lambda name: op.RestartContainer(name, "test"),
        lambda name: op.RenameContainer(name, "test", new_name="web"),
        lambda name: op.UpdateContainer(name, "test", body={"Memory": 1 << 26}),
        lambda name: op.WaitContainer(name, "test", condition="running", timeout=1),
        lambda name: op.ConnectNetwork("bridge", "test", container=name),
    ],
)
def test_what_must_be_there_is_missed(host, lookalike, operation):
    with pytest.raises(NotFound, match=lookalike):
        perform(host, operation(lookalike))


def test_a_name_that_could_be_an_id_is_found_by_name(host, lookalike):
    host.engine.containers.make(lookalike, {"Image": "app:1"})
    perform(host, op.StartContainer(lookalike, "test"))
    perform(host, op.RenameContainer(lookalike, "test", new_name="web"))
    perform(host, op.RemoveContainer("web", "test"))
    assert host.states() == {"stranger": "running"}


def test_no_other_network_is_taken_for_one_that_is_gone(host):
    host.engine.networks.make("edge", {})
    lookalike = host.engine.networks.inspect("edge")["Id"][:4]
    perform(host, op.RemoveNetwork(lookalike, "test"))
    assert "edge" in host.engine.networks.all


def test_a_hook_that_hangs_is_given_up(host):
    with pytest.raises(EngineTimeout):
        perform(host, op.RunHook("stranger", "test", hook="post_start", body={"Cmd": ["hang"]}))


# -- labels that hold ids ----------------------------------------------------------------------------

COMPOSE = "com.docker.compose."


def create(host, service, parents=None, image="app:1"):
    body = {"Image": image, "Labels": {"a": "b"}}
    perform(host, op.CreateContainer("web", "test", body=body, compose=service, parents=parents or {}))
    return host.container("web")["Config"]["Labels"]


def test_who_is_no_service_has_no_labels_of_compose(host):
    assert create(host, None) == {"a": "b"}


def test_the_image_and_the_hash_of_the_service(host):
    service = {"image": "app:1", "command": None, "environment": {"A": "1"}}
    labels = create(host, service)
    assert labels == {
        "a": "b",
        COMPOSE + "image": host.engine.images.get("app:1")["Id"],
        COMPOSE + "config-hash": service_hash(service),
    }


@pytest.mark.parametrize(
    "service",
    [
        {"image": "app:1", "network_mode": "service:db"},
        {"image": "app:1", "ipc": "service:db"},
        {"image": "app:1", "volumes_from": ["db:ro"]},
    ],
)
def test_services_whose_namespaces_or_volumes_it_uses_are_hashed_by_their_ids(host, service):
    host.engine.containers.make("shop-db-1", {"Image": "app:1"})
    identity = host.container("shop-db-1")["Id"]
    labels = create(host, service, {"db": "shop-db-1"})
    assert labels[COMPOSE + "config-hash"] == service_hash(service, lambda name: identity)
    assert labels[COMPOSE + "config-hash"] != service_hash(service)


def test_images_that_are_mounted(host):
    mounts = [{"type": "image", "source": "app:2", "target": "/z"}, {"type": "image", "source": "db:1", "target": "/a"}]
    labels = create(host, {"image": "app:1", "volumes": mounts})
    ids = {name: host.engine.images.get(name)["Id"] for name in ("app:2", "db:1")}
    assert labels[COMPOSE_MOUNTED_IMAGES] == f"/a={ids['db:1']},/z={ids['app:2']}"


def test_an_image_is_asked_about_once(host):
    executor = Executor(host.engine, lambda reference: None, {}, {}, lambda operation, event: None)
    for name in ("one", "two"):
        body = {"Image": "app:1", "Labels": {}}
        executor.perform(op.CreateContainer(name, "test", body=body, compose={"image": "app:1"}))
    assert host.engine.reads.count("GET /images/app:1/json") == 1


# -- files -------------------------------------------------------------------------------------------


def test_operations_on_files(host, tmp_path):
    place, brought = str(tmp_path / "shop"), tmp_path / "brought"
    brought.write_text("from a path")
    files = {"sha256:1": b"from memory", "sha256:2": str(brought)}
    executor = Executor(host.engine, lambda reference: None, {}, files, lambda operation, event: None)
    executor.perform(op.WriteFile("a/b", "test", place, "sha256:1", 0o600))
    executor.perform(op.WriteFile("c", "test", place, "sha256:2", 0o644))
    executor.perform(op.MakeDirectory("d", "test", place, 0o700))
    executor.perform(op.SettleFiles(place, "test"))
    executor.perform(op.WriteFile("a/b", "test", place, "sha256:2", 0o644))
    executor.perform(op.RemoveFile("c", "test", place))
    assert (tmp_path / "shop/a/b").read_text() == "from a path"
    assert not (tmp_path / "shop/c").exists()
    executor.perform(op.RestoreFile("a/b", "test", place))
    executor.perform(op.RestoreFile("c", "test", place))
    assert (tmp_path / "shop/a/b").read_text() == "from memory"
    assert (tmp_path / "shop/a/b").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "shop/c").read_text() == "from a path"
    assert (tmp_path / "shop/d").stat().st_mode & 0o777 == 0o700
    executor.perform(op.RemoveFiles(place, "test"))
    assert not (tmp_path / "shop").exists()


def test_files_that_a_plan_needs_from_the_controller():
    write = op.WriteFile("a", "test", "/srv/shop", "sha256:1", 0o644)
    steps = (Step(1, write), Step(2, write), Step(3, op.WriteFile("b", "test", "/srv/shop", "sha256:2", 0o644)))
    plan = Plan("shop", (*steps, Step(4, op.MakeDirectory("d", "test", "/srv/shop", 0o755))))
    assert missing_files(plan, {}) == ["sha256:1", "sha256:2"]
    assert missing_files(plan, {"sha256:1": b"x"}) == ["sha256:2"]
