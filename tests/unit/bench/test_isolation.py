# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of isolation: each runtime against runc in the same round."""

from __future__ import annotations

from bench import isolation


def sample(runtime: str, number: int, factor: float) -> dict[str, object]:
    """One round of one runtime."""
    figures = {"start_seconds": 0.2 * factor, "memory_bytes": 10e6 * factor, "call_seconds": 1e-7 * factor}
    return {"runtime": runtime, "round": number, "start_cpu_seconds": 0.1 * factor, **figures}


SAMPLES = [
    *(sample("runc", number, busy) for number, busy in ((1, 1), (2, 10))),
    *(sample("runsc", number, 7 * busy) for number, busy in ((1, 1), (2, 10))),
]


def test_a_round_in_which_the_host_was_busy_does_not_change_the_ratio():
    assert [round(ratio, 6) for ratio in isolation.ratios(SAMPLES, "runsc", "start_seconds")] == [7, 7]


def test_all_kinds_are_told_for_who_took_part():
    text = isolation.text_of({"samples": SAMPLES, "versions": ["runc version 1.1.15"]})
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("runsc")] == ["7.00"] * 4
    assert "crun" not in text
    assert "runc version 1.1.15" in text
