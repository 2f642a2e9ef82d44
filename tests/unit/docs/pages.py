# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages of documentation hold: tables by their heading, blocks of code, links and what they lead to.

Knows Markdown as these pages write it. Knows nothing of what is documented.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("roles/*/README.md")),
]


def tables(page: Path) -> dict[str, list[list[str]]]:
    """The rows of the tables below each heading, without their titles; a row is its cells."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in _outside_of_blocks(page):
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
        elif line.startswith("| ---"):
            found.setdefault(heading, []).pop()  # the titles
        elif line.startswith("|"):
            found.setdefault(heading, []).append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def named(cell: str) -> list[str]:
    """The words of a cell that are written as code."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where links lead to, but for those that leave the repository."""
    text = "\n".join(_outside_of_blocks(page))
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]


def anchors(page: Path) -> set[str]:
    """The names by which headings are linked to."""
    headings = (line.lstrip("#").strip() for line in _outside_of_blocks(page) if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _outside_of_blocks(page: Path) -> list[str]:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE).splitlines()
