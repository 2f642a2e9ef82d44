# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that removes what nothing uses and nobody declared; this process itself does it.

Knows how its arguments are read and its answer is shown. What may go, pruning/ says.
"""

from __future__ import annotations

import argparse
from typing import Any, Dict, List

from ..client import Client
from ..errors import StowageError
from ..terminal import Paint, printable, render_columns
from .console import FAILED, OK, Console

Document = Dict[str, Any]
_COLUMNS = ("KIND", "NAME", "SIZE", "OUTCOME", "")


def prune(options: argparse.Namespace, console: Console, _client: Client) -> int:
    """Remove it, or show what would go."""
    from ..pruning.tidying import tidy
    from ..pruning.wanted import read_wanted
    from ..request import connect

    wanted = read_wanted(
        {
            **{name: getattr(options, name) for name in ("containers", "images", "networks", "volumes", "build_cache")},
            "filters": {"until": options.until, "label": options.label, "without_label": options.without_label},
        }
    )
    if not wanted.anything:
        raise StowageError("say what may go: --containers, --images, --networks, --volumes, --build-cache")
    engine, address = connect({"host": options.host})
    with engine:
        answer = tidy(engine, address, wanted, check=options.dry_run, lock_timeout=options.lock_timeout)
    console.show(answer, render_prune)
    return FAILED if answer["failed"] else OK


def render_prune(answer: Document, paint: Paint, _now: float) -> List[str]:
    """An object to a line, then how much it is."""
    from ..pruning.deciding import human

    planned = all(step["status"] == "planned" for step in answer["removals"])
    rows = [
        [
            step["kind"],
            step["name"],
            human(step["bytes"]) if step["bytes"] else "",
            "" if planned else step["status"],
            step["message"] or step["cause"],
        ]
        for step in answer["removals"]
    ]
    lines = render_columns(_COLUMNS, rows, paint)
    lines += [f"note: {printable(note)}" for note in answer["warnings"]]
    if not rows:
        return [*lines, "nothing to remove"]
    counts = ", ".join(_counted(kind, count) for kind, count in answer["summary"].items())
    return [*lines, f"{'would remove' if planned else 'removed'}: {counts}; {human(answer['bytes'])}"]


def _counted(kind: str, count: int) -> str:
    if kind == "build_cache":
        return f"{count} record{'' if count == 1 else 's'} of builds"
    return f"{count} {kind[:-1] if count == 1 else kind}"
