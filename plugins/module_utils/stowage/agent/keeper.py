# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop: knows when which scope is due to be looked at, and has it looked at, one look at a time.

Events make a scope due at once, a slow timer all of them. Knows time, the store's standings and the engine's
lock. How a look goes is tending.py's.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ..engine.client import Engine
from ..errors import BusyError, EngineUnreachable, StowageError
from ..lock import engine_lock
from ..manifest import parse_manifest
from ..service.labels import SCOPE
from ..standing import as_left
from ..store import Standing, Store
from .backoff import LONGEST
from .charge import DAMAGED, FAILING, REPAIRING, UNKNOWN, Charge, View
from .journal import Journal
from .settings import Settings
from .tending import ENFORCE, PAUSED, Tending, labelled

QUIET, PATIENCE = 0.1, 0.4  # seconds: events are over when none has come for so long, or the first is so old
LOCK_PATIENCE = 2.0  # seconds for another run to end, before looking whether to stop
RETRY = 5.0  # seconds until a look is tried again that could not be made
VERIFY = 0.5  # seconds after a repair
MOST_ATTEMPTS = 5  # to finish what a killed run had begun
LONG_RUN = 30.0  # seconds that another run may have the lock before that is told
LOST = "so it is not kept; run its playbook again"
ALL = ""  # due like a scope: the host as a whole, for what only its labels tell of


class Keeper:
    """Keeps the scopes of one engine. ``clock`` is never set back, ``wall`` is what people read."""

    def __init__(
        self,
        address: str,
        store: Store,
        settings: Settings,
        tending: Tending,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._address = address
        self._store = store
        self._settings = settings
        self._tending = tending
        self._journal = journal
        self._clock = clock
        self._wall = wall
        self._changed = threading.Condition()
        self._engine: Optional[Engine] = None
        self._reachable_since = 0.0
        self._unreachable = "not connected yet"
        self._facts: Dict[str, Any] = {}
        self._charges: Dict[str, Charge] = {}
        self._labelled: Dict[str, List[str]] = {}
        self._owners: Dict[str, List[str]] = {}
        self._stamp: Tuple[Any, ...] = ("never read",)
        # When each scope is due, and when what made it due began.
        self._due: Dict[str, float] = {}
        self._first: Dict[str, float] = {}
        self._busy_since: Optional[float] = None
        # Scopes that went from the store since the last look, and those of which that was told.
        self._vanished: Set[str] = set()
        self._lost: Set[str] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Read the store and begin. One that cannot be read is tried again, and keeps nobody from asking."""
        try:
            self._refresh()
        except StowageError as error:
            self._journal.tell("damaged", f"the store cannot be read: {error}")
        self._thread.start()

    def stop(self) -> None:
        """End after the operation that is going on; the next start goes on from there."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(10.0)

    # -- what the watch tells -----------------------------------------------------------------

    def came(self, engine: Engine) -> None:
        """The engine answers: whatever happened meanwhile, all is looked at."""
        version = engine.system.version()
        with self._changed:
            self._engine = engine
            self._facts = {
                "version": str(version.get("Version") or ""),
                "api_version": ".".join(str(part) for part in engine.api_version),
            }
            self._unreachable, self._reachable_since = "", self._wall()
            for charge in self._charges.values():
                charge.backoff.clear()
            self._make_due([*self._charges, ALL])
        self._journal.tell("engine", f"connected to engine {self._facts['version']}")

    def left(self, reason: str) -> None:
        """The engine does not answer any more."""
        with self._changed:
            told, self._unreachable, self._engine = bool(self._unreachable), reason, None
            for charge in self._charges.values():
                if charge.version is not None:
                    charge.view = View(UNKNOWN, f"the engine cannot be reached: {reason}", charge.view.checked_at)
        if not told:
            self._journal.tell("engine", f"the engine cannot be reached: {reason}")

    def saw(self, event: Mapping[str, Any]) -> None:
        """Something happened on the engine; whose it is tell labels and names."""
        actor = event.get("Actor") or {}
        attributes = actor.get("Attributes") or {}
        names = [str(attributes.get("name") or ""), str(attributes.get("container") or ""), str(actor.get("ID") or "")]
        with self._changed:
            scopes = {owner for name in names for owner in self._owners.get(name, ())}
            if attributes.get(SCOPE):  # one that is not known may just have been declared by a run of its own
                scopes.add(str(attributes[SCOPE]))
            self._make_due(scopes, QUIET)

    # -- what others ask ----------------------------------------------------------------------

    def look(self, scopes: Optional[Iterable[str]] = None) -> None:
        """Look at these scopes, or at all, as soon as may be; the store is read anew for it."""
        with self._changed:
            self._make_due(self._charges if scopes is None else scopes)

    def release(self, scopes: Iterable[str]) -> None:
        """Somebody asked for these anew: nothing of them is held back any more."""
        with self._changed:
            for scope in scopes:
                if scope in self._charges:
                    self._charges[scope].backoff.clear()
        self.look(scopes)

    def mode(self, charge: Charge) -> str:
        """What may be done about a scope now."""
        if charge.is_paused(self._clock()):
            return PAUSED
        return self._settings.modes.get(charge.scope, self._settings.mode)

    def status(self) -> Dict[str, Any]:
        """What is known, without asking anybody: the sections ``engine`` and ``scopes`` of the status."""
        with self._changed:
            scopes = {scope: self._told(charge) for scope, charge in self._charges.items()}
            for scope, containers in self._labelled.items():
                scopes.setdefault(scope, _unstored(containers, lost=scope in self._lost))
            engine = {
                "address": self._address,
                "reachable": self._engine is not None,
                "version": self._facts.get("version", ""),
                "api_version": self._facts.get("api_version", ""),
                "message": self._unreachable,
                "since": self._reachable_since,
            }
        return {"engine": engine, "scopes": scopes}

    def _told(self, charge: Charge) -> Dict[str, Any]:
        version, view, mode = charge.version, charge.view, self.mode(charge)
        return {
            "version": version.number if version else None,
            "declared_at": version.declared_at if version else None,
            "by": version.by if version else "",
            "outcome": version.outcome if version else "",
            "mode": mode,
            "until": charge.until if mode == PAUSED else None,
            "reason": charge.reason if mode == PAUSED else "",
            "state": view.state,
            "message": view.message,
            "checked_at": view.checked_at,
            "drift": list(view.drift),
            "objects": [self._told_object(entry) for entry in view.objects],
        }

    def _told_object(self, entry: Mapping[str, Any]) -> Dict[str, Any]:
        held = entry["held"]
        if held is None or held["until"] is None:
            return dict(entry)
        return {**entry, "held": {**held, "until": self._wall() + held["until"] - self._clock()}}

    # -- the loop -----------------------------------------------------------------------------

    def _make_due(self, scopes: Iterable[str], quiet: float = 0.0) -> None:
        """Note that these are to be looked at once it has been quiet. Holds the condition."""
        now = self._clock()
        for scope in scopes:
            first = self._first.setdefault(scope, now)
            self._due[scope] = min(now + quiet, max(first + PATIENCE, now)) if quiet else now
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            scopes = self._next()
            if scopes is None:
                return
            self.turn(scopes)

    def _next(self) -> Optional[List[str]]:
        """The scopes that are due, once any is; None where all is to end."""
        with self._changed:
            while not self._stopping:
                now = self._clock()
                ready = [scope for scope, due in self._due.items() if due <= now] if self._engine else []
                if ready:
                    for scope in ready:
                        self._first.pop(scope, None)
                        del self._due[scope]
                        if scope in self._charges or scope == ALL:
                            self._due[scope] = now + self._settings.resync
                    return ready
                wait = min(self._due.values(), default=None) if self._engine else None
                self._changed.wait(None if wait is None else max(wait - now, 0.0))
        return None

    def turn(self, scopes: List[str]) -> None:
        """One look at these scopes, and at those that are new; the loop's, or a test's that has no time for it."""
        engine = self._engine
        if engine is None:
            return
        due = list(scopes)
        try:
            with engine_lock(self._address, LOCK_PATIENCE):
                self._busy_since = None
                due += [scope for scope in self._refresh() if scope not in due]
                self._tend(engine, due)
        except BusyError as error:
            self._wait_for_others(due, str(error))
        except Exception as error:  # noqa: BLE001  this thread is all that keeps the host
            # The watch will tell if the engine is gone; what else it was may be over the next time.
            words = str(error) if isinstance(error, (StowageError, OSError)) else f"{type(error).__name__}: {error}"
            self._unseen(due, words)
            self._again(due, RETRY)

    def _wait_for_others(self, scopes: List[str], reason: str) -> None:
        """Another run has the lock. One that has it for long keeps everything from being repaired."""
        now = self._clock()
        self._busy_since = self._busy_since or now
        if now - self._busy_since > LONG_RUN:
            self._unseen(scopes, f"nothing is repaired meanwhile: {reason}")
        self._again(scopes, 0.0)

    def _unseen(self, scopes: Iterable[str], message: str) -> None:
        with self._changed:
            for scope in scopes:
                charge = self._charges.get(scope)
                if charge is not None and charge.version is not None:
                    charge.view = replace(charge.view, state=UNKNOWN, message=message)

    def _again(self, scopes: Iterable[str], delay: float) -> None:
        with self._changed:
            for scope in scopes:
                self._due[scope] = min(self._due.get(scope, float("inf")), self._clock() + delay)

    def _tend(self, engine: Engine, scopes: List[str]) -> None:
        for scope in scopes:
            if scope in self._charges:
                self._finish(engine, self._charges[scope])
        charges = [self._charges[scope] for scope in scopes if scope in self._charges]
        if not charges and ALL not in scopes:
            return
        observed = self._tending.look(engine, charges, self.mode)
        with self._changed:
            self._labelled = labelled(observed, self._charges)
            for charge in charges:
                self._plan_ahead(charge)
        self._tell_of_the_lost()

    def _tell_of_the_lost(self) -> None:
        """Scopes that the store had, and has no more, though the host still holds what they declared."""
        for scope in sorted(self._vanished & set(self._labelled)):
            if scope not in self._lost:
                self._lost.add(scope)
                self._journal.tell("damaged", f"the store has nothing of it any more, {LOST}", scope)
        self._vanished.clear()

    def _finish(self, engine: Engine, charge: Charge) -> None:
        """Bring to its end what was killed in the middle; a few attempts, later and later."""
        version, now = charge.version, self._clock()
        if version is None or version.outcome != "pending" or self.mode(charge) != ENFORCE:
            return
        if now < charge.retry_at:
            return
        charge.attempts, first = charge.attempts + 1, charge.attempts == 0
        charge.retry_at = now + min(2.0 ** (charge.attempts - 1), LONGEST)
        last = charge.attempts >= MOST_ATTEMPTS
        try:
            self._tending.finish(engine, charge, first=first, last=last)
        except EngineUnreachable:
            raise
        except (StowageError, OSError) as error:
            charge.view = View(FAILING, f"version {version.number} is not finished yet: {error}", self._wall())
            if last:
                with contextlib.suppress(StowageError):  # a disk that takes nothing; it is tried again all the same
                    self._tending.give_up(charge, str(error))
        self._refresh()

    def _plan_ahead(self, charge: Charge) -> None:
        """When to look next, if that is before the slow timer. Holds the condition."""
        now = self._clock()
        times = [charge.resumes] if charge.resumes is not None and charge.is_paused(now) else []
        retry = charge.backoff.next(now)
        if retry is not None:
            times.append(retry)
        elif charge.view.state == REPAIRING:
            times.append(now + VERIFY)
        if charge.version is not None and charge.version.outcome == "pending":
            times.append(max(charge.retry_at, now + VERIFY))
        if times:
            self._due[charge.scope] = min([self._due.get(charge.scope, float("inf")), *times])

    # -- the store ----------------------------------------------------------------------------

    def _refresh(self) -> List[str]:
        """Read the store where it changed; the scopes that are new or declared anew."""
        stamp = self._store.stamp()
        if stamp == self._stamp:
            return []
        # Only this thread changes the charges; what it tells must not wait for a disk with all others waiting for it.
        charges = {scope: self._charge(standing) for scope, standing in self._store.standings().items()}
        new = [scope for scope, charge in charges.items() if _differ(charge, self._charges.get(scope))]
        gone = {scope for scope, charge in self._charges.items() if scope not in charges and charge.version}
        with self._changed:
            self._charges, self._stamp = charges, stamp
            self._due = {scope: due for scope, due in self._due.items() if scope in charges or scope == ALL}
            for scope in new:
                self._due.setdefault(scope, self._clock() + self._settings.resync)
            if gone:
                self._vanished |= gone
                self._make_due([ALL])
            self._lost -= set(charges)
            self._owners = {}
            for charge in charges.values():
                for name in charge.names():
                    self._owners.setdefault(name, []).append(charge.scope)
        return new

    def _charge(self, standing: Standing) -> Charge:
        known, version = self._charges.get(standing.scope), standing.version
        if known is not None and known.version == version and version is not None:
            charge = known
        else:
            charge = self._new_charge(standing)
            if known is not None and known.version and version and known.version.number == version.number:
                # The same declaration, of which more is known: troubles and attempts go on.
                charge.view, charge.backoff, charge.lost = known.view, known.backoff, known.lost
                charge.attempts, charge.retry_at = known.attempts, known.retry_at
        pause = standing.pause
        if pause is None:
            charge.resumes = None
        elif charge.resumes is None or charge.until != pause.until:
            # A clock that was set must neither end a pause now nor stretch it by years.
            left = min(max(pause.until - self._wall(), 0.0), max(pause.until - pause.since, 0.0))
            charge.resumes = self._clock() + left
            charge.until, charge.reason = pause.until, pause.reason
        return charge

    def _new_charge(self, standing: Standing) -> Charge:
        scope, version = standing.scope, standing.version
        if version is None:
            known = self._charges.get(scope)
            if known is None or known.version is not None:
                self._journal.tell("damaged", standing.damage, scope)
            return Charge(scope, view=View(DAMAGED, standing.damage, self._wall()))
        try:
            [parsed] = parse_manifest(version.manifest)
        except (StowageError, ValueError) as error:
            # Declared by a runtime that knew more, or less.
            message = f"version {version.number} cannot be read by this runtime: {error}; run its playbook again"
            return Charge(scope, view=View(DAMAGED, message, self._wall()))
        return Charge(scope, version, as_left(parsed))


def _differ(charge: Charge, known: Optional[Charge]) -> bool:
    return known is None or charge.version != known.version or charge.resumes != known.resumes


def _unstored(containers: List[str], *, lost: bool) -> Dict[str, Any]:
    """What is told of a scope that only labels tell of."""
    return {
        "version": None,
        "declared_at": None,
        "by": "",
        "outcome": "",
        "mode": "report",
        "until": None,
        "reason": "",
        "state": DAMAGED if lost else UNKNOWN,
        "message": f"the store has nothing of it any more, {LOST}" if lost else f"not declared to this runtime, {LOST}",
        "checked_at": 0.0,
        "drift": [],
        "objects": [
            {"kind": "container", "name": name, "status": "present", "health": "", "held": None} for name in containers
        ],
    }
