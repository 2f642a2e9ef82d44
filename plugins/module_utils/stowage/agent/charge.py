# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One scope in the runtime's care: what is declared, how it was found last, and what troubles it has.

Knows the words in which status is told. Asks nobody and does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Collection, Dict, FrozenSet, List, Mapping, Optional, Tuple

from ..model.desired import Part
from ..model.observed import Observed
from ..planner.holding import Key
from ..standing import pins_of
from ..store import Version
from .backoff import Backoff, Trouble

AS_DECLARED, DRIFTED, REPAIRING, FAILING, DAMAGED, UNKNOWN = (
    "as declared",
    "drifted",
    "repairing",
    "failing",
    "damaged",
    "unknown",
)
Document = Dict[str, Any]


@dataclass
class View:
    """How a scope was found last. ``drift`` has the plan's lines, ``checked_at`` is a Unix time."""

    state: str = UNKNOWN
    message: str = ""
    checked_at: float = 0.0
    drift: Tuple[str, ...] = ()
    objects: Tuple[Document, ...] = ()


@dataclass
class Charge:
    """A scope that the store knows. ``version`` and ``part``, what stands of it, are None where its record is damaged.

    ``resumes`` is when its pause ends, of a clock that is not set; ``until`` and ``reason`` are what was said of it.
    ``lost`` are the objects of which it was told that they are left alone. ``attempts`` were made to finish a version
    that a run was killed in; the next may be made at ``retry_at``.
    """

    scope: str
    version: Optional[Version] = None
    part: Optional[Part] = None
    resumes: Optional[float] = None
    until: float = 0.0
    reason: str = ""
    view: View = field(default_factory=View)
    backoff: Backoff = field(default_factory=Backoff)
    lost: FrozenSet[Key] = frozenset()
    attempts: int = 0
    retry_at: float = 0.0

    def is_paused(self, now: float) -> bool:
        """Whether it is left alone at this time of that clock."""
        return self.resumes is not None and now < self.resumes

    @property
    def images(self) -> Dict[str, str]:
        """What each name of an image stood for when the version was applied."""
        return pins_of(self.version.images) if self.version else {}

    def names(self) -> Collection[str]:
        """The names by which the engine's events tell of this scope's objects."""
        if self.part is None:
            return ()
        desired = self.part.desired
        return {
            *(container.name for container in desired.containers),
            *(network.name for network in desired.networks),
            *(volume.name for volume in desired.volumes),
            *(image.reference for image in desired.images),
            *self.images.values(),
        }


def objects_of(part: Part, observed: Observed, held: Mapping[Key, Trouble]) -> Tuple[Document, ...]:
    """The declared objects as they were found, in the order in which a reader looks for them."""
    objects: List[Document] = []
    desired = part.desired
    for container in desired.containers:
        found = observed.containers.get(container.name)
        status, health = (found.status, found.health) if found else ("missing", "")
        objects.append(_object(Key("container", container.name), status, health, held))
    for kind, declared, there in (
        ("network", desired.networks, observed.networks),
        ("volume", desired.volumes, observed.volumes),
    ):
        names = [entry.name for entry in declared]
        objects += [_object(Key(kind, name), "present" if name in there else "missing", "", held) for name in names]
    for image in desired.images:
        status = "present" if image.reference in observed.image_ids else "missing"
        objects.append(_object(Key("image", image.reference), status, "", held))
    return tuple(objects)


def _object(key: Key, status: str, health: str, held: Mapping[Key, Trouble]) -> Document:
    trouble = held.get(key)
    told = {"failures": trouble.failures, "until": trouble.until, "message": trouble.message} if trouble else None
    return {"kind": key.kind, "name": key.name, "status": status, "health": health, "held": told}
