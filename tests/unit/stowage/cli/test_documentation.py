# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

from stowage.cli.commands import COMMANDS
from tests.unit.stowage.cli.test_man import PAGE, plain

TEXT = (Path(__file__).parents[4] / "docs" / "command.md").read_text(encoding="utf-8")


def test_the_table_names_the_commands_as_they_are_called():
    documented = re.findall(r"^\| `stowage ([^`]+)` \|", TEXT, re.MULTILINE)
    calls = [
        " ".join([command.name, *(f"[{word.name}]" if word.optional else word.name for word in command.words)])
        for command in COMMANDS
        if not command.hidden
    ]
    assert documented == calls


def test_every_option_is_named():
    options = {option.name for command in COMMANDS for option in command.options}
    named = set(re.findall(r"--[a-z][a-z-]*", TEXT))
    assert named - {"--help"} | {"--follow"} == options
    assert "`-f`" in TEXT


def test_variables_are_those_of_the_manual_page():
    variables = re.findall(r"^\.B ([A-Z_]{6,})$", plain(PAGE), re.MULTILINE)
    assert len(variables) == 3
    assert all(f"`{variable}`" in TEXT for variable in variables)
