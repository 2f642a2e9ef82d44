# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarting an engine without losing what ran: containers that live-restore did not carry over are started again."""

from __future__ import annotations

from typing import List, Protocol, Sequence

from .errors import ProvisionError


class Containers(Protocol):
    """What is asked of an engine that answers."""

    def running(self) -> List[str]:
        """The ids of containers that run and are not a swarm's, the oldest first."""

    def start(self, container: str) -> None:
        """Start a container; ProvisionError where it cannot be."""


def start_again(engine: Containers, ran: Sequence[str]) -> List[str]:
    """Start the containers that ran and do not, in their order; returns what to say of those that cannot be started."""
    if not ran:
        return []
    running = set(engine.running())
    told = []
    for container in ran:
        if container in running:
            continue
        try:
            engine.start(container)
        except ProvisionError as error:
            told.append(f"container {container[:12]} ran before and cannot be started again: {error}")
    return told
