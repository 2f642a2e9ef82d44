# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides what goes for good, last of all: when everything that stays is in place.

Knows ownership. A failed run never gets this far, so it never takes anything away.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..model.desired import ABSENT
from ..model.observed import ObservedContainer
from ..model.operations import (
    Operation,
    RemoveContainer,
    RemoveFiles,
    RemoveImage,
    RemoveNetwork,
    RemoveVolume,
    StopContainer,
)
from ..service.compose import dependencies_told
from ..service.fields.mounts import is_anonymous_name
from ..service.labels import (
    BUILT,
    COMPOSE_PROJECT,
    COMPOSE_SERVICE,
    COMPOSE_VOLUME,
    CONTEXT,
    ENDPOINT,
    NEXT,
    REPLACES,
    SCOPE,
)
from . import hooks
from .draft import Draft
from .files import is_gone
from .world import World


def plan_removals(worlds: Sequence[World]) -> None:
    """Add the removals: containers of all scopes, then the networks, volumes, images and files they used."""
    if not worlds:
        return
    end = End(worlds[0].draft)
    removals = [Removals(world, end) for world in worlds]
    for kind in (Removals.containers, Removals.networks, Removals.volumes, Removals.images, Removals.files):
        for removal in removals:
            kind(removal)


class End:
    """The end of a plan. The first removal waits for all that came before; the others for that one.

    ``removed`` leads from a container to the step that takes it away; ``images`` went with the last that ran them.
    """

    def __init__(self, draft: Draft) -> None:
        self.removed: Dict[str, int] = {}
        self.images: Set[str] = set()
        self._draft = draft
        self._before: Sequence[Optional[int]] = draft.ends()
        self._opened = False

    def add(
        self, operation: Operation, after: Iterable[Optional[int]] = (), settled: Iterable[Optional[int]] = ()
    ) -> int:
        step = self._draft.add(operation, [*after, *self._before], settled)
        if not self._opened:
            self._opened, self._before = True, [step]
        return step


class Removals:
    """What goes of one scope."""

    def __init__(self, world: World, end: End) -> None:
        self.world = world
        self._add = end.add
        self._removed = end.removed
        self._images = end.images
        self._stopped: Dict[str, int] = {}
        stack = world.declared.values() if world.desired.project else ()
        self._services = {container.service: container for container in stack}

    def containers(self) -> None:
        world = self.world
        wanted = {c.name: c for c in world.desired.containers if c.state == ABSENT}
        dependents = self._dependents()
        for name in _each_after(list(world.dropped), dependents):
            found, cause = world.observed.containers[name], world.dropped[name]
            declared = wanted.get(name)
            if declared and world.refuse_foreign(declared.path, f"the container {name}", found.labels):
                continue
            if name in world.gone:
                continue
            stopped = world.stops.get(name)
            if stopped is None and found.is_up:
                stopped = self._stop(name, cause, [self._stopped.get(user) for user in dependents[name]])
            # What a replacement that never took place brought with it is nobody's; what it carried stays.
            half_done = name.endswith(NEXT) and REPLACES in found.labels
            leftover = half_done and name[: -len(NEXT)] in world.observed.containers
            volumes = leftover or bool(declared and declared.remove_volumes) or world.policy.remove_volumes
            self._removed[name] = self._add(RemoveContainer(name, cause, volumes=volumes), [stopped])
            if volumes and not leftover:
                self._anonymous_volumes(name, self._removed[name])

    def _stop(self, name: str, cause: str, after: Sequence[Optional[int]]) -> int:
        """Stop it, with the hooks of its service before that, where the stack still has that."""
        found, last = self.world.observed.containers[name], []
        service = self._services.get(found.labels.get(COMPOSE_SERVICE, ""))
        if service is not None:
            last = hooks.pre_stop(service, name, found, cause, after, self._add)[-1:]
        self._stopped[name] = self._add(StopContainer(name, cause), after, last)
        return self._stopped[name]

    def _dependents(self) -> Dict[str, List[str]]:
        """By container that goes, those that go too and depend on it: a database outlives who writes to it."""
        dropped = {name: self.world.observed.containers[name] for name in self.world.dropped}
        services: Dict[str, List[str]] = {}
        for name, found in dropped.items():
            services.setdefault(found.labels.get(COMPOSE_SERVICE, ""), []).append(name)
        dependents: Dict[str, List[str]] = {name: [] for name in dropped}
        for name, found in dropped.items():
            for service in dependencies_told(found.labels):
                for other in services.get(service, ()):
                    dependents[other].append(name)
        return dependents

    def _without(self, users: Iterable[ObservedContainer]) -> List[Optional[int]]:
        """The steps after which none of these is there any more."""
        return [self._removed.get(user.name) for user in users]

    def _anonymous_volumes(self, name: str, removed: int) -> None:
        """Those that moved along with a replacement: the engine takes them for named ones since, and keeps them."""
        mounts = self.world.observed.containers[name].mounts
        for volume in sorted(str(mount.get("Name") or "") for mount in mounts):
            if is_anonymous_name(volume) and [user.name for user in self.world.volume_users.get(volume, ())] == [name]:
                self._add(RemoveVolume(volume, f"goes with {name}"), [removed])

    def networks(self) -> None:
        world = self.world
        for name, path, cause in self._dropped_networks():
            users = [user.name for user in world.users.get(name, ()) if user.name not in world.plan.dropped]
            keepers = [user for user in users if name in self._networks_of(user)]
            keepers += [user for network, user in world.reconnected if network == name and user not in users]
            if keepers and path:
                world.draft.refuse(path, f"the network {name} is in use by {', '.join(sorted(keepers))}")
            elif keepers:
                world.draft.notes.append(
                    f"network {name}: not declared any more, kept for {', '.join(sorted(keepers))}"
                )
            else:
                self._add(RemoveNetwork(name, cause), self._without(world.users.get(name, ())))

    def volumes(self) -> None:
        """Those declared absent. Nobody's data goes because a line was left out, unless the policy says so."""
        world = self.world
        if world.policy.prune and world.policy.remove_volumes:
            self._undeclared_volumes()
        for volume in world.desired.volumes:
            found = world.observed.volumes.get(volume.name)
            if volume.state != ABSENT or found is None:
                continue
            if world.refuse_foreign(volume.path, f"the volume {volume.name}", found.labels):
                continue
            users = [
                user.name for user in world.volume_users.get(volume.name, ()) if user.name not in world.plan.dropped
            ]
            if users:
                world.draft.refuse(volume.path, f"the volume {volume.name} is in use by {', '.join(sorted(users))}")
                continue
            after = self._without(world.volume_users.get(volume.name, ()))
            self._add(RemoveVolume(volume.name, "declared absent"), after)

    def _undeclared_volumes(self) -> None:
        world = self.world
        declared = {volume.name for volume in world.desired.volumes}
        for name, found in world.observed.volumes.items():
            if world.owner(found.labels) != world.desired.scope or name in declared or ENDPOINT in found.labels:
                continue
            if found.labels.get(COMPOSE_VOLUME) in world.desired.named_volumes:
                continue
            users = world.volume_users.get(name, ())
            keepers = sorted(user.name for user in users if user.name not in world.plan.dropped)
            if keepers:
                world.draft.notes.append(f"volume {name}: not declared any more, kept for {', '.join(keepers)}")
            else:
                self._add(RemoveVolume(name, "not declared any more"), self._without(users))

    def files(self) -> None:
        """What was brought to the host for a stack that goes as a whole."""
        directory = self.world.desired.directory
        tree = self.world.observed.trees.get(directory)
        if is_gone(self.world) and tree is not None and tree.placed:
            readers = [self._removed.get(name) for name in self.world.dropped]
            self._add(RemoveFiles(directory, "not declared any more"), readers)

    def images(self) -> None:
        world = self.world
        users, removed = self._image_users()
        absent = {image.reference for image in world.desired.images if image.state == ABSENT}
        for image in world.desired.images:
            held = world.observed.image_ids.get(image.reference)
            if image.state != ABSENT or held is None:
                continue
            # Where another name stays, the engine just unties this one, whoever runs the image.
            if users.get(held) and absent.issuperset(world.observed.images[held].tags):
                names = ", ".join(sorted(users[held]))
                world.draft.refuse(image.path, f"the image {image.reference} is in use by {names}")
                continue
            self._add(RemoveImage(image.reference, "declared absent"), removed.get(held, ()))
        if world.policy.prune and not world.desired.left:
            self._built_images(users, removed)
        if world.policy.prune and world.policy.remove_images:
            self._images_run(users, removed)

    def _images_run(self, users: Mapping[str, List[str]], removed: Mapping[str, List[int]]) -> None:
        """The images of what this plan removes, where nothing else runs them and no scope names them."""
        world = self.world
        ran = {world.observed.containers[name].image_id for name in world.dropped}
        for image_id, steps in removed.items():
            image = world.observed.images.get(image_id)
            if (
                image_id not in ran
                or image is None
                or users.get(image_id)
                or image.labels.get(SCOPE) == world.desired.scope
            ):
                continue
            for name in image.tags or (() if image.kept else (image_id,)):
                if name not in world.images and name not in self._images:
                    self._images.add(name)
                    self._add(RemoveImage(name, "not needed any more"), steps)

    # -- which ones ---------------------------------------------------------------------------

    def _dropped_networks(self) -> List[Tuple[str, str, str]]:
        """(name, path where it is declared absent or "", cause)."""
        world = self.world
        dropped: List[Tuple[str, str, str]] = []
        declared: Set[str] = set()
        for network in world.desired.networks:
            declared.add(network.name)
            found = world.observed.networks.get(network.name)
            if network.state != ABSENT or found is None:
                continue
            if not world.refuse_foreign(network.path, f"the network {network.name}", found.labels):
                dropped.append((network.name, network.path, "declared absent"))
        if world.policy.prune:
            for name, observed in world.observed.networks.items():
                if world.owner(observed.labels) == world.desired.scope and name not in declared:
                    dropped.append((name, "", "not declared any more"))
        return dropped

    def _networks_of(self, name: str) -> Sequence[str]:
        """The networks a container that stays will be in when the plan has run."""
        declared = self.world.plan.declared.get(name)
        if declared is None or declared.state_only:
            return self.world.observed.containers[name].networks
        return list(declared.definition.get("networks") or ())

    def _image_users(self) -> Tuple[Dict[str, List[str]], Dict[str, List[int]]]:
        """By image, the containers that will run it when the plan has run, and the removals of those that did."""
        world = self.world
        users: Dict[str, List[str]] = {}
        removed: Dict[str, List[int]] = {}
        for name, container in world.observed.containers.items():
            if name in self._removed:
                removed.setdefault(container.image_id, []).append(self._removed[name])
            declared = world.plan.declared.get(name)
            standing = world.images.get(str(declared.definition.get("image"))) if declared is not None else None
            if standing is not None:
                users.setdefault(standing.image_id, []).append(name)
            elif world.is_nobodys(name):
                users.setdefault(container.image_id, []).append(name)
        return users, removed

    def _built_images(self, users: Mapping[str, List[str]], removed: Mapping[str, List[int]]) -> None:
        """Images this scope built and names no more, earlier builds of a name that stays included.

        An image that somebody made from one of ours has its labels too, but never one of its names.
        """
        world = self.world
        moves = self._built_names()
        for image_id, image in world.observed.images.items():
            if image.labels.get(SCOPE) != world.desired.scope or CONTEXT not in image.labels or users.get(image_id):
                continue
            if COMPOSE_PROJECT in image.labels and not world.desired.project:
                continue  # a stack has the scope's name
            own = set(image.labels.get(BUILT, "").split()).intersection(image.tags)
            if any(not moves.get(name, True) for name in own) or (image.tags and not own):
                continue
            gone = [name for name in image.tags if name in own and name not in moves]
            for name in gone:
                self._add(RemoveImage(name, "not declared any more"), removed.get(image_id, ()))
            if not gone and not image.kept and own.issuperset(image.tags):
                self._add(RemoveImage(image_id, "an earlier build"), removed.get(image_id, ()))

    def _built_names(self) -> Dict[str, bool]:
        """Every name declared, and whether this plan gives it to another image than it has now."""
        names: Dict[str, bool] = {}
        for image in self.world.desired.images:
            standing = self.world.images.get(image.reference)
            moves = standing is not None and standing.step is not None
            for name in (image.reference, *(image.build.options.get("tags", ()) if image.build else ())):
                names[name] = moves
        return names


def _each_after(names: Sequence[str], dependents: Mapping[str, Sequence[str]]) -> List[str]:
    """The names, each after its dependents; labels may tell of circles, which are cut somewhere."""
    ordered: Dict[str, None] = {}
    entered: Set[str] = set()
    pending = [(name, False) for name in reversed(names)]
    while pending:
        name, leaving = pending.pop()
        if leaving:
            ordered[name] = None
        elif name not in entered:
            entered.add(name)
            pending.append((name, True))
            pending.extend((user, False) for user in reversed(dependents[name]))
    return list(ordered)
