# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a service's lifecycle hooks: one after the other, in the declared order."""

from __future__ import annotations

from typing import Iterable, List, Optional

from ..model.desired import Container
from ..model.observed import ObservedContainer
from ..model.operations import RunHook
from ..service.hooks import POST_START, PRE_STOP, hook_requests
from .draft import Draft


def post_start(container: Container, name: str, after: Iterable[Optional[int]], draft: Draft) -> List[int]:
    """Hooks in a container that was just started; each must end well."""
    return _hooks(container, name, POST_START, "it was started", after, draft)


def pre_stop(
    container: Container, found: ObservedContainer, cause: str, after: Iterable[Optional[int]], draft: Draft
) -> List[int]:
    """Hooks before a stop; only a running process can run them. The stop waits for them, however they end."""
    if found.status != "running":
        return []
    return _hooks(container, container.name, PRE_STOP, cause, after, draft)


def _hooks(
    container: Container, name: str, key: str, cause: str, after: Iterable[Optional[int]], draft: Draft
) -> List[int]:
    steps: List[int] = []
    for body in hook_requests(container.definition, key):
        required = key == POST_START
        hook = RunHook(name, cause, hook=key, body=body, required=required)
        before: Iterable[Optional[int]] = (*after, *steps[-1:])
        steps.append(draft.add(hook, before) if required else draft.add(hook, after, steps[-1:]))
    return steps
