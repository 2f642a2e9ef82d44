# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/compose.md name every key and option there is, and say "refused" of just those that are."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from plugins.module_utils import bridge
from plugins.module_utils.options import stack as options
from plugins.module_utils.stowage.service import canonical, deploy, stack
from plugins.plugin_utils.compose import LoadError, Options, load_project, project, sections
from tests.unit.docs.pages import ROOT, named, tables

TABLES = tables(ROOT / "docs" / "compose.md")
SERVICES, TOP = TABLES["Services"], TABLES["Top level"]
OBJECTS = TABLES["`networks`, `volumes`, `configs`, `secrets`"]
PEER = TABLES["docker_compose_v2, option by option"]
# Refused under names that no module has.


def first(rows):
    """The names that the first cells hold, each of which stands once."""
    found = [name for row in rows for name in named(row[0])]
    assert len(found) == len(set(found))
    return set(found)


def keys_of(reader):
    """The keys that a reader of a mapping knows."""
    return set(inspect.getclosurevars(reader).nonlocals["readers"])


def problems_of(document):
    """What is wrong with a project beside a service that is right."""
    definition = {**document, "services": {"a": {"image": "x"}, **document.get("services", {})}}
    try:
        load_project(Options(directory=Path("/nowhere"), name="p", definition=definition))
    except LoadError as error:
        return {problem.path: problem.message for problem in error.problems}
    return {}


def test_every_key_of_a_service_has_its_row():
    assert first(SERVICES) == {*canonical.KEYS, *stack.KEYS, *canonical.REFUSED}


def test_every_key_of_the_top_level_has_its_row():
    assert first(TOP) == {*project._KEYS, *project._REFUSED}


def test_every_key_of_deploy_has_its_row():
    assert first(TABLES["`deploy`"]) == {f"deploy.{key}" for key in keys_of(deploy.deploy)}


def test_every_key_of_build_has_its_row():
    assert first(TABLES["`build`"]) == {f"build.{key}" for key in keys_of(stack._build_record)}


def test_every_key_of_the_other_sections_has_its_row():
    assert first(OBJECTS) == {f"{section}.{key}" for section, keys in sections._READERS.items() for key in keys}


@pytest.mark.parametrize("row", SERVICES, ids=lambda row: row[0].strip("`"))
def test_a_key_of_a_service_is_refused_where_it_says_so(row):
    key = row[0].strip("`")
    said = problems_of({"services": {"b": {"image": "x", key: "x"}}}).get(f"services.b.{key}", "")
    reason = said.partition("not supported here: ")[2]
    assert said != "unknown key"
    assert row[1].startswith("refused: ") == bool(reason)
    assert row[1].removeprefix("refused: ").startswith(reason)


@pytest.mark.parametrize("row", TOP, ids=lambda row: row[0].strip("`"))
def test_a_key_of_the_top_level_is_refused_where_it_says_so(row):
    key = row[0].strip("`")
    said = problems_of({} if key == "services" else {key: {"x": {}}}).get(key, "")
    assert row[1].startswith("refused: ") == said.startswith("not supported here: ")
    assert row[1].removeprefix("refused: ").startswith(said.partition("not supported here: ")[2])


def test_every_option_has_its_row():
    told = {name for row in PEER for name in named(row[0])} | {"recreate"}
    assert set(options.SPEC) <= told
    assert set(options.REFUSED) <= told


@pytest.mark.parametrize("name", sorted({name for row in PEER for name in named(row[0])}))
def test_an_option_is_refused_where_it_says_so(name):
    (text,) = {row[1] for row in PEER if name in named(row[0])}
    _known, problems = bridge.sort_options("stack", {name: "x"})
    assert [f"{name}: not {text.replace('refused', 'supported').replace('`', '')}"] * text.startswith(
        "refused"
    ) == problems


def test_every_choice_of_an_option_is_told():
    for name in ("state", "pull"):
        (row,) = (row for row in PEER if named(row[0]) == [name])
        assert set(options.SPEC[name]["choices"]) <= set(named(row[1]))


def test_every_policy_of_pulling_is_told():
    (row,) = (row for row in SERVICES if row[0] == "`pull_policy`")
    assert set(stack._POLICIES) <= set(named(row[1]))
