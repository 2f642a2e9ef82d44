# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What could be wrong with a host's runtime, looked at one by one, each with what to do about it.

Knows places, limits and words. Repairs nothing.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..errors import StowageError
from ..store import Store
from .settings import Settings

Document = Dict[str, Any]
Check = Tuple[bool, str]
SCARCE = 256 << 20  # bytes of free space below which a host is soon in trouble


def examine(settings: Settings, store: Store, status: Mapping[str, Any]) -> Document:
    """``{"ok", "checks": [{"name", "ok", "message"}]}``; never raises for what it finds."""
    looks: List[Tuple[str, Callable[[], Check]]] = [
        ("engine", lambda: _engine(status)),
        ("store", lambda: _store(store)),
        ("scopes", lambda: _scopes(status)),
        ("read socket", lambda: _socket(os.path.join(settings.sockets, "read.sock"), 0o660)),
        ("write socket", lambda: _socket(os.path.join(settings.sockets, "write.sock"), 0o600)),
        ("disk of the store", lambda: _disk(settings.state)),
        ("disk of the log", lambda: _disk(settings.log)),
        ("version", lambda: (True, f"{status['version']}, {status['digest'][:12] or 'from a source tree'}")),
    ]
    checks: List[Document] = []
    for name, look in looks:
        well, message = _tried(look)
        checks.append({"name": name, "ok": well, "message": message})
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _tried(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except OSError as error:
        return False, f"{error.filename}: {error.strerror}"
    except StowageError as error:
        return False, str(error)


def _engine(status: Mapping[str, Any]) -> Check:
    engine = status["engine"]
    if not engine["reachable"]:
        return False, f"{engine['address']}: {engine['message']}; is it running? (systemctl status docker)"
    return True, f"{engine['address']} answers: version {engine['version']}, API {engine['api_version']}"


def _store(store: Store) -> Check:
    standings = store.standings()
    damaged = [f"{scope}: {standing.damage}" for scope, standing in standings.items() if standing.damage]
    if damaged:
        return False, "; ".join(damaged)
    return True, f"{len(standings)} scope{'' if len(standings) == 1 else 's'}, all records are sound"


def _scopes(status: Mapping[str, Any]) -> Check:
    kept = {scope: told for scope, told in status["scopes"].items() if told["version"] or told["state"] == "damaged"}
    bad = [
        f"{scope} is {told['state']}{f' ({message})' if (message := told['message']) else ''}: {_advice(scope, told)}"
        for scope, told in kept.items()
        if told["state"] == "damaged"
        or (told["state"] not in ("as declared", "repairing") and told["mode"] == "enforce")
    ]
    if bad:
        return False, "; ".join(bad)
    others = sorted(set(status["scopes"]) - set(kept))
    return True, "all as declared" + (f"; not declared to this runtime: {', '.join(others)}" if others else "")


def _advice(scope: str, told: Mapping[str, Any]) -> str:
    """What to do about a scope that is not as declared, and is not brought there either."""
    if told["state"] == "damaged":
        return "run its playbook again"
    if told["state"] == "drifted":
        return f"`stowage drift {scope}` shows what the next apply does"
    if told["outcome"] == "failed":
        return f"correct and apply it, or `stowage rollback {scope}`"
    return f"mend that, then `stowage resume {scope}`"


def _socket(path: str, mode: int) -> Check:
    found = os.stat(path)
    if not stat.S_ISSOCK(found.st_mode):
        return False, f"{path} is no socket; restart the runtime"
    if stat.S_IMODE(found.st_mode) != mode:
        return False, f"{path} has mode {stat.S_IMODE(found.st_mode):o}, not {mode:o}; restart the runtime"
    return True, path


def _disk(path: str) -> Check:
    found = os.statvfs(path)
    free = found.f_bavail * found.f_frsize
    if found.f_flag & os.ST_RDONLY:
        return False, f"{path} is read-only, so that nothing new can be declared; mount it for writing"
    if free < SCARCE:
        return False, f"{path}: {free >> 20} MiB free; what is declared may soon not be stored any more: make room"
    if found.f_files and not found.f_favail:
        return False, f"{path}: no inodes free: remove files that nobody needs"
    return True, f"{path}: {free >> 20} MiB free"
