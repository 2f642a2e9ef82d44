# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link to the engine: connects, follows its events, and connects again however often it goes away.

Knows which events can mean that something is not as declared. What they mean for whom is the keeper's.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Mapping, Optional

from ..engine.client import Engine
from ..engine.endpoints.system import Events
from ..errors import StowageError

# Looked at, rather than all: health checks alone make three exec events each time one is done.
_EVENTS = {
    "type": ("container", "network", "volume", "image"),
    "event": (
        "create",
        "start",
        "die",
        "oom",
        "destroy",
        "rename",
        "update",
        "pause",
        "unpause",
        "health_status",
        "connect",
        "disconnect",
        "delete",
        "tag",
        "untag",
    ),
}
SHORTEST, LONGEST = 0.2, 5.0  # seconds between two attempts to connect
PAUSE = 1.0  # seconds between two looks whether one that was stopped is back


class Watch:
    """A thread that holds the link. ``came`` gets the engine, ``left`` the reason, ``saw`` each event.

    While ``is_stopped`` says so no attempt to connect is made, but for the first.

    All three are called from that thread; what they raise ends the link, which is then made anew.
    """

    def __init__(
        self,
        connect: Callable[[], Engine],
        came: Callable[[Engine], None],
        left: Callable[[str], None],
        saw: Callable[[Mapping[str, Any]], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connect = connect
        self._came = came
        self._left = left
        self._saw = saw
        self._is_stopped = is_stopped
        self._stopping = threading.Event()
        self._events: Optional[Events] = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin; the first attempt to connect is made at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the link and the thread."""
        self._stopping.set()
        events = self._events
        if events is not None:
            events.close()
        self._thread.join(5.0)

    def _run(self) -> None:
        delay = SHORTEST
        while not self._stopping.is_set():
            reason = self._follow()
            if self._stopping.is_set():
                return
            if reason:
                delay = min(delay * 2, LONGEST)
            else:
                reason, delay = "the engine ended its stream of events", SHORTEST
            self._left(reason)
            self._stopping.wait(delay)
            while self._is_stopped() and not self._stopping.wait(PAUSE):
                pass  # somebody stopped it: to connect would make systemd start it

    def _follow(self) -> str:
        """Connect and follow until the stream ends; why there was none, or nothing where there was one."""
        try:
            with self._connect() as engine:
                # Subscribed before the first look, so that nothing happens unseen between the two.
                with engine.system.events(filters=_EVENTS) as events:
                    self._events = events
                    self._came(engine)
                    for event in events:
                        self._saw(event)
                return ""
        except Exception as error:  # noqa: BLE001  without this thread nothing is seen any more
            return str(error) if isinstance(error, (StowageError, OSError)) else f"{type(error).__name__}: {error}"
        finally:
            self._events = None
