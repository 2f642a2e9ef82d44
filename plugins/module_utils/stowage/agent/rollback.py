# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back: an earlier version is applied again, with the very images it ran, as a version of its own.

Knows which version is meant and what has to be there for it. How it is applied is keeping.py's.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .. import request
from ..errors import StowageError
from ..standing import pins_of
from ..store import Store, Version

Document = Dict[str, Any]


def target_of(store: Store, scope: str, number: Optional[int]) -> Version:
    """The version to go back to: the one of that number, or the last that was applied before the current one.

    Raises StowageError, naming what there is.
    """
    known = store.standings()
    if scope not in known:
        raise StowageError(f"no scope {scope!r} is declared here; there are: {', '.join(sorted(known)) or 'none'}")
    if number is not None:
        return store.version(scope, number)
    current = known[scope].version
    newest = current.number if current is not None else float("inf")
    for version in store.versions(scope):
        if version.number < newest and version.outcome == "done" and not _same(version, current):
            return version
    raise StowageError(
        f"{scope} has no earlier version that was applied; `stowage history {scope}` shows what there is"
    )


def _same(version: Version, current: Optional[Version]) -> bool:
    """Going back to what is there already would be going nowhere."""
    if current is None or current.outcome != "done":
        return False
    return (version.manifest, version.images) == (current.manifest, current.images)


def roll_back(version: Version, engine: Document, resident: request.Resident, *, check: bool) -> Document:
    """Apply it again. The answer is that of a request; ``failed`` where what it needs is not kept any more."""
    lost: List[str] = [digest for digest in version.files if resident.store.blob(digest) is None]
    if lost:
        text = f"version {version.number} of {version.scope} needs {len(lost)} files whose contents were not kept"
        return {"failed": True, "changed": False, "msg": text}
    asked = {
        "version": request.VERSION,
        "do": "converge",
        "engine": engine,
        "check": check,
        "manifest": version.manifest,
        "images": pins_of(version.images),
        "files": dict(resident.store.blobs_for(version.files)),
    }
    answer = request.answer(asked, resident)
    gone = [problem for problem in answer.get("problems") or () if problem["path"].endswith(".tag_of")]
    if gone:
        text = f"version {version.number} of {version.scope} needs images that are not kept any more"
        answer["msg"] = f"{text}: " + "; ".join(problem["message"].split(" ", 1)[0] for problem in gone)
        answer.pop("problems")
    return answer
