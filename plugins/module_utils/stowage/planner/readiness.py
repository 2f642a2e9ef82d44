# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When is a container ready for those that depend on it?

Knows compose's conditions of depends_on, and what of them the snapshot shows to be met already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Set

from ..model.desired import Container
from ..model.operations import WaitContainer
from ..service.dependencies import COMPLETED, HEALTHY, dependencies
from ..service.references import parents
from .world import World

READY = "ready"
# compose's condition -> the condition of WaitContainer
CONDITIONS = {HEALTHY: "healthy", COMPLETED: "completed"}


@dataclass
class Progress:
    """What the plan does to one container so far: steps after which it runs, is proven, is in place.

    ``replaced`` says that its id will be another one, ``restarted`` that its process will be.
    """

    started: Optional[int] = None
    final: Optional[int] = None
    replaced: bool = False
    restarted: bool = False
    waits: Dict[str, int] = field(default_factory=dict)

    @property
    def runs_on(self) -> bool:
        """Whether the process of before goes on running, changed in place at most."""
        return self.started is None and not self.replaced

    @property
    def last(self) -> Optional[int]:
        """A new container is started once it is in place; a successor is in place once it has started."""
        return max((step for step in (self.started, self.final) if step is not None), default=None)


class Readiness:
    """The conditions the declared containers put on each other."""

    def __init__(self, world: World, progress: Dict[str, Progress]) -> None:
        self._world = world
        # By container, of whatever scope: namespaces and ports are borrowed across them.
        self.progress = progress
        # By service, the steps after which its pre_start containers have done their work.
        self.prepared: Dict[str, List[int]] = {}
        self._by_service: Dict[str, List[Container]] = {}
        self._asked: Dict[str, Set[str]] = {}
        self._dependents: Dict[str, List[str]] = {}
        for container in world.declared.values():
            self._by_service.setdefault(container.service, []).append(container)
        for container in world.declared.values():
            for service, options in dependencies(container.definition).items():
                self._dependents.setdefault(service, []).append(container.name)
                condition = CONDITIONS.get(options.get("condition", ""))
                if condition:
                    self._asked.setdefault(service, set()).add(condition)

    def replicas(self, service: str) -> List[Container]:
        return self._by_service.get(service, [])

    def dependents(self, container: Container) -> List[str]:
        """The declared containers that depend on this one."""
        return self._dependents.get(container.service, [])

    def asked_of(self, container: Container) -> List[str]:
        """The conditions to wait for once this container has been started."""
        asked = sorted(self._asked.get(container.service, ()))
        if asked:
            return asked
        return [READY] if self._world.policy.wait else []

    def is_one_shot(self, container: Container) -> bool:
        """Whether an exit with code 0 means that its work is done, rather than that it is down."""
        if "completed" in self._asked.get(container.service, ()):
            return True
        restart = str(container.definition.get("restart") or "")
        policy = (container.definition.get("deploy") or {}).get("restart_policy") or {}
        condition = str(policy.get("condition") or "")
        return restart == "no" or restart.startswith("on-failure") or condition in ("none", "on-failure")

    def needed_by(self, container: Container, *, required: bool = True) -> List[int]:
        """The steps that must have succeeded before this container may be started.

        Those of dependencies that are not ``required`` must only have ended.
        """
        steps: List[int] = []
        for service, options in dependencies(container.definition).items():
            if bool(options.get("required", True)) != required:
                continue
            for other in self._by_service.get(service, ()):
                step = self._step_for(other, options, container)
                if step is not None:
                    steps.append(step)
        if required:
            hosts = [self.progress.get(name) for name in self._namespaces_of(container)]
            steps += [host.last for host in hosts if host is not None and host.last is not None]
        return steps

    def must_restart(self, container: Container) -> str:
        """Why this container has to restart with another: a dependency with ``restart: true``, or a shared namespace.

        A namespace ends with the process it was made for; who lives in it has to move to the next one.
        """
        others = [
            other.name
            for service, options in dependencies(container.definition).items()
            for other in self._by_service.get(service, ())
            if options.get("restart")
        ]
        for name in (*others, *self._namespaces_of(container)):
            progress = self.progress.get(name)
            if progress is not None and progress.replaced:
                return f"{name} is replaced"
            if progress is not None and progress.restarted:
                return f"{name} is restarted"
        return ""

    def _namespaces_of(self, container: Container) -> List[str]:
        """The containers in whose network, pid or ipc namespace this one runs."""
        found = parents(container.definition).items()
        return [self._world.container_name(name) for name, key in found if key != "volumes_from"]

    def _step_for(self, other: Container, options: Mapping[str, Any], container: Container) -> Optional[int]:
        progress = self.progress.setdefault(other.name, Progress())
        condition = CONDITIONS.get(options.get("condition", ""))
        if condition is None:
            return progress.last
        if condition in progress.waits:
            return progress.waits[condition]
        if progress.runs_on and self._is_met(other, condition):
            return progress.final
        wait = WaitContainer(
            other.name,
            f"{container.name} depends on it",
            condition=condition,
            timeout=self._world.policy.wait_timeout,
        )
        progress.waits[condition] = self._world.draft.add(wait, [progress.last])
        return progress.waits[condition]

    def _is_met(self, other: Container, condition: str) -> bool:
        found = self._world.observed.containers.get(other.name)
        if found is None:
            return False
        if condition == "healthy":
            return found.status == "running" and found.health == "healthy"
        return found.status == "exited" and found.exit_code == 0
