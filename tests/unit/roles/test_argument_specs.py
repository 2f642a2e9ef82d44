# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument specification say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = sorted((Path(__file__).resolve().parents[3] / "roles").iterdir())

# Set by a playbook that includes a file of the role.
MADE_ELSEWHERE = {"engine_former"}


def load(path):
    return yaml.safe_load(path.read_text())


def tasks_of(role):
    """All tasks, those within blocks included."""
    left = [task for path in sorted((role / "tasks").glob("*.yml")) for task in load(path)]
    while left:
        task = left.pop()
        left += [inner for part in ("block", "rescue", "always") for inner in task.get(part, ())]
        yield task


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_and_specification_have_the_same_keys_and_values(role):
    defaults = load(role / "defaults" / "main.yml")
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == defaults


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_variables_bear_the_name_of_the_role(role):
    registered = [
        task["register"] for path in (role / "tasks").glob("*.yml") for task in load(path) if "register" in task
    ]
    names = [*load(role / "defaults" / "main.yml"), *registered]
    assert [name for name in names if not name.startswith(f"{role.name}_")] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_option_is_described(role):
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert [name for name, option in options.items() if not option.get("description") or "type" not in option] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_variable_that_is_read_is_set_somewhere(role):
    tasks = list(tasks_of(role))
    known = set(load(role / "defaults" / "main.yml"))
    known |= set(load(role / "vars" / "main.yml") if (role / "vars" / "main.yml").exists() else ())
    known |= {name for task in tasks for name in (task.get("register"), *task.get("vars", {})) if name}
    known |= {name for task in tasks for name in task.get("ansible.builtin.set_fact", {})}
    known |= {task.get("loop_control", {}).get("loop_var", "item") for task in tasks}
    texts = [yaml.safe_dump(value) for task in tasks for key, value in task.items() if key not in ("name", "register")]
    texts += [path.read_text() for path in (role / "vars").glob("*.yml")]
    words = rf"(?<![\w.]){role.name}_[a-z_]+(?!\w)(?!\.yml)"
    read = {word for text in texts for line in text.splitlines() for word in re.findall(words, line.split(" #")[0])}
    modules = {path.stem for path in (role.parents[1] / "plugins" / "modules").glob("*.py")}
    assert sorted(read - known - modules - MADE_ELSEWHERE) == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_files_are_included_one_by_one(role):
    """In a loop, hosts that ask for different things meet them in different orders."""
    tasks = list(tasks_of(role))
    assert [task["name"] for task in tasks if "ansible.builtin.include_tasks" in task and "loop" in task] == []
