# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells people of what happens: by a webhook, by a command, and never more often than they asked for.

Knows whom to tell, how often, and when to try again. Whoever calls is never held up, and never hears of a failure:
that goes where the service wants it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, Mapping, NamedTuple, Optional, Sequence

from . import child, posting
from .journal import MOST_LINES
from .settings import Notify

WAITING = 100  # events; what comes while so many wait to be sent is left out
WEBHOOK_SECONDS, COMMAND_SECONDS = 10.0, 30.0
PAUSES = (1.0, 4.0)  # seconds before the second and the third attempt at the webhook
_MINUTE = 60.0
_SAID = 200  # characters of what a command wrote, in what is told of its failure


class Notifier:
    """Sends events to whom ``notify`` names. ``unsent`` is told of what could not be delivered, in any thread.

    ``clock`` is never set back; the limit goes by it.
    """

    def __init__(
        self, notify: Notify, unsent: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._notify = notify
        self._unsent = unsent
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: Deque[Dict[str, Any]] = deque()
        self._sent: Deque[float] = deque(maxlen=notify.per_minute)
        self._left_out = 0
        self._closed = False
        self._ends = float("inf")  # of time.monotonic()
        self._thread: Optional[threading.Thread] = None
        # Read now: whatever file it comes from may be another version's by the time it is needed.
        self._program = _text_of_posting() if notify.webhook else ""

    def tell(self, event: Mapping[str, Any]) -> None:
        """Have an event sent, if anybody is to hear of its kind; returns at once."""
        if event["kind"] not in self._notify.events or not (self._notify.webhook or self._notify.command):
            return
        with self._changed:
            if self._closed:
                return
            now = self._clock()
            limited = len(self._sent) == self._notify.per_minute and now - self._sent[0] < _MINUTE
            if limited or len(self._waiting) >= WAITING:
                self._left_out += 1
                return
            self._sent.append(now)
            self._waiting.append(_shortened(event, self._left_out))
            self._left_out = 0
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notify", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Send what waits, for so many seconds at most."""
        with self._changed:
            self._closed = True
            self._ends = time.monotonic() + timeout
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout + 1.0)  # what runs then is ended, which takes a moment

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                event = self._waiting.popleft()
            if time.monotonic() < self._ends:
                self._send(event)
            else:
                self._unsent(f"a notification ({event['kind']}) was not delivered: the runtime ended")

    def _send(self, event: Mapping[str, Any]) -> None:
        body = json.dumps(event).encode("ascii")
        failures = []
        if self._notify.webhook:
            failures.append(self._post(body))
        if self._notify.command:
            failures.append(self._command(body))
        for failure in filter(None, failures):
            self._unsent(f"a notification ({event['kind']}) was not delivered: {failure}")
        if all(failures):
            with self._changed:
                self._left_out += 1 + event["left_out"]

    def _post(self, body: bytes) -> str:
        """What went wrong, or nothing."""
        data = self._notify.webhook.encode() + b"\n" + body
        argv = [sys.executable, "-I", "-S", "-c", self._program, str(WEBHOOK_SECONDS)]
        for pause in (*PAUSES, None):
            # A little more for the program itself, which cannot know how long a server takes in all.
            attempt = self._attempt("the webhook", argv, data, WEBHOOK_SECONDS + 1.0)
            if not attempt.failure or not attempt.again or pause is None or not self._rest(pause):
                break
        return attempt.failure

    def _command(self, body: bytes) -> str:
        """What went wrong, or nothing."""
        command = self._notify.command
        return self._attempt(f"the command {command[0]}", command, body + b"\n", COMMAND_SECONDS).failure

    def _attempt(self, name: str, argv: Sequence[str], data: bytes, seconds: float) -> _Attempt:
        deadline = time.monotonic() + seconds
        try:
            ended = child.run(argv, data, lambda: min(deadline, self._ends))
        except (OSError, ValueError) as error:
            return _Attempt(f"{name}: {getattr(error, 'strerror', None) or 'it cannot be started'}", again=False)
        if ended.code == 0:
            return _Attempt("", again=False)
        said = "".join(filter(str.isprintable, " ".join(ended.output.split())))[:_SAID]
        why = ended.why or f"it ended with exit code {ended.code}"
        if argv is self._notify.command:
            return _Attempt(f"{name}: {why}{': ' if said else ''}{said}", again=False)
        told = ended.code in (posting.REFUSED, posting.TRY_AGAIN)
        return _Attempt(f"{name}: {said if told else why}", again=ended.code != posting.REFUSED)

    def _rest(self, seconds: float) -> bool:
        """Wait, unless all is to end."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closed, seconds)


class _Attempt(NamedTuple):
    """``failure`` is in words, empty where there was none; ``again`` is whether another attempt may do."""

    failure: str
    again: bool


def _shortened(event: Mapping[str, Any], left_out: int) -> Dict[str, Any]:
    """What is sent: no more of a plan than people read, and how many before it were not sent."""
    sent = {**event, "left_out": left_out}
    if left_out:
        sent["text"] = f"{event['text']} ({left_out} more {'was' if left_out == 1 else 'were'} left out before this)"
    if "plan" in event:
        sent["plan"] = list(event["plan"])[:MOST_LINES]
        sent["operations"] = len(event["plan"])
    return sent


def _text_of_posting() -> str:
    """The text of posting.py, wherever this runtime was loaded from."""
    spec: Any = posting.__spec__
    return str(spec.loader.get_source(posting.__name__))
