# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be counted of this runtime, and how that is told: the Prometheus text format 0.0.4.

Knows names, types and labels; docs/observation.md has the same table for people. Decides nothing, asks only the
kernel, and that only about this process.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import DIGEST, __version__
from .charge import AS_DECLARED, DAMAGED, DRIFTED, FAILING, REPAIRING, UNKNOWN

STATES = (AS_DECLARED, DRIFTED, REPAIRING, FAILING, DAMAGED, UNKNOWN)
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
DURATIONS = {
    "plan": "Time of a look at scopes: to observe and to plan, without repairs",
    "repair": "Time to carry out a repair",
    "apply": "Time of a whole apply",
}
# Those with labels are counted by scope.
COUNTERS: Mapping[str, Tuple[str, Tuple[str, ...]]] = {
    "repairs": ("Repairs that mended something", ("scope",)),
    "failures": ("Applies, and objects of repairs, that failed", ("scope",)),
    "notifications_lost": ("Notifications that could not be delivered", ()),
    "audit_lost": ("Events that could not be written to the audit log", ()),
}
GAUGES = {"engine_reachable": "1 while the engine answers, else 0"}

Labels = Tuple[Tuple[str, str], ...]
Samples = Iterable[Tuple[str, Labels, float]]


class _Durations:
    """How long something took, each time."""

    def __init__(self) -> None:
        self.buckets = [0] * len(BUCKETS)
        self.count = 0
        self.sum = 0.0
        self.last = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.sum += seconds
        self.last = seconds
        for index, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self.buckets[index] += 1


class _Scope(NamedTuple):
    """How a scope was found last: no more than what is told of it, since there may be many objects."""

    state: str
    drift: int
    objects: Mapping[Tuple[str, str, str], int]  # by kind, status and health
    held: int
    checked_at: float


class Metrics:
    """The figures of one process. Any thread may change or ask for them. ``wall`` is what people read."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._started = wall()
        self._lock = threading.Lock()
        self._durations = {name: _Durations() for name in DURATIONS}
        self._counters: Dict[str, Dict[Labels, int]] = {
            name: {} if labels else {(): 0} for name, (_help, labels) in COUNTERS.items()
        }
        self._gauges: Dict[str, float] = dict.fromkeys(GAUGES, 0.0)
        self._scopes: Dict[str, _Scope] = {}
        self._well: Dict[str, float] = {}

    def observe(self, name: str, seconds: float) -> None:
        """Note how long a plan, a repair or an apply took."""
        with self._lock:
            self._durations[name].add(seconds)

    def count(self, name: str, **labels: str) -> None:
        """Count one more of these."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            counter = self._counters[name]
            counter[key] = counter.get(key, 0) + 1

    def set(self, name: str, value: float) -> None:
        """Note how something stands now."""
        with self._lock:
            if name not in self._gauges:
                raise KeyError(name)
            self._gauges[name] = float(value)

    def show(
        self,
        scope: str,
        state: str,
        drift: int,
        objects: Sequence[Mapping[str, Any]],
        checked_at: Optional[float] = None,
    ) -> None:
        """Replace what is told of one scope by how it was found. ``objects`` are as status tells them.

        ``checked_at`` is a Unix time: now where it is not given, 0.0 for a scope that was not looked at yet.
        """
        now = self._wall() if checked_at is None else checked_at
        kinds = Counter((str(entry["kind"]), str(entry["status"]), str(entry["health"])) for entry in objects)
        held = sum(1 for entry in objects if entry["held"] is not None)
        with self._lock:
            self._scopes[scope] = _Scope(state, drift, kinds, held, now)
            if state == AS_DECLARED:
                self._well[scope] = now
            for name, (_help, labels) in COUNTERS.items():
                if labels:  # a counter that begins at 0 shows its first step
                    self._counters[name].setdefault((("scope", scope),), 0)

    def keep_scopes(self, names: Iterable[str]) -> None:
        """Tell of no other scopes than these any more."""
        kept = set(names)
        with self._lock:
            self._scopes = {scope: found for scope, found in self._scopes.items() if scope in kept}
            self._well = {scope: at for scope, at in self._well.items() if scope in kept}
            for counter in self._counters.values():
                for key in [key for key in counter if dict(key).get("scope", "") not in {"", *kept}]:
                    del counter[key]

    def render(self) -> str:
        """All of it, as a scraper reads it."""
        lines: List[str] = []
        with self._lock:
            self._tell_counts(lines)
            self._tell_scopes(lines)
        self._tell_process(lines)
        return "\n".join(lines) + "\n"

    def _tell_counts(self, lines: List[str]) -> None:
        for name, text in GAUGES.items():
            _family(lines, name, "gauge", text, [("", (), self._gauges[name])])
        for name, text in DURATIONS.items():
            taken = self._durations[name]
            _family(lines, f"{name}_duration_seconds", "histogram", text, _histogram(taken))
            _family(lines, f"{name}_last_duration_seconds", "gauge", f"{text}, the last time", [("", (), taken.last)])
        for name, (text, _labels) in COUNTERS.items():
            found = sorted(self._counters[name].items())
            _family(lines, f"{name}_total", "counter", text, [("", key, value) for key, value in found])

    def _tell_scopes(self, lines: List[str]) -> None:
        scopes = sorted(self._scopes.items())
        _family(
            lines,
            "scope_state",
            "gauge",
            "1 for the state in which a scope was found last, 0 for the others",
            (
                ("", (("scope", name), ("state", state)), float(scope.state == state))
                for name, scope in scopes
                for state in STATES
            ),
        )
        for name, text, value in (
            ("scope_drift_operations", "Operations that would bring a scope back to what is declared", _drift),
            ("scope_held_objects", "Objects that are left alone for now, or for good, after failures", _held),
            ("scope_checked_timestamp_seconds", "When a scope was looked at last, as Unix time", _checked_at),
        ):
            _family(lines, name, "gauge", text, [("", (("scope", scope),), value(found)) for scope, found in scopes])
        _family(
            lines,
            "scope_last_as_declared_timestamp_seconds",
            "gauge",
            "When a scope was found as declared for the last time, as Unix time",
            [("", (("scope", scope),), at) for scope, at in sorted(self._well.items())],
        )
        _family(
            lines,
            "objects",
            "gauge",
            "Declared objects as they were found last",
            (
                ("", (("scope", name), ("kind", kind), ("status", status), ("health", health)), number)
                for name, scope in scopes
                for (kind, status, health), number in sorted(scope.objects.items())
            ),
        )

    def _tell_process(self, lines: List[str]) -> None:
        build = (("version", __version__), ("digest", DIGEST))
        _family(lines, "build_info", "gauge", "1, labelled with what runs", [("", build, 1.0)])
        started = [("", (), self._started)]
        _family(lines, "process_start_time_seconds", "gauge", "Start of the runtime, as Unix time", started)
        cpu, resident = _used()
        _family(lines, "process_cpu_seconds_total", "counter", "CPU time of the runtime", [("", (), cpu)])
        _family(lines, "process_resident_memory_bytes", "gauge", "Memory of the runtime", [("", (), resident)])


def _drift(scope: _Scope) -> float:
    return scope.drift


def _held(scope: _Scope) -> float:
    return scope.held


def _checked_at(scope: _Scope) -> float:
    return scope.checked_at


def _histogram(taken: _Durations) -> Samples:
    for bound, count in zip(BUCKETS, taken.buckets):
        yield "_bucket", (("le", _number(bound)),), count
    yield "_bucket", (("le", "+Inf"),), taken.count
    yield "_sum", (), taken.sum
    yield "_count", (), taken.count


def _family(lines: List[str], name: str, kind: str, text: str, samples: Samples) -> None:
    """One metric: what it is, of which type, and its values."""
    lines += [f"# HELP stowage_{name} {text}.", f"# TYPE stowage_{name} {kind}"]
    for suffix, labels, value in samples:
        inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
        lines.append(f"stowage_{name}{suffix}{'{' + inner + '}' if inner else ''} {_number(value)}")


def _escape(text: str) -> str:
    """A label's value. What is no Unicode, as names on an engine may be, is told as a question mark."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _used() -> Tuple[float, float]:
    """CPU time in seconds and resident memory in bytes, of this process. Zeros where the kernel tells nothing."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        pages = 0
    return time.process_time(), float(pages * os.sysconf("SC_PAGE_SIZE"))
