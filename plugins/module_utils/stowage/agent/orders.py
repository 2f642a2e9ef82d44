# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the write socket carries out: plans, applies, a playbook's requests, rollbacks, pauses, logs.

Knows how an order becomes a request of the same kind that a run without a runtime answers. Nothing is decided here.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from typing import Any, Dict, List, Mapping, Optional

from .. import request
from ..converge import Listener
from ..errors import NotFound, StowageError
from ..standing import split_manifest
from ..store import Pause
from .rollback import roll_back, target_of
from .runs import Run, Work
from .telling import Parts, history, require, status
from .wire import Call, Feed, HttpProblem, Reply

Document = Dict[str, Any]
LONGEST_WAIT = 60.0  # seconds that one call may wait for news of a run
LONGEST_LOCK = 86400.0  # seconds that an apply may wait for another run
LONGEST_PAUSE = 366 * 86400.0  # seconds
DEFAULT_PAUSE = 3600.0


class Orders:
    """The handlers of the write socket; each method has its route's name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def resident(self, by: str, listener: Optional[Listener]) -> request.Resident:
        """What a request is answered with when it is this process that answers."""
        return request.Resident(self._parts.store, by, listener or Listener())

    def plan(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """What applying would do."""
        asked = {**self._asked(call), "check": True}
        return self._answered(lambda _listener: request.answer(asked, self.resident("", None)))

    def apply(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Progress as it goes, and the result last."""
        asked, by = self._asked(call), _by(call, "stowage apply")
        return self._streamed(lambda listener: self._converge(asked, by, listener))

    def request(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """A task of a playbook. 409 where this is not the runtime, or not the engine, that it is for."""
        document = _document(call)
        if document.get("digest") != self._parts.digest:
            raise HttpProblem(409, "version", "the runtime on this host is of another version than the collection")
        asked = document.get("request")
        if not isinstance(asked, dict):
            raise HttpProblem(400, "bad_request", "request must be an object")
        if (asked.get("engine") or {}).get("host") and not self._is_ours(asked["engine"]):
            raise HttpProblem(
                409, "engine", f"the runtime on this host keeps the engine at {self._parts.address} alone"
            )
        asked = {**asked, "engine": self._engine()}
        run = self._parts.runs.start(self._work(asked, _by(call, "a playbook")))
        return self._told(run, 0, _seconds(document.get("wait"), 2.0))

    def _work(self, asked: Mapping[str, Any], by: str) -> Work:
        """How a request is answered here."""
        info = asked.get("info") or {}
        if asked.get("do") == "runtime":
            return lambda _listener: self._about(str(info.get("scope") or ""))
        if asked.get("do") == "rollback":
            return self._rollback(str(info.get("scope") or ""), info.get("number"), by, check=bool(asked.get("check")))
        if asked.get("do") == "converge" and not asked.get("check"):
            return lambda listener: self._converge(asked, by, listener)
        return lambda listener: request.answer(asked, self.resident(by, listener))

    def _about(self, scope: str) -> Document:
        """What runtime_info tells."""
        told = {"present": True, **status(self._parts), "changed": False, "failed": False}
        told["running_since"] = told.pop("started")  # which is a word of async tasks
        told["history"] = history(self._parts, scope)
        if scope:
            told["scopes"] = {scope: told["scopes"].get(scope, {})}
        return told

    def run(self, call: Call, values: Mapping[str, str]) -> Reply:
        """What a run told since."""
        run = self._parts.runs.get(values["run"])
        if run is None:
            raise HttpProblem(
                404, "not_found", f"no run {values['run']} is known here; what was done shows GET /v1/history"
            )
        after = call.query.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise HttpProblem(400, "bad_request", "after must be a whole number")
        return self._told(run, int(after), _seconds(call.query.get("wait"), 10.0))

    def rollback(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """An earlier version again, as a version of its own."""
        document = _document(call)
        scope, number = str(document.get("scope") or ""), document.get("number")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise HttpProblem(400, "bad_request", "number must be a whole number")
        return self._streamed(self._rollback(scope, number, _by(call, "root"), check=bool(document.get("check"))))

    def _rollback(self, scope: str, number: Optional[int], by: str, *, check: bool) -> Work:
        target = target_of(self._parts.store, scope, number)
        name = f"rollback to {target.number}, {by}"

        def work(listener: Listener) -> Document:
            began = time.monotonic()
            answer = roll_back(target, self._engine(), self.resident(name, listener), check=check)
            told = {**answer, "scope": scope, "number": target.number}
            return told if check else self._after(told, target.manifest, name, time.monotonic() - began)

        return work

    def pause(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """From now on, for so many seconds."""
        document = _document(call)
        seconds = document.get("seconds", DEFAULT_PAUSE)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST_PAUSE:
            raise HttpProblem(400, "bad_request", f"seconds must be a number above 0, of at most {LONGEST_PAUSE:.0f}")
        now, by, reason = time.time(), _by(call, "root"), str(document.get("reason") or "")
        scopes = self._scopes(document)
        try:
            for scope in scopes:
                self._parts.store.pause(scope, Pause(now + seconds, by, reason, now))
                text = f"paused for {seconds:g} s by {by}{': ' if reason else ''}{reason}"
                self._parts.journal.tell("paused", text, scope, by=by)
        finally:
            self._parts.keeper.look(scopes)
        return Reply(200, {"scopes": scopes, "until": now + seconds})

    def resume(self, call: Call, _values: Mapping[str, str]) -> Reply:
        """Pauses end, and what was left alone after many attempts is tried anew."""
        scopes, by = self._scopes(_document(call)), _by(call, "root")
        for scope in scopes:
            self._parts.store.pause(scope, None)
            self._parts.journal.tell("resumed", f"resumed by {by}", scope, by=by)
        self._parts.keeper.release(scopes)
        return Reply(200, {"scopes": scopes})

    def logs(self, call: Call, values: Mapping[str, str]) -> Reply:
        """A container's output as it is written."""
        tail = call.query.get("tail", "100")
        if tail != "all" and not (tail.isascii() and tail.isdigit() and len(tail) < 8):
            raise HttpProblem(400, "bad_request", "tail must be a whole number, or all")
        feed, name = Feed(patience=LONGEST_WAIT), values["container"]
        follow = call.query.get("follow", "") not in ("", "0", "false")

        def work() -> None:
            try:
                engine, _address = request.connect(self._engine())
                with engine, engine.containers.follow_logs(name, tail=tail, follow=follow) as lines:
                    feed.when_gone(lines.close)
                    for stream, text in lines:
                        if not feed.push({"stream": stream, "text": text}):
                            break
            except NotFound:
                feed.fail(HttpProblem(404, "not_found", f"there is no container {name}"))
            except StowageError as error:
                feed.fail(HttpProblem(502, "engine", str(error)))
            finally:
                feed.close()

        threading.Thread(target=work, name="logs", daemon=True).start()
        return Reply(200, feed=feed)

    # -- how ----------------------------------------------------------------------------------

    def _converge(self, asked: Mapping[str, Any], by: str, listener: Listener) -> Document:
        began = time.monotonic()
        answer = request.answer(asked, self.resident(by, listener))
        _remove_incoming(asked)
        if answer.get("needed_files"):
            return answer
        return self._after(answer, asked.get("manifest") or {}, by, time.monotonic() - began)

    def _after(self, answer: Document, manifest: Mapping[str, Any], by: str, seconds: float) -> Document:
        """Tell of what was applied, and have it looked at."""
        self._parts.metrics.observe("apply", seconds)
        scopes = sorted(split_manifest(manifest))
        lines = answer.get("plan") or []
        for scope in scopes:
            if answer.get("failed"):
                self._parts.metrics.count("failures", scope=scope)
                self._parts.journal.tell("failure", f"apply by {by} failed: {answer.get('msg', '')}", scope, by=by)
            elif answer.get("changed"):
                text = f"applied by {by}: {len(lines)} operation{'' if len(lines) == 1 else 's'}"
                self._parts.journal.tell("applied", text, scope, by=by, plan=list(lines), seconds=round(seconds, 3))
        self._parts.keeper.release(scopes)
        return answer

    def _asked(self, call: Call) -> Document:
        document = _document(call)
        manifest = document.get("manifest")
        if not isinstance(manifest, dict):
            raise HttpProblem(400, "bad_request", "manifest must be an object")
        asked: Document = {"version": request.VERSION, "do": "converge", "engine": self._engine(), "manifest": manifest}
        patience = _seconds(document.get("lock_timeout"), request.DEFAULT_LOCK_TIMEOUT, LONGEST_LOCK)
        asked["lock_timeout"] = patience
        return asked

    def _engine(self) -> Document:
        return {"host": self._parts.settings.engine} if self._parts.settings.engine else {}

    def _is_ours(self, options: Mapping[str, Any]) -> bool:
        try:
            return request.known_by(str(options["host"])) == self._parts.address
        except StowageError:
            return False

    def _scopes(self, document: Mapping[str, Any]) -> List[str]:
        known = self._parts.store.standings()
        scope = document.get("scope")
        if scope is None:  # nothing is done about damaged ones anyway
            return sorted(name for name, standing in known.items() if standing.version is not None)
        require(str(scope), known)
        return [str(scope)]

    def _answered(self, work: Work) -> Reply:
        """The answer of a run, when it is there."""
        feed = Feed(single=True)

        def push(event: Document) -> bool:
            if event["event"] != "result":
                return True
            feed.push(event["answer"])
            feed.close()
            return False

        self._parts.runs.start(work, push)
        return Reply(200, feed=feed)

    def _streamed(self, work: Work) -> Reply:
        feed = Feed(patience=LONGEST_WAIT)

        def push(event: Document) -> bool:
            there = feed.push(event)
            if event["event"] == "result":
                feed.close()
            return there

        self._parts.runs.start(work, push)
        return Reply(200, feed=feed)

    def _told(self, run: Run, after: int, seconds: float) -> Reply:
        """News of a run, in a thread that may wait for them."""
        feed = Feed(single=True)

        def work() -> None:
            try:
                told = run.wait(after, seconds)
                if feed.push(told) and "answer" in told:
                    self._parts.runs.forget(run)
            finally:
                feed.close()

        threading.Thread(target=work, name="wait", daemon=True).start()
        return Reply(200, feed=feed)


def _document(call: Call) -> Mapping[str, Any]:
    if not isinstance(call.document, Mapping):
        raise HttpProblem(400, "bad_request", "a JSON object is expected as the body")
    return call.document


def _by(call: Call, what: str) -> str:
    document = call.document if isinstance(call.document, Mapping) else {}
    return str(document.get("by") or what)[:200]


def _seconds(value: Any, default: float, most: float = LONGEST_WAIT) -> float:
    """A number of seconds of at most so many; the default for what is none."""
    try:
        seconds = float(default if value is None else value)
    except (TypeError, ValueError):
        return default
    return default if math.isnan(seconds) else min(max(seconds, 0.0), most)


def _remove_incoming(asked: Mapping[str, Any]) -> None:
    """What was brought for this run alone lies in a folder of its own, and goes with it."""
    for path in (asked.get("files") or {}).values():
        if isinstance(path, str) and f"{os.sep}incoming{os.sep}" in path:
            with contextlib.suppress(OSError):
                os.unlink(path)
