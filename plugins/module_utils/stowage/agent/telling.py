# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that tell of the runtime and its scopes: status and history. Asks nobody but memory and the store."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping

from .. import __version__
from ..store import Store
from .journal import Journal
from .keeper import Keeper
from .metrics import Metrics
from .runs import Runs
from .settings import Settings
from .wire import HttpProblem

Document = Dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What the handlers work with. ``digest`` names the sources this process was started from."""

    address: str
    digest: str
    settings: Settings
    store: Store
    keeper: Keeper
    journal: Journal
    metrics: Metrics
    runs: Runs
    started: float = field(default_factory=time.time)


def status(parts: Parts) -> Document:
    """The runtime, its engine, and how each scope was found last."""
    known = parts.keeper.status()
    warnings: List[str] = []
    if not known["engine"]["reachable"]:
        warnings.append(f"the engine cannot be reached: {known['engine']['message']}")
    about = {"version": __version__, "digest": parts.digest, "pid": os.getpid(), "started": parts.started}
    return {**about, "now": time.time(), **known, "warnings": warnings}


def figures(parts: Parts) -> str:
    """The metrics. Scopes are in them as in the status: some are unknown or damaged without a look at them."""
    scopes = parts.keeper.status()["scopes"]
    parts.metrics.keep_scopes(scopes)
    for scope, told in scopes.items():
        parts.metrics.show(scope, told["state"], len(told["drift"]), told["objects"], told["checked_at"])
    return parts.metrics.render()


def history(parts: Parts, scope: str = "") -> Document:
    """The kept versions of one scope or of all, newest first. Raises HttpProblem for one that is not known."""
    known = parts.store.standings()
    if scope:
        require(scope, known)
    return {name: _versions(parts.store, name) for name in ([scope] if scope else sorted(known))}


def require(scope: str, known: Mapping[str, Any]) -> None:
    """Raises HttpProblem where a scope is not known."""
    if scope not in known:
        names = ", ".join(sorted(known)) or "none"
        raise HttpProblem(404, "not_found", f"no scope {scope!r} is declared here; there are: {names}")


def _versions(store: Store, scope: str) -> List[Document]:
    current = store.standing(scope).version
    return [
        {
            "number": version.number,
            "declared_at": version.declared_at,
            "by": version.by,
            "outcome": version.outcome,
            "message": version.message,
            "seconds": version.seconds,
            "operations": len(version.plan),
            "current": current is not None and version.number == current.number,
        }
        for version in store.versions(scope)
    ]
