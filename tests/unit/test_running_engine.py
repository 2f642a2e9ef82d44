# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's client as the parts of provision want it."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

from plugins.module_utils import running_engine
from plugins.module_utils.provision.continuity import start_again
from plugins.module_utils.provision.errors import ProvisionError
from plugins.module_utils.running_engine import RunningEngine


def engine_with(monkeypatch, listed):
    """An engine that lists these containers, the newest first as engines do."""

    @contextlib.contextmanager
    def connect(_address, timeout):
        yield SimpleNamespace(containers=SimpleNamespace(list=lambda: listed))

    monkeypatch.setattr(running_engine.Engine, "connect", connect)
    return RunningEngine("/run/engine.sock")


def test_containers_that_run_come_in_the_order_they_were_made(monkeypatch):
    engine = engine_with(monkeypatch, [{"Id": "sidecar", "Labels": {}}, {"Id": "app", "Labels": None}])
    assert engine.running() == ["app", "sidecar"]


def test_tasks_of_a_swarm_are_the_swarms(monkeypatch):
    task = {"Id": "task", "Labels": {"com.docker.swarm.task.id": "x", "com.docker.swarm.service.name": "web"}}
    assert engine_with(monkeypatch, [task, {"Id": "app", "Labels": {"a": "b"}}]).running() == ["app"]


def test_one_that_shares_the_network_of_another_is_started_after_it(monkeypatch):
    class Restarted:
        up: list = []  # noqa: RUF012

        def running(self):
            return self.up

        def start(self, container):
            if container == "sidecar" and "app" not in self.up:
                raise ProvisionError("cannot join network of a non running container: app")
            self.up.append(container)

    ran = engine_with(monkeypatch, [{"Id": "sidecar"}, {"Id": "app"}]).running()
    assert start_again(Restarted(), ran) == []
