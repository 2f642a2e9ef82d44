# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the read socket answers: status, history, comparisons, events, metrics. Changes nothing.

Knows the documents that are published. Who may ask was settled before; what is masked is masking.py's.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Mapping

from .. import request
from ..errors import StowageError
from ..store import Version
from .doctor import examine
from .masking import compare, shown
from .orders import Orders
from .routes import describe, find
from .telling import Parts, figures, history, require, status
from .wire import Call, Feed, HttpProblem, Reply

Document = Dict[str, Any]


class Handlers:
    """Answers calls: finds the route, and the method of its name here or among the orders."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._orders = Orders(parts)

    def answer(self, call: Call) -> Reply:
        """One call. Raises HttpProblem, and StowageError for what was asked for in vain."""
        route, values, methods = find(call.method, call.path)
        if route is None and methods:
            raise HttpProblem(405, "method_not_allowed", f"{call.path} takes {', '.join(methods)}")
        if route is None:
            raise HttpProblem(
                404, "not_found", f"there is no {call.path} here; GET /v1/openapi.json tells what there is"
            )
        if route.writes and not call.caller.writes:
            raise HttpProblem(403, "forbidden", f"{call.path} is answered on write.sock alone, which is root's")
        handler: Callable[[Call, Mapping[str, str]], Reply]
        handler = getattr(self._orders if route.writes else self, route.name)
        return handler(call, values)

    def status(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """From memory: whoever asks often costs the engine nothing."""
        return Reply(200, status(self._parts))

    def drift(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Asks the engine, in a thread of its own since that may take its time."""
        scope = call.query.get("scope", "")
        if scope:
            require(scope, self._parts.store.standings())

        def ask() -> Document:
            asked = {"version": request.VERSION, "do": "drift", "info": {"scope": scope}}
            answer = request.answer(asked, self._orders.resident("", None))
            if answer["failed"]:
                raise HttpProblem(502, "engine", answer["msg"])
            return {"scopes": answer["drift"]}

        return later(ask)

    def history(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Of one scope, or of all."""
        return Reply(200, {"scopes": history(self._parts, call.query.get("scope", ""))})

    def version(self, _call: Call, values: Mapping[str, str]) -> Reply:
        """One version in full."""
        return Reply(200, shown(self._version(values["scope"], values["number"])))

    def diff(self, _call: Call, values: Mapping[str, str]) -> Reply:
        """Two versions of one scope beside each other."""
        before = self._version(values["scope"], values["before"])
        after = self._version(values["scope"], values["after"])
        names = [f"{before.scope} version {before.number}", f"{after.scope} version {after.number}"]
        document = {"scope": before.scope, "from": before.number, "to": after.number}
        return Reply(200, {**document, "diff": compare(before.manifest, after.manifest, names)})

    def _version(self, scope: str, number: str) -> Version:
        require(scope, self._parts.store.standings())
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise HttpProblem(400, "bad_request", f"{number!r} is no number of a version")
        try:
            return self._parts.store.version(scope, int(number))
        except StowageError as error:
            raise HttpProblem(404, "not_found", str(error)) from error

    def events(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """A stream that ends when the caller goes; without ``follow``, with the last event that is known."""
        feed, after = Feed(), whole_number(call, "after", 0, 1 << 53)
        if call.query.get("follow", "1") != "0":
            self._parts.journal.follow(feed, after)
            return Reply(200, feed=feed)
        for event in self._parts.journal.recent(after):
            feed.push(event)
        feed.close()
        return Reply(200, feed=feed)

    def doctor(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """Looks at the disk and asks the engine."""
        return later(lambda: examine(self._parts.settings, self._parts.store, status(self._parts)))

    def metrics(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """For a scraper, through whatever serves a socket to it."""
        return Reply(200, text=figures(self._parts), content_type="text/plain; version=0.0.4")

    def description(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """What there is, for programs."""
        return Reply(200, describe())


# How many such answers are looked for at a time: each asks the engine for much.
_TURNS = threading.BoundedSemaphore(4)


def later(ask: Callable[[], Document]) -> Reply:
    """An answer that takes a while: found in a thread of its own, so that nobody else waits for it.

    Raises HttpProblem where too many are being looked for already.
    """
    if not _TURNS.acquire(blocking=False):
        raise HttpProblem(503, "busy", "too many ask this at once; try again in a moment")
    feed = Feed(single=True)

    def work() -> None:
        try:
            feed.push(ask())
        except HttpProblem as problem:
            feed.fail(problem)
        except StowageError as error:
            feed.fail(HttpProblem(500, "failed", str(error)))
        except Exception as error:  # noqa: BLE001  whoever waits must hear of it
            feed.fail(HttpProblem(500, "failed", f"the runtime failed: {type(error).__name__}: {error}"))
        finally:
            _TURNS.release()
            feed.close()

    threading.Thread(target=work, name="later", daemon=True).start()
    return Reply(200, feed=feed)


def whole_number(call: Call, name: str, default: int, most: int) -> int:
    """A number of the query. Raises HttpProblem."""
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= most):
        raise HttpProblem(400, "bad_request", f"{name} must be a whole number of at most {most}")
    return int(text)
