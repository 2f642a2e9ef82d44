# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: an engine runs, answers, and is the one that is installed. Installs and configures nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Protocol

from .commands import Commands
from .continuity import Containers, start_again
from .published import ports_kept
from .service import Engine, Service
from .steps import Step

START, RESTART = "StartEngine", "RestartEngine"
# What a restart may take beside the engine's own time to answer, in seconds.
_RESTART_SECONDS = 120


class RunningEngine(Containers, Protocol):
    """What is asked of an engine that answers."""

    def info(self) -> Mapping[str, Any]:
        """Its settings and state."""


@dataclass(frozen=True)
class Running:
    """What was done, or would be, and what runs now."""

    plan: List[Step]
    facts: Dict[str, Any]  # what modules return
    warnings: List[str] = field(default_factory=list)


def bring_up(
    service: Service,
    engine: RunningEngine,
    commands: Commands,
    check: bool,
    current: bool = True,
    anew: bool = False,
) -> Running:
    """Start the engine where it does not answer, and restart one that is not the installed one if ``current``.

    ``anew``: one that is on its way up has read another configuration. Raises ProvisionError.
    """
    found = service.answer()
    outdated = found is not None and service.outdated(found.version)
    step = _step(service, found, outdated and current, engine)
    warnings: List[str] = []
    facts: Dict[str, Any] = {}
    if step and not check:
        if found is None:
            facts["started_by"] = service.start(anew)
        else:
            warnings = _restart(service, engine, commands)
        found, outdated = service.answer(), False
    facts.update(running=found is not None, installed=found is not None or service.installed(), outdated=outdated)
    if found is not None:
        facts.update(version=found.version, api_version=found.api_version)
    return Running([step] if step else [], facts, warnings)


def _step(service: Service, found: Optional[Engine], renew: bool, engine: RunningEngine) -> Optional[Step]:
    if found is None:
        return Step(START, "docker", "does not answer")
    if not renew:
        return None
    installed = service.installed_version()
    cause = f"{found.version} runs and {installed} is installed"
    if installed == found.version:
        cause = f"another {installed} is installed than the one that runs"
    info = engine.info()
    if info.get("ContainersRunning"):
        keeps = info.get("LiveRestoreEnabled")
        cause += "; containers run on" if keeps else "; containers stop, and those that ran are started again"
    return Step(RESTART, "docker", cause)


def _restart(service: Service, engine: RunningEngine, commands: Commands) -> List[str]:
    ran = engine.running()
    with ports_kept(commands, service.timeout + _RESTART_SECONDS) if ran else contextlib.nullcontext():
        service.restart()
    return start_again(engine, ran)
