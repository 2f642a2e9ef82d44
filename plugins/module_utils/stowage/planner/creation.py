# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that every new container goes through, whether it is a first one or a successor.

Knows what must be there before it, its hooks, and how it is proven. Decides nothing about whether
it is needed.
"""

from __future__ import annotations

from typing import List, Mapping, Optional, Sequence

from ..model.desired import Container
from ..model.observed import ObservedContainer
from ..model.operations import ConnectNetwork, CreateContainer, Operation, StopContainer, WaitContainer
from ..service.create import create_body, endpoints
from ..service.labels import CONTENT, DECLARED, REPLACES, SCOPE, SPEC
from ..service.references import named_services, parents
from ..service.spec import declared_keys
from . import hooks
from .files import changes_for, file_step
from .ports import release_ports, restart_holders
from .readiness import Progress, Readiness
from .world import World

# Seconds in which a container that cannot run at all gives up; longer would be felt in every deployment.
FIRST_WATCH = 0.3
ALL_AT_CREATE = (1, 44)  # from here on POST /containers/create connects every network


class Creation:
    """Bringing one declared container about."""

    def __init__(self, container: Container, world: World, readiness: Readiness) -> None:
        self.container = container
        self.world = world
        self.readiness = readiness

    def create(
        self,
        name: str,
        cause: str,
        after: Sequence[Optional[int]],
        replaces: Optional[ObservedContainer] = None,
        carry: Optional[Mapping[str, str]] = None,
        settled: Sequence[Optional[int]] = (),
    ) -> List[Optional[int]]:
        """Create the container under this name and connect it; returns the steps that did it."""
        container, world = self.container, self.world
        definition = container.definition
        api = world.observed.api_version
        labels = {SCOPE: world.desired.scope, SPEC: container.spec, DECLARED: declared_keys(definition)}
        if container.content:
            labels[CONTENT] = container.content
        if replaces is not None:
            labels[REPLACES] = replaces.id
        mark = container.compose
        if mark is not None:
            labels.update(mark.labels)
        body = create_body(
            definition,
            name=container.service,
            api_version=api,
            labels=labels,
            carry=carry or {},
            resolve=world.container_name,
        )
        operation = CreateContainer(
            name,
            cause,
            body,
            platform=str(definition.get("platform") or ""),
            compose=mark.service if mark is not None else None,
            parents={key: world.service_container(key) for key in named_services((mark and mark.service) or {})},
        )
        steps: List[Optional[int]] = [world.draft.add(operation, [*after, *self._foundations()], settled)]
        if api >= ALL_AT_CREATE:
            return steps
        for network, endpoint in list(endpoints(definition, container.service, api, world.container_name).items())[1:]:
            connect = ConnectNetwork(network, f"{name} was created", container=name, endpoint=endpoint)
            steps.append(world.draft.add(connect, [steps[-1]]))
        return steps

    def free_ports(self, after: Sequence[Optional[int]]) -> List[int]:
        """The steps after which this one's ports are free; nobody lets go of one before ``after``."""
        return release_ports(self.container, self.world, after)

    def restart_holders(self) -> List[Operation]:
        return list(restart_holders(self.container, self.world))

    def post_start(self, name: str, after: Sequence[Optional[int]]) -> List[int]:
        return hooks.post_start(self.container, name, after, self.world.draft.add)

    def stop(
        self,
        found: ObservedContainer,
        cause: str,
        after: Sequence[Optional[int]],
        settled: Sequence[Optional[int]] = (),
    ) -> int:
        """Stop the container as it is now, its hooks before that."""
        world, name = self.world, self.container.name
        if found.name not in world.stops:
            before = hooks.pre_stop(self.container, name, found, cause, after, world.draft.add)
            world.stops[found.name] = world.draft.add(StopContainer(name, cause), after, [*before[-1:], *settled])
        return world.stops[found.name]

    def prove(
        self,
        name: str,
        progress: Progress,
        monitor: Optional[float] = None,
        always: bool = False,
        cause: str = "it was started",
    ) -> List[int]:
        """Wait for what others, the policy or a replacement (``always``) ask of the container.

        ``monitor``: seconds a container without a health check must stay up; a moment unless told.
        """
        policy = self.world.policy
        watched = min(policy.monitor, FIRST_WATCH) if monitor is None else monitor
        asked = self.readiness.asked_of(self.container) or (["ready"] if always else [])
        for condition in asked:
            wait = WaitContainer(
                name,
                cause,
                condition=condition,
                timeout=policy.wait_timeout,
                monitor=watched,
            )
            progress.waits[condition] = self.world.draft.add(wait, [progress.started])
        return list(progress.waits.values())

    def _foundations(self) -> List[Optional[int]]:
        """Steps that bring about the image, networks, volumes and containers this one is made on."""
        world, definition = self.world, self.container.definition
        standing = world.images.get(str(definition.get("image")))
        steps: List[Optional[int]] = [standing.step if standing else None]
        steps += [world.network_ready.get(name) for name in definition.get("networks") or ()]
        sources = [mount.get("source") for mount in definition.get("volumes") or () if mount.get("type") == "volume"]
        steps += [world.volume_ready.get(source) for source in sources if source]
        steps += [file_step(path, world) for path in changes_for(self.container, world)]
        for name in map(world.container_name, parents(definition)):
            progress = self.readiness.progress.get(name)
            if progress is not None:
                steps += [progress.started, progress.final]
        return steps
