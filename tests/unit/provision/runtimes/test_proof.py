# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a proof is made, what it takes to pass, and that nothing of it stays.

The engine is a table of what containers say; real ones run in the molecule scenario engine-runtimes.
"""

from __future__ import annotations

import time

import pytest

from provision.commands import Commands
from provision.errors import ProvisionError
from provision.files import Files
from provision.memory import Memory
from provision.runtimes import proof

OWN = "Linux 4.4.0 #1 SMP"


class Refused(Exception):
    """What the engine raises."""


class Engine:
    """An engine whose containers say what ``kernels`` has for their runtime; an exception is raised at the start."""

    def __init__(self, **kernels):
        self.kernels = {"runc": proof.host_kernel(), **kernels}
        self.version = "26.1.5"
        self.there, self.loaded, self.ran = {}, [], []
        self.containers = self.images = self.system = self

    def info(self):
        known = {name: {"path": f"/usr/bin/{name}", "status": {"of": "its own"}} for name in self.kernels}
        return {"ServerVersion": self.version, "Runtimes": known}

    def list(self, *, all, labels):  # noqa: A002 - the engine's word
        return [{"Id": name, "Created": made} for name, (_, made) in self.there.items()]

    def create(self, name, body):
        assert body["Image"] in self.loaded
        assert body["HostConfig"]["NetworkMode"] == "none"
        self.there["c1"] = (body["HostConfig"]["Runtime"], time.time())
        return {"Id": "c1"}

    def start(self, container):
        runtime = self.there[container][0]
        self.ran.append(runtime)
        if isinstance(self.kernels[runtime], Exception):
            raise self.kernels[runtime]

    def wait(self, container, condition="", timeout=None):
        return {"StatusCode": 0 if self.kernels[self.there[container][0]] else 1}

    def logs(self, container, *, tty=None):
        return self.kernels[self.there[container][0]].encode(), b"complaint"

    def load(self, archive):
        self.loaded = ["stowage.local/proof:" + proof.make_probe(Commands()).image.partition(":")[2]]

    def remove(self, what, force=False, volumes=False):
        if what in self.loaded:
            self.loaded.remove(what)
        else:
            del self.there[what]


@pytest.fixture
def memory(tmp_path):
    return Memory(Files(str(tmp_path)), proof.PART)


def prove(engine, memory, *names):
    registered = proof.observe(engine, names, Commands())
    return proof.prove(engine, registered, memory, Commands(), Refused)


def test_each_is_run_once_and_then_remembered(memory):
    engine = Engine(crun=proof.host_kernel(), runsc=OWN)
    first = prove(engine, memory, "runc", "crun", "runsc")
    assert engine.ran == ["runc", "crun", "runsc"]
    assert {name: found.kernel for name, found in first.items()} == engine.kernels
    second = prove(engine, memory, "runc", "crun", "runsc")
    assert engine.ran == ["runc", "crun", "runsc"]
    assert all(found.remembered for found in second.values())


def test_another_engine_is_proven_anew(memory):
    engine = Engine()
    prove(engine, memory, "runc")
    engine.version = "28.5.2"
    prove(engine, memory, "runc")
    assert engine.ran == ["runc", "runc"]


@pytest.mark.parametrize(
    ("kernels", "name", "words"),
    [
        ({"runsc": proof.host_kernel()}, "runsc", "not runsc that ran it"),
        ({"crun": OWN}, "crun", "another runtime"),
        ({"crun": ""}, "crun", "complaint"),
        ({"runsc": Refused("cannot run with network enabled in root network namespace")}, "runsc", "--network=host"),
    ],
)
def test_what_does_not_prove_anything_fails_and_is_not_remembered(memory, kernels, name, words):
    engine = Engine(**kernels)
    with pytest.raises(ProvisionError, match=words):
        prove(engine, memory, name)
    assert memory.recall() == {}
    assert (engine.there, engine.loaded) == ({}, [])


def test_one_that_fails_does_not_hide_the_others(memory):
    engine = Engine(crun=Refused("one"), runsc=Refused("two"))
    with pytest.raises(ProvisionError, match=r"crun: one(.|\n)*runsc: two"):
        prove(engine, memory, "crun", "runc", "runsc")
    assert list(memory.recall()["proofs"]) == ["runc"]
    assert (engine.there, engine.loaded) == ({}, [])


def test_what_the_engine_does_not_know_is_told_before_anything_runs(memory):
    engine = Engine()
    with pytest.raises(ProvisionError, match="no runtime kata, only runc"):
        prove(engine, memory, "runc", "kata")
    assert engine.ran == []


def test_what_a_killed_run_left_goes_and_that_of_another_run_stays(memory):
    engine = Engine()
    engine.there = {"old": ("runc", time.time() - 3600), "new": ("runc", time.time())}
    prove(engine, memory, "runc")
    assert list(engine.there) == ["new"]
