# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects go. Pure: what is held and what is wanted in, removals in their order out.

Nothing goes that anybody uses or declared. Containers are decided first: what only they used goes with them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Sequence, Set, Tuple

from ..service.labels import BUILT, COMPOSE_PROJECT, ENDPOINT, KEPT_IMAGES, REPLACES, SCOPE
from .stock import Cache, Container, Image, Labels, Name, Stock
from .wanted import ALL, Wanted

CONTAINER, IMAGE, NETWORK, VOLUME, CACHE = "container", "image", "network", "volume", "cache"
_VERBS = {
    CONTAINER: "RemoveContainer",
    IMAGE: "RemoveImage",
    NETWORK: "RemoveNetwork",
    VOLUME: "RemoveVolume",
    CACHE: "RemoveCache",
}
_IDLE = ("exited", "dead", "created")
_OURS = frozenset((SCOPE, REPLACES, ENDPOINT))


@dataclass(frozen=True)
class Removal:
    """One object that goes. ``names`` are those that hold an image, which goes with the last of them."""

    kind: str
    id: str
    name: str
    cause: str
    size: int = 0
    names: Tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """What is done, in one word."""
        return _VERBS[self.kind]

    def __str__(self) -> str:
        size = f", {human(self.size)}" if self.size else ""
        return f"{self.verb} {self.name} ({self.cause}{size})"


@dataclass(frozen=True)
class Removals:
    """All that goes, in the order in which it can, and what people should know besides."""

    steps: Tuple[Removal, ...]
    size: int = 0
    notes: Tuple[str, ...] = ()


def plan_removals(stock: Stock, wanted: Wanted) -> Removals:
    """Decide what goes."""
    choice = _Choice(stock, wanted)
    gone = [c for c in stock.containers if wanted.containers and choice.is_idle(c)]
    left = [c for c in stock.containers if c not in gone]
    images = choice.images(left) if wanted.images else []
    networks = choice.networks(left) if wanted.networks else []
    volumes = choice.volumes(left) if wanted.volumes else []
    caches = choice.caches() if wanted.build_cache else []
    stopped = [Removal(CONTAINER, c.id, c.name, _idle(c), c.size) for c in gone]
    shared = _shared([image for image in stock.images if image.id in {i.id for i in images}], stock.images)
    steps = [*stopped, *images, *networks, *volumes, *caches]
    notes = [stock.owners.unknown] if stock.owners.unknown else []
    return Removals(tuple(steps), sum(step.size for step in steps) + shared, tuple(notes))


class _Choice:
    """What may go, of one stock by one wish."""

    def __init__(self, stock: Stock, wanted: Wanted) -> None:
        self._stock = stock
        self._wanted = wanted

    def is_idle(self, container: Container) -> bool:
        return container.status in _IDLE and self._may_go(
            (CONTAINER, container.name), container.labels, container.since
        )

    def images(self, users: Sequence[Container]) -> List[Removal]:
        if self._stock.owners.unknown:
            return []
        used = {user.image_id for user in users} | {user.image for user in users}
        return [
            Removal(
                IMAGE,
                image.id,
                _called(image),
                "has no name" if not image.names else "not used",
                image.size,
                image.names,
            )
            for image in self._stock.images
            if (self._wanted.images == ALL or not image.names)
            and not self._is_kept(image, used)
            and self._is_old(image.since)
            and self._has_labels(image.labels)
        ]

    def _is_kept(self, image: Image, used: Set[str]) -> bool:
        held = {image.id, *image.names}
        if held & used or held & self._stock.owners.images:
            return True
        if any(name.startswith(f"{KEPT_IMAGES}:") for name in image.names):
            return True
        # An image made from a built one inherits the label, not the names.
        built = set(image.labels.get(BUILT, "").split())
        return SCOPE in image.labels and bool(built & held)

    def networks(self, users: Sequence[Container]) -> List[Removal]:
        used: Set[str] = set().union(*(user.networks for user in users))
        return [
            Removal(NETWORK, network.id, network.name, "no container is in it")
            for network in self._stock.networks
            if network.id not in used
            and network.name not in used
            and self._may_go((NETWORK, network.name), network.labels, network.since)
        ]

    def volumes(self, users: Sequence[Container]) -> List[Removal]:
        used: Set[str] = set().union(*(user.volumes for user in users))
        return [
            Removal(VOLUME, volume.name, volume.name, f"no container mounts it, {_kind(volume.anonymous)}", volume.size)
            for volume in self._stock.volumes
            if (volume.anonymous or self._wanted.volumes == ALL)
            and volume.name not in used
            and self._may_go((VOLUME, volume.name), volume.labels, volume.since)
        ]

    def caches(self) -> List[Removal]:
        """Records that nothing uses, those that build upon others first: none goes that one which stays needs."""
        if self._wanted.labels:
            return []  # records have no labels
        records = {record.id: record for record in self._stock.caches}
        staying = {r.id for r in records.values() if r.in_use or r.shared or not self._is_old(r.since)}
        pending = list(staying)
        while pending:
            parents = set(records[pending.pop()].parents) & set(records)
            pending += parents - staying
            staying |= parents
        going = [record for record in records.values() if record.id not in staying]
        return [
            Removal(CACHE, r.id, r.description or r.id, f"record {r.id}, not used", r.size)
            for r in _children_first(going)
        ]

    def _may_go(self, name: Name, labels: Labels, since: float) -> bool:
        return not self._is_declared(name, labels) and self._is_old(since) and self._has_labels(labels)

    def _is_declared(self, name: Name, labels: Labels) -> bool:
        owners = self._stock.owners
        # What was adopted has no label of ours. What docker compose made is a stack's own once one of that name is
        # declared.
        return (
            bool(owners.unknown)
            or name in owners.names
            or not _OURS.isdisjoint(labels)
            or labels.get(COMPOSE_PROJECT) in owners.projects
        )

    def _is_old(self, since: float) -> bool:
        """What the engine tells no time of may be of this minute."""
        return not self._wanted.until or (since > 0 and self._stock.now - since >= self._wanted.until)

    def _has_labels(self, labels: Labels) -> bool:
        if any(_matches(labels, text) for text in self._wanted.without):
            return False
        return all(_matches(labels, text) for text in self._wanted.labels)


def _matches(labels: Labels, text: str) -> bool:
    key, equals, value = text.partition("=")
    return key in labels and (not equals or labels[key] == value)


def _called(image: Image) -> str:
    return image.names[0] if image.names else image.id.partition(":")[2][:12] or image.id


def _kind(anonymous: bool) -> str:
    return "anonymous" if anonymous else "named"


def _idle(container: Container) -> str:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(container.since))
    return f"never started, made {since}" if container.status == "created" else f"stopped since {since}"


def _shared(going: Iterable[Image], images: Iterable[Image]) -> int:
    """Add up the layers that images share which all go."""
    kept: Set[str] = set()
    lost: Dict[str, int] = {}
    identities: FrozenSet[str] = frozenset(image.id for image in going)
    for image in images:
        if image.id in identities:
            lost.update(image.layers)
        else:
            kept.update(chain for chain, _size in image.layers)
    return sum(size for chain, size in lost.items() if chain not in kept)


def _children_first(records: Sequence[Cache]) -> List[Cache]:
    ordered: List[Cache] = []
    waiting = {record.id: record for record in records}
    while waiting:
        needed = {parent for record in waiting.values() for parent in record.parents}
        free = [record for record in waiting.values() if record.id not in needed] or list(waiting.values())
        ordered += free
        for record in free:
            del waiting[record.id]
    return ordered


def human(size: int) -> str:
    """Return bytes as people write them: 12.3 MB."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
