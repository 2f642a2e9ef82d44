# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that have something done: by the runtime where it keeps the engine, else by this process itself.

Knows who does the work, and how progress and results come back. What is done is the same either way.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, Dict, Mapping, Optional

from ..client import WRITE, Client, NotAllowed, NotRunning, path_of
from ..errors import StowageError
from ..terminal import Progress, render_table
from . import tables
from .console import CHANGES, FAILED, OK, Console
from .manifests import anchored, load_manifest

Document = Dict[str, Any]


def plan(options: argparse.Namespace, console: Console, client: Client) -> int:
    """What it would take."""
    answer = _converged(options, console, client)
    code = _report(answer, console, check=True)
    return CHANGES if code == OK and options.exit_code and answer.get("changed") else code


def apply(options: argparse.Namespace, console: Console, client: Client) -> int:
    """Make it so."""
    answer = _converged(options, console, client)
    return _report(answer, console, check=False)


def rollback(options: argparse.Namespace, console: Console, client: Client) -> int:
    """An earlier version again."""
    order = {"scope": options.scope, "number": options.version, "check": options.check, "by": user()}
    return _report(_ordered(client, console, "rollback", order), console, check=options.check)


def pause(options: argparse.Namespace, console: Console, client: Client) -> int:
    """Leave alone for a while."""
    order = {"scope": options.scope, "seconds": options.seconds, "reason": options.reason, "by": user()}
    console.show(client.fetch(WRITE, "POST", path_of("pause"), document=order), tables.render_pause)
    return OK


def resume(options: argparse.Namespace, console: Console, client: Client) -> int:
    """Keep again."""
    order = {"scope": options.scope, "by": user()}
    console.show(client.fetch(WRITE, "POST", path_of("resume"), document=order), tables.render_resume)
    return OK


def user() -> str:
    """Who calls: with sudo, who that was before."""
    import pwd

    if os.geteuid() == 0 and os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


# -- who does it -------------------------------------------------------------------------------


def _converged(options: argparse.Namespace, console: Console, client: Client) -> Document:
    manifest = load_manifest(options.manifest)
    answer = _through_runtime(options, console, client, manifest)
    return _embedded(options, console, manifest) if answer is None else answer


def _through_runtime(
    options: argparse.Namespace, console: Console, client: Client, manifest: Document
) -> Optional[Document]:
    """The runtime's answer; None where it is not the one to ask."""
    if options.host or not _is_meant(client):
        return None
    order = {
        "manifest": anchored(manifest, os.getcwd()),
        "lock_timeout": options.lock_timeout,
        "by": f"stowage {options.command} ({user()})",
    }
    try:
        if options.command == "plan":
            return client.fetch(WRITE, "POST", path_of("plan"), document=order, timeout=None)
        return _ordered(client, console, "apply", order)
    except NotRunning:
        return None
    except NotAllowed:
        if options.command == "apply":
            console.remark("the runtime of this host does not hear of this, since only root may tell it: use sudo")
        return None


def _is_meant(client: Client) -> bool:
    """Whether the engine that the runtime keeps is the one that this user works with."""
    from ..request import known_by

    named = os.environ.get("DOCKER_HOST")
    return not named or known_by(named) == client.engine()


def _embedded(options: argparse.Namespace, console: Console, manifest: Document) -> Document:
    """This process's own answer."""
    from ..converge import Listener
    from ..request import converge

    request = {
        "engine": {"host": options.host},
        "manifest": manifest,
        "check": options.command == "plan",
        "lock_timeout": options.lock_timeout,
        "by": f"stowage {options.command} ({user()})",
    }
    progress = _progress(console)
    listener = Listener(
        planned=lambda plan: progress.planned(
            {step.number: f"{step.operation.kind} {step.operation.target}" for step in plan}
        ),
        progress=progress.step,
        detail=progress.detail,
    )
    try:
        return converge(request, listener=listener)
    except KeyboardInterrupt:
        raise StowageError("interrupted; the next run goes on from what the engine shows") from None
    finally:
        progress.close()


def _ordered(client: Client, console: Console, what: str, order: Document) -> Document:
    """Have the runtime do it, and follow how it goes."""
    progress = _progress(console)
    try:
        for event in client.follow(WRITE, "POST", path_of(what), document=order):
            answer = event.get("answer")
            if event.get("event") == "result" and isinstance(answer, dict):
                return answer
            _follow(progress, event)
    except KeyboardInterrupt:
        raise StowageError("interrupted; the runtime goes on with it, as `stowage events -f` tells") from None
    finally:
        progress.close()
    raise StowageError("the runtime went away before it told a result; `stowage history` shows what was begun")


def _progress(console: Console) -> Progress:
    return Progress(console.err, live=console.err.isatty() and not console.as_json)


def _follow(progress: Progress, event: Mapping[str, Any]) -> None:
    """Progress from afar. What is not known here is of a newer runtime, and of no account."""
    kind = event.get("event")
    if kind == "plan":
        operations = [entry for entry in event.get("operations") or () if isinstance(entry, dict)]
        progress.planned({e.get("number", 0): f"{e.get('operation', '')} {e.get('target', '')}" for e in operations})
    elif kind == "detail":
        progress.say(f"{event.get('operation', '')} {event.get('target', '')}: {event.get('text', '')}")
    elif kind in ("started", "done", "failed", "skipped", "undone") and "step" in event:
        progress.step({"step": event["step"], "event": kind, "text": str(event.get("text") or "")})


def _report(answer: Document, console: Console, *, check: bool) -> int:
    """Show a result, and turn it into an exit code."""
    if answer.get("needed_files"):
        raise StowageError("contexts and archives named here must lie on this host: set remote_src: true")
    failed = answer.get("failed") is not False
    if failed and "operations" not in answer and not console.as_json:
        raise StowageError(str(answer.get("msg") or "the runtime failed, and does not say why"))
    console.show(answer, lambda document, _paint, _now: render_table(document, check=check).splitlines())
    return FAILED if failed else OK
