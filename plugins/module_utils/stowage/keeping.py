# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of a declaration that is to hold: store it, make it so, and note what came of it.

Knows the order that loses nothing: a declaration is on the disk before anything is changed for it, so that
whoever finds it unfinished can finish it; and the images it ran are held from then on.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple

from .converge import Listener, Run, converge_host, look_after
from .engine.client import Engine
from .errors import StowageError
from .model.desired import Part
from .model.observed import Observed
from .recording import Files, Keeping, Recording
from .retention import collect_images, hold_images
from .store import Version

__all__ = ["Keeping", "Kept", "keep_host"]


@dataclass(frozen=True)
class Kept:
    """What came of it: the run, the host afterwards as far as it could be seen, and the versions it made.

    ``fault`` says why what was done could not be noted; empty where it was.
    """

    run: Run
    after: Observed
    versions: Tuple[Version, ...] = ()
    warnings: Tuple[str, ...] = ()
    fault: str = ""


def keep_host(
    engine: Engine,
    manifest: Mapping[str, Any],
    parts: Sequence[Part],
    keeping: Keeping,
    *,
    files: Optional[Files] = None,
    listener: Optional[Listener] = None,
) -> Kept:
    """Store what is declared, scope by scope, and make the engine hold it; the caller has the engine's lock.

    Raises as ``converge_host`` does, and StowageError where the disk refuses and the keeping is strict; then
    nothing was changed. Failures of steps are in the report, and in the versions.
    """
    files = files or {}
    recording = Recording(parts, manifest, keeping, files)
    run = converge_host(engine, parts, files=files, listener=listener, before=recording.declare)
    if run.report is None:
        return Kept(run, run.observed)
    after, warnings = look_after(engine, run, parts)
    fault = recording.finish(run.report, after)
    if not run.report.failures and not fault:
        with contextlib.suppress(StowageError):  # tried again by whoever comes next
            dropped = [*keeping.store.collect(), *recording.dropped]
            if keeping.resident:
                hold_images(engine, recording.versions, after)
            if keeping.resident and dropped:
                collect_images(engine, keeping.store, dropped)
    return Kept(run, after, recording.versions, (*recording.warnings, *warnings), fault)
