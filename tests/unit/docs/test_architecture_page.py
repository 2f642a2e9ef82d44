# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARCHITECTURE.md tells of every part of the runtime and of every thread, and of none that is gone."""

from __future__ import annotations

import configparser
import re

from stowage.agent import server
from tests.unit.docs.pages import ROOT, named, tables

TABLES = tables(ROOT / "ARCHITECTURE.md")
RUNTIME = ROOT / "plugins" / "module_utils" / "stowage"
# What everybody imports, or nobody; there is nothing to tell of them.
PLAIN = {"__main__", "errors"}


def layers():
    """The modules and packages that the contract of layers names."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    return set(re.findall(r"\w+", contract["importlinter:contract:layers"]["layers"]))


def test_every_part_of_the_runtime_has_its_row():
    parts = {name.rstrip("/").removesuffix(".py") for row in TABLES["The parts"] for name in named(row[0])}
    assert parts == layers() - PLAIN


def test_a_part_is_written_as_it_lies_there():
    for name in (name for row in TABLES["The parts"] for name in named(row[0])):
        assert (RUNTIME / name).is_dir() == name.endswith("/")
        assert (RUNTIME / name).exists()


def test_every_thread_has_its_row():
    sources = "\n".join(path.read_text() for path in (RUNTIME / "agent").glob("*.py"))
    names = {re.sub(r"\{.*\}", "", name) for name in re.findall(r'Thread\(.*name=f?"([^"]+)"', sources)}
    told = {name for row in TABLES["The process that stays"] for name in named(row[0]) if row[0].startswith("`")}
    assert {re.sub(r"[\d*]+$", "", name) for name in told} - {"-"} == names
    assert f"`answers-0` to `-{server.WORKERS - 1}`" in (ROOT / "ARCHITECTURE.md").read_text()


def test_files_that_are_named_are_there():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for path in re.findall(r"`((?:tests|docs|plugins)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
