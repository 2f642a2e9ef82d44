# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case: look, decide, and unless only asked, remove what was decided, one object after the other.

Holds the engine's lock, so that no run of ours has made something that it is about to use. What somebody else began to
use in the meantime, the engine itself refuses to remove; that is told, and no failure.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any, Dict, List, Mapping

from ..engine.client import Engine
from ..errors import AccessDenied, Conflict, EngineError, NotFound
from ..lock import engine_lock
from . import deciding
from .deciding import Removal, Removals
from .looking import look_at
from .owning import owners_at
from .wanted import Wanted

Document = Dict[str, Any]
_PLURALS = {
    deciding.CONTAINER: "containers",
    deciding.IMAGE: "images",
    deciding.NETWORK: "networks",
    deciding.VOLUME: "volumes",
    deciding.CACHE: "build_cache",
}


def tidy(engine: Engine, address: str, wanted: Wanted, *, check: bool, lock_timeout: float) -> Document:
    """Remove what is wanted gone, or only tell. ``address`` is what the engine is known by. Raises StowageError."""
    with engine_lock(address, lock_timeout):
        found = look_at(engine, wanted, owners_at(address, os.environ), time.time())
        removals = deciding.plan_removals(found, wanted)
        outcomes = [] if check else [_remove(engine, removal) for removal in removals.steps]
    return render(removals, outcomes)


def render(removals: Removals, outcomes: List[Mapping[str, str]]) -> Document:
    """The answer: what goes or went, how much that is, and what did not go."""
    steps = [
        {
            "kind": step.kind,
            "id": step.id,
            "name": step.name,
            "bytes": step.size,
            "cause": step.cause,
            "status": "planned",
            "message": "",
            **(outcomes[index] if outcomes else {}),
        }
        for index, step in enumerate(removals.steps)
    ]
    failures = [f"{step['kind']} {step['name']}: {step['message']}" for step in steps if step["status"] == "failed"]
    stayed = [f"{step['kind']} {step['name']} stays: {step['message']}" for step in steps if step["status"] == "stayed"]
    summary = {plural: sum(step["kind"] == kind for step in steps) for kind, plural in _PLURALS.items()}
    answer: Document = {
        "changed": any(step["status"] in ("planned", "done") for step in steps),
        "failed": bool(failures),
        "plan": [str(step) for step in removals.steps],
        "removals": steps,
        "bytes": removals.size,
        "summary": {kind: count for kind, count in summary.items() if count},
        "warnings": [*removals.notes, *stayed],
    }
    if failures:
        answer["msg"] = "\n".join(failures)
    return answer


def _remove(engine: Engine, removal: Removal) -> Mapping[str, str]:
    try:
        _REMOVERS[removal.kind](engine, removal)
    except NotFound:
        return {"status": "done", "message": "was gone already"}
    except (AccessDenied, Conflict) as error:
        # Networks in use are 403 to the engine, the rest 409.
        return {"status": "stayed", "message": error.message}
    except EngineError as error:
        return {"status": "failed", "message": error.message}
    return {"status": "done", "message": ""}


def _container(engine: Engine, removal: Removal) -> None:
    engine.containers.remove(removal.id)


def _image(engine: Engine, removal: Removal) -> None:
    """Take its names one by one: the engine refuses an id that has several, and takes digests along with their tag."""
    for name in removal.names:
        with contextlib.suppress(NotFound):
            engine.images.remove(name)
    if not removal.names:
        engine.images.remove(removal.id)


def _network(engine: Engine, removal: Removal) -> None:
    engine.networks.remove(removal.id)


def _volume(engine: Engine, removal: Removal) -> None:
    engine.volumes.remove(removal.name)


def _cache(engine: Engine, removal: Removal) -> None:
    engine.system.prune_build_cache(all=True, filters={"id": [f"^{removal.id}$"]})


_REMOVERS = {
    deciding.CONTAINER: _container,
    deciding.IMAGE: _image,
    deciding.NETWORK: _network,
    deciding.VOLUME: _volume,
    deciding.CACHE: _cache,
}
