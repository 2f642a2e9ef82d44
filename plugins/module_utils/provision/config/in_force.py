# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine runs with, and what it takes to have it run with something else. Pure.

What an engine runs with cannot be asked of it, so it is concluded: the memory says what the process that runs now
(boot, pid, start) was last given. Where it says nothing of this process, the engine read the files as they stand when
it started, unless they were written later; then nothing is known, and what is ours is taken not to be in force.
A run that is killed between writing and restarting has left its notes before it wrote, so the next one sees that
the process of then runs with what was before.

Everything is digests by path: keys (``mtu``, ``log-opts/max-size``), and what else is read when the engine starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..memory import digest
from . import document as documents
from . import keys, unit
from .document import dotted
from .keys import KEYS
from .observed import Observed

NOTHING, RELOAD, RESTART = "nothing", "reload", "restart"

_COMMAND, _ENVIRONMENT, _CONTENT = "unit/command", "unit/environment", "content/"
_NAMES = {_COMMAND: "how the unit calls it", _ENVIRONMENT: "proxies"}
_UNKNOWN = "?"

Digests = Dict[str, str]


@dataclass(frozen=True)
class Need:
    """What the engine has to do."""

    how: str
    causes: Tuple[str, ...] = ()  # paths
    pending: Tuple[str, ...] = ()  # what waits for another occasion, as text
    keeps: bool = False  # containers run on through it
    runs_with: Mapping[str, str] = field(default_factory=dict)  # afterwards


def values(
    document: Mapping[str, Any], drop_in: Optional[str], environment: Optional[str], contents: Mapping[str, str]
) -> Digests:
    """Return the digests of everything that an engine has read once it was started with it."""
    found = documents.digests(document)
    found[_COMMAND] = digest(unit.command([drop_in]) if drop_in else None)
    found[_ENVIRONMENT] = digest(environment)
    found.update({f"{_CONTENT}{path}": value for path, value in contents.items()})
    return found


def runs_with(seen: Observed, current: Mapping[str, Any]) -> Optional[Digests]:
    """Return what the engine runs with, as far as that is known; None where none runs."""
    if not seen.process:
        return None
    if seen.notes.process == seen.process:
        return dict(seen.notes.running)
    found = values(current, seen.texts.get(unit.DROP_IN), seen.texts.get(unit.PROXIES), seen.contents)
    doubtful: Set[str] = set()
    if seen.config in seen.newer:
        doubtful |= set(documents.flatten(current))
    doubtful |= {path for path, file in ((_COMMAND, unit.DROP_IN), (_ENVIRONMENT, unit.PROXIES)) if file in seen.newer}
    doubtful |= {f"{_CONTENT}{path}" for path in seen.contents if path in seen.newer}
    return {path: _UNKNOWN if path in doubtful else value for path, value in found.items()}


def need(
    seen: Observed,
    running: Optional[Mapping[str, str]],
    is_to: Mapping[str, str],
    document: Mapping[str, Any],
    ours: Iterable[str],
    changed: Iterable[str],
    may_restart: bool,
    renewed: bool,
) -> Need:
    """Decide what the engine has to do.

    ``ours`` are the paths that we set or take out, ``changed`` those that differ in the file as it stands;
    ``renewed`` says that files which are read at the start have, or will have had, other content.
    """
    if running is None:
        return Need(NOTHING)
    # What others set and did not put in force is theirs to put in force.
    about = {*ours, *(path for path in {*is_to, *running} if path.startswith(("unit/", _CONTENT)))}
    differing = {path for path in about if running.get(path) != is_to.get(path)}
    if renewed:
        differing |= {path for path in is_to if path.startswith(_CONTENT)}
    # Others may have had it read the file as they had changed it.
    differing |= {path for path in changed if keys.takes(path) != keys.RESTART}
    loud = sorted(path for path in differing if not _reloads(path, document))
    quiet = sorted(differing - set(loud))
    keeps = _keeps(seen, document, loud)
    # An engine that finds containers running leaves the default bridge as it is.
    futile = [path for path in loud if keeps and keys.of_bridge(path)]
    loud = [path for path in loud if path not in futile]
    pending = [
        f"{name(path)}: the default bridge is made anew when the engine starts without running containers"
        for path in futile
    ]
    if seen.outdated and (loud or quiet):
        # The engine of before may not even know the keys.
        loud, quiet = sorted([*loud, *quiet]), []
    if loud and not may_restart:
        pending += [f"{name(path)}: the engine takes it up when it is restarted" for path in loud]
        loud = []
    how = RESTART if loud else RELOAD if quiet else NOTHING

    def taken(path: str) -> bool:
        if how == RESTART:
            return path not in futile
        return how == RELOAD and _reloads(path, document)

    after = {path: (is_to if taken(path) else running).get(path) for path in {*running, *is_to}}
    left = {path: value for path, value in after.items() if value is not None}
    return Need(how, (*loud, *quiet), tuple(pending), keeps, left)


def restoring(seen: Observed, found: Need) -> Optional[bool]:
    """Return the live-restore that the engine has to take up before a restart; None where it is as it should be."""
    if found.how != RESTART or not seen.containers or found.keeps == seen.live_restore:
        return None
    if not found.keeps and not any(keys.moves(path) for path in found.causes):
        return None
    return found.keeps


def neutral(document: Mapping[str, Any], running: Mapping[str, str]) -> Dict[str, Any]:
    """Return values that are as good as none, for keys that go: an engine keeps what the file no longer speaks of."""
    gone = {path.partition("/")[0] for path in running} - set(document)
    return {top: KEYS[top].neutral for top in sorted(gone) if top in KEYS and KEYS[top].neutral is not None}


def name(path: str) -> str:
    """Return a path as people write it."""
    if path.startswith(_CONTENT):
        return f"the content of {path[len(_CONTENT) :]}"
    return _NAMES.get(path, dotted(path))


def names(paths: Sequence[str]) -> str:
    """Return several, each once."""
    return ", ".join(dict.fromkeys(map(name, paths)))


def moved(found: Need) -> List[str]:
    """Return what puts containers and images of before out of sight."""
    return [name(path) for path in found.causes if keys.moves(path)]


def _reloads(path: str, document: Mapping[str, Any]) -> bool:
    """Tell whether a running engine takes up what is at a path now, or that nothing is."""
    takes = keys.takes(path)
    if takes != keys.RELOAD:
        return takes == keys.RESETS
    top = path.partition("/")[0]
    return top in document or KEYS[top].neutral is not None


def _keeps(seen: Observed, document: Mapping[str, Any], loud: Sequence[str]) -> bool:
    """Tell whether containers run on through a restart."""
    wanted = (document.get("live-restore") is True or seen.flagged) and not seen.swarm
    return bool(seen.containers) and wanted and not any(keys.moves(path) for path in loud)
