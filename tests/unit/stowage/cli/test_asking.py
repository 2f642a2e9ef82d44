# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from stowage import __version__
from tests.unit.stowage.support.recorded_runtime import document, refusal, stream

NOW = 1_800_000_000.0


def thing(kind, name, status="running", health="", held=None):
    return {"kind": kind, "name": name, "status": status, "health": health, "held": held}


def scope(**more):
    told = {
        "version": 3,
        "declared_at": NOW - 180,
        "by": "ansible",
        "outcome": "done",
        "mode": "enforce",
        "until": None,
        "reason": "",
        "state": "as declared",
        "message": "",
        "checked_at": NOW - 12,
        "drift": [],
        "objects": [thing("container", "web", health="healthy"), thing("volume", "data", "present")],
    }
    return {**told, **more}


DRIFTED = scope(
    version=12,
    by="",
    declared_at=NOW - 86400,
    mode="paused",
    until=NOW + 2400,
    reason="moving a disk",
    state="drifted",
    drift=[
        "#1 CreateNetwork shop_default (network is missing)",
        "#2 UpdateContainer shop-web-1 <- #1, #2 (memory: 64 MiB, declared are 128 MiB (at least))",
        "#3 CreateContainer shop-db-1.next <- #1 (image changed)",
        "#4 RemoveContainer shop-old-1 (not declared any more)",
        "#5 TagImage a:1 as b:1 (tag is missing)",
        "#6 ConnectNetwork shop-web-1 to shop_default (it is new)",
        "#7 WriteFile /srv/shop/a.conf (content differs)",
        "#8 RunHook post_start in shop-hook-1 (it was started)",
        "what no step says",
    ],
    objects=[
        thing("container", "shop-db-1", "exited", held={"failures": 5, "until": None, "message": "no space"}),
        thing("container", "shop-web-1", health="unhealthy"),
        thing("container", "shop-x-1", "exited", held={"failures": 1, "until": NOW + 30, "message": "a\nb"}),
        thing("network", "shop_default", "missing"),
        thing("image", "b:1", "missing"),
    ],
)
STATUS = {
    "version": "0.1.0",
    "digest": "",
    "pid": 7,
    "started": NOW - 3 * 86400,
    "now": NOW,
    "engine": {
        "address": "unix:///run/docker.sock",
        "reachable": True,
        "version": "28.5.2",
        "api_version": "1.51",
        "message": "",
        "since": NOW - 5,
    },
    "scopes": {"shop": DRIFTED, "default": scope()},
    "warnings": [],
}


def test_status(runtime, stowage):
    runtime.answers["GET /v1/status"] = document(STATUS)
    code, out, err = stowage("status")
    assert (code, err) == (0, "")
    assert out == (
        "runtime 0.1.0, running for 3 days; engine 28.5.2 at unix:///run/docker.sock\n"
        "\n"
        "SCOPE    STATE        MODE     VERSION  DECLARED                  CHECKED\n"
        "default  as declared  enforce  3        3 minutes ago by ansible  12 seconds ago\n"
        "shop     drifted      paused   12       1 day ago                 12 seconds ago  resumes in 40 minutes: moving a disk\n"
        "\n"
        "SCOPE    KIND       NAME              STATUS   HEALTH     DRIFT\n"
        "default  container  web               running  healthy\n"
        "default  volume     data              present\n"
        "shop     container  shop-db-1         exited              image changed; left alone after 5 failures: no space\n"
        "shop     container  shop-web-1        running  unhealthy  memory: 64 MiB, declared are 128 MiB (at least)\n"
        "shop     container  shop-x-1          exited              tried again in 30 seconds after 1 failure: a b\n"
        "shop     network    shop_default      missing             network is missing\n"
        "shop     image      b:1               missing             tag is missing\n"
        "shop     container  shop-old-1                            RemoveContainer: not declared any more\n"
        "shop     file       /srv/shop/a.conf                      WriteFile: content differs\n"
        "shop     container  shop-hook-1                           RunHook: it was started\n"
    )
    assert runtime.calls == [("read.sock", "GET /v1/status", None)]


def test_status_of_one_scope(runtime, stowage):
    runtime.answers["GET /v1/status"] = document(STATUS)
    code, out, _err = stowage("status", "default")
    assert code == 0
    assert "shop" not in out
    assert json.loads(stowage("status", "--json", "default")[1])["scopes"] == {"default": scope()}
    assert stowage("status", "x") == (1, "", "stowage: no scope 'x' is known here; there are: default, shop\n")


def test_status_where_nothing_is_well(runtime, stowage):
    engine = {**STATUS["engine"], "reachable": False, "message": "refused"}
    lost = scope(
        version=None,
        declared_at=None,
        by="",
        state="damaged",
        message="run its playbook again",
        checked_at=0,
        objects=[],
    )
    warnings = ["the engine cannot be reached: refused"]
    runtime.answers["GET /v1/status"] = document(
        {**STATUS, "engine": engine, "scopes": {"a": lost}, "warnings": warnings}
    )
    assert stowage("status")[1] == (
        "runtime 0.1.0, running for 3 days; engine out of reach at unix:///run/docker.sock\n"
        "note: the engine cannot be reached: refused\n"
        "\n"
        "SCOPE  STATE    MODE\n"
        "a      damaged  enforce  run its playbook again\n"
    )
    runtime.answers["GET /v1/status"] = document({**STATUS, "scopes": {}})
    assert stowage("status")[1].endswith("docker.sock\nnothing is declared here yet\n")


def test_json_is_the_answer_itself(runtime, stowage):
    runtime.answers["GET /v1/status"] = document(STATUS)
    code, out, err = stowage("status", "--json", terminal=True)
    assert (code, json.loads(out), err) == (0, STATUS, "")
    assert out.count("\n") == 1


def test_colours_on_a_terminal_alone(runtime, stowage, monkeypatch):
    runtime.answers["GET /v1/status"] = document(STATUS)
    plain = stowage("status")[1]
    coloured = stowage("status", terminal=True)[1]
    assert "\x1b[32mas declared\x1b[0m" in coloured
    assert "\x1b[31munhealthy" in coloured
    bare = coloured
    for style in ("0", "1", "31", "32", "33"):
        bare = bare.replace(f"\x1b[{style}m", "")
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert stowage("status", terminal=True)[1] == plain


def test_names_cannot_drive_a_terminal(runtime, stowage):
    bad = scope(objects=[thing("container", "w\x1b[2Jeb\r\n", health="\x9b31m")], message="\x07")
    answer = {**STATUS, "version": "\x1b[2J", "scopes": {"\x1b[2J": bad}, "warnings": ["\x1b[2J"]}
    runtime.answers["GET /v1/status"] = document(answer)
    for terminal in (False, True):
        _code, out, _err = stowage("status", terminal=terminal)
        assert not [part for part in ("\x1b[2J", "\x07", "\x9b", "\r") if part in out]
        assert "\N{REPLACEMENT CHARACTER}[2J" in out


def test_drift(runtime, stowage):
    well, bad = (
        {"drifted": False, "plan": [], "msg": ""},
        {"drifted": True, "plan": ["#1 A b (c)", "#2 D e (f)"], "msg": ""},
    )
    lost = {"drifted": True, "plan": [], "msg": "no\nengine"}
    runtime.answers["GET /v1/drift"] = document({"scopes": {"shop": bad, "default": well, "x": lost}})
    assert stowage("drift") == (
        2,
        "default: as declared\nshop: drifted\n  #1 A b (c)\n  #2 D e (f)\nx: drifted\n  no\n  engine\n",
        "",
    )
    assert stowage("drift", "--json")[0] == 2
    runtime.answers["GET /v1/drift?scope=my%20shop"] = document({"scopes": {"my shop": well}})
    assert stowage("drift", "my shop") == (0, "my shop: as declared\n", "")
    runtime.answers["GET /v1/drift"] = document({"scopes": {}})
    assert stowage("drift") == (0, "nothing is declared here yet\n", "")
    runtime.answers["GET /v1/drift"] = refusal(502, "the engine is gone")
    assert stowage("drift") == (1, "", "stowage: the engine is gone\n")


@pytest.mark.parametrize("found", [None, {}, {"drifted": None}, {"drifted": 0}, []])
def test_what_is_no_clear_no_counts_as_drift(runtime, stowage, found):
    runtime.answers["GET /v1/drift"] = document({"scopes": {"a": found}})
    assert stowage("drift", "--json")[0] == 2


def version(number, **more):
    told = {"number": number, "declared_at": NOW - 90, "by": "ansible", "outcome": "done", "message": ""}
    return {**told, "seconds": 2.25, "operations": 7, "current": False, **more}


HISTORY = {
    "now": NOW,
    "scopes": {
        "shop": [
            version(12, current=True, outcome="pending", seconds=0, operations=0),
            version(11, outcome="failed", message="no space\nleft", by="stowage apply (root)"),
        ],
        "default": [version(1, current=True)],
    },
}


def test_history(runtime, stowage):
    runtime.answers["GET /v1/history"] = document(HISTORY)
    code, out, err = stowage("history")
    assert (code, err) == (0, "")
    assert out == (
        "SCOPE    VERSION           DECLARED        BY                    OUTCOME  OPERATIONS  TOOK\n"
        "default  1        current  90 seconds ago  ansible               done     7           2.2s\n"
        "shop     12       current  90 seconds ago  ansible               pending  0\n"
        "shop     11                90 seconds ago  stowage apply (root)  failed   7           2.2s  no space left\n"
    )
    runtime.answers["GET /v1/history?scope=shop"] = document({"scopes": {"shop": []}})
    assert stowage("history", "shop") == (0, "no versions are kept here yet\n", "")


SHOWN = {
    "scope": "shop",
    "number": 12,
    "declared_at": NOW - 180,
    "by": "ansible",
    "outcome": "failed",
    "message": "no space",
    "seconds": 2.25,
    "plan": ["#1 A b (c)"],
    "images": {"web:1": "sha256:1"},
    "manifest": {"version": 1, "scope": "shop"},
    "now": NOW,
}


def test_show(runtime, stowage):
    runtime.answers["GET /v1/history/shop/12"] = document(SHOWN)
    shown = (
        "shop version 12\n"
        "declared: 2027-01-15 07:57:00 (3 minutes ago) by ansible\n"
        "outcome: failed, 2.2s: no space\n"
        "\n"
        "images:\n"
        "  web:1 sha256:1\n"
        "\n"
        "plan:\n"
        "  #1 A b (c)\n"
        "\n"
        "manifest:\n"
        "  {\n"
        '    "version": 1,\n'
        '    "scope": "shop"\n'
        "  }\n"
    )
    assert stowage("show", "shop", "12") == (0, shown, "")
    runtime.answers["GET /v1/history?scope=shop"] = document({"scopes": {"shop": HISTORY["scopes"]["shop"]}})
    assert stowage("show", "shop") == (0, shown, "")
    runtime.answers["GET /v1/history/shop/12"] = document(
        {**SHOWN, "images": {}, "plan": [], "message": "", "outcome": "done"}
    )
    assert stowage("show", "shop")[1].splitlines()[2:5] == ["outcome: done, 2.2s", "", "manifest:"]


@pytest.mark.parametrize("versions", [[], [version(1)], None, [3], [version("1", current=True)]])
def test_show_where_the_current_version_is_lost(runtime, stowage, versions):
    runtime.answers["GET /v1/history?scope=shop"] = document({"scopes": {"shop": versions}})
    text = "stowage: shop has no current version that is whole; `stowage history shop` shows those there are\n"
    assert stowage("show", "shop") == (1, "", text)


def test_diff(runtime, stowage):
    text = "--- shop version 1\n+++ shop version 2\n@@ -1 +1 @@\n-a\n+b\n c"
    answer = {"scope": "shop", "from": 1, "to": 2, "diff": text}
    runtime.answers["GET /v1/diff/shop/1/2"] = document(answer)
    assert stowage("diff", "shop", "1", "2") == (0, f"{text}\n", "")
    assert stowage("diff", "shop", "1", "2", terminal=True)[1].splitlines()[2:] == [
        "\x1b[36m@@ -1 +1 @@\x1b[0m",
        "\x1b[31m-a\x1b[0m",
        "\x1b[32m+b\x1b[0m",
        " c",
    ]
    runtime.answers["GET /v1/diff/shop/2/2"] = document({**answer, "from": 2, "diff": ""})
    assert stowage("diff", "shop", "2", "2")[1] == "versions 2 and 2 of shop declare the same\n"
    assert json.loads(stowage("diff", "shop", "1", "2", "--json")[1]) == answer


def test_diff_of_the_only_scope(runtime, stowage):
    answer = {"scope": "shop", "from": 1, "to": 2, "diff": "-a"}
    runtime.answers["GET /v1/diff/shop/1/2"] = document(answer)
    runtime.answers["GET /v1/history"] = document({"scopes": {"shop": []}})
    assert stowage("diff", "1", "2") == (0, "-a\n", "")
    assert stowage("diff", "--json", "1", "2")[0] == 0
    runtime.answers["GET /v1/history"] = document({"scopes": {"shop": [], "a": []}})
    assert stowage("diff", "1", "2") == (1, "", "stowage: which scope? there are: a, shop\n")
    runtime.answers["GET /v1/history"] = document({"scopes": {}})
    assert stowage("diff", "1", "2") == (1, "", "stowage: which scope? there are: none\n")


EVENTS = (
    {"number": 1, "time": NOW, "kind": "started", "scope": "", "text": "keeps the engine"},
    {"number": 2, "time": NOW + 61, "kind": "repair", "scope": "shop", "text": "repaired web", "plan": ["#1 A b (c)"]},
)


def test_events(runtime, stowage):
    runtime.answers["GET /v1/events?follow=0"] = stream(*EVENTS)
    code, out, err = stowage("events")
    assert (code, err) == (0, "")
    assert out == (
        "2027-01-15 08:00:00  started   keeps the engine\n"
        "2027-01-15 08:01:01  repair    shop: repaired web\n"
        "    #1 A b (c)\n"
    )
    assert [json.loads(line) for line in stowage("events", "--json")[1].splitlines()] == list(EVENTS)
    assert "\x1b[32mrepair" in stowage("events", terminal=True)[1]
    runtime.answers["GET /v1/events?follow=1"] = stream(*EVENTS)
    code, out, err = stowage("events", "-f")
    assert (code, err) == (1, "stowage: the runtime has stopped\n")
    assert "repaired web" in out
    runtime.answers["GET /v1/events?follow=0"] = stream()
    assert stowage("events") == (0, "", "")


def test_logs(runtime, stowage):
    lines = ({"stream": "stdout", "text": "\x1b[32mup\x1b[0m\x1b[2J"}, {"stream": "stderr", "text": "oh"})
    runtime.answers["GET /v1/logs/web?tail=100&follow=0"] = stream(*lines)
    assert stowage("logs", "web") == (0, "\x1b[32mup\x1b[0m\x1b[2J\n", "oh\n")
    assert stowage("logs", "web", terminal=True) == (0, "up\N{REPLACEMENT CHARACTER}[2J\n", "oh\n")
    assert [json.loads(line) for line in stowage("logs", "web", "--json")[1].splitlines()] == list(lines)
    runtime.answers["GET /v1/logs/a%2Fb?tail=all&follow=1"] = stream(
        lines[0], {"error": {"code": "x", "message": "gone"}}
    )
    assert stowage("logs", "-f", "-n", "all", "a/b") == (1, "\x1b[32mup\x1b[0m\x1b[2J\n", "stowage: gone\n")
    assert stowage("logs", "nope")[2] == "stowage: there is no GET /v1/logs/nope?tail=100&follow=0\n"
    assert {door for door, _call, _document in runtime.calls} == {"write.sock"}


CHECKS = {"ok": True, "checks": [{"name": "engine", "ok": True, "message": "answers"}]}


def test_doctor(runtime, stowage):
    runtime.answers["GET /v1/doctor"] = document(CHECKS)
    runtime.answers["GET /v1/status"] = document({**STATUS, "version": __version__})
    assert stowage("doctor") == (0, f"    CHECK\nok  engine   answers\nok  command  {__version__}\n", "")
    bad = {"ok": False, "checks": [*CHECKS["checks"], {"name": "disk", "ok": False, "message": "full"}]}
    runtime.answers["GET /v1/doctor"] = document(bad)
    code, out, err = stowage("doctor", terminal=True)
    assert (code, err) == (1, "")
    assert "\x1b[31mFAILED\x1b[0m  disk     full\n" in out
    assert json.loads(stowage("doctor", "--json")[1])["ok"] is False


@pytest.mark.parametrize(
    ("version", "digest", "here", "well"),
    [
        (__version__, "a" * 64, "a" * 64, True),
        (__version__, "", "a" * 64, True),
        (__version__, "a" * 64, "", True),
        (__version__, "a" * 64, "b" * 64, False),
        ("0.0.9", "", "", False),
    ],
)
def test_a_runtime_of_before_an_upgrade(runtime, stowage, monkeypatch, version, digest, here, well):
    monkeypatch.setattr("stowage.cli.asking.DIGEST", here)
    runtime.answers["GET /v1/doctor"] = document(CHECKS)
    runtime.answers["GET /v1/status"] = document({**STATUS, "version": version, "digest": digest})
    code, out, _err = stowage("doctor", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["checks"][1]["ok"]) == (0 if well else 1, well, well)
    assert well or f"the runtime that runs is {version} {digest[:12]}".strip() in told["checks"][1]["message"]


def test_words_for_completion(runtime, stowage):
    runtime.answers["GET /v1/status"] = document(STATUS)
    assert stowage("complete", "scopes") == (0, "default\nshop\n", "")
    assert stowage("complete", "containers") == (0, "shop-db-1\nshop-web-1\nshop-x-1\nweb\n", "")
    runtime.answers["GET /v1/status"] = refusal(503, "no")
    assert stowage("complete", "scopes") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "call", "answer"),
    [
        (["status"], "GET /v1/status", {}),
        (["status"], "GET /v1/status", {**STATUS, "engine": 3}),
        (["status"], "GET /v1/status", {**STATUS, "started": "x"}),
        (["status"], "GET /v1/status", {**STATUS, "scopes": {"a": {**scope(), "objects": 3}}}),
        (["status"], "GET /v1/status", {**STATUS, "scopes": {"a": {**scope(), "drift": [None]}}}),
        (["status"], "GET /v1/status", {**STATUS, "scopes": {"a": {**scope(), "checked_at": 10**400}}}),
        (["status", "a"], "GET /v1/status", {"scopes": 3}),
        (["drift"], "GET /v1/drift", {}),
        (["drift"], "GET /v1/drift", {"scopes": {"a": 3}}),
        (["history"], "GET /v1/history", {"scopes": []}),
        (["show", "a", "1"], "GET /v1/history/a/1", {**SHOWN, "images": []}),
        (["show", "a"], "GET /v1/history?scope=a", {}),
        (["diff", "1", "2"], "GET /v1/history", {}),
        (["diff", "a", "1", "2"], "GET /v1/diff/a/1/2", {"diff": 3}),
        (["events"], "GET /v1/events?follow=0", {}),
        (["doctor"], "GET /v1/doctor", {"checks": 3}),
    ],
)
def test_answers_of_another_version(runtime, stowage, words, call, answer):
    runtime.answers[call] = document(answer)
    code, _out, err = stowage(*words)
    assert code == 1
    assert err.startswith("stowage: the runtime")
    assert "restart it where it is of another version" in err
    assert err.count("\n") == 1
