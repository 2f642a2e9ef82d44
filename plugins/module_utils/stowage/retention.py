# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of kept versions: held by a tag of their own, and let go of with the last version that names them.

Knows tags, ids and whose an image is. When versions come and go is the store's.
"""

from __future__ import annotations

import contextlib
from typing import Iterable, List, Set, Tuple

from .engine.client import Engine
from .errors import EngineError
from .model.desired import Desired
from .model.observed import Observed
from .observer import anonymous, observe_host
from .service.labels import KEPT_IMAGES
from .store import Store, Version


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
    """Let go of images that no kept version names any more; returns what was removed. Holds for the engine's lock.

    Of an image that came by a plan of ours, its names go too, unless a container runs it or somebody declares them. One
    that did not, and has no other name left, stays held: without its tag it would be gone. What a damaged scope
    needs is not known, so that nothing goes while there is one.
    """
    standings = store.standings().values()
    if any(standing.version is None for standing in standings):
        return ()
    current = [standing.version for standing in standings if standing.version is not None]
    kept = [version for standing in standings for version in store.versions(standing.scope)]
    needed = {image.id for version in (*kept, *current) for image in version.images.values()}
    declared = {reference for version in current for reference in version.images}
    ours = {(image.id, name) for version in dropped for name, image in version.images.items() if image.brought}
    observed = observe_host(engine, Desired(""), anonymous)
    used = {container.image_id for container in observed.containers.values()}
    removed: List[str] = []
    for identity, image in observed.images.items():
        if not image.kept or identity in needed:
            continue
        came = {name for held, name in ours if held == identity}
        names = _names_to_remove(came, image.tags, declared) if identity not in used else []
        if not came and not image.tags:
            continue
        go = [kept_reference(identity), *names]
        if came and identity not in used and len(names) == len(image.tags):
            go.append(identity)  # what digests may still hold it by
        for name in go:
            with contextlib.suppress(EngineError):  # used meanwhile, or gone with its last name
                engine.images.remove(name)
                removed.append(name)
    return tuple(removed)


def _names_to_remove(came: Set[str], tags: Iterable[str], declared: Set[str]) -> List[str]:
    return [name for name in tags if name in came and name not in declared]
