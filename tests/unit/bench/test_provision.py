# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of the role engine's figures."""

from __future__ import annotations

from bench.provision import targets_of, text_of

FIGURES = {
    "flavour": "trixie-bare",
    "packages": "docker.io",
    "seconds": {"apt": [10.0, 20.0, 30.0], "role": [20.0, 23.0, 50.0], "again": [3.0], "facts": [1.0]},
}


def test_medians_are_held_against_the_targets():
    assert list(targets_of(FIGURES)) == [
        ("role engine: empty host to a running engine / apt alone", 1.2, 1.15, "", 2),
        ("role engine: second run, beyond fact gathering", 5, 3.0, " s", 1),
    ]


def test_the_figures_for_people():
    assert text_of(FIGURES).splitlines()[1].split() == [
        "apt",
        "alone:",
        "update,",
        "install",
        "docker.io",
        "20.0",
        "(10.0-30.0)",
    ]
