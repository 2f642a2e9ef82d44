# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/security.md has every setting of each level, every file, every waiver with its reason, and every key of a rule."""

# What is imported depends on what is installed.
# ruff: noqa: E402
from __future__ import annotations

import json

import pytest

yaml = pytest.importorskip("yaml")

from provision.audit.judging import CHECKS
from provision.audit.model import RESULTS
from provision.audit.waivers import WAIVERS
from provision.auditing import WATCHED
from provision.config.declared import FRESH_PROFILES, PROFILES
from provision.firewall import keeping
from provision.hardening import RULES
from provision.protected import PROTECTED
from tests.unit.docs.pages import ROOT, named, tables

PAGE = ROOT / "docs" / "security.md"
TABLES = tables(PAGE)
TEXT = " ".join(PAGE.read_text().split())
OPTIONS = yaml.safe_load((ROOT / "roles/engine/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
SETTINGS = [row for row in TABLES["Hardening"] if len(row) > 3]
FILES = {named(row[0])[0]: row[1:] for row in TABLES["Hardening"] if len(row) == 3}


@pytest.mark.parametrize(("level", "column"), [("baseline", 1), ("cis", 2)])
def test_the_levels_set_what_the_table_says(level, column):
    told = {named(row[0])[0] for row in SETTINGS if row[column] == "yes" and named(row[0])}
    keys = {**PROFILES[level], **FRESH_PROFILES.get(level, {}), "live-restore": True}
    assert told == {f"{key}: {json.dumps(value).strip(chr(34))}" for key, value in keys.items()}


def test_the_checks_of_the_settings_are_those_that_hardening_promises():
    told = {row[3] for row in SETTINGS if "to" not in row[3]}
    promised = {check.id for check in CHECKS if check.promised and check.id.startswith("2.")}
    assert told <= promised
    assert {check.id for check in CHECKS if check.id in WATCHED} == {f"1.1.{number}" for number in range(3, 19)}


def test_the_files_are_those_of_the_table():
    assert {name: [f"{each.owner}:{each.group}", f"{each.mode:04o}"] for name, each in PROTECTED.items()} == FILES


def test_the_waivers_are_ours():
    def checks(cell):
        first, _to, last = cell.partition(" to ")
        if not last:
            return (first,)
        head, _dot, begin = first.rpartition(".")
        return tuple(f"{head}.{number}" for number in range(int(begin), int(last.rpartition(".")[2]) + 1))

    assert [(checks(row[0]), row[1]) for row in TABLES["Waivers"]] == [(each.checks, each.reason) for each in WAIVERS]


def test_the_results_are_named():
    assert {named(row[0])[0] for row in TABLES["The audit"]} == set(RESULTS)


def test_the_keys_of_a_rule_are_those_of_the_role():
    rule = OPTIONS["engine_firewall"]["options"]
    told = {named(row[0])[0]: named(row[1]) for row in TABLES["The firewall"] if len(row) == 3}
    assert told == {
        name: [] if option.get("required") else [json.dumps(option["default"]).strip('"') or '""']
        for name, option in rule.items()
    }


def test_the_files_of_the_firewall_are_named():
    assert {named(row[0])[0] for row in TABLES["What it is made of"]} == set(keeping.PATHS)
    assert RULES in TEXT


def test_firewalls_that_are_followed_are_named():
    assert all(name in TEXT for name in ("nftables", "firewalld", "ufw", "netfilter-persistent"))
