# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures, as a scraper reads them."""

from __future__ import annotations

import re
import threading
import time

import pytest

from stowage import __version__
from stowage.agent.metrics import BUCKETS, STATES, Metrics

parser = pytest.importorskip("prometheus_client.parser")

LINE = re.compile(
    r'(stowage_[a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-z]))?)+)\})? (?:-?[0-9.]+(?:e[+-][0-9]+)?|\+Inf)'
)


def thing(kind="container", status="running", health="", held=None):
    return {"kind": kind, "name": "any", "status": status, "health": health, "held": held}


def samples(metrics):
    """Series to value, as Prometheus' own parser reads them; each line is checked to be one that any parser reads."""
    text = metrics.render()
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line.startswith(("# HELP stowage_", "# TYPE stowage_")) or LINE.fullmatch(line), line
    found = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.type in ("counter", "gauge", "histogram")
        assert family.documentation.endswith(".")
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(metrics, name, **labels):
    return samples(metrics).get((f"stowage_{name}", frozenset(labels.items())))


def test_each_metric_is_described_once_and_ahead_of_its_values():
    metrics = Metrics()
    metrics.show("shop", "as declared", 0, [thing()])
    described = set()
    current = ""
    for line in metrics.render().splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in described
            described.add(current)
        elif line.startswith("# TYPE "):
            assert line.split(" ")[2] == current
        else:
            assert re.fullmatch(rf"{current}(_bucket|_sum|_count)?", re.split(r"[{ ]", line)[0])


def test_what_nothing_is_known_of_is_told_as_zero():
    metrics = Metrics()
    assert value(metrics, "engine_reachable") == 0
    assert value(metrics, "notifications_lost_total") == 0
    assert value(metrics, "audit_lost_total") == 0
    assert value(metrics, "apply_duration_seconds_count") == 0
    assert value(metrics, "repairs_total", scope="shop") is None


def test_things_are_counted():
    metrics = Metrics()
    for _time in range(3):
        metrics.count("repairs", scope="shop")
    metrics.count("failures", scope="wiki")
    metrics.count("notifications_lost")
    metrics.set("engine_reachable", 1)
    assert value(metrics, "repairs_total", scope="shop") == 3
    assert value(metrics, "failures_total", scope="wiki") == 1
    assert value(metrics, "notifications_lost_total") == 1
    assert value(metrics, "engine_reachable") == 1


@pytest.mark.parametrize(
    "call", [lambda m: m.count("nothing"), lambda m: m.observe("nothing", 1.0), lambda m: m.set("nothing", 1)]
)
def test_what_is_not_described_is_not_taken(call):
    with pytest.raises(KeyError):
        call(Metrics())


@pytest.mark.parametrize("name", ["plan", "repair", "apply"])
def test_durations_are_told_in_buckets(name):
    metrics = Metrics()
    for seconds in (0.0, 0.005, 0.006, 7, 86400.0):
        metrics.observe(name, seconds)
    found = samples(metrics)

    def bucket(bound):
        return found[f"stowage_{name}_duration_seconds_bucket", frozenset({("le", bound)})]

    assert [bucket(bound) for bound in ("0.005", "0.01", "5", "10", "1800", "+Inf")] == [2, 3, 3, 4, 4, 5]
    counts = [bucket(str(int(bound)) if bound == int(bound) else str(bound)) for bound in BUCKETS]
    assert counts == sorted(counts)
    assert found[f"stowage_{name}_duration_seconds_count", frozenset()] == 5
    assert found[f"stowage_{name}_duration_seconds_sum", frozenset()] == pytest.approx(86407.011)
    assert found[f"stowage_{name}_last_duration_seconds", frozenset()] == 86400


def test_a_scope_is_told_as_it_was_found_last():
    now = [1000.5]
    metrics = Metrics(lambda: now[0])
    held = {"failures": 5, "until": None, "message": "no"}
    metrics.show(
        "shop", "drifted", 2, [thing(), thing(), thing(health="healthy"), thing("network", "missing", held=held)]
    )
    assert value(metrics, "scope_state", scope="shop", state="drifted") == 1
    assert sum(value(metrics, "scope_state", scope="shop", state=state) for state in STATES) == 1
    assert value(metrics, "scope_drift_operations", scope="shop") == 2
    assert value(metrics, "scope_held_objects", scope="shop") == 1
    assert value(metrics, "scope_checked_timestamp_seconds", scope="shop") == 1000.5
    assert value(metrics, "scope_last_as_declared_timestamp_seconds", scope="shop") is None
    assert value(metrics, "objects", scope="shop", kind="container", status="running", health="") == 2
    assert value(metrics, "objects", scope="shop", kind="container", status="running", health="healthy") == 1
    assert value(metrics, "objects", scope="shop", kind="network", status="missing", health="") == 1
    assert value(metrics, "repairs_total", scope="shop") == 0
    now[0] = 2000.0
    metrics.show("shop", "as declared", 0, [thing()])
    now[0] = 3000.0
    metrics.show("shop", "failing", 1, [])
    assert value(metrics, "scope_last_as_declared_timestamp_seconds", scope="shop") == 2000
    assert value(metrics, "scope_checked_timestamp_seconds", scope="shop") == 3000
    assert value(metrics, "scope_state", scope="shop", state="drifted") == 0
    assert value(metrics, "objects", scope="shop", kind="container", status="running", health="") is None


def test_a_scope_that_was_not_looked_at_yet_says_so():
    metrics = Metrics()
    metrics.show("shop", "unknown", 0, [], 0.0)
    assert value(metrics, "scope_state", scope="shop", state="unknown") == 1
    assert value(metrics, "scope_checked_timestamp_seconds", scope="shop") == 0


def test_of_scopes_that_are_gone_nothing_is_told():
    metrics = Metrics()
    for scope in ("shop", "wiki"):
        metrics.show(scope, "as declared", 0, [thing()])
        metrics.count("repairs", scope=scope)
    metrics.count("audit_lost")
    metrics.keep_scopes(["wiki"])
    assert "shop" not in metrics.render()
    assert value(metrics, "repairs_total", scope="wiki") == 1
    assert value(metrics, "audit_lost_total") == 1


@pytest.mark.parametrize("scope", ['a"b', "a\\b", "a\\", "a\nb", "a\\nb", 'a",x="y', "\u00e4 \u2028", "} 1", ""])
def test_whatever_a_label_holds_comes_out_as_it_was(scope):
    metrics = Metrics()
    metrics.count("failures", scope=scope)
    text = metrics.render()
    [family] = [f for f in parser.text_string_to_metric_families(text) if f.name == "stowage_failures"]
    assert [(sample.labels, sample.value) for sample in family.samples] == [({"scope": scope}, 1)]


def test_what_is_no_unicode_is_told_all_the_same():
    metrics = Metrics()
    metrics.count("failures", scope="a\ud800b")
    assert value(metrics, "failures_total", scope="a?b") == 1
    metrics.render().encode("utf-8")


def test_the_process_tells_of_itself():
    metrics = Metrics()
    before = value(metrics, "process_cpu_seconds_total")
    deadline = time.process_time() + 0.02
    while time.process_time() < deadline:
        pass
    assert 0.02 <= value(metrics, "process_cpu_seconds_total") - before < 10
    assert 5 << 20 < value(metrics, "process_resident_memory_bytes") < 2 << 30
    assert abs(value(metrics, "process_start_time_seconds") - time.time()) < 60
    [labels] = [dict(labels) for name, labels in samples(metrics) if name == "stowage_build_info"]
    assert labels["version"] == __version__


def test_threads_lose_no_count_while_others_read():
    metrics = Metrics()

    def work(scope):
        for _time in range(500):
            metrics.count("repairs", scope=scope)
            metrics.observe("plan", 0.1)
            metrics.show(scope, "as declared", 0, [thing()])

    threads = [threading.Thread(target=work, args=(f"scope{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        samples(metrics)
    for thread in threads:
        thread.join()
    assert value(metrics, "plan_duration_seconds_count") == 3000
    assert all(value(metrics, "repairs_total", scope=f"scope{n}") == 500 for n in range(6))
