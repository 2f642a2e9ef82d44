# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io

from stowage.model.operations import BuildImage, PullImage
from stowage.terminal import Paint, Progress, render_columns, render_table, wants_colours

PULL = PullImage("app:1", "image is missing")


def row(number, kind, target, cause, status="planned", seconds=0.0, after=()):
    outcome = {"status": status, "seconds": seconds}
    return {"number": number, "operation": kind, "target": target, "cause": cause, "after": list(after), **outcome}


def answer(*rows, **more):
    counts = {}
    for entry in rows:
        counts[entry["operation"]] = counts.get(entry["operation"], 0) + 1
    return {"operations": list(rows), "summary": counts, "failed": False, "warnings": [], **more}


def test_nothing_to_change():
    assert render_table(answer(), check=True) == "nothing to change\n"
    assert (
        render_table(answer(warnings=["network n1: kept"]), check=False)
        == "note: network n1: kept\nnothing to change\n"
    )


def test_a_plan_in_columns():
    table = render_table(
        answer(
            row(1, "PullImage", "app:1", "image is missing"),
            row(10, "CreateContainer", "web", "container is missing", after=[1, 9]),
            row(11, "PullImage", "a-longer/name:1", "image is missing"),
        ),
        check=True,
    )
    assert table == (
        "#1   PullImage        app:1                       image is missing\n"
        "#10  CreateContainer  web              <- #1, #9  container is missing\n"
        "#11  PullImage        a-longer/name:1             image is missing\n"
        "would do: 2 PullImage, 1 CreateContainer\n"
    )


def test_what_waits_for_very_many_shifts_no_other_line():
    many = range(1, 12)
    table = render_table(
        answer(row(1, "PullImage", "app:1", "a"), row(12, "RemoveContainer", "web", "b", after=many)), check=True
    )
    first, second, _sum = table.splitlines()
    assert first == "#1   PullImage        app:1                            a"
    assert second == f"#12  RemoveContainer  web    <- {', '.join(f'#{n}' for n in many)}  b"


def test_nothing_waits():
    table = render_table(answer(row(1, "PullImage", "app:1", "image is missing")), check=True)
    assert table.splitlines()[0] == "#1  PullImage  app:1  image is missing"


def test_a_run_with_outcomes_and_what_failed():
    table = render_table(
        answer(
            row(1, "PullImage", "app:1", "image is missing", "done", 2.345),
            row(2, "CreateContainer", "web", "container is missing", "failed", 0.04),
            row(3, "StartContainer", "web", "it was created", "skipped"),
            failed=True,
            msg="#2 failed: no space",
        ),
        check=False,
    )
    assert table == (
        "#1  PullImage        app:1  ok 2.3s      image is missing\n"
        "#2  CreateContainer  web    FAILED 0.0s  container is missing\n"
        "#3  StartContainer   web    skipped      it was created\n"
        "\n"
        "#2 failed: no space\n"
        "failed: 1 PullImage, 1 CreateContainer, 1 StartContainer\n"
    )


def test_a_containers_words_cannot_drive_the_terminal():
    table = render_table(answer(msg="log:\n  \x1b[2Jgone\r\x07 \t\x9b31mé"), check=False)
    assert "\x1b" not in table
    assert "\x9b" not in table
    assert "\r" not in table
    assert "log:\n  \N{REPLACEMENT CHARACTER}[2Jgone" in table
    assert "\té" not in table
    assert "é" in table


class Clock:
    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr("stowage.terminal.time.monotonic", lambda: self.now)


def test_without_a_terminal_nothing_is_drawn():
    stream = io.StringIO()
    progress = Progress(stream, live=False)
    progress.step({"step": 1, "event": "started", "text": ""})
    progress.step({"step": 1, "event": "done", "text": "well"})
    progress.detail(PULL, {"status": "Downloading"})
    progress.close()
    assert stream.getvalue() == ""


def test_lines_as_steps_end():
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    progress.step({"step": 1, "event": "started", "text": ""})
    progress.step({"step": 1, "event": "done", "text": ""})
    progress.step({"step": 2, "event": "failed", "text": "no \x1b[31mspace"})
    progress.close()
    assert stream.getvalue() == (
        "\r\x1b[K#1 …\r\x1b[K#1 done\n\r\x1b[K#2 failed no \N{REPLACEMENT CHARACTER}[31mspace\n\r\x1b[K"
    )


def test_layers_are_added_up_and_not_redrawn_too_often(monkeypatch):
    clock = Clock(monkeypatch)
    stream = io.StringIO()
    progress = Progress(stream, live=True)

    def layer(name, current, total=2_000_000, status="Downloading"):
        clock.now += 1
        progress.detail(PULL, {"id": name, "status": status, "progressDetail": {"current": current, "total": total}})

    layer("a", 500_000)
    layer("b", 1_000_000)
    clock.now -= 0.95
    layer("a", 1_500_000)
    clock.now -= 0.99
    layer("a", 2_000_000)  # too soon after the last one
    assert stream.getvalue().split("\r\x1b[K")[1:] == [
        "PullImage app:1: Downloading 0.5 of 2.0 MB",
        "PullImage app:1: Downloading 1.5 of 4.0 MB",
    ]


def test_what_a_build_says(monkeypatch):
    clock = Clock(monkeypatch)
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    build = BuildImage("app:1", "image is missing", options={}, labels={})
    for event in ({"stream": "Step 1/2\n"}, {"stream": "\n"}, {"status": "Pulling"}, {}, {"stream": "x" * 200}):
        clock.now += 1
        progress.detail(build, event)
    drawn = stream.getvalue().split("\r\x1b[K")[1:]
    assert drawn[0] == "BuildImage app:1: Step 1/2"
    assert "BuildImage app:1: Pulling" in drawn
    assert max(map(len, drawn)) == 100
    assert "\n" not in stream.getvalue()


def test_steps_are_named_once_the_plan_is_known():
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    progress.planned({1: "PullImage a\x1b[31m"})
    progress.step({"step": 1, "event": "started", "text": ""})
    progress.step({"step": 1, "event": "done", "text": ""})
    progress.step({"step": 2, "event": "skipped", "text": ""})
    name = "#1 PullImage a\N{REPLACEMENT CHARACTER}[31m"
    assert stream.getvalue() == f"\r\x1b[K{name} …\r\x1b[K{name} done\n\r\x1b[K#2 skipped\n"


def test_words_that_are_made_already(monkeypatch):
    Clock(monkeypatch)
    for live, drawn in ((True, "\r\x1b[Kpulling \N{REPLACEMENT CHARACTER}"), (False, "")):
        stream = io.StringIO()
        Progress(stream, live=live).say("pulling \x1b\nmore")
        assert stream.getvalue() == drawn


PLAIN, COLOURS = Paint(wanted=False), Paint(wanted=True)
ROWS = [["web", "running", "", "running"], ["a\x1b\n\tb", "odd", "", ""]]


def test_columns():
    assert render_columns(("NAME", "STATE", "NOTHING", "NOTE"), ROWS, PLAIN) == [
        "NAME  STATE    NOTE",
        "web   running  running",
        "a\N{REPLACEMENT CHARACTER} b  odd",
    ]
    assert render_columns(("NAME", "STATE"), [], PLAIN) == []


def test_columns_in_colours_stand_as_they_do_without():
    plain, coloured = (render_columns(("NAME", "STATE", "NOTHING", "NOTE"), ROWS, paint) for paint in (PLAIN, COLOURS))
    assert coloured[0] == "\x1b[1mNAME\x1b[0m  \x1b[1mSTATE  \x1b[0m  \x1b[1mNOTE\x1b[0m"
    assert coloured[1] == "web   \x1b[32mrunning\x1b[0m  running"
    assert coloured[2] == plain[2]


def test_who_sees_colours():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert wants_colours(Terminal(), {"TERM": "xterm", "NO_COLOR": ""})
    assert not wants_colours(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colours(Terminal(), {"TERM": "dumb"})
    assert not wants_colours(io.StringIO(), {})
