# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runtime tells: one event at a time, numbered, to everybody who keeps, sends or follows them.

Knows the shape of an event. Who writes them where is known to the sinks alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Mapping, Protocol, Sequence

Event = Dict[str, Any]
Sink = Callable[[Mapping[str, Any]], None]
RECENT = 200
MOST_LINES = 20  # of a plan, in what is known by heart; the audit log has all of it


class Follower(Protocol):
    """Who is told of each event as it happens. ``push`` says whether anybody is there still."""

    def push(self, document: Any) -> bool:
        """Take one event."""


class Journal:
    """The events of this process, the last ``RECENT`` of them by heart."""

    def __init__(self, sinks: Sequence[Sink], wall: Callable[[], float] = time.time) -> None:
        self._sinks = sinks
        self._wall = wall
        self._lock = threading.Lock()
        self._recent: Deque[Event] = deque(maxlen=RECENT)
        self._number = 0
        self._followers: List[Follower] = []

    def tell(self, kind: str, text: str, scope: str = "", **more: Any) -> None:
        """Note an event. ``text`` is one sentence that an operator reads; ``more`` are the fields of its kind."""
        with self._lock:
            self._number += 1
            event = {"number": self._number, "time": round(self._wall(), 3), "kind": kind, "scope": scope}
            event.update({"text": text, **more})
            self._recent.append({**event, "plan": more["plan"][:MOST_LINES]} if "plan" in more else event)
            self._followers = [follower for follower in self._followers if follower.push(event)]
            for sink in self._sinks:
                sink(event)

    def follow(self, follower: Follower, after: int = 0) -> None:
        """Tell what is known by heart beyond the number ``after``, and then each event as it happens."""
        with self._lock:
            if all(follower.push(event) for event in self._recent if event["number"] > after):
                self._followers.append(follower)

    def recent(self, after: int = 0) -> List[Event]:
        """What is known by heart beyond the number ``after``."""
        with self._lock:
            return [event for event in self._recent if event["number"] > after]
