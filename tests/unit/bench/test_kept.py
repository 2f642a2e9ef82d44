# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of the runtime, and of a soak."""

from __future__ import annotations

import pytest

from bench import kept, resident

MEMORY = {"resident_bytes": 30_000_000, "anonymous_bytes": 20_000_000, "peak_bytes": 33_000_000, "cpu_seconds": 1.5}
STEPS = {"removed": 0.1, "created": 0.2, "started": 0.3, "all": 0.6}
RUNTIME = {
    "repairs": [STEPS],
    "beside": [{"created": 0.1, "started": 0.3, "all": 0.4}],
    "memory": {
        resident.NOTHING: {**MEMORY, "resident_bytes": 40_000_000},
        "after a deploy": MEMORY,
        "after a look": {**MEMORY, "resident_bytes": 31_000_000},
    },
    "idle": {"seconds": 120.0, "looks": 4, **resident.idle_of([0.0] * 119 + [0.03], 0.5, 60, looks=4)},
    "pairs": [{"ping": 1.0, "host": 0.9}],
}
SOAK = {
    "minutes": 10.0,
    "seed": 7,
    "containers": 24,
    "healed": [
        {"kind": "removed", "seconds": 0.5, "disturbed": False},
        {"kind": "removed", "seconds": 7.0, "disturbed": True},
        {"kind": "file changed", "seconds": 9.0, "disturbed": False},
    ],
    "open": [],
    "refused": [],
    "away": {"runtime killed": [1.5, 2.5], "engine restarted": [15.0]},
    "restart_seconds": 11.0,
    "touched": [],
    "cpu_seconds": 12.0,
    "resident_bytes": 25_000_000,
    "peak_bytes": 29_000_000,
    "events": {"repair": 3, "held": 0},
    "words": {},
}


def reached(targets) -> dict[str, float]:
    return {name: value for name, _target, value, _unit, _digits in targets}


def test_the_most_memory_counts_from_when_the_containers_are_there():
    assert reached(kept.targets_of_runtime(RUNTIME))["runtime: resident memory, 100 containers"] == 31.0


def test_all_figures_of_the_runtime_have_a_target():
    targets = {name: (target, unit) for name, target, _reached, unit, _digits in kept.targets_of_runtime(RUNTIME)}
    assert list(targets.values()) == [(1.0, " s"), (32, " MB"), (0.1, " %"), (1.0, "")]


def test_the_runtime_is_told_with_each_step_of_a_repair():
    text = kept.text_of_runtime(RUNTIME)
    assert "100 (100-100)" in text
    assert "0.010 % of a core" in text
    assert "0.90 (0.90-0.90)" in text


def test_what_was_disturbed_and_what_nobody_tells_of_do_not_blur_the_rest():
    lines = {line.partition("  ")[0]: line.split()[-4:] for line in kept.text_of_soak(SOAK).splitlines()}
    assert lines["removed"] == ["1", "0.50", "0.50", "0.50"]
    assert lines["all of these but files, of which nobody tells"] == ["1", "0.50", "0.50", "0.50"]
    assert lines["meanwhile, runtime or engine went away"] == ["1", "7.00", "7.00", "7.00"]
    assert lines["runtime killed, until back and all well"] == ["2", "2.00", "2.50", "2.50"]


@pytest.mark.parametrize(
    ("key", "value", "target"),
    [
        ("open", ["removed web"], "soak: spoilt and not repaired"),
        ("touched", ["stranger: Id a -> b"], "soak: touched of what is not declared"),
        ("events", {"held": 1}, "soak: objects held back"),
    ],
)
def test_what_must_not_be_is_a_target_missed_and_told(key, value, target):
    assert set(reached(kept.targets_of_soak(SOAK)).values()) == {0}
    soak = {**SOAK, key: value}
    assert reached(kept.targets_of_soak(soak))[target] == 1
    assert isinstance(value, dict) or value[0] in kept.text_of_soak(soak)


def test_a_soak_in_which_nothing_was_repaired_is_told_too():
    assert "not repaired: removed web" in kept.text_of_soak({**SOAK, "healed": [], "open": ["removed web"]})


def test_the_same_is_told_once_whichever_container_it_was_about():
    words = {f"the name /web is taken by {digit * 64}": 2 for digit in "ab"}
    assert "said 4 times: the name /web is taken by ..." in kept.text_of_soak({**SOAK, "words": words})
