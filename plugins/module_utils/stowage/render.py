# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and snapshots as plain JSON values: what modules return and the command prints with --json.

Knows names and shapes of the answer. Environment values and other secrets are never among them.
"""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, Optional

from .converge import Run
from .model.desired import ABSENT, Desired
from .model.observed import Observed, ObservedContainer
from .model.report import Failure, Outcome, Report
from .service.labels import COMPOSE_DIRECTORY, COMPOSE_ONE_OFF, COMPOSE_PROJECT, COMPOSE_SERVICE, NEXT, SCOPE

Document = Dict[str, Any]


def render_run(run: Run) -> Document:
    """The plan and what became of it. With ``needed_files``, nothing was done: they have to be brought."""
    report = run.report
    outcomes = {outcome.step.number: outcome for outcome in report.outcomes} if report else {}
    answer: Document = {
        "changed": report.changed if report else run.plan.changes,
        "failed": bool(report and report.failures),
        "plan": [str(step) for step in run.plan],
        "operations": [_operation(step, outcomes.get(step.number)) for step in run.plan],
        "summary": run.plan.summary(),
        "warnings": list(run.plan.notes),
        "failures": [_failure(failure) for failure in report.failures] if report else [],
        "needed_files": list(run.missing),
    }
    if report and report.failures:
        answer["msg"] = _failure_text(report)
    return answer


def render_objects(desired: Desired, observed: Observed) -> Document:
    """The declared objects as they are on the host now."""
    containers = {c.name for c in desired.containers if c.state != ABSENT}
    networks = {n.name for n in desired.networks if n.state != ABSENT}
    volumes = {v.name for v in desired.volumes if v.state != ABSENT}
    return {
        "containers": {n: render_container(c) for n, c in observed.containers.items() if n in containers},
        "images": {
            image.reference: {"id": observed.image_ids[image.reference]}
            for image in desired.images
            if image.state != ABSENT and image.reference in observed.image_ids
        },
        "networks": {
            name: {"id": network.id, "driver": network.inspect.get("Driver")}
            for name, network in observed.networks.items()
            if name in networks
        },
        "volumes": {
            name: {"driver": volume.inspect.get("Driver"), "mountpoint": volume.inspect.get("Mountpoint")}
            for name, volume in observed.volumes.items()
            if name in volumes
        },
    }


def render_container(container: ObservedContainer) -> Document:
    """One container: identity, state, owner, networks with addresses, published ports."""
    return {
        "id": container.id,
        "image": container.image_id,
        "status": container.status,
        "health": container.health,
        "scope": container.labels.get(SCOPE, ""),
        "networks": {name: container.addresses.get(name, "") for name in container.networks},
        "ports": [
            {"host_ip": address, "published": port, "target": target, "protocol": protocol}
            for (address, port, protocol), target in zip(container.ports, container.targets)
        ],
    }


def render_stacks(observed: Observed, wanted: Optional[Collection[str]] = None) -> Dict[str, Document]:
    """The compose projects on the host, whoever made them, or those that are wanted."""
    stacks: Dict[str, Document] = {name: _stack() for name in wanted or ()}
    for name, container in sorted(observed.containers.items()):
        labels = container.labels
        project, service = labels.get(COMPOSE_PROJECT), labels.get(COMPOSE_SERVICE, "")
        one_off = labels.get(COMPOSE_ONE_OFF, "").lower() == "true"
        if not project or one_off or name.endswith(NEXT) or (wanted is not None and project not in wanted):
            continue
        stack = stacks.setdefault(project, _stack())
        stack["scope"] = stack["scope"] or labels.get(SCOPE, "")
        stack["directory"] = labels.get(COMPOSE_DIRECTORY, "")
        about = stack["services"].setdefault(service, _service())
        about["replicas"] += 1
        about["running"] += container.status == "running"
        about["healthy"] += container.health == "healthy"
        about["unhealthy"] += container.health == "unhealthy"
        about["containers"][name] = render_container(container)
        about["ports"] += about["containers"][name]["ports"]
    for kind, objects in (("networks", observed.networks), ("volumes", observed.volumes)):
        for name, found in objects.items():
            project = found.labels.get(COMPOSE_PROJECT)
            if project and (wanted is None or project in wanted):
                stacks.setdefault(project, _stack())[kind].append(name)
    return stacks


def _stack() -> Document:
    return {"scope": "", "directory": "", "services": {}, "networks": [], "volumes": []}


def _service() -> Document:
    return {"replicas": 0, "running": 0, "healthy": 0, "unhealthy": 0, "ports": [], "containers": {}}


def _operation(step: Any, outcome: Optional[Outcome]) -> Document:
    operation = step.operation
    return {
        "number": step.number,
        "operation": operation.kind,
        "target": operation.target,
        "cause": operation.cause,
        "after": step.earlier,
        "status": outcome.status if outcome else "planned",
        "seconds": round(outcome.seconds, 3) if outcome else 0.0,
        "message": outcome.message if outcome else "",
    }


def _failure(failure: Failure) -> Document:
    return {
        "operation": str(failure.step),
        "message": failure.message,
        "log": list(failure.log),
        "rolled_back": list(failure.rolled_back),
    }


def _failure_text(report: Report) -> str:
    """One text that suffices to act on: what failed, in whose words, the last log lines, what was undone."""
    lines: List[str] = []
    for failure in report.failures:
        lines.append(f"{failure.step} failed: {failure.message}")
        if failure.log:
            lines.append("last log lines:")
            lines += [f"  {line}" for line in failure.log]
        lines += [f"rolled back: {text}" for text in failure.rolled_back]
    skipped = sum(outcome.status == "skipped" for outcome in report.outcomes)
    if skipped:
        steps = "step was" if skipped == 1 else "steps were"
        lines.append(f"{skipped} later {steps} not begun; the next run goes on from here")
    return "\n".join(lines)


def render_scopes(observed: Observed) -> Mapping[str, Document]:
    """Who owns what: the names of each scope's objects. The empty scope holds what nobody here made."""
    scopes: Dict[str, Dict[str, List[str]]] = {}
    for kind, objects in (
        ("containers", observed.containers),
        ("networks", observed.networks),
        ("volumes", observed.volumes),
    ):
        for name, found in objects.items():
            owner = found.labels.get(SCOPE, "")
            scopes.setdefault(owner, {"containers": [], "networks": [], "volumes": []})[kind].append(name)
    for scope in scopes.values():
        for names in scope.values():
            names.sort()
    return scopes
