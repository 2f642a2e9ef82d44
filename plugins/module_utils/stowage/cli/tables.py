# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the runtime as lines for people.

Knows the shapes of those answers, and words. Each function takes an answer, the paint and the time that it is.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from ..terminal import BOLD, CYAN, FAINT, GREEN, RED, YELLOW, Paint, printable, render_columns
from .times import ago, moment, span

Document = Dict[str, Any]
Lines = List[str]
# A line of a plan: "#3 StartContainer web <- #1, #2 (it was created)".
_STEP = re.compile(r"#\d+ (\w+) (.*?)(?: <- #\d+(?:, #\d+)*)? \((.*)\)", re.DOTALL)
_SCOPES = ("SCOPE", "STATE", "MODE", "VERSION", "DECLARED", "CHECKED", "")
_OBJECTS = ("SCOPE", "KIND", "NAME", "STATUS", "HEALTH", "DRIFT")
_VERSIONS = ("SCOPE", "VERSION", "", "DECLARED", "BY", "OUTCOME", "OPERATIONS", "TOOK", "")
_KINDS = {
    "applied": GREEN,
    "repair": GREEN,
    "drift": YELLOW,
    "paused": YELLOW,
    "held": RED,
    "failure": RED,
    "damaged": RED,
}


def render_status(answer: Document, paint: Paint, now: float) -> Lines:
    """The runtime and its engine in a line, then scopes, then their objects."""
    engine, scopes = answer["engine"], answer["scopes"]
    about = printable(f"runtime {answer['version']}, running for {span(max(now - answer['started'], 0.0))}")
    reached = printable(f"engine {engine['version']}") if engine["reachable"] else paint(RED, "engine out of reach")
    lines = [f"{about}; {reached} at {printable(engine['address'])}"]
    lines += [paint(YELLOW, f"note: {printable(note)}") for note in answer["warnings"]]
    if not scopes:
        return [*lines, "nothing is declared here yet"]
    rows = [_scope_row(name, scope, now) for name, scope in sorted(scopes.items())]
    lines += ["", *render_columns(_SCOPES, rows, paint)]
    rows = [row for name, scope in sorted(scopes.items()) for row in _object_rows(name, scope, now)]
    return [*lines, *([""] if rows else []), *render_columns(_OBJECTS, rows, paint)]


def _scope_row(name: str, scope: Document, now: float) -> Lines:
    by = f" by {scope['by']}" if scope["by"] else ""
    notes = [scope["message"]]
    if scope["mode"] == "paused":
        reason = f": {scope['reason']}" if scope["reason"] else ""
        notes.insert(0, f"resumes {ago(scope['until'], now)}{reason}")
    return [
        name,
        scope["state"],
        scope["mode"],
        str(scope["version"] or ""),
        f"{ago(scope['declared_at'], now)}{by}".strip(),
        ago(scope["checked_at"], now),
        "; ".join(note for note in notes if note),
    ]


def _object_rows(name: str, scope: Document, now: float) -> List[Lines]:
    """Objects, and what the plan names beyond them: what is there and not declared."""
    drifted: Dict[Tuple[str, str], Tuple[str, str]] = {}
    for step in map(_STEP.fullmatch, scope["drift"]):
        if step is not None:
            drifted.setdefault(_object_of(step[1], step[2]), (step[1], step[3]))
    rows: List[Lines] = []
    for about in scope["objects"]:
        step_of = drifted.pop((about["kind"], about["name"]), None)
        notes = "; ".join([*([step_of[1]] if step_of else []), *_held(about["held"], now)])
        rows.append([name, about["kind"], about["name"], about["status"], about["health"], notes])
    return rows + [[name, *key, "", "", f"{operation}: {cause}"] for key, (operation, cause) in drifted.items()]


def _object_of(operation: str, target: str) -> Tuple[str, str]:
    """Kind and name of what a step is about; a successor that is made ready counts as what it succeeds."""
    for kind in ("Image", "Volume"):
        if operation.endswith(kind):
            return kind.lower(), target.rpartition(" as ")[2]
    if operation in ("CreateNetwork", "RemoveNetwork"):
        return "network", target
    if operation.endswith(("Container", "Network")):
        return "container", target.partition(" ")[0].removesuffix(".next")
    if operation == "RunHook":
        return "container", target.rpartition(" in ")[2].removesuffix(".next")
    return "file", target


def _held(held: Any, now: float) -> Iterable[str]:
    if not held:
        return ()
    failures = f"{held['failures']} failure{'' if held['failures'] == 1 else 's'}"
    until = f"tried again {ago(held['until'], now)}" if held["until"] else "left alone"
    return (f"{until} after {failures}: {held['message']}",)


def render_drift(answer: Document, paint: Paint, _now: float) -> Lines:
    """Each scope with the plan that would bring it back."""
    if not answer["scopes"]:
        return ["nothing is declared here yet"]
    lines: Lines = []
    for name, found in sorted(answer["scopes"].items()):
        state = paint(YELLOW, "drifted") if found["drifted"] else paint(GREEN, "as declared")
        lines.append(f"{printable(name)}: {state}")
        texts = [*found["plan"], *([found["msg"]] if found["msg"] else [])]
        lines += [f"  {line}" for text in texts for line in printable(text).splitlines()]
    return lines


def render_history(answer: Document, paint: Paint, now: float) -> Lines:
    """Versions, the newest of each scope first."""
    rows = [
        [
            name,
            str(version["number"]),
            "current" if version["current"] else "",
            ago(version["declared_at"], now),
            version["by"],
            version["outcome"],
            str(version["operations"]),
            f"{version['seconds']:.1f}s" if version["seconds"] else "",
            version["message"],
        ]
        for name, versions in sorted(answer["scopes"].items())
        for version in versions
    ]
    return render_columns(_VERSIONS, rows, paint) or ["no versions are kept here yet"]


def render_version(answer: Document, paint: Paint, now: float) -> Lines:
    """Who declared what when, what was done for it, and the declaration itself."""
    title = f"{answer['scope']} version {answer['number']}"
    outcome = f"{answer['outcome']}, {answer['seconds']:.1f}s"
    facts = {
        "declared": f"{moment(answer['declared_at'])} ({ago(answer['declared_at'], now)}) by {answer['by']}",
        "outcome": f"{outcome}: {answer['message']}" if answer["message"] else outcome,
    }
    lines = [paint(BOLD, printable(title)), *(f"{name}: {printable(text)}" for name, text in facts.items())]
    lines += _section("images", [f"{reference} {image}" for reference, image in answer["images"].items()], paint)
    lines += _section("plan", answer["plan"], paint)
    return [*lines, *_section("manifest", json.dumps(answer["manifest"], indent=2).splitlines(), paint)]


def _section(title: str, texts: Iterable[str], paint: Paint) -> Lines:
    lines = [f"  {printable(text)}" for text in texts]
    return ["", paint(BOLD, f"{title}:"), *lines] if lines else []


def render_diff(answer: Document, paint: Paint, _now: float) -> Lines:
    """The lines of the diff, in the colours that everybody knows."""
    lines = printable(answer["diff"]).splitlines()
    if not lines:
        return [f"versions {answer['from']} and {answer['to']} of {printable(answer['scope'])} declare the same"]
    return [paint(_diff_style(line), line) for line in lines]


def _diff_style(line: str) -> str:
    if line.startswith(("---", "+++")):
        return BOLD
    return {"-": RED, "+": GREEN, "@": CYAN}.get(line[:1], "")


def render_event(event: Document, paint: Paint, _now: float) -> Lines:
    """When, what, where, and in a sentence what happened; then the plan if there was one."""
    kind = str(event["kind"])
    scope = f"{printable(event['scope'])}: " if event["scope"] else ""
    when = paint(FAINT, moment(event["time"]))
    lines = [f"{when}  {paint(_KINDS.get(kind, ''), printable(kind).ljust(8))}  {scope}{printable(event['text'])}"]
    return [*lines, *(f"    {printable(line)}" for line in event.get("plan") or ())]


def render_checks(answer: Document, paint: Paint, _now: float) -> Lines:
    """One check to a line; what failed stands out."""
    rows = [["ok" if check["ok"] else "FAILED", check["name"], check["message"]] for check in answer["checks"]]
    return render_columns(("", "CHECK", ""), rows, paint)


def render_pause(answer: Document, paint: Paint, now: float) -> Lines:
    """Until when who is left alone."""
    if not answer["scopes"]:
        return ["nothing is declared here, so there is nothing to pause"]
    until = f"until {moment(answer['until'])}, for {span(answer['until'] - now)}"
    names = ", ".join(printable(name) for name in answer["scopes"])
    return [f"{paint(YELLOW, 'paused')} {until}: {names}", "`stowage resume` ends it before"]


def render_resume(answer: Document, paint: Paint, _now: float) -> Lines:
    """Who is kept again."""
    names = ", ".join(printable(name) for name in answer["scopes"])
    return [f"{paint(GREEN, 'resumed')}: {names}"] if names else ["nothing is declared here, so nothing was paused"]


def stripped(text: str) -> str:
    """A container's line for a terminal: without its colours, and without all else that would drive one."""
    return printable(re.sub(r"\x1b\[[0-9;]*m", "", text))


def names_of(scopes: Mapping[str, Any]) -> str:
    """Scopes for a sentence."""
    return ", ".join(printable(name) for name in sorted(scopes)) or "none"
