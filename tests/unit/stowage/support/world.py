# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that the runtime keeps: a model engine, a real store, a real keeper, and clocks that a test sets."""

from __future__ import annotations

import contextlib
import os

import pytest

from stowage import converge, request
from stowage.agent.journal import Journal
from stowage.agent.keeper import Keeper
from stowage.agent.metrics import Metrics
from stowage.agent.settings import Settings
from stowage.agent.tending import Tending
from stowage.converge import Listener
from stowage.errors import StowageError
from stowage.keeping import Keeping, keep_host
from stowage.manifest import parse_manifest
from stowage.store import Store
from tests.unit.stowage.support.model_engine import ModelEngine
from tests.unit.stowage.support.stacks import BROUGHT, service, stack

WEB = {"containers": {"web": {"image": "app:1"}}}


def web(**keys):
    return {"containers": {"web": {"image": "app:1", **keys}}}


def shop(services=None, name="shop", **keys):
    """A stack without files, whose runs wait for nothing."""
    keys = {"directory": "", "monitor": 0, "wait": False, **keys}
    return stack(name, {"web": service()} if services is None else services, **keys)


class Killed(BaseException):
    """What ends a process at once: nothing that comes after it is done."""


class System:
    """What the keeper asks of the engine itself."""

    def version(self):
        return {"Version": "28.0"}


class World:
    """One host: its engine, its store, its keeper, and clocks that this test sets."""

    def __init__(self, folder, **settings):
        self.now = 1000.0
        self.wall = 1_800_000_000.0
        self.folder = folder
        self.settings = Settings(state=str(folder), **settings)
        self.engine = ModelEngine((1, 45))
        self.engine.system = System()
        for name in ("app:1", "app:2"):
            self.engine.images.have(name)
        self.events = []
        self.restart()

    def restart(self):
        """The runtime starts anew."""
        self.store = Store(str(self.folder), self.engine.address)
        self.journal = Journal([self.events.append])
        self.metrics = Metrics(self.clock_of_the_wall)
        tending = Tending(self.store, self.journal, self.metrics, self.clock, self.clock_of_the_wall)
        self.keeper = Keeper(
            self.engine.address, self.store, self.settings, tending, self.journal, self.clock, self.clock_of_the_wall
        )
        self.keeper.came(self.engine)
        self.look()

    def clock(self):
        return self.now

    def clock_of_the_wall(self):
        return self.wall

    def apply(self, **manifest):
        report = self.keep(manifest).run.report
        self.look()
        self.engine.revive()
        return report

    def keep(self, manifest, **how):
        """A run of the runtime's, and no look after it."""
        document = dict(manifest) if "stacks" in manifest else {"monitor": 0, "wait": False, **manifest}
        keeping = Keeping(how.pop("store", self.store), "test", **{"strict": True, "resident": True, **how})
        return keep_host(self.engine, document, parse_manifest(document), keeping, files=BROUGHT)

    def begin(self, manifest):
        """A run that is killed ahead of its first change."""
        with self.killing(), pytest.raises(Killed):
            self.keep(manifest)

    @contextlib.contextmanager
    def killing(self):
        """Who changes anything in here is killed ahead of the first change."""

        def killed(*_arguments, **_more):
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(converge, "carry_out", killed)
            yield

    @contextlib.contextmanager
    def answering(self):
        """Requests that are answered in here are for this host; with whom they are answered."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(request, "connect", lambda options: (self.engine, self.engine.address))
            yield request.Resident(self.store, "test", Listener())

    @contextlib.contextmanager
    def full_disk(self, method, *scopes):
        """The store refuses this for these scopes, or for all."""
        real = getattr(self.store, method)

        def refuse(*arguments, **more):
            if not scopes or getattr(arguments[0], "scope", arguments[0]) in scopes:
                raise StowageError("cannot write: No space left on device")
            return real(*arguments, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.store, method, refuse)
            yield

    def look(self, after=0.0):
        self.now += after
        self.wall += after
        self.keeper.turn(sorted(self.store.standings()))

    def remove(self, name):
        self.engine.containers.remove(name, force=True)
        self.engine.revive()

    def cut_records(self, size):
        """What a disk may have done to the store meanwhile."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                os.truncate(path, size)

    def damage(self, scope):
        """Cut one scope's record alone."""
        [path] = [path for path in self.folder.rglob("current.json") if path.parent.name == scope]
        os.truncate(path, 5)

    def outcome(self, scope="host"):
        return self.store.standing(scope).version.outcome

    def image_of(self, name):
        return self.engine.containers.named(name)["Image"]

    def set_state(self, name, **state):
        """What became of a container without anybody's doing."""
        self.engine.containers.get(name)["State"].update(state)

    def scope(self, name="host"):
        return self.keeper.status()["scopes"][name]

    def told(self, kind):
        return [event["text"] for event in self.events if event["kind"] == kind]

    def held(self, name="web"):
        return next(entry["held"] for entry in self.scope()["objects"] if entry["name"] == name)

    def status_of(self, name):
        found = self.engine.containers.named(name)
        return found["State"]["Status"] if found else "missing"
