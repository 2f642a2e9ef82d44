# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a host: how each scope is found, and what is done about it.

Knows the modes, what is left alone and why, and the order that loses nothing. When to look, and who holds the lock
meanwhile, is the keeper's.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

from ..converge import Accounts, as_one, carry_out, observe_parts, unsaid
from ..engine.client import Engine
from ..errors import DeclarationError, EngineError, StowageError
from ..executor import missing_files
from ..keeping import Keeping, keep_host
from ..manifest import parse_manifest
from ..model.desired import STARTED, Part
from ..model.observed import Observed
from ..model.plan import Plan
from ..model.report import DONE, Report
from ..planner.holding import Key, disturbed, hold_back, key_of, start_again, without_waits
from ..retention import hold_images
from ..secrets import Redactor, secret_values
from ..service.labels import SCOPE
from ..standing import as_left, leave_tags, pin, pins_of, plan_around, to_repair
from ..store import Store
from .backoff import Trouble
from .charge import AS_DECLARED, DRIFTED, FAILING, REPAIRING, Charge, View, objects_of
from .journal import Journal
from .metrics import Metrics

ENFORCE, REPORT, PAUSED = "enforce", "report", "paused"


class Tending:
    """Looks at scopes and repairs them. ``clock`` is never set, ``wall`` is what people read."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._journal = journal
        self._metrics = metrics
        self._clock = clock
        self._wall = wall
        self._repairing = 0.0  # seconds of the look that is going on

    def finish(self, engine: Engine, charge: Charge, *, first: bool, last: bool) -> None:
        """Bring an apply to its end that this process, or one before it, was killed in. Raises StowageError.

        What the engine was asked for last may still be going on, and be in the way: but for the ``last`` attempt, one
        that fails is to be tried again. What a declaration asks for once, as a restart, only the ``first`` does.
        """
        version = charge.version
        if version is None:
            return
        # With the images that it was to have: names may have moved since.
        pins = pins_of(version.images)
        parsed = parse_manifest(version.manifest)
        parts = [pin(part if first else as_left(part), pins) for part in parsed]
        self._journal.tell("repair", f"version {version.number} was not applied to its end: going on", charge.scope)
        keeping = Keeping(
            self._store,
            version.by,
            strict=True,
            resident=True,
            finishing=version,
            unfinished="failed" if last else "pending",
        )
        began = self._clock()
        kept = keep_host(engine, version.manifest, parts, keeping, files=self._store.blobs_for(version.files))
        self._metrics.observe("apply", self._clock() - began)
        if kept.run.missing:
            self.give_up(charge, "it was interrupted, and what it builds images from was not kept; apply it again")

    def give_up(self, charge: Charge, message: str) -> None:
        """Note that a version will not be finished. Raises StowageError."""
        version = charge.version
        if version is not None:
            text = f"version {version.number} could not be finished: {message}"
            self._journal.tell("failure", text, charge.scope)
            self._store.finish(
                version, outcome="failed", now=self._wall(), message=message, images=version.images, plan=version.plan
            )

    def look(self, engine: Engine, charges: Sequence[Charge], mode: Callable[[Charge], str]) -> Observed:
        """Look at all of these at once, and tend to each; what is wrong with one is no other's matter.

        Raises EngineError where nothing could be seen.
        """
        began, self._repairing = self._clock(), 0.0
        observed, alone = self._observe_all(engine, charges)
        for charge in charges:
            if charge.part is None:
                continue
            try:
                # What was seen before a repair is not what is there after it.
                now = self._observe(engine, [charge]) if alone else observed
                alone = self._tend(engine, charge, charge.part, now, mode(charge)) or alone
            except EngineError:
                raise
            except Exception as error:  # noqa: BLE001  the others are to be kept all the same
                words = str(error) if isinstance(error, (StowageError, OSError)) else f"{type(error).__name__}: {error}"
                self._found(charge, View(FAILING, f"it cannot be looked at: {words}"))
        self._metrics.observe("plan", self._clock() - began - self._repairing)
        return observed

    def _observe_all(self, engine: Engine, charges: Sequence[Charge]) -> Tuple[Observed, bool]:
        """What there is, and whether each has to be looked at alone: one may not let itself be looked at."""
        try:
            return self._observe(engine, charges), False
        except EngineError:
            raise
        except (StowageError, OSError):
            return self._observe(engine, []), True

    def _observe(self, engine: Engine, charges: Sequence[Charge]) -> Observed:
        # Pinned ahead of the look too: nothing is built again, so no build context has to be read.
        parts = [pin(charge.part, charge.images) for charge in charges if charge.part is not None]
        with unsaid(parts):
            return observe_parts(engine, parts, Accounts(as_one(parts)))[1]

    def _tend(self, engine: Engine, charge: Charge, part: Part, observed: Observed, mode: str) -> bool:
        """Whether anything was changed."""
        part = pin(part, charge.images, observed.image_ids)
        if charge.version is not None and charge.version.outcome == "done":
            hold_images(engine, [charge.version], observed)
        say = Redactor(secret_values(part.desired))
        try:
            plan, left, problems = plan_around(to_repair(part), observed)
        except DeclarationError as error:
            self._found(charge, View(FAILING, say(str(error)), objects=objects_of(part, observed, {})))
            return False
        plan, moved = leave_tags(plan, charge.images, observed)
        told = [f"{name} stands for another image by now, which the next apply takes" for name in moved]
        now = self._clock()
        drifting = {key_of(step.operation) for step in plan if not step.operation.waits}
        spared = _spared(charge, plan, observed)
        idle = _idle(left, spared, observed)
        # What is left as it is need not be repaired for as long as it runs.
        troubling = (drifting - set(spared)) | set(idle)
        charge.backoff.drifted(troubling, now)
        charge.backoff.settle(troubling, now)
        self._tell_of_the_lost(charge, now)
        backed_off = charge.backoff.held(now)
        held = {**backed_off, **spared}
        again = [key.name for key in idle if key not in backed_off]
        work = start_again(without_waits(hold_back(plan, set(held))), again)
        view = View(
            state=DRIFTED if plan.changes else AS_DECLARED,
            message=say("; ".join([*(str(problem) for problem in problems), *told])),
            drift=tuple(say(str(step)) for step in plan if not step.operation.waits),
            objects=objects_of(part, observed, held),
        )
        unwell = say("; ".join(_unwell(left, observed)))
        if unwell and not plan.changes:
            view = replace(view, state=FAILING, message="; ".join(filter(None, [unwell, view.message])))
        if mode != ENFORCE or not plan.changes:
            view = view if plan.changes else self._with_extras(charge, part, observed, view)
            self._found(charge, replace(view, state=FAILING) if problems and not plan.changes else view)
            return False
        if not work.changes:
            reasons = dict.fromkeys(f"{key}: {trouble.message}" for key, trouble in held.items() if key in drifting)
            self._found(charge, replace(view, state=FAILING, message="; ".join([*reasons, view.message]).strip("; ")))
            return False
        self._found(charge, replace(view, state=REPAIRING))
        return self._repair(engine, charge, left, work, say)

    def _with_extras(self, charge: Charge, part: Part, observed: Observed, view: View) -> View:
        """What is the scope's and not declared any more is told, and left to the next apply."""
        try:
            plan = leave_tags(plan_around(part, observed)[0], charge.images, observed)[0]
        except DeclarationError:
            return view
        lines = tuple(str(step) for step in plan if not step.operation.waits)
        if not lines:
            return view
        return replace(view, state=DRIFTED, drift=lines, message="what is not declared goes when it is applied again")

    def _repair(self, engine: Engine, charge: Charge, part: Part, work: Plan, say: Callable[[str], str]) -> bool:
        files = self._store.blobs_for(file.digest for file in part.desired.files if file.digest)
        lost = missing_files(work, files)
        if lost:
            keys = {key_of(s.operation): "its content was not kept" for s in work if _needs(s.operation, lost)}
            charge.backoff.give_up(keys)
            return self._repair(engine, charge, part, hold_back(work, keys), say)
        began = self._clock()
        report = carry_out(engine, [part], work, Accounts(part.desired), files)
        self._account(charge, report, say)
        seconds = self._clock() - began
        self._repairing += seconds
        self._metrics.observe("repair", seconds)
        return True

    def _account(self, charge: Charge, report: Report, say: Callable[[str], str]) -> None:
        now, scope = self._clock(), charge.scope
        failed = {key_of(failure.step.operation): say(failure.message) for failure in report.failures}
        done = {key_of(o.step.operation) for o in report.outcomes if o.status == DONE and not o.step.operation.waits}
        charge.backoff.repaired(done - set(failed), now)
        charge.backoff.failed(failed, now)
        mended = sorted(str(key) for key in done - set(failed))
        if mended:
            self._metrics.count("repairs", scope=scope)
            lines = [say(str(step)) for step in report.plan]
            seconds = round(report.seconds, 3)
            self._journal.tell("repair", f"repaired {', '.join(mended)}", scope, plan=lines, seconds=seconds)
        for key, message in failed.items():
            self._metrics.count("failures", scope=scope)
            self._journal.tell("failure", f"{key} could not be repaired: {message}", scope)
        self._tell_of_the_lost(charge, now)

    def _tell_of_the_lost(self, charge: Charge, now: float) -> None:
        """Say once of each object that it is left alone from now on."""
        lost = {key: trouble for key, trouble in charge.backoff.held(now).items() if trouble.until is None}
        for key, trouble in lost.items():
            if key not in charge.lost:
                text = f"{key} is left alone after {trouble.failures} attempts: {trouble.message}"
                self._journal.tell("held", text, charge.scope)
        charge.lost = frozenset(lost)

    def _found(self, charge: Charge, view: View) -> None:
        """Note how a scope was found, and tell of drift that was not known."""
        before, charge.view = charge.view, replace(view, checked_at=self._wall())
        if view.drift and view.drift != before.drift:
            count = len(view.drift)
            text = f"not as declared: {'1 operation' if count == 1 else f'{count} operations'} would bring it back"
            self._journal.tell("drift", text, charge.scope, plan=list(view.drift))
        self._metrics.show(charge.scope, view.state, len(view.drift), view.objects, self._wall())


def _spared(charge: Charge, plan: Plan, observed: Observed) -> Dict[Key, Trouble]:
    """What is there is not replaced for a version that failed: it was brought back for good reason."""
    version = charge.version
    if version is None or version.outcome != "failed":
        return {}
    trouble = Trouble(1, None, None, f"version {version.number} failed: {version.message}")
    return {key: trouble for key in disturbed(plan) if key.name in observed.containers}


def _idle(part: Part, held: Iterable[Key], observed: Observed) -> List[Key]:
    """Containers that are left as they are, but are to run, and do not."""
    started = {container.name for container in part.desired.containers if container.state == STARTED}
    keys = [key for key in held if key.kind == "container" and key.name in started]
    return [key for key in keys if key.name in observed.containers and not observed.containers[key.name].is_up]


def _unwell(part: Part, observed: Observed) -> List[str]:
    """What runs as declared, and yet does not do well."""
    words: List[str] = []
    for container in part.desired.containers:
        found = observed.containers.get(container.name)
        if found is not None and container.state == STARTED and found.status == "restarting":
            words.append(f"{container.name} keeps restarting")
        elif found is not None and container.state == STARTED and found.health == "unhealthy":
            words.append(f"{container.name} is unhealthy")
    return words


def _needs(operation: Any, lost: Iterable[str]) -> bool:
    return getattr(operation, "archive", None) in set(lost)


def labelled(observed: Observed, known: Iterable[str]) -> Dict[str, List[str]]:
    """Scopes that only the labels on this host tell of, with their containers: their declaration is not stored here."""
    found: Dict[str, List[str]] = {}
    stored = set(known)
    for name, container in sorted(observed.containers.items()):
        scope = container.labels.get(SCOPE, "")
        if scope and scope not in stored:
            found.setdefault(scope, []).append(name)
    return found
