# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container is replaced so that nothing is destroyed before its successor is proven.

Create ``<name>.next``, stop the old, start the new, wait for it, remove the old, rename. Every
state in between shows in names and labels, and a later run goes on from it or undoes it.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

from ..model.desired import PRESENT, RESTARTED, STARTED, Container
from ..model.observed import ObservedContainer
from ..model.operations import (
    Operation,
    RemoveContainer,
    RenameContainer,
    StartContainer,
)
from ..service.compare import anonymous_volumes, differences
from ..service.labels import CONTENT, NEXT, SPEC
from ..service.ports import fixed_ports
from ..service.units import parse_duration
from .creation import Creation
from .files import changes_for, file_step, restore_files
from .prestart import plan_pre_start
from .readiness import Readiness
from .rollout import Rollout
from .world import World


class Replacement:
    """The way from one container to its successor."""

    def __init__(
        self,
        container: Container,
        found: ObservedContainer,
        world: World,
        readiness: Readiness,
        creation: Creation,
        rollout: Rollout,
    ) -> None:
        self.container = container
        self.found = found
        self.world = world
        self.readiness = readiness
        self.creation = creation
        self.rollout = rollout
        self.progress = readiness.progress[container.name]
        self.next = container.name + NEXT
        self.starts = container.state in (STARTED, RESTARTED) or (container.state == PRESENT and found.is_up)

    def plan(self, cause: str, successor: Optional[ObservedContainer], after: Sequence[Optional[int]]) -> None:
        """Add the steps; ``successor`` is what a former run left of this same work."""
        if successor is None and self.next in self.world.observed.containers and self.found.name != self.next:
            why = f"cannot be replaced: the name {self.next}, which its successor has for a while, is taken"
            self.world.draft.refuse(self.container.path, why)
            return
        created = self._create(cause, successor, after)
        if not self.starts:
            stopped = self._stop_old(cause, created)
            self._take_over(cause, [*created, stopped])
            return
        start_first = self._may_start_first()
        stopped_early = self.found.name in self.world.stops
        needs = [*created, *self.readiness.needed_by(self.container)]
        wished = self.readiness.needed_by(self.container, required=False)
        prepared = plan_pre_start(self.container, self.world, self.readiness, cause, needs)
        needs += prepared
        needs += self.creation.free_ports(needs)
        stopped = None if start_first else self._stop_old(cause, needs, wished)
        # The stop waits for all that is needed, so that the gap is as short as can be.
        started = self._start(cause, [*needs, stopped], wished)
        proofs = self.creation.prove(self.next, self.progress, self._monitor(), always=True)
        # What is written for the new one is read by the old one as well, from the first file on.
        files = [file_step(path, self.world) for path in changes_for(self.container, self.world)]
        # Where nothing was created there is nothing to undo, unless others wait, or something was done before.
        at_once = self.rollout.defers or stopped_early or bool(files)
        steps = [*files, *(created if at_once else created[1:]), *prepared, stopped, *started, *proofs]
        if start_first:
            stopped = self._stop_old(cause, proofs)
            steps.append(stopped)
        self.rollout.replaced(steps, self._undo(cause, successor))
        if self.rollout.defers:
            self.rollout.defer(lambda after: self._take_over(cause, after))
            self.progress.final = steps[-1] if proofs else self.progress.started
        else:
            self._take_over(cause, [*proofs, stopped] if start_first else proofs)
        self.rollout.done(self.progress.final)

    def _create(
        self, cause: str, successor: Optional[ObservedContainer], after: Sequence[Optional[int]]
    ) -> List[Optional[int]]:
        self.progress.replaced = True
        if successor is not None and self._goes_on_with(successor):
            return [None, *after, *self.world.back.get(self.next, ())]
        before = list(after)
        if successor is not None:
            why = "a replacement that was not finished is outdated"
            old = [*after, *self.world.back.get(self.next, ())]
            before.append(self.world.draft.add(RemoveContainer(self.next, why, volumes=True), old))
        gate, settled = self.rollout.gate()
        carry = anonymous_volumes(self.found.inspect or {}, self.container.definition)
        return self.creation.create(self.next, cause, [*before, *gate], self.found, carry, settled)

    def _goes_on_with(self, successor: ObservedContainer) -> bool:
        """Whether what a former run made is what is wanted now, so that its work can be taken up."""
        standing = self.world.images.get(str(self.container.definition.get("image")))
        if standing is None or standing.step is not None or standing.image_id != successor.image_id:
            return False
        if successor.labels.get(SPEC) != self.container.spec or successor.status not in ("created", "running"):
            return False
        if successor.labels.get(CONTENT, "") != self.container.content:
            return False
        changes = differences(
            self.container.definition,
            successor.inspect or {},
            None,
            name=self.container.service,
            same_spec=True,
            declared_before=None,
            resolve=self.world.container_id,
        )
        return not changes

    def _start(
        self, cause: str, after: Sequence[Optional[int]], settled: Sequence[Optional[int]]
    ) -> List[Optional[int]]:
        start = self.world.draft.add(StartContainer(self.next, f"takes over: {cause}"), after, settled)
        hooks = self.creation.post_start(self.next, [start])
        self.progress.started = hooks[-1] if hooks else start
        return [start, *hooks]

    def _stop_old(
        self, cause: str, after: Sequence[Optional[int]], settled: Sequence[Optional[int]] = ()
    ) -> Optional[int]:
        return self.creation.stop(self.found, cause, after, settled) if self.found.is_up else None

    def _take_over(self, cause: str, after: Sequence[Optional[int]]) -> None:
        draft, name = self.world.draft, self.container.name
        removed = draft.add(RemoveContainer(name, cause), after)
        self.progress.final = draft.add(RenameContainer(self.next, "it takes over", new_name=name), [removed])

    def _undo(self, cause: str, successor: Optional[ObservedContainer]) -> List[Operation]:
        why = f"the replacement failed ({cause})"
        operations: List[Operation] = [RemoveContainer(self.next, why, volumes=True)]
        operations += restore_files(self.container, self.world, why)
        # Beside a successor of a former run, the old one is down because that run stopped it.
        stopped_by_us = successor is not None and not self.readiness.is_one_shot(self.container)
        if self.found.is_up or stopped_by_us:
            operations.append(StartContainer(self.container.name, why))
        return operations + self.creation.restart_holders()

    def _monitor(self) -> float:
        declared = self._update_config().get("monitor")
        return parse_duration(str(declared)) / 1e9 if declared else self.world.policy.monitor

    def _update_config(self) -> Dict[str, object]:
        return dict((self.container.definition.get("deploy") or {}).get("update_config") or {})

    def _may_start_first(self) -> bool:
        """Both can run at once only where they do not fight over a port or an address."""
        definition = self.container.definition
        if self._update_config().get("order") != "start-first" or not self.found.is_up:
            return False
        fixed = any(
            (options or {}).get(key)
            for options in (definition.get("networks") or {}).values()
            for key in ("ipv4_address", "ipv6_address", "mac_address")
        )
        on_host = definition.get("network_mode") == "host"
        return not fixed and not on_host and not fixed_ports(definition)
