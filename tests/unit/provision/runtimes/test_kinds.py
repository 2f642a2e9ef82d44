# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected of a runtime, and what is advised where one refuses."""

from __future__ import annotations

import pytest

from provision.runtimes.kinds import advice, kind_of


@pytest.mark.parametrize(
    ("name", "program", "own"),
    [
        ("runc", "runc", False),
        ("crun", "/usr/bin/crun", False),
        ("runsc", "/usr/bin/runsc", True),
        ("kata", "", True),
        ("sandboxed", "/usr/local/bin/runsc", True),  # by its program
        ("youki", "/usr/local/bin/youki", False),
    ],
)
def test_who_has_a_kernel_of_its_own(name, program, own):
    assert kind_of(name, program).own_kernel == own


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('net namespace "/proc/1/ns/net": cannot run with network enabled in root network namespace', "--network=host"),
        ("OCI runtime create failed: unknown platform: systrap: unknown", "--platform"),
        ("fork/exec /usr/bin/gone: no such file or directory", "install its package"),
        ("Unknown or invalid runtime name: kata", "engine_runtimes"),
        ("qemu: could not open /dev/kvm", "virtualization"),
        ("something else", ""),
    ],
)
def test_refusals_that_were_met_have_an_advice(said, words):
    assert words in advice(said)
    assert bool(advice(said)) == bool(words)
