# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may fail after ``engine_hardening: cis``, and why no role sees to it. docs/security.md has the same table.

A waiver counts only where its check fails, and only where its condition holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence, Tuple

from ..auditing import ABSENT, REFUSED
from .model import Seen

_AUDITED = tuple(f"1.1.{number}" for number in range(3, 19))


def _in_use(seen: Seen) -> bool:
    return bool(seen.info.get("Images") or seen.info.get("Containers"))


def _always(_seen: Seen) -> bool:
    return True


@dataclass(frozen=True)
class Waiver:
    """Checks that may fail, and why."""

    checks: Tuple[str, ...]
    reason: str
    holds: Callable[[Seen], bool] = _always


WAIVERS: Sequence[Waiver] = (
    Waiver(("1.1.1",), "file systems are laid out before an engine is installed; a role must not move a host's data"),
    Waiver(
        _AUDITED,
        "whether a host has auditd is its operator's choice; where it is installed, cis writes the rules",
        lambda seen: seen.auditing.state == ABSENT,
    ),
    Waiver(
        _AUDITED,
        "the kernel takes audit rules from the machine only, not from a container that plays a host",
        lambda seen: seen.auditing.state == REFUSED,
    ),
    Waiver(("1.2.1",), "the host beyond its engine is for the benchmark of its distribution"),
    Waiver(
        ("1.2.2",),
        "what is offered is known only where apt installed the engine",
        lambda seen: not seen.offered,
    ),
    Waiver(("2.1",), "an engine without root is another choice (engine_rootless_users); it lacks some features"),
    Waiver(("2.8",), "which limits fit depends on what runs in containers (engine_default_ulimits)"),
    Waiver(
        ("2.9",),
        "turned on where the engine is empty: images and containers of before would be out of its sight",
        _in_use,
    ),
    Waiver(("2.12",), "no distribution ships an authorization plugin; who is in the group docker is root all the same"),
    Waiver(("2.13",), "where logs go is the site's choice (engine_log_driver); they are bounded here until then"),
)
