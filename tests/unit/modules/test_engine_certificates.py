# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of engine_certificates and engine_client against the options they take."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plugins.module_utils.options import engine_certificates, engine_client

yaml = pytest.importorskip("yaml")
MODULES = Path(__file__).parents[3] / "plugins" / "modules"
ROLE = Path(__file__).parents[3] / "roles" / "engine"
SPECS = {"engine_certificates": engine_certificates.SPEC, "engine_client": engine_client.SPEC}


def text(module, name):
    for node in ast.parse((MODULES / f"{module}.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return yaml.safe_load(node.value.value)
    raise KeyError(name)


@pytest.mark.parametrize("module", SPECS)
def test_what_is_documented_is_what_is_accepted(module):
    options = text(module, "DOCUMENTATION")["options"]
    assert all(option.pop("description") for option in options.values())
    spec = {name: {key: option[key] for key in option if key != "no_log"} for name, option in SPECS[module].items()}
    assert options == spec


@pytest.mark.parametrize("module", SPECS)
def test_examples_use_options_that_there_are(module):
    name = f"stowage.docker.{module}"
    used = [set(task[name]) for task in text(module, "EXAMPLES") if name in task]
    assert used
    assert set().union(*used) <= set(SPECS[module])


def test_what_is_secret():
    assert [name for name, option in engine_certificates.SPEC.items() if option.get("no_log")] == ["passphrase"]
    assert [name for name, option in engine_client.SPEC.items() if option.get("no_log")] == ["files"]


@pytest.mark.parametrize("module", SPECS)
def test_the_role_sets_options_that_there_are(module):
    """And the module's defaults are the role's, so that both read alike."""
    name = f"stowage.docker.{module}"
    tasks = [
        task[name]
        for path in (ROLE / "tasks").glob("*.yml")
        for task in yaml.safe_load(path.read_text())
        if name in task
    ]
    assert tasks
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    for arguments in tasks:
        assert set(arguments) <= set(SPECS[module])
        for option, value in arguments.items():
            variable = str(value).strip("{} ")
            if variable in defaults and option in SPECS[module] and option not in ("ca", "clients", "state"):
                assert SPECS[module][option].get("default") == defaults[variable], (option, variable)
