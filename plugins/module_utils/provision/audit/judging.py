# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is seen of a host to findings: each check is judged, and failures that may be are waived. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ..errors import ProvisionError
from . import daemon, files, host
from .model import BASELINE, CIS, FAIL, RESULTS, WAIVED, Finding, Seen
from .waivers import WAIVERS

CHECKS = (*host.CHECKS, *daemon.CHECKS, *files.CHECKS)
FAIL_ON = ("none", BASELINE, CIS, "all")
_PROMISES: Mapping[str, Tuple[str, ...]] = {
    "none": (),
    BASELINE: (BASELINE,),
    CIS: (BASELINE, CIS),
    "all": ("", BASELINE, CIS),
}


def check_waivers(waivers: Mapping[str, Any]) -> Dict[str, str]:
    """Return the operator's waivers. Raises ProvisionError for a check that is not known, or that has no reason."""
    known = {check.id for check in CHECKS}
    for name, reason in waivers.items():
        if str(name) not in known:
            raise ProvisionError(f'waivers.{name}: there is no such check; they have numbers such as "2.13", as text')
        if not str(reason or "").strip():
            raise ProvisionError(f"waivers.{name}: say why it may fail")
    return {str(name): str(reason).strip() for name, reason in waivers.items()}


def judge(seen: Seen, waivers: Mapping[str, str], usual: bool = True) -> List[Finding]:
    """Return a finding for each check, in the benchmark's order; ``usual``: our own waivers count."""
    findings = []
    for check in CHECKS:
        result, why = check.judge(seen)
        if result == FAIL:
            reason = waivers.get(check.id) or (usual and next(_usual(check.id, seen), "")) or ""
            if reason:
                result, why = WAIVED, f"{why} (waived: {reason})"
        findings.append(Finding(check, result, why))
    return findings


def count(findings: Sequence[Finding]) -> Dict[str, int]:
    """Return how many findings there are of each result."""
    return {result: sum(finding.result == result for finding in findings) for result in RESULTS}


def failures(findings: Sequence[Finding], fail_on: str) -> List[Finding]:
    """Return what ends a play: checks that fail, and that the level of hardening sees to (or all of them)."""
    return [finding for finding in findings if finding.result == FAIL and finding.check.promised in _PROMISES[fail_on]]


def _usual(check: str, seen: Seen) -> Iterator[str]:
    return (waiver.reason for waiver in WAIVERS if check in waiver.checks and waiver.holds(seen))
