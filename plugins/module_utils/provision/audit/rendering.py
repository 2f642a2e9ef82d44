# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings as text that people read. Decides nothing."""

from __future__ import annotations

from typing import List, Sequence

from .judging import count
from .model import Finding

_TITLES = {"1": "The host", "2": "The engine's configuration", "3": "The engine's files"}
_WIDTH = 56


def render_table(findings: Sequence[Finding]) -> List[str]:
    """Return a table, a line each: result, number, how it should be, what was found."""
    lines: List[str] = []
    section = ""
    for finding in findings:
        if finding.check.id[0] != section:
            section = finding.check.id[0]
            lines.append(f"-- {section} {_TITLES[section]}")
        lines.append(f"{finding.result:<14} {finding.check.id:<6} {finding.check.title:<{_WIDTH}} {finding.why}")
    counts = count(findings)
    lines.append("-- " + ", ".join(f"{number} {result}" for result, number in counts.items()))
    return lines


def render_failures(failed: Sequence[Finding]) -> str:
    """Return the error that ends a play."""
    listed = "\n".join(
        f"{finding.check.id} {finding.check.title}: {finding.why}. To do: {finding.check.remedy}" for finding in failed
    )
    number = f"{len(failed)} check{'s' * (len(failed) > 1)}"
    return f"{number} of the CIS Docker Benchmark failed; waive what may be so, with the reason why:\n{listed}"
