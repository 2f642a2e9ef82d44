# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/upgrades.md names the variables of the playbook upgrade_engine, and what may be pruned."""

from __future__ import annotations

import re

from stowage.cli.arguments import parse_arguments
from stowage.pruning.deciding import human
from stowage.pruning.wanted import IMAGES, VOLUMES
from tests.unit.docs.pages import ROOT, blocks, named, tables

PAGE = ROOT / "docs" / "upgrades.md"
TABLES = tables(PAGE)
PLAYBOOK = "\n".join(
    path.read_text()
    for path in [ROOT / "playbooks" / "upgrade_engine.yml", *(ROOT / "playbooks/tasks/upgrade_engine").glob("*.yml")]
)
VARIABLES = {named(row[0])[0]: row[1] for row in TABLES["Upgrading engines"]}


def test_every_variable_has_its_row():
    asked = set(re.findall(r"\b(upgrade_\w+|target|engine_version) \| default\(", PLAYBOOK))
    inner = {"upgrade_after", "upgrade_drained", "upgrade_restarted", "upgrade_words"}
    assert asked - inner == set(VARIABLES) - {"engine_allow_downgrade"}


def test_defaults_are_as_they_are_told():
    for name, told in VARIABLES.items():
        found = re.search(rf"\b{name} \| default\('?([^',)]+)'?\)", PLAYBOOK)
        if found and named(told):
            assert found.group(1) == named(told)[0], name
    assert re.search(r"upgrade_disk_free \| default\((\d+)\)", PLAYBOOK).group(1) == str(1 << 30)


def test_what_may_be_pruned_is_named():
    told = [tuple(named(row[0])) for row in TABLES["Housekeeping"]]
    assert [words[1] for words in told if words[0] == "images"] == list(IMAGES)
    assert [words[1] for words in told if words[0] == "volumes"] == list(VOLUMES)


def test_calls_are_understood():
    calls = [
        line[2:] for block in blocks(PAGE, "console") for line in block.splitlines() if line.startswith("$ stowage")
    ]
    assert [parse_arguments(call.split()[1:]).command for call in calls] == ["prune"]
    assert human(4_100_000 + 12_400_000) in PAGE.read_text()
