# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/observation.md names every metric, event and setting there is, with type, labels, fields and defaults."""

from __future__ import annotations

import ast
import dataclasses
import json
import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from stowage.agent import child, journal, notify, settings
from stowage.agent.metrics import DURATIONS, STATES, Metrics
from stowage.agent.notify import Notifier
from tests.unit.docs.pages import ROOT, blocks, named, tables

PAGE = ROOT / "docs" / "observation.md"
TABLES = tables(PAGE)
TEXT = " ".join(PAGE.read_text().split())
METRICS = {named(name)[0]: (kind, set(named(labels)), text) for name, kind, labels, text in TABLES["Metrics"]}
KINDS = {named(row[0])[0]: set(named(row[2])) for row in TABLES["Events"] if len(row) == 3}


def families():
    """What the runtime tells, once there is something to tell."""
    metrics = Metrics()
    for name in DURATIONS:
        metrics.observe(name, 1.0)
    metrics.show("shop", "as declared", 0, [{"kind": "image", "status": "present", "health": "", "held": None}])
    return list(text_string_to_metric_families(metrics.render()))


def full_name(family):
    """The parser takes the ending off that all counters have."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def told():
    """The kinds of events in the sources, each with all fields that any of its calls has."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "plugins" / "module_utils" / "stowage" / "agent").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "tell" and len(node.args) > 1:
                fields = {keyword.arg for keyword in node.keywords} - {"scope"}
                found.setdefault(ast.literal_eval(node.args[0]), set()).update(fields)
    return found


def test_every_metric_has_its_row():
    labels = {
        full_name(f): {label for sample in f.samples for label in sample.labels if label != "le"} for f in families()
    }
    assert {name: row[1] for name, row in METRICS.items()} == labels


@pytest.mark.parametrize("family", families(), ids=full_name)
def test_a_metric_is_of_the_type_that_its_row_says(family):
    assert METRICS[full_name(family)][0] == family.type


def test_every_state_is_named():
    assert set(STATES) <= set(named(METRICS["stowage_scope_state"][2]))


def test_rules_use_metrics_that_there_are():
    [block] = [yaml.safe_load(text) for text in blocks(PAGE, "yaml") if text.startswith("groups:")]
    expressions = [rule["expr"] for group in block["groups"] for rule in group["rules"]]
    used = set(re.findall(r"stowage_\w+", " ".join(expressions)))
    assert used
    assert used <= set(METRICS)
    states = re.findall(r'state=~"([^"]*)"', " ".join(expressions))
    assert {state for text in states for state in text.split("|")} <= set(STATES)


def test_every_kind_of_event_has_its_row_with_all_its_fields():
    assert told() == KINDS
    assert set(settings.NOTIFIED) == set(KINDS)


def test_every_event_has_the_fields_of_all():
    kept = []
    journal.Journal([kept.append]).tell("started", "well")
    assert [named(row[0])[0] for row in TABLES["Events"] if len(row) == 2] == list(kept[0])


def test_every_setting_has_its_row_with_its_default():
    rows = {named(row[0])[0]: row[1] for row in TABLES["Notifications"] if len(row) == 3}
    defaults = {}
    for field in dataclasses.fields(settings.Notify):
        value = field.default if isinstance(field.default, tuple) else (field.default,)
        defaults[field.name] = ", ".join(f"`{entry}`" for entry in value if entry) or "nobody"
    assert rows == defaults


def test_settings_that_are_shown_are_read(tmp_path):
    [shown] = [yaml.safe_load(text) for text in blocks(PAGE, "yaml") if text.startswith("runtime_notify:")]
    document = {"notify": {**shown["runtime_notify"], "webhook": "https://hooks.example.org/"}}
    (tmp_path / "runtime.json").write_text(json.dumps(document))
    assert settings.load_settings(str(tmp_path / "runtime.json")).notify.events == (
        "drift",
        "repair",
        "failure",
        "held",
    )


def test_what_is_sent_looks_as_shown():
    [shown] = [json.loads(text) for text in blocks(PAGE, "json")]
    extra = {named(row[0])[0] for row in TABLES["Notifications"] if len(row) == 2}
    event = {key: value for key, value in shown.items() if key not in extra}
    event["text"] = event["text"].split(" (")[0]
    assert set(event) == {named(row[0])[0] for row in TABLES["Events"] if len(row) == 2} | KINDS["repair"]
    assert notify._shortened(event, shown["left_out"]) == shown


def test_bounds_are_as_they_are_told():
    assert f"It has {notify.WEBHOOK_SECONDS:.0f} seconds" in TEXT
    assert "tried again after {:.0f} and {:.0f} seconds".format(*notify.PAUSES) in TEXT
    assert f"has {notify.COMMAND_SECONDS:.0f} seconds and may write {child.MOST >> 20} MiB" in TEXT
    assert f"At most {notify.WAITING} notifications wait" in TEXT
    assert f"no more than {journal.MOST_LINES} lines" in TEXT
    default = settings.Settings()
    assert f"`runtime_audit_bytes` ({default.audit_bytes >> 20} MiB)" in TEXT
    assert f"`runtime_audit_files` ({default.audit_files})" in TEXT


def test_a_notifier_can_be_made_of_what_is_documented():
    """The program that posts is found, as it is in a runtime that was installed."""
    assert "def post(" in Notifier(settings.Notify(webhook="https://hooks.example.org/"), print)._program
