# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: one document for ``--json``, one text for people. Both say the same.

Knows which figure each target is about. Measures nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from . import isolation, kept, provision
from .contestants import (
    COMPOSE,
    COMPOSE_V2,
    FIRST,
    FLOOR,
    HOST,
    LOOP,
    NOTHING,
    PING,
    SCENARIOS,
    STACK,
    STACK_ALONE,
)
from .loading import LOADER, YAML
from .planner import KINDS
from .rounds import Measured
from .table import against, align, spread

ORDER = (PING, HOST, STACK, STACK_ALONE, LOOP, COMPOSE_V2, COMPOSE, FLOOR)
Document = dict[str, Any]


@dataclass
class Result:
    """Everything that was measured so far."""

    about: Document
    planner: list[Document] = field(default_factory=list)
    phases: list[Document] = field(default_factory=list)
    payload: Document = field(default_factory=dict)
    controller: list[Document] = field(default_factory=list)
    loading: Document = field(default_factory=dict)
    sockets: Document = field(default_factory=dict)
    runtime: Document = field(default_factory=dict)
    isolation: Document = field(default_factory=dict)
    provision: Document = field(default_factory=dict)
    soak: Document = field(default_factory=dict)
    measured: Measured = field(default_factory=Measured)

    def document(self) -> Document:
        """Return all of it, sample by sample, and the figures the targets are about."""
        runs = [
            {
                "contestant": contestant,
                "scenario": scenario,
                "wall_seconds": [sample.wall for sample in samples],
                "ping_seconds": self.measured.pings.get((contestant, scenario), []),
                "controller_cpu_seconds": [sample.controller_cpu for sample in samples],
                "host_cpu_seconds": [sample.host_cpu for sample in samples],
                "bytes_sent": [sample.sent for sample in samples],
                "engine_calls": self.measured.calls.get((contestant, scenario), {}),
            }
            for (contestant, scenario), samples in sorted(self.measured.samples.items(), key=_place)
        ]
        result = {"about": self.about, "runs": runs, "planner": self.planner}
        result |= {"phases": self.phases, "payload": self.payload}
        result |= {"controller": self.controller, "loading": self.loading, "sockets": self.sockets}
        result |= {"runtime": self.runtime, "isolation": self.isolation}
        result |= {"provision": self.provision, "soak": self.soak}
        return {**result, "targets": dict(_targets(result))}


def _place(item: tuple[tuple[str, str], Any]) -> tuple[int, int]:
    contestant, scenario = item[0]
    return SCENARIOS.index(scenario), ORDER.index(contestant)


def _targets(result: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    runs = {(run["contestant"], run["scenario"]): run for run in result["runs"]}
    yield from _targets_of_nothing(runs, result["about"]["containers"])
    yield from _targets_of_first(runs)
    sent = [runs[HOST, scenario]["bytes_sent"][0] for scenario in (FIRST, NOTHING) if (HOST, scenario) in runs]
    if sent:
        yield "sent to the host, on the wire", _target(150, max(sent) / 1000, " KB", 1)
    for module in ("host", "stack"):
        seconds = [phase["seconds"] for phase in result["phases"] if phase["module"] == module]
        own_ms = [1000 * (phase["observe"] + phase["plan"]) for phase in seconds]
        if own_ms:
            yield f"{module}: parsed manifest to empty plan, on the host", _target(150, median(own_ms), " ms", 0)
    figures = {(figure["kind"], figure["count"]): figure for figure in result["planner"]}
    for kind in KINDS:
        if (kind, 1000) in figures:
            yield f"planner, 1,000 containers, {KINDS[kind]}", _target(0.5, figures[kind, 1000]["seconds"], " s")
            memory = figures[kind, 1000]["process_bytes"] / 1e6
            yield f"planner, 1,000 containers, {KINDS[kind]}, whole process", _target(100, memory, " MB", 1)
    if result["loading"]:
        seconds = result["loading"]["seconds"]
        own = median(seconds[LOADER]) - median(seconds[YAML])
        yield f"loading {result['loading']['services']:,} services, beyond PyYAML's time", _target(1, own, " s")
    if result["sockets"]:
        crowd = f"{result['sockets']['readers']} readers beside {result['sockets']['slow']} slow callers"
        yield f"{crowd}, p99 of a read", _target(500, 1000 * result["sockets"]["read_seconds"]["p99"], " ms", 0)
        yield f"{crowd}, whole process", _target(128, result["sockets"]["peak_bytes"] / 1e6, " MB", 1)
    for part, targets_of in (
        ("runtime", kept.targets_of_runtime),
        ("provision", provision.targets_of),
        ("soak", kept.targets_of_soak),
    ):
        if result[part]:
            for name, target, reached, unit, digits in targets_of(result[part]):
                yield name, _target(target, reached, unit, digits)


def _targets_of_nothing(runs: Mapping[Any, Document], containers: int) -> Iterator[tuple[str, Document]]:
    for module, target in ((HOST, 1.25), (STACK, 1.3)):
        run = runs.get((module, NOTHING))
        if run:
            calls = run["engine_calls"]
            yield f"{module}: nothing to change, playbook / ping playbook", _target(target, median(_to_ping(run)))
            yield f"{module}: nothing to change, list calls", _target(4, calls["list"], digits=0)
            yield f"{module}: nothing to change, inspects per container", _target(1, calls["inspect"] / containers)


def _targets_of_first(runs: Mapping[Any, Document]) -> Iterator[tuple[str, Document]]:
    walls = {name: median(run["wall_seconds"]) for (name, scenario), run in runs.items() if scenario == FIRST}
    own = {}
    for module in (HOST, STACK):
        if module in walls:
            run = runs[module, FIRST]
            own[module] = median(
                wall - ping for wall, ping in zip(run["wall_seconds"], run["ping_seconds"], strict=True)
            )
    if FLOOR in walls:
        for module, target in ((HOST, 1.15), (STACK, 1.2)):
            if module in own:
                yield (
                    f"{module}: first deploy, (playbook - ping) / raw API",
                    _target(target, own[module] / walls[FLOOR]),
                )
        if STACK_ALONE in walls:
            yield f"{STACK_ALONE}: first deploy / raw API", _target(1.2, walls[STACK_ALONE] / walls[FLOOR])
    if COMPOSE in walls:
        for module in (STACK, STACK_ALONE):
            if module in walls:
                yield f"{module}: first deploy / docker compose up", _target(1, walls[module] / walls[COMPOSE])


def _to_ping(run: Mapping[str, Any]) -> list[float]:
    """Each sample as a multiple of the ping right before it."""
    return [wall / ping for wall, ping in zip(run["wall_seconds"], run["ping_seconds"], strict=True)]


def _target(target: float, reached: float, unit: str = "", digits: int = 2) -> Document:
    return {"target": target, "reached": reached, "unit": unit, "digits": digits}


def text_of(result: Mapping[str, Any]) -> str:
    """Return the report as text."""
    about = result["about"]
    parts = []
    if result["runs"]:
        parts.append(
            f"{about['containers']} containers on one {about['flavour']} host over ssh (pipelining, connection open), "
            f"{about['rounds']} rounds, contestants in turn\n"
            "wall: seconds, median (least-most); *: measured on the host, without playbook, ssh, interpreter.\n"
            "CPU: seconds, user and system: of the playbook's processes; of everything on the host, its engine too.\n"
            "/ ping: to the ping playbook right before. / floor: to the raw Engine API.\n"
            "sent: what the host's network interface received, all headers included. calls: answered by the engine."
        )
        parts += [_scenario(result, scenario) for scenario in SCENARIOS]
    if result["phases"]:
        parts.append(_phases(result["phases"]))
    payload = result["payload"]
    if payload:
        sizes = ", ".join(f"{name} {size / 1000:.1f}" for name, size in payload.items())
        parts.append(f"one request of stowage.docker.host, KB: {sizes}")
    if result["controller"]:
        parts.append(_controller(result["controller"]))
    if result["planner"]:
        parts.append(_planner(result["planner"]))
    if result["loading"]:
        parts.append(_loading(result["loading"]))
    if result["sockets"]:
        parts.append(_sockets(result["sockets"]))
    if result["runtime"]:
        parts.append(kept.text_of_runtime(result["runtime"]))
    if result["isolation"]:
        parts.append(isolation.text_of(result["isolation"]))
    if result["provision"]:
        parts.append(provision.text_of(result["provision"]))
    if result["soak"]:
        parts.append(kept.text_of_soak(result["soak"]))
    lines = [["target", "reached"]]
    rows = [
        [name, against(entry["target"], entry["reached"], entry["unit"], entry["digits"])]
        for name, entry in result["targets"].items()
    ]
    width = max((len(name) for name, _ in rows), default=0)
    parts.append("\n".join(f"{name.ljust(width)}  {reached}" for name, reached in [*lines, *rows]))
    return "\n\n".join(part for part in parts if part)


def _scenario(result: Mapping[str, Any], scenario: str) -> str:
    runs = [run for run in result["runs"] if run["scenario"] == scenario]
    if not runs:
        return ""
    floor = next((run for run in runs if run["contestant"] == FLOOR), None)
    rows = [
        [scenario, "wall", "/ ping", "/ floor", "CPU", "host CPU", "sent KB", "lists", "inspects", "other", "changes"]
    ]
    for run in runs:
        on_host = run["contestant"].endswith("*")
        wall = median(run["wall_seconds"])
        calls = run["engine_calls"]
        rows.append(
            [
                run["contestant"],
                spread(run["wall_seconds"]),
                f"{median(_to_ping(run)):.2f}" if run["ping_seconds"] else "",
                _ratio(wall, floor),
                "" if on_host else f"{median(run['controller_cpu_seconds']):.2f}",
                f"{median(run['host_cpu_seconds']):.2f}",
                "" if on_host else f"{median(run['bytes_sent']) / 1000:.1f}",
                *(str(calls[kind]) if calls else "" for kind in ("list", "inspect", "other", "change")),
            ]
        )
    return align(rows)


def _ratio(wall: float, other: Mapping[str, Any] | None) -> str:
    return f"{wall / median(other['wall_seconds']):.2f}" if other else ""


def _phases(phases: Sequence[Document]) -> str:
    names = list(phases[0]["seconds"])
    rows = [["on the host, nothing to change, new process", *(f"{name} ms" for name in names), "CPU ms", "peak MB"]]
    for module, code in dict.fromkeys((phase["module"], phase["code"]) for phase in phases):
        runs = [phase for phase in phases if (phase["module"], phase["code"]) == (module, code)]
        columns = [spread([run["seconds"][name] for run in runs], 1000, 0) for name in names]
        cpu = spread([run["cpu_seconds"] for run in runs], 1000, 0)
        rows.append([f"{module}, code {code}", *columns, cpu, f"{median(run['peak_bytes'] for run in runs) / 1e6:.1f}"])
    return align(rows)


def _controller(figures: Sequence[Document]) -> str:
    names = list(figures[0]["seconds"])
    columns = [spread([figure["seconds"][name] for figure in figures], 1000, 1) for name in names]
    rows = [["on the controller, before the connection", *(f"{name} ms" for name in names)], ["stack", *columns]]
    sizes = figures[0]["bytes"]
    told = ", ".join(f"{name} {size / 1000:.1f}" for name, size in [*sizes.items(), ("in all", sum(sizes.values()))])
    return f"{align(rows)}\none request of stowage.docker.stack, KB: {told}"


def _loading(loading: Document) -> str:
    head = f"a compose file of {loading['services']:,} services, {loading['lines']:,} lines"
    own = median(loading["seconds"][LOADER])
    rows = [[head, "seconds", "load_project / this"]]
    rows += [[way, spread(seconds), f"{own / median(seconds):.2f}"] for way, seconds in loading["seconds"].items()]
    return align(rows)


def _sockets(figures: Document) -> str:
    rows = [
        [f"sockets, {figures['seconds']:.0f} s, {figures['failed']} failed", "answers", "p50 ms", "p99 ms", "most ms"]
    ]
    crowds = ((f"{figures['readers']} readers, no pause", "read_seconds"), ("one writer beside them", "write_seconds"))
    for who, key in crowds:
        spent = figures[key]
        rows.append([who, f"{spent['count']:,}", *(f"{1000 * spent[part]:.1f}" for part in ("p50", "p99", "most"))])
    sizes = f"{figures['resident_bytes'] / 1e6:.1f} MB before, {figures['peak_bytes'] / 1e6:.1f} MB at the peak"
    return f"{align(rows)}\nthe server's process: {sizes}, CPU {figures['cpu_seconds']:.1f} s"


def _planner(figures: Sequence[Document]) -> str:
    rows = [
        [
            "planner alone",
            "containers",
            "parse ms",
            "plan ms",
            "per container, us",
            "growth",
            "planning MB",
            "process MB",
            "operations",
        ]
    ]
    before: dict[str, Document] = {}
    for figure in figures:
        smaller = before.get(figure["kind"])
        growth = ""
        if smaller:
            growth = f"x{figure['seconds'] / smaller['seconds']:.1f} for x{figure['count'] / smaller['count']:.0f}"
        before[figure["kind"]] = figure
        rows.append(
            [
                KINDS[figure["kind"]],
                f"{figure['count']:,}",
                f"{figure['parse_seconds'] * 1000:.1f}",
                f"{figure['seconds'] * 1000:.1f}",
                f"{figure['seconds'] / figure['count'] * 1e6:.0f}",
                growth,
                f"{figure['planning_bytes'] / 1e6:.1f}",
                f"{figure['process_bytes'] / 1e6:.1f}",
                f"{figure['operations']:,}",
            ]
        )
    return align(rows)
