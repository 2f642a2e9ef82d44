# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers of ``pre_start``: each runs to its end before a service's new container is started.

Knows that they run once for a service, whatever the number of its replicas, and only for a new container.
"""

from __future__ import annotations

from typing import List, Optional, Sequence

from ..model.desired import Container
from ..model.operations import RemoveContainer, StartContainer, WaitContainer
from ..service.dependencies import COMPLETED
from .creation import Creation
from .readiness import CONDITIONS, Readiness
from .world import World


def plan_pre_start(
    container: Container, world: World, readiness: Readiness, cause: str, after: Sequence[Optional[int]]
) -> List[int]:
    """The steps that all of them take, once for all replicas of a service; none where it has none."""
    if not container.pre_start:
        return []
    if container.service not in readiness.prepared:
        steps: List[int] = []
        for hook in container.pre_start:
            steps += _run(hook, world, readiness, cause, [*after, *steps[-1:]])
        readiness.prepared[container.service] = steps
    return readiness.prepared[container.service]


def _run(hook: Container, world: World, readiness: Readiness, cause: str, after: Sequence[Optional[int]]) -> List[int]:
    """One of them, from creation to removal; one that fails stays, for its log, until the next run."""
    draft, name = world.draft, hook.name
    before = list(after)
    if name in world.observed.containers and not world.refuse_foreign(
        hook.path, f"the container {name}", world.observed.containers[name].labels
    ):
        world.gone[name] = draft.add(RemoveContainer(name, "is of a former run", volumes=True))
        before.append(world.gone[name])
    created = Creation(hook, world, readiness).create(name, cause, before)
    started = draft.add(StartContainer(name, "pre_start"), created)
    timeout = world.policy.wait_timeout
    ended = draft.add(WaitContainer(name, "pre_start", CONDITIONS[COMPLETED], timeout), [started])
    removed = draft.add(RemoveContainer(name, "it has done its work", volumes=True), [ended])
    return [*(step for step in created if step is not None), started, ended, removed]
