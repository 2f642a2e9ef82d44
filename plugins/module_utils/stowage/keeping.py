# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use case of a declaration that is to hold: store it, make it so, and note what came of it.

Knows the order that loses nothing: a declaration is on the disk before anything is changed for it, so that
whoever finds it unfinished can finish it; and the images it ran are held by a tag of their own from then on.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .converge import Listener, Run, converge_host, look_after
from .engine.client import Engine
from .errors import EngineError, StowageError
from .model import operations as op
from .model.desired import ABSENT, Desired, Part
from .model.observed import Observed
from .model.plan import Plan
from .model.report import DONE, Report
from .observer import anonymous, observe_host
from .service.labels import KEPT_IMAGES
from .standing import split_manifest, with_subset
from .store import KeptImage, Store, Version

Files = Mapping[str, Union[str, bytes]]
_BRINGING = (op.PullImage, op.BuildImage, op.LoadImage, op.TagImage)


@dataclass(frozen=True)
class Keeping:
    """Where declarations are kept, and for whom.

    ``strict``: what cannot be stored is not applied either, for somebody relies on finding it. ``resident``: the
    runtime keeps this host, so contents of files and images are held for repairs and for going back. ``unfinished`` is
    what a run that fails leaves its versions as: failed, or pending where it is to be tried again.
    """

    store: Store
    by: str
    strict: bool = False
    resident: bool = False
    unfinished: str = "failed"


@dataclass(frozen=True)
class Kept:
    """What came of it: the run, the host afterwards as far as it could be seen, and the versions it made."""

    run: Run
    after: Observed
    versions: Tuple[Version, ...] = ()
    warnings: Tuple[str, ...] = ()


def keep_host(
    engine: Engine,
    manifest: Mapping[str, Any],
    parts: Sequence[Part],
    keeping: Keeping,
    *,
    files: Optional[Files] = None,
    listener: Optional[Listener] = None,
    pins: Optional[Mapping[str, str]] = None,
) -> Kept:
    """Store what is declared, scope by scope, and make the engine hold it.

    ``pins`` (reference -> id) are the images that the parts were held to, where an earlier version is brought back.

    Raises as ``converge_host`` does, and StowageError where the disk refuses and the keeping is strict; then
    nothing was changed. Failures of steps are in the report, and in the versions.
    """
    files = files or {}
    record = _Record(parts, manifest, keeping, files, pins or {})
    run = converge_host(engine, parts, files=files, listener=listener, before=record.declare)
    if run.report is None:
        return Kept(run, run.observed)
    after, warnings = look_after(engine, run, parts)
    with record.lenient():
        record.finish(run.report, after)
    if keeping.resident and not run.report.failures:
        hold_images(engine, record.versions, after)
    elif not keeping.resident:
        with record.lenient():
            keeping.store.collect()
    return Kept(run, after, tuple(record.versions), (*record.warnings, *warnings))


class _Record:
    """The versions of one run: declared before it, finished after it."""

    def __init__(
        self,
        parts: Sequence[Part],
        manifest: Mapping[str, Any],
        keeping: Keeping,
        files: Files,
        pins: Mapping[str, str],
    ) -> None:
        self.versions: List[Version] = []
        self.warnings: List[str] = []
        self._parts = {part.desired.scope: part for part in parts}
        self._manifests = split_manifest(manifest)
        self._keeping = keeping
        self._files = files
        self._pins = pins
        self._told: Set[str] = set()  # scopes whose current version this run makes or finishes

    @contextlib.contextmanager
    def lenient(self) -> Iterator[None]:
        """A full or read-only disk is no reason to fail where nobody relies on what is stored."""
        try:
            yield
        except StowageError as error:
            if self._keeping.strict:
                raise
            self.warnings.append(f"what was declared could not be stored: {error}")

    def declare(self, plan: Plan, _observed: Observed) -> None:
        """Make every scope's declaration durable. Raises StowageError where it is not, if that matters."""
        bringing = {step.operation.name for step in plan if isinstance(step.operation, _BRINGING)}
        with self.lenient():
            for scope, part in self._parts.items():
                self.versions.append(self._declare(scope, part, bringing, changes=plan.changes))

    def _declare(self, scope: str, part: Part, bringing: Set[str], *, changes: bool) -> Version:
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
            whole=part.policy.prune or bool(desired.project),
            files=tuple(sorted({file.digest for file in desired.files if file.digest})),
            images=self._expected(before, desired, bringing),
        )
        if version.outcome == "failed" and changes:
            # Tried once more: should this end in the middle, it is to be finished.
            version = store.finish(version, outcome="pending", now=now, images=version.images)
        if version.outcome == "pending":
            self._told.add(scope)
        return version

    def _expected(self, before: Optional[Version], desired: Desired, bringing: Set[str]) -> Dict[str, KeptImage]:
        """What each name is to stand for. Where one gets another image, that makes another version."""
        known = before.images if before is not None else {}
        if not self._pins:
            return {name: KeptImage("", brought=True) if name in bringing else kept for name, kept in known.items()}
        ours = {kept.id for kept in known.values() if kept.brought}
        names = {image.reference for image in desired.images}
        return {name: KeptImage(pin, brought=pin in ours) for name, pin in self._pins.items() if name in names}

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

    def finish(self, report: Report, after: Observed) -> None:
        """Note what came of it, and forget the scopes that went as a whole."""
        store, brought = self._keeping.store, _brought(report)
        failure = "; ".join(f"{failure.step}: {failure.message}" for failure in report.failures)
        for index, version in enumerate(self.versions):
            part = self._parts[version.scope]
            images = _images(part.desired, after, brought, version.images)
            if not report.failures and is_gone(part):
                store.forget(version.scope)
            elif version.scope in self._told or report.failures:
                self.versions[index] = store.finish(
                    version,
                    outcome=self._keeping.unfinished if report.failures else "done",
                    now=time.time(),
                    message=failure,
                    plan=tuple(str(step) for step in report.plan),
                    images=images,
                    seconds=round(report.seconds, 3),
                )
            else:  # applied before, and mended by this run: what came of it then stays told
                self.versions[index] = store.finish(
                    version,
                    outcome="done",
                    now=time.time(),
                    message=version.message,
                    plan=version.plan,
                    images=images,
                    seconds=version.seconds,
                )


def is_gone(part: Part) -> bool:
    """Whether a scope is declared away as a whole, so that nothing of it is left to keep."""
    desired = part.desired
    if desired.project:
        return not desired.containers and part.policy.one_offs
    entries = (*desired.images, *desired.networks, *desired.volumes, *desired.containers)
    return part.policy.prune and all(entry.state == ABSENT for entry in entries)


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
        ours = image.reference in brought or (known is not None and known.id == identity and known.brought)
        images[image.reference] = KeptImage(identity, brought=ours)
    return images


def kept_reference(identity: str) -> str:
    """The tag that holds an image for as long as a kept version names it."""
    return f"{KEPT_IMAGES}:{identity.replace(':', '-')}"


def hold_images(engine: Engine, versions: Iterable[Version], observed: Observed) -> None:
    """Give each image of these versions the tag that holds it. Best effort: what is gone cannot be held."""
    wanted = {kept.id for version in versions for kept in version.images.values()}
    for identity in sorted(wanted):
        found = observed.images.get(identity)
        if found is not None and not found.kept:
            with contextlib.suppress(EngineError):
                engine.images.tag(identity, *kept_reference(identity).split(":"))


def collect_images(engine: Engine, store: Store, dropped: Iterable[Version]) -> Tuple[str, ...]:
    """Let go of images that no kept version names any more; returns what was removed.

    Of an image that came by a plan of ours, its names go too, unless a container runs it or somebody declares them.
    """
    observed = observe_host(engine, Desired(""), anonymous)
    standings = [standing.version for standing in store.standings().values() if standing.version is not None]
    kept = [version for standing in standings for version in store.versions(standing.scope)]
    needed = {image.id for version in (*kept, *standings) for image in version.images.values()}
    declared = {reference for version in standings for reference in version.images}
    used = {container.image_id for container in observed.containers.values()}
    ours = {(image.id, name) for version in dropped for name, image in version.images.items() if image.brought}
    removed: List[str] = []
    for identity, image in observed.images.items():
        if not image.kept or identity in needed:
            continue
        names = [name for name in image.tags if (identity, name) in ours and name not in declared]
        go = [kept_reference(identity)]
        if identity not in used and any(identity == held for held, _name in ours):
            go += names if len(names) < len(image.tags) else [*names, identity]
        for name in go:
            with contextlib.suppress(EngineError):  # used meanwhile, or gone with its last name
                engine.images.remove(name)
                removed.append(name)
    return tuple(removed)
