# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of runtime_file against the options it takes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plugins.module_utils.options.runtime_file import SPEC

yaml = pytest.importorskip("yaml")
MODULE = Path(__file__).parents[3] / "plugins" / "modules" / "runtime_file.py"


def text(name):
    for node in ast.parse(MODULE.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return yaml.safe_load(node.value.value)
    raise KeyError(name)


def test_what_is_documented_is_what_is_accepted():
    options = text("DOCUMENTATION")["options"]
    assert all(option.pop("description") for option in options.values())
    assert options == SPEC


def test_examples_use_options_that_there_are():
    used = [set(task["stowage.docker.runtime_file"]) for task in text("EXAMPLES")]
    assert used
    assert set().union(*used) <= set(SPEC)
