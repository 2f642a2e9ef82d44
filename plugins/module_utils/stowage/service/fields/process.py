# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the process: command, environment, labels, user, signals, health.

Knows how the engine merges an image's configuration into a container's (moby, ``merge`` in
daemon/commit.go): environment and labels by key, entrypoint and command together, the health check
part by part.
"""

from __future__ import annotations

import posixpath
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import units
from ..labels import FOREIGN_PREFIXES
from ..process import environment_list
from .base import ENGINE, Difference, Field, Filler, Service, State
from .kinds import Ordered, Scalar, Table, same


def env_table(entries: Optional[Sequence[str]]) -> Dict[str, Optional[str]]:
    """``["A=1", "B"]`` as a mapping; a name without ``=`` takes the image's variable away."""
    table: Dict[str, Optional[str]] = {}
    for entry in entries or ():
        name, equals, value = entry.partition("=")
        table[name] = value if equals else None
    return table


def _env_list(service: Service) -> Optional[List[str]]:
    declared = service.get("environment")
    return None if declared is None else environment_list(declared)


def _grace_seconds(service: Service) -> Optional[int]:
    period = service.get("stop_grace_period")
    # The engine knows whole seconds; a started one counts, so that 500ms does not become "kill at once".
    return None if period is None else -(-units.parse_duration(period) // 1_000_000_000)


def _signal(value: Any) -> str:
    """SIGTERM is what an engine sends where nothing is said; "TERM" and "SIGTERM" are one signal."""
    text = str(value or "SIGTERM").upper()
    if text == "15":
        return "SIGTERM"
    return text if text.isdigit() or text.startswith("SIG") else f"SIG{text}"


def _directory(value: Any) -> str:
    return posixpath.normpath(value or "/")


def _entrypoint(state: State) -> Optional[Sequence[str]]:
    """The entrypoint a container of this declaration has; None where the image would have to tell."""
    declared: Optional[Sequence[str]] = state.service.get("entrypoint")
    if declared is not None or state.image is None:
        return declared
    return state.image.get("Entrypoint") or ()


class Entrypoint(Field):
    """Entrypoint: the image's, unless one is declared."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        want = _entrypoint(state)
        if want is None or _same_words(want, state.config.get("Entrypoint")):
            return []
        declared = "entrypoint" in state.service
        return [] if state.same_spec and not declared else [_said(self.key, declared)]


class Command(Field):
    """Cmd: the image's, unless one is declared or an entrypoint, which drops the image's.

    An empty command alone does not drop it: the engine cannot tell it from none.
    """

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        wanted: Optional[Sequence[str]] = state.service.get("command")
        actual = state.config.get("Cmd")
        if wanted:
            return [] if _same_words(wanted, actual) else [_said(self.key, True)]
        if state.same_spec:
            return []
        entrypoint = _entrypoint(state)
        if entrypoint is None or not _same_words(entrypoint, state.config.get("Entrypoint")):
            # Unknown, or told by the entrypoint's row, since the command changes with it.
            return []
        if state.service.get("entrypoint"):
            wanted = ()
        elif state.image is None:
            return []
        else:
            wanted = state.image.get("Cmd")
        return [] if _same_words(wanted, actual) else [_said(self.key, "command" in state.service)]


def _same_words(one: Optional[Sequence[str]], other: Optional[Sequence[str]]) -> bool:
    return list(one or ()) == list(other or ())


def _said(key: str, declared: bool) -> Difference:
    return Difference(key, f"{key} {'changed' if declared else 'removed'}")


_HEALTH = (
    # compose key, Engine API key, what it reads
    ("interval", "Interval", units.parse_duration),
    ("timeout", "Timeout", units.parse_duration),
    ("start_period", "StartPeriod", units.parse_duration),
    ("start_interval", "StartInterval", units.parse_duration),
    ("retries", "Retries", int),
)


def health_body(service: Service) -> Optional[Dict[str, Any]]:
    """The declared health check as the API wants it: durations in nanoseconds, NONE for disabled."""
    declared: Optional[Mapping[str, Any]] = service.get("healthcheck")
    if declared is None:
        return None
    if declared.get("disable"):
        return {"Test": ["NONE"]}
    body: Dict[str, Any] = {"Test": declared["test"]} if declared.get("test") else {}
    for key, name, read in _HEALTH:
        if key in declared:
            body[name] = read(declared[key])
    return body or None


class Health(Field):
    """Healthcheck: what is not declared of it comes from the image, part by part."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        wanted = self.value(state.service)
        if wanted is None and (state.same_spec or state.image is None):
            return []
        given = (state.image or {}).get("Healthcheck") or {}
        actual = state.config.get("Healthcheck") or {}
        found = []
        for name in ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"):
            want = (wanted or {}).get(name) or given.get(name) or 0
            if not want and state.image is None:
                continue
            if want != (actual.get(name) or 0):
                found.append(name)
        if not found:
            return []
        if not actual.get("Test"):
            return [Difference(self.key, "health check added")]
        if wanted is None:
            return [Difference(self.key, "health check removed")]
        words = {"StartPeriod": "start period", "StartInterval": "start interval"}
        return [Difference(self.key, f"health check {words.get(name, name.lower())} changed") for name in found]


class Labels(Field):
    """Labels: those of tools count only where they are declared."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        filler.body["Labels"] = dict(filler.service.get("labels", {}))


FIELDS: Tuple[Field, ...] = (
    Entrypoint("entrypoint", "Config.Entrypoint"),
    Command("command", "Config.Cmd"),
    Field(
        "environment",
        "Config.Env",
        Table("environment", env_table),
        value=_env_list,
        inherits=True,
    ),
    Labels("labels", "Config.Labels", Table("label", ignored=FOREIGN_PREFIXES), inherits=True),
    Field("user", "Config.User", inherits=True),
    Field("working_dir", "Config.WorkingDir", Scalar("working directory", _directory), inherits=True),
    Field("hostname", "Config.Hostname", default=ENGINE),
    Field("domainname", "Config.Domainname"),
    Field("tty", "Config.Tty", Scalar("tty", bool)),
    Field("stdin_open", "Config.OpenStdin", Scalar("stdin_open", bool)),
    Field("stop_signal", "Config.StopSignal", Scalar("stop signal", _signal), inherits=True),
    Field(
        "stop_grace_period",
        "Config.StopTimeout",
        Scalar("stop grace period", lambda value: 10 if value is None else value, lambda seconds: f"{seconds} s"),
        value=_grace_seconds,
    ),
    Health("healthcheck", "Config.Healthcheck", value=health_body),
    Field("init", "HostConfig.Init", Scalar("init", same), default=ENGINE),
    Field("group_add", "HostConfig.GroupAdd", Ordered("groups")),
)
