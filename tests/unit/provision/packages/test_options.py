# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of engine_packages, as the host reads them."""

from __future__ import annotations

from provision.packages.model import Archive, Wanted
from provision.packages.options import FINGERPRINTS, SPEC, wanted_of


def options(**given):
    return {name: given.get(name, option["default"]) for name, option in SPEC.items()}


def test_the_defaults_are_those_of_what_is_wanted():
    assert wanted_of(options()) == Wanted(fingerprints=tuple(FINGERPRINTS))


def test_an_archive_is_what_the_action_made_of_it():
    found = wanted_of(options(source="archive", archive={"offers": [{"Package": "x"}], "folder": "/tmp/x"}))
    assert found.archive == Archive([{"Package": "x"}], "/tmp/x")
    assert wanted_of(options(archive="/srv/packages")).archive is None


def test_a_version_that_was_written_with_blanks():
    assert wanted_of(options(version=" 28.5.2 ")).version == "28.5.2"
