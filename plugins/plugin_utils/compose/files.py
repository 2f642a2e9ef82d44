# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a project is made of.

Knows the names that docker compose looks for, each also as a template of Ansible's. Reads nothing.
"""

from __future__ import annotations

from pathlib import Path

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
TEMPLATE = ".j2"


def project_files(directory: Path, named: tuple[str, ...], warnings: list[str]) -> list[Path]:
    """Return the compose files in their order; none where no file was named and there is none to be found."""
    if named:
        return [directory / name for name in named]
    found = _first(directory, NAMES, warnings)
    return [] if found is None else [found, *filter(None, [_first(directory, OVERRIDES, warnings)])]


def _first(directory: Path, names: tuple[str, ...], warnings: list[str]) -> Path | None:
    candidates = [directory / f"{name}{suffix}" for name in names for suffix in ("", TEMPLATE)]
    found = [candidate for candidate in candidates if candidate.is_file()]
    if len(found) > 1:
        warnings.append(f"of {', '.join(path.name for path in found)} only {found[0].name} is read")
    return found[0] if found else None
