# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes and what stays, as the plan's own text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stowage.pruning.deciding import human, plan_removals
from stowage.pruning.stock import Cache, Container, Image, Network, Owners, Stock, Volume
from stowage.pruning.wanted import Wanted

NOW = 1_000_000.0
HOUR = 3600.0
OURS = {"io.stowage.scope": "shop"}


def container(name, status="exited", labels=None, image="app", networks=(), volumes=(), age=0.0, size=0):
    return Container(
        f"id-{name}", name, status, labels or {}, f"sha256:{image}", f"{image}:1", frozenset(networks), frozenset(volumes),
        NOW - age, size,
    )  # fmt: skip


def image(name, *names, labels=None, age=0.0, size=10, layers=()):
    return Image(f"sha256:{name}", names, labels or {}, NOW - age, size, layers)


def plan(wanted, owners=None, **held):
    return plan_removals(Stock(NOW, owners=owners or Owners(), **held), wanted)


def lines(*arguments, **held):
    return [f"{step.verb} {step.name}" for step in plan(*arguments, **held).steps]


def test_nothing_goes_that_is_not_asked_for():
    held = {
        "containers": (container("a"),),
        "images": (image("a"),),
        "networks": (Network("n", "n", {}),),
        "volumes": (Volume("v", {}, True),),
        "caches": (Cache("c", "", (), False, False),),
    }
    assert lines(Wanted(), **held) == []
    everything = Wanted(containers=True, images="all", networks=True, volumes="all", build_cache=True)
    assert lines(everything, **held) == [
        "RemoveContainer a",
        "RemoveImage a",
        "RemoveNetwork n",
        "RemoveVolume v",
        "RemoveCache c",
    ]


@pytest.mark.parametrize(
    ("status", "goes"),
    [
        ("exited", True),
        ("dead", True),
        ("created", True),
        ("running", False),
        ("paused", False),
        ("restarting", False),
        ("removing", False),
    ],
)
def test_only_what_does_not_run_goes(status, goes):
    assert lines(Wanted(containers=True), containers=(container("a", status),)) == ["RemoveContainer a"] * goes


def test_what_a_container_uses_stays_and_goes_with_it():
    users = (container("a", networks=["n"], volumes=["v"]),)
    held = {
        "containers": users,
        "images": (image("app", "app:1"),),
        "networks": (Network("n-id", "n", {}),),
        "volumes": (Volume("v", {}, True),),
    }
    rest = Wanted(images="all", networks=True, volumes="all")
    assert lines(rest, **held) == []
    assert lines(replace(rest, containers=True), **held) == [
        "RemoveContainer a",
        "RemoveImage app:1",
        "RemoveNetwork n",
        "RemoveVolume v",
    ]


def test_what_is_declared_stays():
    held = {
        "containers": (container("a", labels=OURS), container("b.next", labels={"io.stowage.replaces": "x"})),
        "networks": (Network("n", "n", OURS),),
        "volumes": (Volume("v", OURS, True), Volume("w", {"io.stowage.endpoint": "{}"}, True)),
    }
    assert lines(Wanted(containers=True, networks=True, volumes="all"), **held) == []


def test_what_compose_made_is_a_declared_stacks_own():
    project = {"com.docker.compose.project": "shop"}
    held = {"containers": (container("shop-web-1", labels=project),), "volumes": (Volume("shop_data", project, False),)}
    wanted = Wanted(containers=True, volumes="all")
    assert lines(wanted, **held) == ["RemoveContainer shop-web-1", "RemoveVolume shop_data"]
    assert lines(wanted, Owners(projects=frozenset(["shop"])), **held) == []


def test_where_declarations_are_not_known_only_build_cache_goes_and_it_is_told():
    held = {
        "containers": (container("a"),),
        "images": (image("x", "x:1"),),
        "networks": (Network("n", "n", {}),),
        "volumes": (Volume("v", {}, True),),
        "caches": (Cache("c", "", (), False, False),),
    }
    everything = Wanted(containers=True, images="all", networks=True, volumes="all", build_cache=True)
    found = plan(everything, Owners(unknown="the record is damaged"), **held)
    assert [step.name for step in found.steps] == ["c"]
    assert found.notes == ("the record is damaged",)


def test_what_was_adopted_has_no_label_and_stays_by_its_name():
    held = {
        "containers": (container("legacy"), container("data")),
        "networks": (Network("n1", "lan", {}), Network("n2", "data", {})),
        "volumes": (Volume("data", {}, False), Volume("lan", {}, False)),
    }
    owners = Owners(names=frozenset([("container", "legacy"), ("network", "lan"), ("volume", "data")]))
    assert lines(Wanted(containers=True, networks=True, volumes="all"), owners, **held) == [
        "RemoveContainer data",
        "RemoveNetwork data",
        "RemoveVolume lan",
    ]


@pytest.mark.parametrize(
    "kept",
    [
        image("x", "x:1", "stowage.local/kept:sha256-x"),
        image("built", "shop/web:1", labels={**OURS, "io.stowage.image": "shop/web:1 shop/web:latest"}),
        image("declared", "other:1"),
        image("by-id", "y:1"),
        image("app", "app:1"),
        image("renamed", "run:1"),
    ],
)
def test_images_that_somebody_needs_stay(kept):
    owners = Owners(images=frozenset(["other:1", "sha256:by-id"]))
    users = (container("a", "running"), replace(container("b", "running"), image="run:1", image_id=""))
    assert lines(Wanted(images="all"), owners, images=(kept,), containers=users) == []


def test_images_made_from_built_ones_and_former_builds_go():
    built = {**OURS, "io.stowage.image": "shop/web:1"}
    held = (image("child", "child:1", labels=built), image("former", labels=built))
    assert lines(Wanted(images="all"), images=held) == ["RemoveImage child:1", "RemoveImage former"]


def test_dangling_images_are_those_without_a_name():
    held = (image("a", "a:1"), image("b", "b@sha256:1"), image("c"))
    assert lines(Wanted(images="dangling"), images=held) == ["RemoveImage c"]


def test_named_volumes_go_only_with_all():
    held = (Volume("data", {}, False), Volume("f" * 64, {}, True))
    assert lines(Wanted(volumes="anonymous"), volumes=held) == [f"RemoveVolume {'f' * 64}"]
    assert len(lines(Wanted(volumes="all"), volumes=held)) == 2


def test_what_was_used_lately_stays():
    held = {
        "containers": (container("new", age=HOUR), container("old", age=3 * HOUR)),
        "images": (image("new", "new:1", age=HOUR), image("old", "old:1", age=3 * HOUR)),
        "networks": (Network("new", "new", {}, NOW - HOUR), Network("old", "old", {}, NOW - 2 * HOUR)),
        "volumes": (Volume("new", {}, True, NOW - HOUR), Volume("old", {}, True, NOW - 2 * HOUR)),
    }
    wanted = Wanted(True, "all", True, "all", until=2 * HOUR)
    assert lines(wanted, **held) == [
        "RemoveContainer old",
        "RemoveImage old:1",
        "RemoveNetwork old",
        "RemoveVolume old",
    ]


def test_what_the_engine_tells_no_time_of_may_be_new():
    held = {
        "containers": (replace(container("a"), since=0.0),),
        "images": (replace(image("a", "a:1"), since=0.0),),
        "networks": (Network("n", "n", {}),),
        "volumes": (Volume("nfs", {}, False),),
        "caches": (Cache("c", "", (), False, False),),
    }
    everything = Wanted(containers=True, images="all", networks=True, volumes="all", build_cache=True)
    assert lines(replace(everything, until=HOUR), **held) == []
    assert len(lines(everything, **held)) == 5


@pytest.mark.parametrize(
    ("labels", "without", "goes"),
    [
        ((), (), ["a", "b"]),
        (("tier",), (), ["a"]),
        (("tier=web",), (), ["a"]),
        (("tier=db",), (), []),
        (("tier", "zone"), (), []),
        ((), ("tier",), ["b"]),
        ((), ("tier=db",), ["a", "b"]),
    ],
)
def test_labels_narrow_it(labels, without, goes):
    held = (container("a", labels={"tier": "web"}), container("b"))
    found = plan(Wanted(containers=True, labels=labels, without=without), containers=held)
    assert [step.name for step in found.steps] == goes


def test_cache_goes_children_first_and_never_what_another_record_needs():
    records = (
        Cache("base", "", (), False, False, 1.0, 5),
        Cache("mid", "", ("base",), False, False, 1.0, 3),
        Cache("leaf", "", ("mid",), False, False, 1.0, 2),
        Cache("used-base", "", (), False, False),
        Cache("used", "", ("used-base",), True, False),
        Cache("of-an-image", "", (), False, True),
        Cache("fresh", "", ("old-base",), False, False, NOW),
        Cache("old-base", "", (), False, False, 1.0),
    )
    found = plan(Wanted(build_cache=True, until=HOUR), caches=records)
    assert [step.id for step in found.steps] == ["leaf", "mid", "base"]
    assert found.size == 10
    assert lines(Wanted(build_cache=True, labels=("x",)), caches=records) == []


def test_layers_that_only_images_share_which_go_together_count_once():
    base, more = ("base", 100), ("base/more", 7)
    held = (
        image("a", "a:1", layers=(base, more)),
        image("b", "b:1", layers=(base, more)),
        image("app", "app:1", layers=(base,)),
    )
    assert plan(Wanted(images="all"), images=held, containers=(container("x", "running"),)).size == 10 + 10 + 7
    assert plan(Wanted(images="all"), images=held).size == 10 + 10 + 10 + 107


def test_a_plan_reads_well():
    held = {
        "containers": (container("job", age=60, size=1500), container("new", "created")),
        "images": (image("0123456789abcdef"),),
        "volumes": (Volume("data", {}, False, 0.0, 5_000_000),),
    }
    found = plan(Wanted(True, "all", False, "all"), **held)
    assert [str(step) for step in found.steps] == [
        "RemoveContainer job (stopped since 1970-01-12T13:45:40Z, 1.5 kB)",
        "RemoveContainer new (never started, made 1970-01-12T13:46:40Z)",
        "RemoveImage 0123456789ab (has no name, 10 B)",
        "RemoveVolume data (no container mounts it, named, 5.0 MB)",
    ]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_345_678, "2.3 MB"), (10**13, "10.0 TB")]
)
def test_sizes_read_well(size, text):
    assert human(size) == text
