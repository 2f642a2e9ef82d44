# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the runtime, as the role writes them: a JSON object in which every key may be missing.

Knows names, types and bounds. Knows neither where the file comes from nor what is done with what it says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Mapping, Tuple

from ..errors import DeclarationError, Problem, StowageError
from ..manifest.reader import Reader

MODES = ("enforce", "report")
NOTIFIED = ("applied", "damaged", "drift", "engine", "failure", "held", "paused", "repair", "resumed", "started")
_MOST = 1 << 20  # bytes of the file


@dataclass(frozen=True)
class Notify:
    """Whom to tell of which events: a URL that is posted to, a command that gets the event on its input.

    ``per_minute`` is how many are sent at most; what was left out is counted in the next one.
    """

    webhook: str = field(default="", repr=False)  # many a URL is a password
    command: Tuple[str, ...] = ()
    events: Tuple[str, ...] = ("drift", "repair", "failure")
    per_minute: int = 6


@dataclass(frozen=True)
class Settings:
    """How a host is kept. Times are in seconds, sizes in bytes.

    ``engine`` is the address, empty for the local one. ``mode`` is for scopes that ``modes`` does not name.
    ``resync`` is the time between two looks where no event asks for one; ``history`` how many versions are kept.
    """

    engine: str = ""
    mode: str = "enforce"
    modes: Mapping[str, str] = field(default_factory=dict)
    resync: float = 300.0
    history: int = 10
    state: str = "/var/lib/stowage"
    sockets: str = "/run/stowage"
    log: str = "/var/log/stowage"
    group: str = "stowage"
    audit_bytes: int = 10 << 20
    audit_files: int = 5
    notify: Notify = Notify()


def load_settings(path: str) -> Settings:
    """The settings in a file; all defaults where there is none. Raises StowageError with what is wrong, and where."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST + 1)
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise StowageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        if len(text) > _MOST:
            raise ValueError("it is too large")
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StowageError(f"{path}: no JSON document: {error}") from error
    problems: List[Problem] = []
    settings = _parse(document, problems)
    if problems:
        raise DeclarationError(Problem(f"{path}: {problem.path}", problem.message) for problem in problems)
    return settings


def _parse(document: Any, problems: List[Problem]) -> Settings:
    reader, default = Reader(document, "$", problems), Settings()
    reader.only(entry.name for entry in fields(Settings))
    known: Dict[str, Any] = {}
    for name in ("engine", "state", "sockets", "log", "group"):
        known[name] = reader.text(name, getattr(default, name))
        if name in ("state", "sockets", "log") and not known[name].startswith("/"):
            reader.problem("must be an absolute path", name)
    modes = reader.texts("modes")
    for scope, mode in modes.items():
        if mode not in MODES:
            reader.problem(f"{mode!r} is none of: {', '.join(MODES)}", "modes", scope)
    return Settings(
        **known,
        mode=reader.text("mode", default.mode, MODES),
        modes=modes,
        resync=max(reader.seconds("resync", default.resync), 1.0),
        history=_count(reader, "history", default.history, 1, 1000),
        audit_bytes=_count(reader, "audit_bytes", default.audit_bytes, 1 << 12, 1 << 40),
        audit_files=_count(reader, "audit_files", default.audit_files, 1, 1000),
        notify=_parse_notify(reader.reader("notify")),
    )


def _parse_notify(reader: Reader) -> Notify:
    default = Notify()
    reader.only(entry.name for entry in fields(Notify))
    webhook = reader.text("webhook", default.webhook)
    if webhook and not webhook.startswith(("http://", "https://")):
        reader.problem("must begin with http:// or https://", "webhook")
    if not all("!" <= character <= "~" for character in webhook):
        reader.problem("must have neither spaces nor letters beyond ASCII", "webhook")
    events = _strings(reader, "events", default.events)
    for event in events:
        if event not in NOTIFIED:
            reader.problem(f"{event!r} is none of: {', '.join(NOTIFIED)}", "events")
    command = _strings(reader, "command", default.command)
    return Notify(webhook, command, events, _count(reader, "per_minute", default.per_minute, 1, 6000))


def _strings(reader: Reader, key: str, default: Tuple[str, ...]) -> Tuple[str, ...]:
    if reader.document.get(key) is None:
        return default
    found = reader.sequence(key)
    for index, entry in enumerate(found):
        if not isinstance(entry, str) or not entry:
            reader.problem("expected a string that is not empty", key, index)
    return tuple(str(entry) for entry in found)


def _count(reader: Reader, key: str, default: int, least: int, most: int) -> int:
    value = reader.document.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        reader.problem(f"expected a whole number from {least} to {most}", key)
        return default
    return value
