# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an engine's documents to removals, on an engine that answers from a table; real ones are in tests/engine."""

from __future__ import annotations

import pytest

from stowage.errors import Conflict, NotFound, ServerFault
from stowage.pruning import tidying
from stowage.pruning.stock import Owners
from stowage.pruning.wanted import Wanted

ADDRESS = "unix:///run/docker.sock"
BASE = ["sha256:" + "b" * 64]


class Engine:
    """Enough of an engine: what is listed, and what was removed; ``refusals`` are raised for their names."""

    def __init__(self, **refusals):
        self.refusals = refusals
        self.removed = []
        self.asked = []
        self.containers = self.images = self.networks = self.volumes = self.system = Group(self)


class Group:
    def __init__(self, engine):
        self.engine = engine


def engine(**refusals):
    made = Engine(**refusals)

    def remove(name, **_options):
        made.removed.append(name)
        if name in made.refusals:
            raise made.refusals[name]

    def group(listed, **more):
        found = Group(made)
        found.list = lambda **_options: listed
        found.remove = remove
        for name, function in more.items():
            setattr(found, name, function)
        return found

    made.containers = group(
        [
            {"Id": "c1", "Names": ["/job"], "State": "exited", "ImageID": "sha256:job", "Created": 1},
            {"Id": "c2", "Names": ["/web"], "State": "running", "ImageID": "sha256:web", "Created": 1},
        ],
        inspect=lambda _id: {"State": {"FinishedAt": "2026-01-01T00:00:00Z"}},
    )
    made.images = group(
        [
            {"Id": "sha256:job", "RepoTags": ["job:1", "job:2"], "Size": 30, "Created": 1},
            {"Id": "sha256:web", "RepoTags": ["web:1"], "Size": 30, "Created": 1},
        ],
        inspect=lambda _id: {"RootFS": {"Layers": BASE}, "Metadata": {"LastTagTime": "2026-01-01T00:00:00Z"}},
        history=lambda _id: [{"Size": 0}, {"Size": 20}],
    )
    made.networks = group(
        [{"Id": "n1", "Name": "stray", "Scope": "local"}, {"Id": "n0", "Name": "bridge", "Scope": "local"}]
    )
    made.volumes = group([{"Name": "cluster", "ClusterVolume": {}}, {"Name": "data"}])

    def df(types):
        made.asked.append(list(types))
        return {
            "Containers": [{"Id": "c1", "SizeRw": 4}],
            "Images": [{"Id": f"sha256:{name}", "Size": 30, "SharedSize": 20} for name in ("job", "web")],
            "Volumes": [{"Name": "data", "UsageData": {"Size": 9}}],
            "BuildCache": [{"ID": "r1", "Size": 3}],
        }

    pruned = made.removed.append
    made.system = group([], df=df, prune_build_cache=lambda filters, **_all: pruned(filters["id"][0]))
    return made


EVERYTHING = Wanted(containers=True, images="all", networks=True, volumes="all", build_cache=True)


@pytest.fixture(autouse=True)
def nobody_declared_anything(monkeypatch):
    monkeypatch.setattr(tidying, "owners_at", lambda _address, _environ: Owners())


def run(made, *, check, wanted=EVERYTHING):
    return tidying.tidy(made, ADDRESS, wanted, check=check, lock_timeout=1.0)


def test_a_dry_run_tells_what_the_run_removes_and_removes_nothing():
    made = engine()
    ahead = run(made, check=True)
    assert made.removed == []
    done = run(made, check=False)
    assert (
        done["plan"]
        == ahead["plan"]
        == [
            "RemoveContainer job (stopped since 2026-01-01T00:00:00Z, 4 B)",
            "RemoveImage job:1 (not used, 10 B)",
            "RemoveNetwork stray (no container is in it)",
            "RemoveVolume data (no container mounts it, named, 9 B)",
            "RemoveCache r1 (record r1, not used, 3 B)",
        ]
    )
    assert done["bytes"] == ahead["bytes"] == 4 + 10 + 9 + 3
    assert made.removed == ["c1", "job:1", "job:2", "n1", "data", "^r1$"]
    assert {step["status"] for step in ahead["removals"]} == {"planned"}
    assert {step["status"] for step in done["removals"]} == {"done"}
    assert done["summary"] == {"containers": 1, "images": 1, "networks": 1, "volumes": 1, "build_cache": 1}


def test_sizes_are_asked_only_of_what_may_go():
    made = engine()
    run(made, check=True, wanted=Wanted(networks=True))
    run(made, check=True, wanted=Wanted(volumes="anonymous"))
    assert made.asked == [["volume"]]


def test_what_somebody_began_to_use_stays_and_is_told():
    done = run(engine(n1=Conflict("has active endpoints", status=409)), check=False)
    assert not done["failed"]
    assert done["warnings"] == ["network stray stays: has active endpoints"]
    assert [step["status"] for step in done["removals"]] == ["done", "done", "stayed", "done", "done"]


def test_what_is_gone_already_is_done():
    done = run(engine(c1=NotFound("no such container", status=404)), check=False)
    assert done["removals"][0]["status"] == "done"
    assert not done["failed"]


def test_a_failure_is_one_and_the_rest_goes_on():
    made = engine(data=ServerFault("device is busy", status=500))
    done = run(made, check=False)
    assert done["failed"]
    assert done["msg"] == "volume data: device is busy"
    assert made.removed[-1] == "^r1$"
