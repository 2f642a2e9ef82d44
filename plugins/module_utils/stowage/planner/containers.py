# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides for each declared container: leave it, change it in place, replace it, or bring it about.

Knows the rules of that choice. How a replacement goes step by step stands in replacement.py.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from ..model.desired import PRESENT, RESTARTED, STARTED, STOPPED, Container
from ..model.observed import ObservedContainer
from ..model.operations import (
    ConnectNetwork,
    DisconnectNetwork,
    RemoveContainer,
    RenameContainer,
    RestartContainer,
    StartContainer,
    StopContainer,
    UnpauseContainer,
    UpdateContainer,
)
from ..service.compare import NETWORK, UPDATE, Difference, anonymous_volumes, differences
from ..service.confighash import service_hash
from ..service.dependencies import dependencies
from ..service.grants import without_mounts
from ..service.labels import COMPOSE_HASH, CONTENT, DECLARED, NEXT, SCOPE, SPEC
from ..service.references import parents
from ..service.spec import parse_declared
from .creation import Creation
from .files import changes_for, is_kept, unsettled_for
from .hooks import pre_stop
from .prestart import plan_pre_start
from .readiness import Progress, Readiness
from .replacement import Replacement
from .rollout import Rollout
from .world import World


def plan_containers(worlds: Sequence[World]) -> None:
    """Add the steps for every declared container, dependencies before their dependents, scope by scope."""
    progress: Dict[str, Progress] = {}
    decisions: List[Decision] = []
    for world in worlds:
        readiness = Readiness(world, progress)
        for service in _in_order(world):
            replicas = readiness.replicas(service)
            rollout = Rollout(replicas[0], world.draft)
            for container in replicas:
                decisions.append(Decision(container, world, readiness, rollout))
                decisions[-1].plan()
            rollout.finish()
    for decision in decisions:
        decision.resume()
    for decision in reversed(decisions):
        decision.stop()


def _in_order(world: World) -> List[str]:
    """Services sorted so that each comes after those it depends on; otherwise as declared."""
    services: Dict[str, Container] = {}
    owners = {container.name: container.service for container in world.declared.values()}
    for container in world.declared.values():
        services.setdefault(container.service, container)
    ordered: Dict[str, None] = {}
    entered = set()
    pending = [(service, False) for service in reversed(list(services))]
    while pending:
        service, leaving = pending.pop()
        if leaving:
            ordered[service] = None
            continue
        if service in entered:
            continue
        entered.add(service)
        pending.append((service, True))
        definition = services[service].definition
        needed = [*dependencies(definition), *(owners.get(name, name) for name in parents(definition))]
        pending.extend((other, False) for other in reversed(needed) if other in services)
    return list(ordered)


class Decision:
    """The choice for one container, against what of it the snapshot shows."""

    def __init__(self, container: Container, world: World, readiness: Readiness, rollout: Rollout) -> None:
        self.container = container
        self.world = world
        self.readiness = readiness
        self.rollout = rollout
        self.progress = readiness.progress.setdefault(container.name, Progress())
        self.creation = Creation(container, world, readiness)
        self._late_stop: Optional[Tuple[ObservedContainer, List[Optional[int]]]] = None

    def plan(self) -> None:
        container, world = self.container, self.world
        found = world.observed.containers.get(container.name)
        if found is not None and world.refuse_foreign(container.path, f"the container {container.name}", found.labels):
            return
        if found is not None and world.refuse_project(container.path, container.name, found.labels):
            return
        successor = world.successor(container.name)
        if container.state_only and not self._has_state(found, successor):
            return
        if container.name in world.gone or (found is None and container.name + NEXT in world.gone):
            self._create_after_volume(found, successor)
        elif found is None and successor is None:
            self._create("container is missing", [])
        elif found is None and successor is not None:
            self._adopt_successor(successor, [])
        elif found is not None and found.status in ("dead", "removing"):
            back = world.back.get(container.name, ())
            removed = world.draft.add(RemoveContainer(container.name, f"is {found.status}"), back)
            if successor is not None:
                self._adopt_successor(successor, [removed])
            else:
                self._create(f"was {found.status}", [removed], found)
        elif found is not None:
            self._keep_or_replace(found, successor, list(world.back.get(container.name, ())))

    def resume(self) -> None:
        """Start again what handed a port on after it had been planned; it publishes on any free one."""
        stopped = self.world.stops.get(self.container.name)
        untouched = self.progress.started is None and not self.progress.replaced
        if stopped is not None and untouched and self.container.state in (STARTED, RESTARTED):
            self._start("handed its port on", [stopped])

    def stop(self) -> None:
        """Stop what was put off until those that depend on it have stopped."""
        if self._late_stop is not None:
            found, before = self._late_stop
            users = [self.world.stops.get(name) for name in self.readiness.dependents(self.container)]
            self.progress.final = self.creation.stop(found, "declared stopped", before, users)

    def _has_state(self, found: Optional[ObservedContainer], successor: Optional[ObservedContainer]) -> bool:
        """Whether there is a state to change, where nothing else of the container is declared. It cannot be made."""
        if successor is None and (found is None or found.status in ("dead", "removing")):
            what = f"the container {self.container.name} is {found.status if found else 'not on the host'}"
            self.world.draft.refuse(self.container.path, f"{what}, and without an image it cannot be created")
            return False
        # What was left half done is for the whole declaration to finish, unless it stands in the state's way.
        return found is None or self.container.state != PRESENT

    # -- what there is ------------------------------------------------------------------------

    def _create(self, cause: str, after: Sequence[Optional[int]], former: Optional[ObservedContainer] = None) -> None:
        """Create it, with the anonymous volumes of its ``former`` self, and as running as that was."""
        definition, state = self.container.definition, self.container.state
        self.progress.replaced = True
        carry = anonymous_volumes(former.inspect or {}, definition) if former is not None else {}
        created = self.creation.create(self.container.name, cause, after, carry=carry)
        self.progress.final = created[-1]
        was_up = former is not None and former.is_up
        if state in (STARTED, RESTARTED) or (state == PRESENT and was_up):
            self._start("it was created", created)

    def _create_after_volume(self, found: Optional[ObservedContainer], successor: Optional[ObservedContainer]) -> None:
        """It had to go so that its volume can be made anew; so has what a former run was to replace it with."""
        after: List[Optional[int]] = [self.world.gone.get(self.container.name)]
        if successor is not None:
            after.append(self.world.gone.get(successor.name) or self._drop(successor, []))
        self._create("its volume is made anew", after, found or successor)

    def _drop(self, successor: ObservedContainer, after: Sequence[Optional[int]]) -> int:
        before = [*after, *self.world.back.get(successor.name, ())]
        remove = RemoveContainer(successor.name, "its replacement is not wanted any more", volumes=True)
        return self.world.draft.add(remove, before)

    def _adopt_successor(self, successor: ObservedContainer, after: Sequence[Optional[int]]) -> None:
        """A former run removed the old container, so it had proven the new one: finish its work."""
        name = self.container.name
        cause = "a replacement was not finished"
        before = [*after, *self.world.back.get(successor.name, ())]
        renamed = self.world.draft.add(RenameContainer(name + NEXT, cause, new_name=name), before)
        self.progress.replaced = True
        self.progress.final = renamed
        self._keep_or_replace(successor, None, [renamed])

    def _keep_or_replace(
        self, found: ObservedContainer, successor: Optional[ObservedContainer], after: List[Optional[int]]
    ) -> None:
        changes = self._differences(found)
        causes = self._replacement_causes(found, changes)
        replacement = Replacement(self.container, found, self.world, self.readiness, self.creation, self.rollout)
        if causes:
            replacement.plan(", ".join(causes), successor, after)
            return
        if self._is_as_compose_made_it(found):
            self._note_contents(found)
        if successor is not None:
            after = [*after, self._drop(successor, after)]
        changed = [*self._update(changes, after), *self._reconnect(changes, after)]
        self.progress.final = changed[-1] if changed else self.progress.final
        self._settle(found, [*after, *changed], interrupted=successor is not None)

    # -- in place -----------------------------------------------------------------------------

    def _update(self, changes: Sequence[Difference], after: List[Optional[int]]) -> List[int]:
        updates = [change for change in changes if change.change == UPDATE]
        if not updates:
            return []
        body: Dict[str, object] = {}
        for change in updates:
            body.update(change.update)
        cause = ", ".join(change.cause for change in updates)
        return [self.world.draft.add(UpdateContainer(self.container.name, cause, body), after)]

    def _reconnect(self, changes: Sequence[Difference], after: List[Optional[int]]) -> List[int]:
        """Join and leave networks. The endpoint is told whole, so a change is a leave and a join."""
        name, draft = self.container.name, self.world.draft
        steps: List[int] = []
        by_network: Dict[str, List[Difference]] = {}
        for change in changes:
            if change.change == NETWORK and (change.network, name) not in self.world.reconnected:
                by_network.setdefault(change.network, []).append(change)
        for network, (change, *others) in by_network.items():
            cause = ", ".join(dict.fromkeys([change.cause, *(other.cause for other in others)]))
            before: List[Optional[int]] = [*after, self.world.network_ready.get(network)]
            if change.connected:
                steps.append(draft.add(DisconnectNetwork(network, cause, container=name), before))
                before = [*before, steps[-1]]
            if change.endpoint is not None:
                connect = ConnectNetwork(network, cause, container=name, endpoint=change.endpoint)
                steps.append(draft.add(connect, before))
        return steps

    def _settle(self, found: ObservedContainer, after: List[Optional[int]], *, interrupted: bool) -> None:
        """Bring the container into its declared state: running, stopped, or as it is.

        ``interrupted``: a former run stopped it for a successor that is not wanted any more.
        """
        name, draft, state = self.container.name, self.world.draft, self.container.state
        before = [*after, self.progress.final]
        running = found.is_up
        if state == STOPPED and running and self.readiness.dependents(self.container):
            self._late_stop = (found, before)
        elif state == STOPPED and running:
            self.progress.final = self.creation.stop(found, "declared stopped", before)
        if state not in (STARTED, RESTARTED):
            return
        restarts = state == RESTARTED or self.readiness.must_restart(self.container)
        if found.status == "paused" and not restarts:
            self.progress.started = draft.add(UnpauseContainer(name, "is paused"), before)
            if found.health:  # which says nothing while no probe runs
                self.creation.prove(name, self.progress, cause="it was paused")
        elif name in self.world.stops:
            self._start("handed its port on", [*before, self.world.stops[name]])
        elif not running and (interrupted or not self._finished(found)):
            self._start(_why_down(found), before)
        elif restarts:
            self._restart(found, before)
        elif self.world.policy.wait and not _is_well(found):
            # A former run that failed for this must not look mended by running again.
            self.creation.prove(name, self.progress, cause=_why_unwell(found))

    def _finished(self, found: ObservedContainer) -> bool:
        done = found.status == "exited" and found.exit_code == 0
        return done and self.container.state != RESTARTED and self.readiness.is_one_shot(self.container)

    def _start(self, cause: str, after: Sequence[Optional[int]]) -> None:
        name = self.container.name
        needs = [*after, *self.readiness.needed_by(self.container)]
        wished = self.readiness.needed_by(self.container, required=False)
        if self._is_new() and not self._has_sibling():
            needs += plan_pre_start(self.container, self.world, self.readiness, cause, needs)
        start = self.world.draft.add(StartContainer(name, cause), [*needs, *self.creation.free_ports(needs)], wished)
        hooks = self.creation.post_start(name, [start])
        self.progress.started = hooks[-1] if hooks else start
        self.progress.restarted = True
        proofs = self.creation.prove(name, self.progress)
        restarts = self.creation.restart_holders()
        if restarts:
            stop = StopContainer(name, "it failed")
            self.world.draft.guard([start, *hooks, *proofs], [stop, *restarts])

    def _is_new(self) -> bool:
        """Whether it is made in this plan, or a former run that made it ended before it was ever started."""
        found = self.world.observed.containers.get(self.container.name)
        return self.progress.replaced or (found is not None and found.status == "created")

    def _has_sibling(self) -> bool:
        """Whether another replica is up already: a further one finds all prepared."""
        others = (other.name for other in self.readiness.replicas(self.container.service))
        found = (self.world.observed.containers.get(name) for name in others if name != self.container.name)
        return any(other is not None and other.is_up for other in found)

    def _restart(self, found: ObservedContainer, before: Sequence[Optional[int]]) -> None:
        if not found.is_up:
            self._start("restart is declared", before)
            return
        cause = self.readiness.must_restart(self.container) or "restart is declared"
        needs = [*before, *self.readiness.needed_by(self.container)]
        wished = self.readiness.needed_by(self.container, required=False)
        draft, name = self.world.draft, self.container.name
        hooks = pre_stop(self.container, name, found, cause, needs, draft.add)
        restarted = draft.add(RestartContainer(name, cause), needs, [*wished, *hooks[-1:]])
        self.progress.started = [restarted, *self.creation.post_start(name, [restarted])][-1]
        self.progress.restarted = True
        self.creation.prove(self.container.name, self.progress)

    # -- what differs -------------------------------------------------------------------------

    def _differences(self, found: ObservedContainer) -> List[Difference]:
        if self.container.state_only:
            return []
        ours = found.labels.get(SCOPE) == self.world.desired.scope
        before = parse_declared(found.labels.get(DECLARED)) if ours else None
        image = self.world.observed.images.get(found.image_id)
        definition = self.container.definition
        as_made = self._is_as_compose_made_it(found)
        if as_made and self.container.compose is not None:
            definition = without_mounts(definition, self.container.compose.granted)
        return differences(
            definition,
            found.inspect or {},
            (image.inspect or {}).get("Config") if image and image.inspect else None,
            name=self.container.service,
            same_spec=as_made or found.labels.get(SPEC) == self.container.spec,
            declared_before=before,
            resolve=self.world.container_id,
        )

    def _replacement_causes(self, found: ObservedContainer, changes: Sequence[Difference]) -> List[str]:
        causes = [change.cause for change in changes if change.change not in (UPDATE, NETWORK)]
        image = self._image_cause(found)
        if image:
            causes.insert(0, image)
        for parent in map(self.world.container_name, parents(self.container.definition)):
            progress = self.readiness.progress.get(parent)
            if progress is not None and progress.replaced:
                causes.append(f"{parent} is replaced, whose namespace or volumes it uses")
        causes += self._content_causes(found)
        if self.container.recreate and not causes:
            causes.append("recreate is declared")
        return causes

    def _content_causes(self, found: ObservedContainer) -> List[str]:
        """What of the stack's files it mounts is not as it was when it was made."""
        world = self.world
        changing = changes_for(self.container, world)
        if found.labels.get(SCOPE) == world.desired.scope:
            if found.labels.get(CONTENT, "") == self.container.content and not changing:
                return []
        else:
            # Not made here: what it was made with lies where it lay, unless a former run ended before its turn.
            changing = [*changing, *(path for path in unsettled_for(self.container, world) if path not in changing)]
            changing = [path for path in changing if not is_kept(path, world) or not self._is_as_compose_made_it(found)]
            if not changing:
                return []
        prefix = f"{world.desired.directory}/"
        if not changing:
            return ["content of its files changed"]
        causes = {path: operation.cause for path, operation in world.plan.files.items()}
        return [f"{path.removeprefix(prefix)}: {causes.get(path, 'changed')}" for path in changing[:3]]

    def _note_contents(self, found: ObservedContainer) -> None:
        """Say what cannot be known of a container that docker compose made: contents it copied in leave no trace."""
        if self.container.compose is not None and self.container.compose.granted:
            self.world.draft.notes.append(
                f"{found.name}: made by docker compose; whether its configs and secrets have the contents that are "
                "declared cannot be seen, and they are not brought until it is replaced (recreate: true does that)"
            )

    def _is_as_compose_made_it(self, found: ObservedContainer) -> bool:
        """Whether docker compose made it, and of this very declaration."""
        mark, made = self.container.compose, found.labels.get(COMPOSE_HASH)
        if mark is None or mark.service is None or not made or SCOPE in found.labels:
            return False
        return made == service_hash(mark.service, self.world.service_id)

    def _image_cause(self, found: ObservedContainer) -> str:
        reference = str(self.container.definition.get("image"))
        standing = self.world.images.get(reference)
        if standing is None:
            return ""
        if not standing.image_id:
            return f"image {reference}: {standing.cause}" if standing.step is not None else ""
        if standing.image_id == found.image_id:
            return ""
        return f"image changed {_short(found.image_id)} -> {_short(standing.image_id)}"


def _short(image_id: str) -> str:
    return image_id[:19]


def _is_well(found: ObservedContainer) -> bool:
    return found.health in ("", "healthy") and found.status != "restarting"


def _why_unwell(found: ObservedContainer) -> str:
    return "keeps restarting" if found.status == "restarting" else f"its health check says {found.health}"


def _why_down(found: ObservedContainer) -> str:
    if found.status == "exited":
        return f"has exited with code {found.exit_code}"
    return f"is {found.status}"
