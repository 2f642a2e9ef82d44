# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of it, in its order: look, decide, let dockerd judge, act. What modules call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, List, Mapping, Optional

from ..commands import Commands
from ..files import Files
from ..service import Service
from . import document, registries
from .act import Actor, validate
from .keys import parse_version
from .observed import Observed, RunningEngine, observe
from .plan import Plan, plan


@dataclass
class Host:
    """What a configuration is looked at and changed through."""

    service: Service
    engine: Optional[RunningEngine]  # None where none answers
    files: Files = field(default_factory=Files)
    commands: Commands = field(default_factory=Commands)


@dataclass(frozen=True)
class Configured:
    """What was planned, and what came of it."""

    plan: Plan
    warnings: List[str]

    @property
    def config(self) -> Mapping[str, Any]:
        """The whole of daemon.json as anybody may see it."""
        return document.masked(self.plan.document)


def configure(options: Mapping[str, Any], check: bool, host: Host) -> Configured:
    """Have the engine configured as the options say, or only say what that takes.

    Raises ProvisionError; everything is as it was then.
    """
    certificates = registries.wanted(options.get("registry_certificates") or {})
    tls = options.get("tls") or {}
    contents = [path for path in (*(tls.get(part) for part in ("ca", "cert", "key")), _profile(options)) if path]
    seen = observe(host.files, host.commands, host.service, host.engine, list(certificates), contents)
    ahead = _ahead(seen, str(options.get("version") or "")) if check else seen
    decided = plan(options, ahead)
    if ahead.version == seen.version:
        # Certificates that an earlier task would have put there are not there in a check.
        missing = {path for path in contents if check and host.files.standing(path) is None}
        validate(decided, seen, host.commands, missing)
    told = [] if check else Actor(decided, seen, host.files, host.commands, host.service, host.engine).act()
    return Configured(decided, [*decided.warnings, *told])


def _ahead(seen: Observed, version: str) -> Observed:
    """Return the host as it will be once an engine of that version is installed."""
    expected = parse_version(version)
    if not expected or expected == seen.version[: len(expected)]:
        return seen
    return replace(seen, version=expected, outdated=bool(seen.process))


def _profile(options: Mapping[str, Any]) -> str:
    named = (options.get("config") or {}).get("seccomp-profile", options.get("seccomp_profile") or "")
    return named if isinstance(named, str) and named.startswith("/") else ""
