# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole projects become what docker compose makes of them, service by service and section by section.

Each folder of ``corpus`` is a project. Its ``case.json``, where there is one, says how it is loaded: ``files``,
``environment``, ``env_files``, ``profiles``, ``name``, ``directory``, the project's within the folder, and
``disables``, whether some services are disabled then.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.compose import Options, Project, load_project
from stowage.service.confighash import service_hash
from tests.unit.plugin_utils.compose.oracle import ask_hashes, ask_project, plain

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parent / "corpus"
PROJECTS = sorted(folder.name for folder in CORPUS.iterdir() if folder.is_dir())
SECTIONS = ("networks", "volumes", "configs", "secrets")


@dataclass(frozen=True)
class Both:
    """One project, read by compose and by us."""

    theirs: dict[str, Any]
    hashes: dict[str, str]
    ours: Project


@cache
def case(project: str) -> dict[str, Any]:
    path = CORPUS / project / "case.json"
    return json.loads(path.read_text()) if path.exists() else {}


@cache
def load(project: str) -> Both:
    found = {key: value for key, value in case(project).items() if key != "disables"}
    directory = CORPUS / project / found.pop("directory", ".")
    arguments = [part for name in found.get("env_files", ()) for part in ("--env-file", name)]
    arguments += [part for name in found.get("profiles", ()) for part in ("--profile", name)]
    arguments += [part for name in found.get("files", ()) for part in ("-f", name)]
    arguments += ["--project-directory", str(directory)] if "files" in found else []
    arguments += ["-p", found["name"]] if "name" in found else []
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, directory, arguments, found.get("environment")) for ask in (ask_project, ask_hashes)]
    answer, hashes = (future.result() for future in asked)
    assert answer.document, answer.messages
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    ours = load_project(Options(directory=directory, **options))
    return Both(single_dollars(answer.document), hashes, ours)


def single_dollars(value: Any) -> Any:
    """Compose prints a text that it can read again, with $$ for $; our document is read no more."""
    if isinstance(value, dict):
        return {single_dollars(key): single_dollars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [single_dollars(item) for item in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


@pytest.mark.parametrize("project", PROJECTS)
def test_a_project_is_what_compose_makes_of_it(project: str) -> None:
    both = load(project)
    ours, theirs = both.ours.document, both.theirs
    assert both.ours.name == theirs["name"]
    for section in ("services", *SECTIONS):
        mine, expected = ours.get(section) or {}, theirs.get(section) or {}
        assert sorted(mine) == sorted(expected), section
        for key, entry in expected.items():
            assert json.loads(plain(mine[key])) == json.loads(plain(entry)), f"{section}.{key}"
    assert plain(ours) == plain(theirs)


@pytest.mark.parametrize("project", PROJECTS)
def test_the_hash_of_each_service_is_that_of_compose(project: str) -> None:
    both = load(project)
    services = both.ours.document["services"]
    assert {name: service_hash(service) for name, service in services.items()} == both.hashes


@pytest.mark.parametrize("project", PROJECTS)
def test_nothing_of_the_corpus_lies_idle(project: str) -> None:
    """What compose leaves out is left out by a profile; what is not read at all would show nothing."""
    disabled = load(project).ours.disabled
    assert bool(disabled) == case(project).get("disables", False)


def test_the_corpus_is_large_enough() -> None:
    assert len(PROJECTS) >= 60
    assert sum(len(load(project).theirs["services"]) for project in PROJECTS) >= 300
