# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' documentation against what they do: options, defaults, and examples that would run."""

# What is imported depends on what is installed: the oldest Python has no Ansible.
# ruff: noqa: E402
from __future__ import annotations

import ast
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible")

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from plugins.module_utils import bridge
from plugins.module_utils.options.peer import RENAMED
from plugins.module_utils.stowage.errors import DeclarationError
from plugins.module_utils.stowage.manifest import parse_manifest
from plugins.module_utils.stowage.service.canonical import KEYS

PLUGINS = Path(bridge.__file__).parent.parent
KINDS = (
    *("host", "container", "image", "network", "volume", "stack"),
    *("host_info", "stack_info", "runtime_info", "rollback"),
)
MODULES = {f"stowage.docker.{kind}": kind for kind in KINDS}
# Keys of a service that only make sense among several, or that the module has its own word for.
ONLY_IN_HOST = {"attach", "build", "container_name", "depends_on", "scale"}


def constants(path):
    tree = ast.parse(path.read_text())
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found[node.targets[0].id] = yaml.safe_load(node.value.value)
    return found


@pytest.mark.parametrize("path", sorted((PLUGINS / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_what_is_documented_can_be_read(path):
    texts = {
        node.targets[0].id: node.value for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)
    }
    for name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
        assert yaml.safe_load(texts[name].value), name


def documented(kind):
    """All options, those of the fragments included."""
    document = constants(PLUGINS / "modules" / f"{kind}.py")["DOCUMENTATION"]
    options = dict(document.get("options", {}))
    for name in document["extends_documentation_fragment"]:
        _namespace, _collection, fragment, *section = name.split(".")
        texts = constants(PLUGINS / "doc_fragments" / f"{fragment}.py")
        options.update(texts[section[0].upper() if section else "DOCUMENTATION"]["options"])
    return options


def compare(spec, options, path):
    assert set(spec) == set(options), path
    for name, option in spec.items():
        document = options[name]
        for key in ("type", "elements", "default", "choices", "required"):
            assert document.get(key) == option.get(key), (path, name, key)
        assert document.get("aliases", []) == option.get("aliases", []), (path, name)
        assert document["description"], (path, name)
        if "options" in option:
            compare(option["options"], document["suboptions"], f"{path}.{name}")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_documented_is_what_is_accepted(kind):
    compare(bridge.argument_spec(kind), documented(kind), kind)


def test_container_has_every_key_of_a_service():
    assert set(KEYS) - ONLY_IN_HOST <= set(documented("container"))


def test_container_has_every_name_of_the_peer():
    names = {alias for option in documented("container").values() for alias in option.get("aliases", ())}
    assert set(RENAMED) <= names


def tasks_of(tasks):
    for task in tasks:
        if "block" in task:
            yield from tasks_of(task["block"])
        else:
            yield task


EXAMPLES = [
    (kind, task)
    for kind in KINDS
    for task in tasks_of(constants(PLUGINS / "modules" / f"{kind}.py")["EXAMPLES"])
    if set(task) & set(MODULES)
]


@pytest.mark.parametrize(("kind", "task"), EXAMPLES, ids=[task["name"] for _kind, task in EXAMPLES])
def test_examples_are_accepted(kind, task):
    (module,) = set(task) & set(MODULES)
    arguments = dict(task[module] or {})
    if isinstance(arguments.get("containers"), str):
        arguments["containers"] = {}  # a variable
    result = ArgumentSpecValidator(bridge.argument_spec(MODULES[module])).validate(arguments)
    assert result.error_messages == []
    request = bridge.request_from(MODULES[module], result.validated_parameters, check=True)
    for image in request.get("manifest", {}).get("images", {}).values():
        for section in ("build", "load"):
            if section in image:
                image[section].update(digest="sha256:" + "0" * 64)
        if "load" in image:
            image["load"]["layers"] = []
    if "manifest" in request and kind != "stack":  # the examples of stack name files; tests/unit/docs loads them
        try:
            parse_manifest(request["manifest"])
        except DeclarationError as error:
            pytest.fail(str(error))


def test_there_are_examples_of_each():
    assert {kind for kind, _task in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_module_has_its_action(kind):
    action = (PLUGINS / "action" / f"{kind}.py").read_text()
    assert f'KIND = "{kind}"' in action
    assert f'run_module("{kind}")' in (PLUGINS / "modules" / f"{kind}.py").read_text()
