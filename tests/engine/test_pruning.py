# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning on real engines: a dry run says what the run then removes. All of it has a label; nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stowage.engine.client import Engine
from stowage.errors import ServerFault
from stowage.pruning import tidying
from stowage.pruning.stock import Owners
from stowage.pruning.wanted import Wanted
from tests.hosts import images

from .conftest import IMAGE, LABELS
from .places import Place

MARK = "io.stowage.test-prune"
MARKED = {**LABELS, MARK: "1"}
WANTED = Wanted(containers=True, images="all", networks=True, volumes="all", labels=(MARK,))


def tidy(engine: Engine, *, check: bool, wanted: Wanted = WANTED) -> dict[str, Any]:
    return tidying.tidy(engine, f"{engine.address}#prune", wanted, check=check, lock_timeout=10)


@pytest.fixture
def held(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One of each kind that nothing uses, and one of each that a stopped container uses."""
    monkeypatch.setattr(tidying, "owners_at", lambda _address, _environ: Owners(images=frozenset(["prune/declared:1"])))
    for number in (1, 2):
        files = {f"f{number}": f"{number}" * 300_000}
        engine.images.load(images.busybox_tar(f"prune/old:{number}", config={"Labels": MARKED}, files=files))
        engine.images.tag(f"prune/old:{number}", "prune/also", str(number))  # from now on it has been here for a moment
    engine.images.load(images.busybox_tar("prune/declared:1", config={"Labels": MARKED}, files={"d": "d"}))
    for name in ("prune-stray", "prune-used"):
        engine.networks.create(name, {"Labels": MARKED})
        engine.volumes.create(name, {"Labels": MARKED})
    host = {"NetworkMode": "prune-used", "Mounts": [{"Type": "volume", "Source": "prune-used", "Target": "/data"}]}
    user = {"Image": IMAGE, "Cmd": ["true"], "Labels": LABELS, "HostConfig": host}
    engine.containers.create("prune-keeps", user)
    done = {"Image": IMAGE, "Cmd": ["sh", "-c", "head -c 50000 /dev/zero >/left"], "Labels": MARKED}
    identity = engine.containers.create("prune-done", done)["Id"]
    engine.containers.start(identity)
    engine.containers.wait(identity, timeout=60)
    yield
    engine.containers.remove("prune-keeps", force=True)
    engine.networks.remove("prune-used")
    engine.volumes.remove("prune-used")
    engine.images.remove("prune/declared:1")


@pytest.mark.usefixtures("held")
def test_what_is_told_goes_and_nothing_else(engine: Engine) -> None:
    recent = tidy(engine, check=True, wanted=Wanted(containers=True, images="all", until=3600, labels=(MARK,)))
    assert recent["plan"] == []
    ahead = tidy(engine, check=True)
    names = {(step["kind"], step["name"]) for step in ahead["removals"]}
    assert names == {
        ("container", "prune-done"),
        ("image", "prune/also:1"),
        ("image", "prune/also:2"),
        ("network", "prune-stray"),
        ("volume", "prune-stray"),
    }
    # Two layers of 300 kB, which no other image has, and what the container wrote.
    assert ahead["bytes"] == sum(step["bytes"] for step in ahead["removals"]) >= 2 * 300_000 + 50_000
    done = tidy(engine, check=False)
    assert (done["plan"], done["bytes"]) == (ahead["plan"], ahead["bytes"])
    assert {step["status"] for step in done["removals"]} == {"done"}, done["removals"]
    assert tidy(engine, check=True)["plan"] == []
    left = {tag for image in engine.images.list() for tag in image.get("RepoTags") or ()}
    assert not {tag for tag in left if tag.startswith(("prune/old", "prune/also"))}
    assert "prune/declared:1" in left


def test_build_cache_that_no_image_shares_goes_as_told(engine: Engine, place: Place) -> None:
    if place.host is None:
        pytest.skip("records have no labels, and this machine's may be somebody's")
    contents = {"Dockerfile": "FROM scratch\nCOPY a /a\nCOPY b /b\n", "a": "a" * 100_000}
    for number in (1, 2):
        context = images.layer_of({**contents, "b": str(number) * 50_000})
        try:
            engine.images.build(context, {"version": 2, "t": (f"prune/built:{number}",)})
        except ServerFault as error:
            pytest.skip(f"this engine's BuildKit wants a session for a context: {error.message}")
    wanted = Wanted(build_cache=True)
    assert tidy(engine, check=True, wanted=Wanted(build_cache=True, until=3600))["plan"] == []
    before = {record["ID"] for record in engine.system.df()["BuildCache"]}
    ahead = tidy(engine, check=True, wanted=wanted)
    done = tidy(engine, check=False, wanted=wanted)
    after = {record["ID"] for record in engine.system.df()["BuildCache"] or ()}
    assert (done["plan"], done["bytes"]) == (ahead["plan"], ahead["bytes"])
    assert before - after == {step["id"] for step in ahead["removals"]} != set()
    assert tidy(engine, check=True, wanted=wanted)["plan"] == []
    for number in (1, 2):
        engine.images.remove(f"prune/built:{number}")


def test_disk_use_by_kind(engine: Engine) -> None:
    found = engine.system.df(["container"])
    assert isinstance(found["Containers"], list)
    if engine.api_version >= (1, 42):
        assert not found.get("Images")
