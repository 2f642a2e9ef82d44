# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a swarm gives work to a node, and whether what it had there is gone.

Speaks to a manager, through a client that is handed in. Knows nodes and tasks, and nothing of the node's own engine.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Protocol, Sequence

from .errors import ProvisionError
from .steps import Step

Document = Dict[str, Any]

ACTIVE, PAUSE, DRAIN = "active", "pause", "drain"
AVAILABILITIES = (ACTIVE, PAUSE, DRAIN)
# States that a task does not leave again; all others are of one that runs, or is to.
_ENDED = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")
_TURN = 0.5
_ATTEMPTS = 5


class Swarm(Protocol):
    """What is asked of a manager."""

    def nodes(self) -> List[Document]:
        """List the nodes."""

    def node(self, node: str) -> Document:
        """Tell all about one."""

    def update_node(self, node: str, version: int, spec: Mapping[str, Any]) -> None:
        """Change one."""

    def tasks(self, filters: Optional[Mapping[str, Iterable[str]]] = None) -> List[Document]:
        """List tasks."""


def find_node(swarm: Swarm, wanted: str) -> Document:
    """Return the node of an id, or the only one of a name. Raises ProvisionError."""
    nodes = swarm.nodes()
    found = [node for node in nodes if node.get("ID") == wanted] or [n for n in nodes if _name(n) == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise ProvisionError(f"several nodes are called {wanted}; name one by its id: {_listed(found)}")
    raise ProvisionError(f"the swarm has no node {wanted}; there are {_listed(nodes)}")


def plan_availability(node: Mapping[str, Any], wanted: str) -> Sequence[Step]:
    """Decide what it takes for the node to be given work, or none."""
    now = str((node.get("Spec") or {}).get("Availability") or "")
    if now == wanted:
        return ()
    return (Step("UpdateNode", _name(node), f"its availability is {now}, and is to be {wanted}"),)


def set_availability(swarm: Swarm, node: str, wanted: str) -> None:
    """Set it, anew where somebody else changed the node at the same time."""
    for attempt in range(_ATTEMPTS):
        shown = swarm.node(node)
        spec = {**(shown.get("Spec") or {}), "Availability": wanted}
        try:
            swarm.update_node(node, int((shown.get("Version") or {}).get("Index") or 0), spec)
        except Exception as error:
            if "out of sequence" not in str(error) or attempt == _ATTEMPTS - 1:
                raise
            continue
        return


def left_there(swarm: Swarm, node: str) -> List[str]:
    """Name the tasks that are on the node and have not ended."""
    tasks = swarm.tasks({"node": [node]})
    return sorted(_task(task) for task in tasks if (task.get("Status") or {}).get("State") not in _ENDED)


def wait_until_empty(
    swarm: Swarm,
    node: str,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until nothing runs on a drained node any more. Raises ProvisionError when the time is over."""

    def in_the_way() -> str:
        left = left_there(swarm, node)
        if not left:
            return ""
        return (
            f"the node is drained, and {', '.join(left)} did not end there within {seconds:g} s: see whether other "
            "nodes can take the service (docker service ps), or give it more time (timeout)"
        )

    _wait(in_the_way, seconds, clock, sleep)


def wait_until_ready(
    swarm: Swarm,
    node: str,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the managers hear of a node again. Raises ProvisionError when the time is over."""

    def in_the_way() -> str:
        heard = state(swarm.node(node)) == "ready"
        return "" if heard else f"the swarm's managers did not hear of the node within {seconds:g} s"

    _wait(in_the_way, seconds, clock, sleep)


def _wait(
    in_the_way: Callable[[], str], seconds: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Wait until nothing is in the way; what still is when the time is over is the error."""
    end = clock() + seconds
    while said := in_the_way():
        if clock() >= end:
            raise ProvisionError(said)
        sleep(_TURN)


def state(node: Mapping[str, Any]) -> str:
    """Return how the managers see the node: ready, down, disconnected, unknown."""
    return str((node.get("Status") or {}).get("State") or "unknown")


def _task(task: Mapping[str, Any]) -> str:
    return f"task {str(task.get('ID'))[:12]} ({(task.get('Status') or {}).get('State')})"


def _name(node: Mapping[str, Any]) -> str:
    return str((node.get("Description") or {}).get("Hostname") or node.get("ID") or "")


def _listed(nodes: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(sorted(f"{_name(node)} ({node.get('ID')})" for node in nodes)) or "none"
