# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planners of the several resources tell each other while one plan is made.

Knows who owns what, what the plan has in mind for each object so far, and who uses whom. Decides
nothing.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Set, Tuple

from ..model.desired import ABSENT, Container, Part
from ..model.observed import Observed, ObservedContainer
from ..model.operations import FileOperation
from ..service.labels import COMPOSE_ONE_OFF, COMPOSE_PROJECT, COMPOSE_SERVICE, NEXT, REPLACES, SCOPE
from .draft import Draft
from .images import Standing


class Intentions:
    """What one plan has in mind for the objects of a host, whichever of its scopes they belong to."""

    def __init__(self) -> None:
        self.images: Dict[str, Standing] = {}
        # Step after which a network or volume is there as declared; absent where it is already.
        self.network_ready: Dict[str, int] = {}
        self.volume_ready: Dict[str, int] = {}
        # Files that change, by their path on the host, with what does it, and the steps of those that are planned.
        self.files: Dict[str, FileOperation] = {}
        self.file_steps: Dict[str, int] = {}
        # (network, container) of those put back on a network that is made anew, or meant to leave it,
        # and by container the steps after which it is where it belongs.
        self.reconnected: Set[Tuple[str, str]] = set()
        self.back: Dict[str, List[int]] = {}
        # Containers taken away, or just stopped, early in the plan, with the step that does it.
        self.gone: Dict[str, int] = {}
        self.stops: Dict[str, int] = {}
        # Containers that go for good, and those that are declared, of all scopes.
        self.dropped: Dict[str, str] = {}
        self.declared: Dict[str, Container] = {}
        self.worlds: Dict[str, World] = {}  # of the declared ones


class World:
    """One scope's declaration beside the snapshot, and the plan's intentions as they grow."""

    def __init__(self, part: Part, observed: Observed, draft: Draft, intentions: Intentions) -> None:
        desired, policy = part
        self.desired = desired
        self.observed = observed
        self.policy = policy
        self.draft = draft
        self.plan = intentions
        self.images = intentions.images
        self.network_ready = intentions.network_ready
        self.volume_ready = intentions.volume_ready
        self.reconnected = intentions.reconnected
        self.back = intentions.back
        self.gone = intentions.gone
        self.stops = intentions.stops
        self.declared: Dict[str, Container] = {
            container.name: container for container in desired.containers if container.state != ABSENT
        }
        intentions.declared.update(self.declared)
        intentions.worlds.update(dict.fromkeys(self.declared, self))
        self._first_replica: Dict[str, str] = {}
        for container in self.declared.values():
            self._first_replica.setdefault(container.service, container.name)
        self.dropped = self._dropped()
        intentions.dropped.update(self.dropped)
        # network, and volume -> the containers, running or not, that use it
        self.users: Dict[str, List[ObservedContainer]] = self._users()
        self.volume_users: Dict[str, List[ObservedContainer]] = self._volume_users()
        # (port, protocol) -> the containers that hold it on some address of the host
        self.port_holders: Dict[Tuple[int, str], List[ObservedContainer]] = self._port_holders()

    def _dropped(self) -> Dict[str, str]:
        """Containers that go for good, with the reason: declared absent, or ours and named no more."""
        dropped: Dict[str, str] = {}
        for container in self.desired.containers:
            if container.state == ABSENT and container.name in self.observed.containers:
                dropped[container.name] = "declared absent"
            if container.state == ABSENT and self._is_leftover(container.name + NEXT):
                dropped[container.name + NEXT] = "declared absent"
        services = {container.service for container in self.desired.containers}
        for name, found in self.observed.containers.items():
            if self.owner(found.labels) != self.desired.scope or name in self.declared or self._is_left(found):
                continue
            # A replica too many of a service that is declared is no orphan.
            is_replica = bool(self.desired.project) and found.labels.get(COMPOSE_SERVICE) in services
            surplus = is_replica and self.policy.surplus
            if not self.policy.prune and not surplus:
                continue
            if not self.is_successor(name):
                dropped.setdefault(name, "not declared any more")
        return dropped

    def _is_left(self, found: ObservedContainer) -> bool:
        """Whether a container of the project is not what this run is about."""
        if found.labels.get(COMPOSE_ONE_OFF, "").lower() == "true" and not self.policy.one_offs:
            return True
        return found.labels.get(COMPOSE_SERVICE) in self.desired.left

    def _users(self) -> Dict[str, List[ObservedContainer]]:
        users: Dict[str, List[ObservedContainer]] = {}
        for container in self.observed.containers.values():
            for network in container.networks:
                users.setdefault(network, []).append(container)
        return users

    def _volume_users(self) -> Dict[str, List[ObservedContainer]]:
        users: Dict[str, List[ObservedContainer]] = {}
        for container in self.observed.containers.values():
            for volume in sorted({str(mount["Name"]) for mount in container.mounts if mount.get("Name")}):
                users.setdefault(volume, []).append(container)
        return users

    def _port_holders(self) -> Dict[Tuple[int, str], List[ObservedContainer]]:
        holders: Dict[Tuple[int, str], List[ObservedContainer]] = {}
        for container in self.observed.containers.values():
            for port in sorted({held[1:] for held in container.ports}):
                holders.setdefault(port, []).append(container)
        return holders

    def is_successor(self, name: str) -> bool:
        """Whether this is the ``.next`` of a declared container, left by a run that did not end."""
        return name.endswith(NEXT) and name[: -len(NEXT)] in self.declared and self._is_leftover(name)

    def is_stranger(self, name: str) -> bool:
        """Whether a container that stays is not described here: not declared, or by nothing but its state."""
        declared = self.declared.get(name[: -len(NEXT)] if self.is_successor(name) else name)
        return name not in self.dropped and (declared is None or declared.state_only)

    def is_nobodys(self, name: str) -> bool:
        """Whether a container that stays is described by no scope of the plan, or by nothing but its state."""
        found = self.observed.containers.get(name)
        half_done = name.endswith(NEXT) and found is not None and REPLACES in found.labels
        declared = self.plan.declared.get(name[: -len(NEXT)] if half_done else name)
        return name not in self.plan.dropped and (declared is None or declared.state_only)

    def _is_leftover(self, name: str) -> bool:
        found = self.observed.containers.get(name)
        return bool(found and REPLACES in found.labels and found.labels.get(SCOPE) == self.desired.scope)

    def owner(self, labels: Mapping[str, str]) -> str:
        """The scope an object with these labels belongs to; what docker compose made of our project is ours.

        A stack and another declaration may have one name for their scopes: what is a stack's has a project.
        """
        owner, project = labels.get(SCOPE, ""), labels.get(COMPOSE_PROJECT, "")
        mine = self.desired.project
        if not owner:
            return self.desired.scope if mine and project == mine else ""
        if owner != self.desired.scope or (project == mine if mine else project != owner):
            return owner
        return f"{owner} (of another declaration)" if mine else f"{owner} (a stack)"

    def foreign_scope(self, labels: Mapping[str, str]) -> str:
        """The other scope that owns an object with these labels, or nothing."""
        owner = self.owner(labels)
        return "" if owner == self.desired.scope else owner

    def container_name(self, name: str) -> str:
        """The container that a service key or a container's name stands for: of replicas, the first."""
        # Of a stack nothing refers to a service here any more.
        return name if self.desired.project else self._first_replica.get(name, name)

    def service_container(self, service: str) -> str:
        """The container that stands for a service of a stack: the first by name, as docker compose has it."""
        names = [container.name for container in self.declared.values() if container.service == service]
        return min(names, default=service)

    def service_id(self, service: str) -> str:
        """The id of the container that stands for a service of a stack, if it is there."""
        found = self.observed.containers.get(self.service_container(service))
        return found.id if found else ""

    def container_id(self, name: str) -> str:
        """The id of the container that a service key or a container's name stands for, if it is there."""
        found = self.observed.containers.get(self.container_name(name))
        return found.id if found else ""

    def refuse_project(self, path: str, name: str, labels: Mapping[str, str]) -> bool:
        """Report a container that docker compose made for another project: it is somebody's, though no scope's."""
        project = labels.get(COMPOSE_PROJECT, "")
        foreign = bool(self.desired.project and project) and SCOPE not in labels and project != self.desired.project
        if foreign:
            why = f"the container {name} belongs to the compose project {project}; give one of them another name"
            self.draft.refuse(path, why)
        return foreign

    def refuse_foreign(self, path: str, what: str, labels: Mapping[str, str]) -> bool:
        """Report an object that another scope owns; two scopes must not pull at one object."""
        owner = self.foreign_scope(labels)
        if owner:
            self.draft.refuse(path, f"{what} belongs to the scope {owner}; declare it there, or remove it there first")
        return bool(owner)

    def successor(self, name: str) -> Optional[ObservedContainer]:
        """The half-done replacement of a container, if a former run left one."""
        return self.observed.containers[name + NEXT] if self.is_successor(name + NEXT) else None
