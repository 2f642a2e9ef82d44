# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the read socket answers: status, history, comparisons, events, metrics. Changes nothing.

Knows the documents that are published. Who may ask was settled before; what is masked is masking.py's.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping

from .. import __version__, request
from ..errors import StowageError
from ..store import Store, Version
from .doctor import examine
from .journal import Journal
from .keeper import Keeper
from .masking import compare, shown
from .metrics import Metrics
from .orders import Orders
from .routes import describe, find
from .runs import Runs
from .settings import Settings
from .wire import Call, Feed, HttpProblem, Reply

Document = Dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What handlers work with. ``digest`` names the sources this process was started from."""

    address: str
    digest: str
    settings: Settings
    store: Store
    keeper: Keeper
    journal: Journal
    metrics: Metrics
    runs: Runs


class Handlers:
    """Answers calls: finds the route, and the method of its name here or among the orders."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._orders = Orders(parts)
        self._started = time.time()

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
        return Reply(200, self.told())

    def told(self) -> Document:
        """The status as a document."""
        about = {"version": __version__, "digest": self._parts.digest, "pid": os.getpid(), "started": self._started}
        warnings: List[str] = []
        known = self._parts.keeper.status()
        if not known["engine"]["reachable"]:
            warnings.append(f"the engine cannot be reached: {known['engine']['message']}")
        return {**about, "now": time.time(), **known, "warnings": warnings}

    def drift(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Asks the engine, in a thread of its own since that may take its time."""
        scope = call.query.get("scope", "")
        known = self._parts.store.standings()
        if scope and scope not in known:
            raise _no_scope(scope, known)

        def ask() -> Document:
            asked = {"version": request.VERSION, "do": "drift", "info": {"scope": scope}}
            answer = request.answer(asked, self._orders.resident("", None))
            if answer["failed"]:
                raise HttpProblem(502, "engine", answer["msg"])
            return {"scopes": answer["drift"]}

        return later(ask)

    def history(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Of one scope, or of all."""
        scope, store = call.query.get("scope", ""), self._parts.store
        known = store.standings()
        if scope and scope not in known:
            raise _no_scope(scope, known)
        wanted = [scope] if scope else sorted(known)
        return Reply(200, {"scopes": {name: self._versions(name) for name in wanted}})

    def _versions(self, scope: str) -> List[Document]:
        current = self._parts.store.standing(scope).version
        return [
            {
                "number": version.number,
                "declared_at": version.declared_at,
                "by": version.by,
                "outcome": version.outcome,
                "message": version.message,
                "seconds": version.seconds,
                "operations": len(version.plan),
                "current": current is not None and version.number == current.number,
            }
            for version in self._parts.store.versions(scope)
        ]

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
        known = self._parts.store.standings()
        if scope not in known:
            raise _no_scope(scope, known)
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise HttpProblem(400, "bad_request", f"{number!r} is no number of a version")
        try:
            return self._parts.store.version(scope, int(number))
        except StowageError as error:
            raise HttpProblem(404, "not_found", str(error)) from error

    def events(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """A stream that ends when the caller goes."""
        feed = Feed()
        self._parts.journal.follow(feed, whole_number(call, "after", 0, 1 << 53))
        return Reply(200, feed=feed)

    def doctor(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """Looks at the disk and asks the engine."""
        return later(lambda: examine(self._parts.settings, self._parts.store, self.told()))

    def metrics(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """For a scraper, through whatever serves a socket to it."""
        return Reply(200, text=self._parts.metrics.render(), content_type="text/plain; version=0.0.4")

    def description(self, _call: Call, _values: Mapping[str, str]) -> Reply:
        """What there is, for programs."""
        return Reply(200, describe())


def later(ask: Callable[[], Document]) -> Reply:
    """An answer that takes a while: found in a thread of its own, so that nobody else waits for it."""
    feed = Feed(single=True)

    def work() -> None:
        try:
            feed.push(ask())
        except HttpProblem as problem:
            feed.fail(problem)
        except StowageError as error:
            feed.fail(HttpProblem(500, "failed", str(error)))
        feed.close()

    threading.Thread(target=work, name="later", daemon=True).start()
    return Reply(200, feed=feed)


def whole_number(call: Call, name: str, default: int, most: int) -> int:
    """A number of the query. Raises HttpProblem."""
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= most):
        raise HttpProblem(400, "bad_request", f"{name} must be a whole number of at most {most}")
    return int(text)


def _no_scope(scope: str, known: Mapping[str, Any]) -> HttpProblem:
    names = ", ".join(sorted(known)) or "none"
    return HttpProblem(404, "not_found", f"no scope {scope!r} is declared here; there are: {names}")
