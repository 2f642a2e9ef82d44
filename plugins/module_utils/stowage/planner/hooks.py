# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a service's lifecycle hooks: one after the other, in the declared order."""

from __future__ import annotations

from typing import Callable, Iterable, List, Optional

from ..model.desired import Container
from ..model.observed import ObservedContainer
from ..model.operations import Operation, RunHook
from ..service.hooks import POST_START, PRE_STOP, hook_requests

Steps = Iterable[Optional[int]]
# As Draft.add: an operation, the steps that must have succeeded before, and those that must only have ended.
Add = Callable[[Operation, Steps, Steps], int]


def post_start(container: Container, name: str, after: Steps, add: Add) -> List[int]:
    """Hooks in a container that was just started; each must end well."""
    return _hooks(container, name, POST_START, "it was started", after, add)


def pre_stop(
    container: Container, name: str, found: ObservedContainer, cause: str, after: Steps, add: Add
) -> List[int]:
    """Hooks before a stop; only a running process can run them. The stop waits for them, however they end."""
    if found.status != "running":
        return []
    return _hooks(container, name, PRE_STOP, cause, after, add)


def _hooks(container: Container, name: str, key: str, cause: str, after: Steps, add: Add) -> List[int]:
    steps: List[int] = []
    for body in hook_requests(container.definition, key):
        required = key == POST_START
        hook = RunHook(name, cause, hook=key, body=body, required=required)
        steps.append(add(hook, (*after, *steps[-1:]), ()) if required else add(hook, after, steps[-1:]))
    return steps
