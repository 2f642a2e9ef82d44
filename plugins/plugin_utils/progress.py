# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what a long run does while it does it, between the lines of the playbook's output.

Knows the events of a run and how much of them a reader wants to see. Where they come from is the delivery's.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.utils.display import Display

# Of what the engine says within one step (layers, build output) a line is shown every so many seconds.
PAUSE = 5.0
# What takes its time is told when it begins, all else when it is done.
_LONG = ("PullImage", "BuildImage", "LoadImage", "PushImage", "WaitContainer", "Pause")
_WORDS = {"done": "ok", "failed": "FAILED", "skipped": "skipped", "undone": "undone"}
_COLOURS = {"failed": "red", "undone": "purple", "skipped": "cyan"}

display = Display()


class Progress:
    """One task's progress on one host."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.changes = False  # whether anything was begun that changes the host
        self._told: dict[str, float] = {}

    def show(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Show these events, as far as they are worth a line."""
        for event in events:
            line = self._line(event)
            if line:
                display.display(f"  {self._host}: {line}", color=_COLOURS.get(str(event["event"]), "bright gray"))

    def _line(self, event: Mapping[str, Any]) -> str:
        kind, what = str(event["event"]), f"{event.get('operation', '')} {event.get('target', '')}".strip()
        text = " ".join(str(event.get("text") or "").split())
        if kind == "plan":
            return f"{len(event['operations'])} operations" if event["operations"] else ""
        if kind == "started":
            self.changes = self.changes or event.get("operation") not in ("WaitContainer", "Pause")
            return f"{what} ..." if event.get("operation") in _LONG else ""
        if kind == "detail":
            now = time.monotonic()
            if now - self._told.get(what, 0.0) < PAUSE:
                return ""
            self._told[what] = now
            return f"{what}: {text[:160]}"
        return f"{what} {_WORDS.get(kind, kind)}{f': {text}' if text and kind != 'done' else ''}"
