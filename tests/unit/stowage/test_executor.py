# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations reach the object of that name, never one whose id begins like it; and none takes for ever."""

from __future__ import annotations

import pytest

from stowage.errors import EngineTimeout, NotFound
from stowage.executor import Executor
from stowage.model import operations as op
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
