# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows runs: compose files load, tasks are accepted, and both make a manifest for a host."""

# What is imported depends on what is installed.
# ruff: noqa: E402
from __future__ import annotations

import re

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible")

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from plugins.module_utils import bridge
from plugins.module_utils.stowage.content import ContentError
from plugins.module_utils.stowage.errors import DeclarationError
from plugins.module_utils.stowage.manifest import parse_manifest
from plugins.plugin_utils.projects import Controller, Stacks
from plugins.plugin_utils.sources import Sources
from tests.unit.docs.pages import PAGES, ROOT, anchors, blocks, links, tables
from tests.unit.modules.test_documentation import PLUGINS, compare, constants, documented, tasks_of

KINDS = ("stack", "stack_info")
MODULE = "stowage.docker.stack"
# What a task's src leads to where a page shows no compose file for it.
SHOP = "services: {web: {image: 'shop:${TAG:-1}'}}\n"
BLOCKS = [(page, text) for page in PAGES for text in blocks(page, "yaml")]
# One value for each key of a build.
BUILD = {
    "dockerfile": "Dockerfile",
    "dockerfile_inline": "FROM scratch",
    "args": {"A": "1"},
    "labels": {"a": "1"},
    "target": "a",
    "network": "host",
    "cache_from": ["a"],
    "extra_hosts": {"a": "127.0.0.1"},
    "shm_size": "1m",
    "tags": ["a:2"],
    "ulimits": {"nofile": 5},
    "no_cache": True,
    "pull": True,
    "additional_contexts": {"a": "docker-image://a"},
    "cache_to": ["a"],
    "entitlements": ["network.host"],
    "platforms": ["linux/amd64"],
    "ssh": ["default"],
    "no_cache_filter": ["a"],
    "isolation": "default",
    "privileged": True,
    "provenance": True,
    "sbom": True,
    "secrets": ["s"],
}


def at(page, text):
    return f"{page.relative_to(ROOT)}:{page.read_text()[: page.read_text().index(text)].count(chr(10)) + 1}"


BLOCK_IDS = [at(page, text) for page, text in BLOCKS]


def make(folder, manifest):
    """Load the stacks of a manifest as the action plugin does; returns what is wrong with them."""

    def find(path):
        found = folder / path
        if not found.exists():
            raise ContentError(f"there is no {path}")
        return str(found)

    def read(path):
        return path.read_text()

    stacks = Stacks(manifest, Controller(find, read, lambda path: path.read_bytes(), lambda name: None))
    sources = Sources(manifest, find, stacks.contents)
    problems = [*stacks.problems, *sources.problems]
    if not problems:
        try:
            parse_manifest(manifest)
        except DeclarationError as error:
            problems += [{"path": problem.path, "message": problem.message} for problem in error.problems]
    return problems


def shown_projects(folder):
    """Write the compose files that pages show, where they say that these are; and one for those who show none."""
    for _page, text in BLOCKS:
        found = re.match(r"# files/(\S+)\n", text)
        if found:
            path = folder / found[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (folder / "shop").mkdir()
    (folder / "shop" / "compose.yaml").write_text(SHOP)


def stacks_in(document):
    """The options of stacks that a block shows: tasks, plays and variables of the role."""
    if isinstance(document, dict) and "workload_stacks" in document:
        for name, options in document["workload_stacks"].items():
            yield {"name": name, **options}
    for item in document if isinstance(document, list) else ():
        for task in tasks_of([item, *item.get("tasks", ())]):
            if MODULE in task:
                yield task[MODULE]


def accepted(options, folder):
    """What is wrong with a task of the module."""
    result = ArgumentSpecValidator(bridge.argument_spec("stack")).validate(options)
    if result.error_messages:
        return result.error_messages
    request = bridge.request_from("stack", result.validated_parameters, check=True)
    return make(folder, request["manifest"])


@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=BLOCK_IDS)
def test_a_block_is_yaml(page, text):
    assert yaml.safe_load(text)


@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=BLOCK_IDS)
def test_what_a_block_declares_is_accepted(tmp_path, page, text):
    shown_projects(tmp_path)
    for options in stacks_in(yaml.safe_load(text)):
        assert accepted(options, tmp_path) == []


def test_compose_files_and_tasks_are_shown(tmp_path):
    shown_projects(tmp_path)
    assert (tmp_path / "wiki" / "compose.yaml").exists()
    found = {page.relative_to(ROOT).as_posix() for page, text in BLOCKS if list(stacks_in(yaml.safe_load(text)))}
    assert found == {"README.md", "docs/compose.md", "roles/workload/README.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _hash, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_documented_is_what_is_accepted(kind):
    compare(bridge.argument_spec(kind), documented(kind), kind)


EXAMPLES = list(tasks_of(constants(PLUGINS / "modules" / "stack.py")["EXAMPLES"]))


@pytest.mark.parametrize("task", EXAMPLES, ids=lambda task: task["name"])
def test_examples_of_the_module_are_accepted(tmp_path, task):
    shown_projects(tmp_path)
    assert accepted(task[MODULE], tmp_path) == []


@pytest.mark.parametrize("row", tables(ROOT / "docs" / "compose.md")["`build`"], ids=lambda row: row[0].strip("`"))
def test_a_key_of_a_build_is_refused_where_it_says_so(tmp_path, row):
    key = row[0].strip("`").removeprefix("build.")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "shop" / "s").write_text("x")
    build = {"context": "."} if key == "context" else {"context": ".", key: BUILD[key]}
    project = {"services": {"a": {"build": build}}, "secrets": {"s": {"file": "s"}}}
    (tmp_path / "shop" / "compose.yaml").write_text(yaml.safe_dump(project))
    problems = accepted({"src": "shop"}, tmp_path)
    assert all(f"build.{key}" in problem["path"] for problem in problems)
    assert row[1].startswith("refused") == bool(problems)
