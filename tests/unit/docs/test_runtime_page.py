# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/runtime.md names every route, command, setting, mode and state there is, and its bounds and times are the real ones."""

# What is imported depends on what is installed.
# ruff: noqa: E402
from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields

import pytest

yaml = pytest.importorskip("yaml")

from stowage.agent import (
    backoff,
    charge,
    documents,
    journal,
    keeper,
    masking,
    orders,
    routes,
    service,
    settings,
    tending,
)
from stowage.agent.wire import Feed, Limits
from stowage.cli.arguments import parse_arguments
from stowage.cli.commands import shown
from stowage.cli.entry import SETTINGS
from stowage.places import ABOUT, SOCKETS
from stowage.retention import kept_reference
from stowage.store import Store, damaged
from tests.unit.docs.pages import ROOT, blocks, named, tables

PAGE = ROOT / "docs" / "runtime.md"
ROLE = ROOT / "roles" / "runtime"
TABLES = tables(PAGE)
TEXT = " ".join(PAGE.read_text().split())
PROSE = " ".join(re.sub(r"^```.*?^```", "", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE).split())
ROUTES = {named(row[1])[0]: row for row in TABLES["Routes"]}
SETTING = {named(row[0])[0]: row for row in TABLES["Settings"]}
BOUNDS = {row[0]: row[1] for row in TABLES["Bounds"]}
LIMITS = Limits()
CALLS = [line[2:] for block in blocks(PAGE, "console") for line in block.splitlines() if line.startswith("$ ")]


def defaults_of_the_role():
    return yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())


# -- the sockets -------------------------------------------------------------------------------


def test_the_table_of_routes_is_that_of_the_sockets():
    assert list(ROUTES) == [f"{route.method} {route.path}" for route in routes.ROUTES]


@pytest.mark.parametrize("route", routes.ROUTES, ids=lambda route: route.name)
def test_a_route_is_told_as_it_is(route):
    row = ROUTES[f"{route.method} {route.path}"]
    assert row[0] == ("write" if route.writes else "read")
    assert row[1].endswith(" (stream)") == route.stream
    assert named(row[2]) == [*route.query, *route.body]
    assert row[3] == route.summary


def test_calls_by_curl_lead_to_routes_on_their_socket():
    [script] = [block for block in blocks(PAGE, "sh") if "curl" in block]
    calls = [shlex.split(call) for call in script.replace("\\\n", "").splitlines()]
    assert len(calls) > 4
    for call in calls:
        body = json.loads(call[call.index("-d") + 1]) if "-d" in call else {}
        path, _mark, query = call[-1].removeprefix("http://localhost").partition("?")
        route, _values, _methods = routes.find("POST" if "-d" in call else "GET", path)
        assert route is not None, call
        assert call[call.index("--unix-socket") + 1] == f"{SOCKETS}/{'write' if route.writes else 'read'}.sock"
        assert set(body) <= set(route.body)
        assert query.partition("=")[0] in {"", *route.query}
        assert ("-sSN" in call) == route.stream


def test_bounds_are_those_of_the_sockets():
    assert BOUNDS["head of a request"] == f"{LIMITS.header >> 10} KiB, {LIMITS.head_seconds:g} seconds"
    assert BOUNDS["body of a request"].startswith(
        f"{LIMITS.body >> 20} MiB on `write.sock`, {LIMITS.reader_body >> 10} KiB on `read.sock`; "
        f"{LIMITS.body_seconds:g} seconds"
    )
    assert f"at most {documents.DEPTH} levels" in BOUNDS["JSON"]
    assert f"more than {documents.DIGITS} digits" in BOUNDS["JSON"]
    assert BOUNDS["all bodies that wait"] == f"{LIMITS.waiting_bytes >> 20} MiB"
    assert BOUNDS["all answers that are not taken yet"].startswith(f"{LIMITS.sending_bytes >> 20} MiB; ")
    assert f"not taken for {LIMITS.send_seconds:g} seconds" in BOUNDS["all answers that are not taken yet"]
    assert f"{Feed.BEHIND >> 20} MiB behind" in BOUNDS["a stream"]
    assert f"all else after {orders.LONGEST_WAIT:g} seconds" in BOUNDS["a stream"]
    assert BOUNDS["callers at once"].startswith(f"{LIMITS.clients}, ")


def test_what_is_masked_is_named():
    [sentence] = re.findall(r"They do not see values below (.*?), contents", TEXT)
    assert set(named(sentence)) == masking._HIDING


# -- the command -------------------------------------------------------------------------------


def test_every_command_has_its_example():
    headings = re.findall(r"^### (stowage .*)$", PAGE.read_text(), re.MULTILINE)
    assert headings == [f"stowage {command.name}" for command in shown()]
    assert {shlex.split(call)[1] for call in CALLS} == {command.name for command in shown()}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_understood(call):
    words = shlex.split(call.partition(" | ")[0].partition(" > ")[0])
    assert words[0] == "stowage"
    assert parse_arguments(words[1:]).command == words[1]


def test_calls_within_sentences_are_understood():
    calls = {text for text in named(PROSE) if text.startswith("stowage ")}
    whole = {call for call in calls if len(call.split()) > 2}
    assert {call.split()[1] for call in calls - whole} <= {command.name for command in shown()}
    assert len(whole) > 5
    for call in whole:
        for form in (re.sub(r" \[.*?\]", "", call), re.sub(r"[\[\]]", "", call)):
            words = shlex.split(re.sub(r"\bN\b", "3", form))[1:]
            assert parse_arguments(words).command == words[0]


# -- settings, modes, states -------------------------------------------------------------------


def test_every_setting_has_its_row():
    assert list(SETTING) == [field.name for field in fields(settings.Settings)]


@pytest.mark.parametrize("name", [name for name in SETTING if name != "notify"])
def test_a_setting_has_the_default_that_is_told(name):
    assert json.loads(named(SETTING[name][2])[0]) == getattr(settings.Settings(), name)


def test_variables_of_the_role_are_those_that_it_writes():
    told = {name: named(row[1])[0] for name, row in SETTING.items() if row[1]}
    written = (ROLE / "vars" / "main.yml").read_text()
    assert set(told) == set(yaml.safe_load(written)["runtime_document"])
    for name, variable in told.items():
        assert re.search(rf"^  {name}: .*\b{variable}\b", written, re.MULTILINE)
        if name != "notify":
            assert defaults_of_the_role()[variable] == getattr(settings.Settings(), name)


def test_variables_of_the_role_that_are_named_are_there():
    named_here = set(re.findall(r"\bruntime_[a-z_]+\b", TEXT)) - {"runtime_info"}
    assert named_here <= set(defaults_of_the_role())


def test_modes_are_those_there_are():
    assert [named(row[0])[0] for row in TABLES["Modes"]] == [*settings.MODES, tending.PAUSED]


def test_states_are_those_there_are():
    states = [charge.AS_DECLARED, charge.DRIFTED, charge.REPAIRING, charge.FAILING, charge.DAMAGED, charge.UNKNOWN]
    assert [named(row[0])[0] for row in TABLES["Repairs"]] == states


# -- times, counts, places ---------------------------------------------------------------------


def attempts():
    """The seconds after which a repair that fails each time is tried again, until it is not any more."""
    told, held, now = [], {}, 0.0
    troubled = backoff.Backoff()
    while not held or held["web"].until is not None:
        troubled.failed({"web": "no"}, now)
        held = troubled.held(now)
        until = held["web"].until if held else now
        told.append(None if until is None else until - now)
        now = until or now
    return told


def test_backoff_goes_as_it_is_told():
    [sentence] = re.findall(r"tried again at once, and then after ([^.]*) seconds", TEXT)
    assert attempts() == [0.0, *map(float, re.findall(r"\d+", sentence)), None]
    assert f"After {backoff.MOST} in a row" in TEXT
    assert f"does not last for {backoff.LASTING:g} seconds" in TEXT


def test_times_are_as_they_are_told():
    assert f"as soon as {keeper.QUIET} seconds have passed quietly, and {keeper.PATIENCE} seconds" in TEXT
    assert f"a run that goes on has {service.STOP_PATIENCE:g} seconds" in TEXT.lower()
    assert orders.DEFAULT_PAUSE == 3600
    assert f"an hour unless said otherwise, {orders.LONGEST_PAUSE / 86400:g} days at most" in TEXT
    assert f"The last {journal.RECENT} of this process" in TEXT
    assert f"the last {damaged.MOST} of them" in TEXT


def test_paths_are_as_they_are_told(tmp_path):
    told = {named(row[0])[0] for row in TABLES["Putting it on hosts"]}
    default = settings.Settings()
    assert {SETTINGS, default.state, default.sockets, default.log} <= told
    assert f"`{SOCKETS}/{ABOUT}`" in TEXT
    assert kept_reference("sha256:0").startswith(re.findall(r"`(stowage\.local/kept:sha256-)", TEXT)[0])


def test_the_store_lies_where_it_is_told(tmp_path):
    store = Store(str(tmp_path), "unix:///run/docker.sock")
    digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    store.keep_blob(digest, b"")
    store.declare("shop", {"version": 1, "scope": "shop"}, by="x", now=1.0, files=[digest])
    patterns = [named(row[0])[0] for row in TABLES["The store"] if "*" in row[0]]
    found = [path for pattern in patterns for path in tmp_path.glob(pattern.replace("SCOPE", "shop"))]
    assert sorted(path.name for path in found) == ["blobs", "shop"]
    assert sorted(path.name for path in (tmp_path / "engines").glob("*/scopes/shop/*")) == ["1.json", "current.json"]
