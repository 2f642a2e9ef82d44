# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of engine_config against the options it takes, and the role that passes them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plugins.module_utils.options.engine_config import SPEC

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "plugins" / "modules" / "engine_config.py"
NOT_DOCUMENTED = ("no_log", "options")


def text(name):
    for node in ast.parse(MODULE.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return yaml.safe_load(node.value.value)
    raise KeyError(name)


def compare(spec, documented, path=""):
    assert set(spec) == set(documented), path
    for name, option in spec.items():
        described = documented[name]
        assert described.pop("description"), f"{path}.{name}"
        suboptions = described.pop("suboptions", {})
        assert described == {key: option[key] for key in option if key not in NOT_DOCUMENTED}, f"{path}.{name}"
        compare(option.get("options", {}), suboptions, f"{path}.{name}")


def test_what_is_documented_is_what_is_accepted():
    compare(SPEC, text("DOCUMENTATION")["options"])


def test_examples_use_options_that_there_are():
    used = [set(task["stowage.docker.engine_config"]) for task in text("EXAMPLES")]
    assert set().union(*used) <= set(SPEC)


def test_the_role_passes_each_option_and_has_a_variable_for_it():
    (task,) = yaml.safe_load((ROOT / "roles/engine/tasks/configure.yml").read_text())
    passed = task["stowage.docker.engine_config"]
    assert set(passed) == set(SPEC) - {"state", "secrets"}
    variables = yaml.safe_load((ROOT / "roles/engine/defaults/main.yml").read_text())
    assert {f"engine_{name}" for name in set(passed) - {"tls", "timeout", "version", "started"}} <= set(variables)
