# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as text: aligned columns, and the targets with what was reached. Measures nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median


def align(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as lines, the first column left, the others right."""
    rows = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())
    return "\n".join(lines)


def spread(values: Sequence[float], unit: float = 1.0, digits: int = 2) -> str:
    """Return ``median (least-most)``."""
    shown = [f"{value * unit:.{digits}f}" for value in (median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]}-{shown[2]})"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the least of the values that at least this share of them does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def against(target: float, reached: float, unit: str = "", digits: int = 2) -> str:
    """Return ``reached, target <= target: held`` or ``missed``."""
    verdict = "held" if reached <= target else "MISSED"
    return f"{reached:.{digits}f}{unit}, target <= {target:g}{unit}: {verdict}"
