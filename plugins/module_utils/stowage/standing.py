# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration between two runs: what of it stands, and what may be done about it with nobody watching.

Knows which parts of a declaration are wishes of one run (restarts, a look into a registry) and which hold on,
and how images are held to what they were. Pure; knows neither the store nor the engine.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Protocol, Tuple

from .errors import DeclarationError, Problem
from .model.desired import ABSENT, RESTARTED, STARTED, Desired, Image, Part
from .model.observed import Observed
from .model.operations import TagImage
from .model.plan import Plan
from .planner import plan_changes

# Seconds. A container that another waits for may take longer to be healthy; the next look goes on from there.
LONGEST_WAIT = 30.0
_SECTIONS = ("images", "networks", "volumes", "configs", "secrets", "files")
# What ``manifest`` put in place of one that is asked for by its content has no name that could be moved.
_BY_CONTENT = re.compile(r"@|\A(sha256:)?[0-9a-f]{64}\Z")


def as_left(part: Part) -> Part:
    """The declaration without what it asks for anew at each run: restarts, and whether a registry has other images.

    Logins are not kept, so no registry would answer.
    """
    desired = part.desired
    images = [
        replace(image, pull="missing" if image.pull == "always" else image.pull, push=False) for image in desired.images
    ]
    containers = [
        replace(container, recreate=False, state=STARTED if container.state == RESTARTED else container.state)
        for container in desired.containers
    ]
    return Part(replace(desired, images=tuple(images), containers=tuple(containers)), part.policy)


def to_repair(part: Part) -> Part:
    """What may be done about it between two runs: bring back what is declared, and take nothing away.

    What was declared absent, or is not named any more, goes when somebody applies that, and at no other time: a
    declaration that was lost, or came back from a backup, must not cost anybody a container.
    """
    desired = part.desired
    kept = replace(
        desired,
        images=tuple(image for image in desired.images if image.state != ABSENT),
        networks=tuple(network for network in desired.networks if network.state != ABSENT),
        volumes=tuple(replace(volume, recreate=False) for volume in desired.volumes if volume.state != ABSENT),
        containers=tuple(container for container in desired.containers if container.state != ABSENT),
    )
    policy = replace(
        part.policy,
        prune=False,
        wait=False,
        wait_timeout=min(part.policy.wait_timeout, LONGEST_WAIT),
        remove_volumes=False,
        remove_images=False,
        one_offs=False,
        surplus=False,
    )
    return Part(kept, policy)


class Imaged(Protocol):
    """What is known of the image that a name stood for."""

    @property
    def id(self) -> str:
        """Its id; empty where it was still to come."""


def pins_of(images: Mapping[str, Imaged]) -> Dict[str, str]:
    """What each name stood for when a version was applied, as far as that is known."""
    return {name: image.id for name, image in images.items() if image.id}


def pin(part: Part, images: Mapping[str, str], observed: Iterable[str] = ()) -> Part:
    """Hold each name to the image it stood for (``images``: reference -> id), whatever registries and builds say now.

    With ``observed``, the names and ids that are on the host, those whose image is gone are left to be pulled;
    of one that was built or loaded nothing is left to make it from.
    """
    known = set(observed)
    pinned = [
        _pinned(image, images[image.reference], not known or images[image.reference] in known)
        if image.reference in images and image.state != ABSENT and not _BY_CONTENT.search(image.reference)
        else image
        for image in part.desired.images
    ]
    return Part(replace(part.desired, images=tuple(pinned)), part.policy)


def _pinned(image: Image, identity: str, is_there: bool) -> Image:
    if is_there:
        return Image(image.reference, image.path, pull="never", tag_of=identity)
    made_here = image.build is not None or image.load is not None
    return Image(image.reference, image.path, pull="never" if made_here else "missing", platform=image.platform)


def plan_around(
    part: Part, observed: Observed, problems: Tuple[Problem, ...] = ()
) -> Tuple[Plan, Part, Tuple[Problem, ...]]:
    """Plan what can be done; what stands in the way of an object costs that object, not the others.

    Returns the plan, the part without those objects, and what is wrong with them beside the ``problems`` known. Raises
    DeclarationError where no object is to blame.
    """
    try:
        return plan_changes([part], observed), part, problems
    except DeclarationError as error:
        found = tuple(dict.fromkeys([*problems, *error.problems]))
        left = Part(_without(part.desired, error.problems), part.policy)
        if left == part:
            raise DeclarationError(found) from error
        return plan_around(left, observed, found)


def leave_tags(plan: Plan, images: Mapping[str, str], observed: Observed) -> Tuple[Plan, Tuple[str, ...]]:
    """The plan without putting names back that stand for another image by now, and those names.

    Somebody built or pulled it, to declare it next. What runs goes on with the image it has; a name is put back where
    a container has to be made of what it stood for.
    """
    waited_for = {number for step in plan for number in step.earlier}
    moved = {
        step.number: step.operation.name
        for step in plan
        if isinstance(step.operation, TagImage)
        and step.operation.name in images
        and step.number not in waited_for
        and observed.image_ids.get(step.operation.name, images.get(step.operation.name)) != images[step.operation.name]
    }
    left = tuple(step for step in plan if step.number not in moved)
    return replace(plan, steps=left), tuple(sorted(moved.values()))


def _without(desired: Desired, problems: Iterable[Problem]) -> Desired:
    """The declaration without the objects that problems are about, and without what would run a lost image."""
    paths = [problem.path for problem in problems]

    def is_sound(entry: Any) -> bool:
        return not any(path == entry.path or path.startswith((f"{entry.path}.", f"{entry.path}[")) for path in paths)

    lost = {image.reference for image in desired.images if not is_sound(image)}
    return replace(
        desired,
        images=tuple(filter(is_sound, desired.images)),
        networks=tuple(filter(is_sound, desired.networks)),
        volumes=tuple(filter(is_sound, desired.volumes)),
        containers=tuple(c for c in desired.containers if is_sound(c) and c.definition.get("image") not in lost),
    )


def split_manifest(manifest: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """A manifest of several scopes as one for each, by scope, without logins."""
    stacks = manifest.get("stacks") or {}
    rest = {key: value for key, value in manifest.items() if key not in ("stacks", "registries")}
    found: Dict[str, Dict[str, Any]] = {
        name: {"version": rest.get("version", 1), "stacks": {name: stack}} for name, stack in stacks.items()
    }
    if "stacks" not in manifest or any(key in rest for key in ("scope", "images", "networks", "volumes", "containers")):
        found[str(rest.get("scope") or "host")] = rest
    return found


def with_subset(before: Mapping[str, Any], later: Mapping[str, Any]) -> Dict[str, Any]:
    """One stack's manifest after some of its services were declared again: the others stay as they were declared."""
    [(name, new)] = later["stacks"].items()
    old = (before.get("stacks") or {}).get(name)
    left = set(new.get("left") or ())
    if not left or not isinstance(old, Mapping) or not old.get("services"):
        return dict(later)
    chosen = {key: service for key, service in new["services"].items() if key not in left}
    strange = {key: service for key, service in new["services"].items() if key not in old["services"]}
    services = {**strange, **old["services"], **chosen}
    still_left: List[str] = sorted((set(old.get("left") or ()) | set(strange)) - set(chosen))
    merged = {**new, "services": services, "left": still_left}
    for section in _SECTIONS:
        if old.get(section) or new.get(section):
            merged[section] = {**(old.get(section) or {}), **(new.get(section) or {})}
    return {**later, "stacks": {name: merged}}
