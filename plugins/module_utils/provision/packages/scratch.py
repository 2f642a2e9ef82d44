# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place of our own for apt's lists, and for packages that were brought, gone when it is left.

Check mode plans with lists as apply would fetch them, and leaves the host's as they are.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from typing import Dict, Iterator, List, Mapping, Sequence

from ..files import Files
from . import repository

LISTS = "/var/lib/apt/lists"
_FOLDER = "/var/tmp"  # noqa: S108 - mkdtemp makes the name; lists are too large for a /tmp in memory
_PREFIX = "stowage-apt-"


@contextlib.contextmanager
def lists_of_our_own(files: Files, changes: List[repository.FileChange]) -> Iterator[List[str]]:
    """Yield apt's options for the host's sources as they would be, with lists that begin as the host's are."""
    with _folder(files) as folder:
        main, parts = repository.overlaid(files, changes)
        key = next((change.after for change in changes if change.path == repository.KEY), None)
        if key is not None:
            _write(f"{folder}/key.asc", key)
            parts = {name: text.replace(repository.KEY, f"{folder}/key.asc") for name, text in parts.items()}
        _write(f"{folder}/sources.list", main)
        for name, text in parts.items():
            _write(f"{folder}/parts/{name}", text)
        for name in files.list(LISTS):
            path = files.path(f"{LISTS}/{name}")
            if os.path.isfile(path) and name != "lock":
                # A link costs nothing, and apt replaces files, it does not write into them.
                with contextlib.suppress(OSError):
                    os.link(path, f"{folder}/lists/{name}")
        # Translations are not needed to plan, and half of what is fetched.
        yield [*_options(folder), "-o", "Acquire::Languages=none"]


@contextlib.contextmanager
def archive_alone(files: Files, offers: Sequence[Mapping[str, str]], brought: str) -> Iterator[List[str]]:
    """Yield apt's options for a repository of these packages and nothing else."""
    with _folder(files) as folder:
        os.mkdir(f"{folder}/archive")
        stanzas = []
        for offer in offers:
            name = offer["Filename"]
            stanzas.append("".join(f"{key}: {value}\n" for key, value in {**offer, "Filename": f"./{name}"}.items()))
            if brought and os.path.exists(os.path.join(brought, name)):
                os.symlink(os.path.join(brought, name), f"{folder}/archive/{name}")
        _write(f"{folder}/archive/Packages", "\n".join(stanzas))
        # What is in it came over the connection of the task, with the digest of each file in the list.
        _write(f"{folder}/sources.list", f"deb [trusted=yes] file:{folder}/archive ./\n")
        yield [*_options(folder), "-o", "APT::Sandbox::User=root"]


def _options(folder: str) -> List[str]:
    places: Dict[str, str] = {
        "Dir::State::lists": f"{folder}/lists",
        "Dir::Cache::pkgcache": f"{folder}/pkgcache.bin",
        "Dir::Cache::srcpkgcache": f"{folder}/srcpkgcache.bin",
        "Dir::Etc::sourcelist": f"{folder}/sources.list",
        "Dir::Etc::sourceparts": f"{folder}/parts",
    }
    return [word for key, value in places.items() for word in ("-o", f"{key}={value}")]


@contextlib.contextmanager
def _folder(files: Files) -> Iterator[str]:
    folder = new_folder(files, _PREFIX)
    try:
        os.chmod(folder, 0o755)  # noqa: S103 - apt fetches as a user of its own
        for name in ("lists", "lists/partial", "parts"):
            os.mkdir(f"{folder}/{name}")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_folder(files: Files, prefix: str) -> str:
    """Make a folder whose name tells of which process it is, and remove those of processes that were killed."""
    for name in files.list(_FOLDER):
        owner = name[len(prefix) :].partition("-")[0]
        if name.startswith(prefix) and not (owner.isdigit() and os.path.exists(f"/proc/{owner}")):
            shutil.rmtree(files.path(f"{_FOLDER}/{name}"), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=files.path(_FOLDER))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
