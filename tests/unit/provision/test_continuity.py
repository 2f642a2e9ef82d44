# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that ran run again."""

from provision.continuity import start_again
from provision.errors import ProvisionError


class Engine:
    def __init__(self, running, broken=()):
        self.ids, self.broken, self.started = list(running), broken, []

    def running(self):
        return self.ids

    def start(self, container):
        if container in self.broken:
            raise ProvisionError("no such container")
        self.started.append(container)


def test_those_that_do_not_run_are_started():
    engine = Engine(["a"], broken=["c" * 64])
    told = start_again(engine, ["a", "b", "c" * 64])
    assert engine.started == ["b"]
    assert told == ["container cccccccccccc ran before and cannot be started again: no such container"]


def test_nothing_ran():
    assert start_again(None, []) == []
