# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to load a project in tests, and to hold it against what docker compose makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugins.plugin_utils.compose import LoadError, Options, Project, load_project
from tests.unit.plugin_utils.compose.oracle import Answer, ask_project, plain

Files = Mapping[str, str]


def write(directory: Path, files: Files) -> Path:
    """Write the files of a project."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def load(directory: Path, project: Files | str, /, **options: Any) -> Project:
    """Load the project of these files; one text is that of compose.yaml."""
    write(directory, {"compose.yaml": project} if isinstance(project, str) else project)
    return load_project(Options(directory=directory, name="p", **options))


def refused(directory: Path, project: Files | str, /, **options: Any) -> list[str]:
    """Return what is wrong with a project, in lines."""
    try:
        load(directory, project, **options)
    except LoadError as error:
        return str(error).replace(f"{directory}/", "").splitlines()
    return []


def judged(directory: Path, project: Files | str, /, **options: Any) -> Answer:
    """Return what compose says of the same project."""
    write(directory, {"compose.yaml": project} if isinstance(project, str) else project)
    arguments = ["-p", "p", "--project-directory", str(directory)]
    for option, flag in (("files", "-f"), ("profiles", "--profile"), ("env_files", "--env-file")):
        for value in options.get(option, ()):
            arguments += [flag, value]
    return ask_project(directory, arguments, options.get("environment"))


def agree(directory: Path, project: Files | str, /, **options: Any) -> Project:
    """Load a project that compose reads in the same way. No text in it has a dollar."""
    theirs = judged(directory, project, **options)
    ours = load(directory, project, **options)
    assert theirs.document is not None, theirs.messages
    assert plain(ours.document) == plain(theirs.document)
    return ours
