# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of one run: declared before anything is changed for it, and finished after it.

Knows what of a run goes into which scope's record. Nothing is changed here but the store.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .errors import StowageError
from .model import operations as op
from .model.desired import ABSENT, Desired, Part
from .model.observed import Observed
from .model.plan import Plan
from .model.report import DONE, Failure, Report
from .planner.holding import concerns
from .standing import split_manifest, with_subset
from .store import KeptImage, Store, Version

Files = Mapping[str, Union[str, bytes]]
_BRINGING = (op.PullImage, op.BuildImage, op.LoadImage, op.TagImage)


@dataclass(frozen=True)
class Keeping:
    """Where declarations are kept, and for whom.

    ``strict``: what cannot be stored is not applied either, for somebody relies on finding it. ``resident``: the
    runtime keeps this host, so contents of files and images are held for repairs and for going back. ``pins``
    (reference -> id) are the images that the parts were held to, where an earlier version is brought back: that one
    then is the whole of its scope. ``finishing`` is a version that another run declared, and was killed in;
    ``unfinished`` is what such a run leaves it as if it fails: failed, or pending where it is to be tried again.
    """

    store: Store
    by: str
    strict: bool = False
    resident: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
    finishing: Optional[Version] = None
    unfinished: str = "failed"


@dataclass
class Entry:
    """One scope in a run. ``before`` is what held until then; ``is_news`` whether this run makes or finishes it."""

    part: Part
    version: Version
    before: Optional[Version]
    is_news: bool


class Recording:
    """The entries of one run, by scope. ``dropped`` are versions of scopes that went as a whole."""

    def __init__(self, parts: Sequence[Part], manifest: Mapping[str, Any], keeping: Keeping, files: Files) -> None:
        self.warnings: List[str] = []
        self.dropped: List[Version] = []
        self._parts = {part.desired.scope: part for part in parts}
        self._manifests = split_manifest(manifest)
        self._keeping = keeping
        self._files = files
        self._entries: Dict[str, Entry] = {}

    @property
    def versions(self) -> Tuple[Version, ...]:
        """The versions as they are now."""
        return tuple(entry.version for entry in self._entries.values())

    # -- before -------------------------------------------------------------------------------

    def declare(self, plan: Plan, observed: Observed) -> None:
        """Make every scope's declaration durable.

        Raises StowageError where one is not, if that matters; then those that were come back to what held before.
        """
        if self._keeping.finishing is not None:
            version = self._keeping.finishing
            self._entries[version.scope] = Entry(self._parts[version.scope], version, None, is_news=True)
            return
        bringing = {step.operation.name for step in plan if isinstance(step.operation, _BRINGING)}
        try:
            for scope, part in self._parts.items():
                self._entries[scope] = self._declared(scope, part, bringing, observed, changes=plan.changes)
        except StowageError as error:
            if self._keeping.strict:
                self._take_back()
                raise
            self.warnings.append(f"what was declared could not be stored: {error}")

    def _declared(self, scope: str, part: Part, bringing: Set[str], observed: Observed, *, changes: bool) -> Entry:
        store, desired, manifest = self._keeping.store, part.desired, self._manifests[scope]
        before, now = store.standing(scope).version, time.time()
        if desired.left:
            manifest = with_subset(before.manifest if before else {}, manifest)
        if self._keeping.resident:
            self._keep_files(part)
        version = store.declare(
            scope,
            manifest,
            by=self._keeping.by,
            now=now,
            whole=self._is_whole(part),
            files=tuple(sorted({file.digest for file in desired.files if file.digest})),
            images=self._expected(before, part, bringing, observed),
        )
        if version.outcome == "failed" and changes:
            # Tried once more: should this end in the middle, it is to be finished.
            version = store.finish(version, outcome="pending", now=now, images=version.images)
        return Entry(part, version, before, is_news=version.outcome == "pending")

    def _expected(
        self, before: Optional[Version], part: Part, bringing: Set[str], observed: Observed
    ) -> Dict[str, KeptImage]:
        """What each name stands for by this plan; the id is empty where only the run will tell.

        Names that are to stand for other images make another version, though all else is the same.
        """
        known = before.images if before is not None else {}
        ours = {kept.id for kept in known.values() if kept.brought}
        images = {} if self._is_whole(part) else dict(known)
        for image in part.desired.images:
            name = image.reference
            if image.state == ABSENT:
                images.pop(name, None)
            elif name in self._keeping.pins:
                identity = self._keeping.pins[name]
                images[name] = KeptImage(identity, brought=identity in ours)
            elif name in bringing:
                images[name] = KeptImage("", brought=True)
            elif name in observed.image_ids:
                identity = observed.image_ids[name]
                images[name] = KeptImage(identity, brought=identity in ours)
        return images

    def _is_whole(self, part: Part) -> bool:
        """Whether what is declared is all that its scope is to hold, rather than more of it."""
        return part.policy.prune or bool(part.desired.project) or bool(self._keeping.pins)

    def _keep_files(self, part: Part) -> None:
        """Contents that came along, and of the others what lies in its place already."""
        store, desired = self._keeping.store, part.desired
        for file in desired.files:
            if not file.digest or store.blob(file.digest):
                continue
            content = self._files.get(file.digest)
            if content is not None:
                store.keep_blob(file.digest, content)
            else:
                with contextlib.suppress(StowageError, OSError):  # it was changed meanwhile: the next run brings it
                    store.keep_blob(file.digest, f"{desired.directory}/{file.path}")

    def _take_back(self) -> None:
        """Nothing was changed for what this run declared so far: what held before holds again."""
        store = self._keeping.store
        for scope, entry in self._entries.items():
            before = entry.before
            if not entry.is_news or (before is not None and before.number == entry.version.number):
                continue
            with contextlib.suppress(StowageError):  # on a full disk that may fail too; it is noted as not done then
                if before is None:
                    store.forget(scope)
                else:
                    again = store.declare(
                        scope, before.manifest, by=before.by, now=time.time(), files=before.files, images=before.images
                    )
                    told: Dict[str, Any] = {"message": before.message, "plan": before.plan, "seconds": before.seconds}
                    store.finish(again, outcome=before.outcome, now=time.time(), images=before.images, **told)

    # -- after --------------------------------------------------------------------------------

    def finish(self, report: Report, after: Observed) -> str:
        """Note what came of it, and forget the scopes that went as a whole; what kept that from being noted."""
        try:
            for entry in self._entries.values():
                self._finish(entry, report, after)
        except StowageError as error:
            if self._keeping.strict:
                return f"what was done could not be noted: {error}"
            self.warnings.append(f"what was declared could not be stored: {error}")
        return ""

    def _finish(self, entry: Entry, report: Report, after: Observed) -> None:
        store, version = self._keeping.store, entry.version
        failures = self._failures_of(entry, report)
        if not failures and is_gone(entry.part):
            self.dropped += store.versions(version.scope)
            store.forget(version.scope)
            return
        images = _images(entry.part.desired, after, _brought(report), version.images)
        if failures:
            entry.version = store.finish(
                version,
                outcome=self._keeping.unfinished,
                now=time.time(),
                message="; ".join(failures),
                plan=_lines(report),
                images=images,
                seconds=round(report.seconds, 3),
            )
            return
        # One that was applied before, and mended by this run, keeps telling what came of it then.
        entry.version = store.finish(
            version,
            outcome="done",
            now=time.time(),
            message="" if entry.is_news else version.message,
            plan=_lines(report) if entry.is_news else version.plan,
            images=images,
            seconds=round(report.seconds, 3) if entry.is_news else version.seconds,
        )

    def _failures_of(self, entry: Entry, report: Report) -> List[str]:
        """Why a scope is not as declared: its own steps that failed, or were not begun because of others.

        A step about what no scope declares (any more) is everybody's who declared something new.
        """
        undone = [outcome.step.operation for outcome in report.outcomes if outcome.status != DONE]
        nobodys = [step for step in undone if not any(concerns(part, step) for part in self._parts.values())]
        if not (entry.is_news and nobodys) and not any(concerns(entry.part, step) for step in undone):
            return []
        own = [failure for failure in report.failures if concerns(entry.part, failure.step.operation)]
        return [_text(failure) for failure in own or report.failures]


def is_gone(part: Part) -> bool:
    """Whether a scope is declared away as a whole, so that nothing of it is left to keep."""
    desired = part.desired
    if desired.project:
        return not desired.containers and part.policy.one_offs
    states = [image.state for image in desired.images] + [network.state for network in desired.networks]
    states += [volume.state for volume in desired.volumes] + [container.state for container in desired.containers]
    return part.policy.prune and all(state == ABSENT for state in states)


def _text(failure: Failure) -> str:
    return f"{failure.step}: {failure.message}"


def _lines(report: Report) -> Iterator[str]:
    return (str(step) for step in report.plan)


def _brought(report: Report) -> Set[str]:
    """The references that this run gave their images."""
    done = (outcome.step.operation for outcome in report.outcomes if outcome.status == DONE)
    return {operation.name for operation in done if isinstance(operation, _BRINGING)}


def _images(
    desired: Desired, after: Observed, brought: Set[str], before: Mapping[str, KeptImage]
) -> Dict[str, KeptImage]:
    images = dict(before)
    for image in desired.images:
        identity = after.image_ids.get(image.reference)
        if image.state == ABSENT or identity is None:
            images.pop(image.reference, None)
            continue
        known = before.get(image.reference)
        ours = image.reference in brought or (known is not None and known.id in (identity, "") and known.brought)
        images[image.reference] = KeptImage(identity, brought=ours)
    return images
