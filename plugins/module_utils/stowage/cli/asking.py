# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that ask the runtime and change nothing.

Knows which route answers what, and exit codes. How an answer looks is tables.py's.
"""

from __future__ import annotations

import argparse
from typing import Any, Dict

from .. import DIGEST, __version__
from ..client import READ, WRITE, Client, path_of
from ..errors import StowageError
from . import tables
from .commands import SCOPE
from .console import CHANGES, FAILED, OK, Console

SLOW = 600.0  # seconds for what asks the engine, which may have much to say, or a full disk
Document = Dict[str, Any]


def status(options: argparse.Namespace, console: Console, client: Client) -> int:
    """How all stood when it was last looked at."""
    answer = client.fetch(READ, "GET", path_of("status"))
    if options.scope is not None:
        scopes = _section(answer, "scopes")
        if options.scope not in scopes:
            raise StowageError(f"no scope {options.scope!r} is known here; there are: {tables.names_of(scopes)}")
        answer["scopes"] = {options.scope: scopes[options.scope]}
    console.show(answer, tables.render_status)
    return OK


def drift(options: argparse.Namespace, console: Console, client: Client) -> int:
    """How all stands now. The exit code tells."""
    answer = client.fetch(READ, "GET", path_of("drift"), query=_only(options.scope), timeout=SLOW)
    scopes = _section(answer, "scopes").values()
    # Nothing but a clear no is one.
    well = all(isinstance(found, dict) and found.get("drifted") is False for found in scopes)
    console.show(answer, tables.render_drift)
    return OK if well else CHANGES


def history(options: argparse.Namespace, console: Console, client: Client) -> int:
    """The versions that are kept."""
    console.show(client.fetch(READ, "GET", path_of("history"), query=_only(options.scope)), tables.render_history)
    return OK


def show(options: argparse.Namespace, console: Console, client: Client) -> int:
    """One version in full."""
    number = options.version
    if number is None:
        number = _current(client, options.scope)
    console.show(
        client.fetch(READ, "GET", path_of("history", options.scope, str(number))),
        tables.render_version,
    )
    return OK


def _current(client: Client, scope: str) -> int:
    answer = client.fetch(READ, "GET", path_of("history"), query={"scope": scope})
    versions = _section(answer, "scopes").get(scope)
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, dict) and version.get("current") is True and isinstance(version.get("number"), int):
            return int(version["number"])
    raise StowageError(f"{scope} has no current version that is whole; `stowage history {scope}` shows those there are")


def diff(options: argparse.Namespace, console: Console, client: Client) -> int:
    """Two versions beside each other."""
    scope = options.scope
    if scope is None:
        scopes = _section(client.fetch(READ, "GET", path_of("history")), "scopes")
        if len(scopes) != 1:
            raise StowageError(f"which scope? there are: {tables.names_of(scopes)}")
        [scope] = scopes
    path = path_of("diff", scope, str(getattr(options, "from")), str(options.to))
    console.show(client.fetch(READ, "GET", path), tables.render_diff)
    return OK


def events(options: argparse.Namespace, console: Console, client: Client) -> int:
    """What happened, line by line."""
    query = {"follow": int(options.follow)}
    try:
        for event in client.follow(READ, "GET", path_of("events"), query=query):
            console.show(event, tables.render_event)
            console.flush()
    except KeyboardInterrupt:
        return OK
    if options.follow:
        raise StowageError("the runtime has stopped")
    return OK


def logs(options: argparse.Namespace, console: Console, client: Client) -> int:
    """A container's output: what it wrote to stderr goes there here too."""
    query = {"tail": options.tail, "follow": int(options.follow)}
    try:
        for line in client.follow(WRITE, "GET", path_of("logs", options.container), query=query):
            if console.as_json:
                console.show(line, lambda *_: [])
            else:
                stream = console.err if line.get("stream") == "stderr" else console.out
                text = str(line.get("text", ""))
                stream.write(f"{tables.stripped(text) if stream.isatty() else text}\n")
            console.flush()
    except KeyboardInterrupt:
        return OK
    return OK


def doctor(_options: argparse.Namespace, console: Console, client: Client) -> int:
    """What is wrong, with the runtime and with this command beside it."""
    answer = client.fetch(READ, "GET", path_of("doctor"), timeout=SLOW)
    checks = answer.get("checks")
    if isinstance(checks, list):
        checks.append(_same_version(client))
        answer["ok"] = bool(answer.get("ok")) and bool(checks[-1]["ok"])
    console.show(answer, tables.render_checks)
    return OK if answer.get("ok") is True else FAILED


def _same_version(client: Client) -> Document:
    """After an upgrade the runtime that runs is the former one until it is restarted."""
    status = client.fetch(READ, "GET", path_of("status"))
    version, digest = str(status.get("version", "")), str(status.get("digest", ""))
    # A source tree has no digest.
    well = version == __version__ and (digest == DIGEST or not (digest and DIGEST))
    here = f"{__version__} {DIGEST[:12]}".strip()
    running = f"the runtime that runs is {version} {digest[:12]}".strip()
    return {"name": "command", "ok": well, "message": here if well else f"{here}, but {running}: restart the service"}


def complete(options: argparse.Namespace, console: Console, client: Client) -> int:
    """Words for a shell that completes; none where nobody can tell."""
    try:
        scopes = _section(client.fetch(READ, "GET", path_of("status"), timeout=2.0), "scopes")
    except StowageError:
        return OK
    words = set(scopes)
    if options.kind != SCOPE:
        objects = (about for scope in scopes.values() for about in scope.get("objects", ()))
        words = {str(about["name"]) for about in objects if about.get("kind") == "container"}
    for word in sorted(words):
        console.write(tables.stripped(word))
    return OK


def _only(scope: Any) -> Document:
    return {} if scope is None else {"scope": scope}


def _section(document: Document, key: str) -> Document:
    found = document.get(key)
    if not isinstance(found, dict):
        raise StowageError(f"the runtime's answer has no {key}: restart it where it is of another version")
    return found
