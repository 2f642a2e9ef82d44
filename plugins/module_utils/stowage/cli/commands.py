# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands there are: the one table of which parser, completion and man page are made.

Knows names, arguments and what is said of them. How a command goes, its function says, which has the command's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

from ..errors import StowageError
from ..pruning.wanted import IMAGES, VOLUMES
from .entry import SETTINGS
from .times import parse_span

SUMMARY = "keep a container engine as declared"
SHELLS = ("bash", "fish", "zsh")
# What completes an argument: files, or words that are asked for or that are known.
FILE, SCOPE, CONTAINER = "file", "scopes", "containers"


@dataclass(frozen=True)
class Argument:
    """One argument of a command: an option where its name begins with ``-``, a word in a place otherwise.

    ``takes`` is what stands for an option's value in a text; without it the option is a switch.
    """

    name: str
    help: str
    short: str = ""
    takes: str = ""
    of: str = ""  # FILE, SCOPE or CONTAINER
    choices: Tuple[str, ...] = ()
    optional: bool = False
    default: Any = None
    many: bool = False  # may be given several times
    read: Optional[Callable[[str], Any]] = None
    key: str = ""

    @property
    def is_option(self) -> bool:
        """Whether it is told by its name."""
        return self.name.startswith("-")

    @property
    def is_switch(self) -> bool:
        """Whether it is there or not, and has no value."""
        return self.is_option and not self.takes

    @property
    def into(self) -> str:
        """The name of its value among the options."""
        return self.key or self.name.lstrip("-").lower().replace("-", "_")

    @property
    def names(self) -> Tuple[str, ...]:
        """All names of an option, the short one first."""
        return (self.short, self.name) if self.short else (self.name,)


@dataclass(frozen=True)
class Command:
    """One command. ``help`` is a line, ``text`` what else there is to know."""

    name: str
    help: str
    arguments: Tuple[Argument, ...] = ()
    text: str = ""
    hidden: bool = False

    @property
    def words(self) -> Tuple[Argument, ...]:
        """Arguments in their places."""
        return tuple(argument for argument in self.arguments if not argument.is_option)

    @property
    def options(self) -> Tuple[Argument, ...]:
        """Arguments with names."""
        return tuple(argument for argument in self.arguments if argument.is_option)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise StowageError(f"{text!r} is no number of a version; `stowage history` shows those there are")
    return int(text)


def _tail(text: str) -> str:
    if text != "all" and not (text.isascii() and text.isdigit() and len(text) < 8):
        raise StowageError(f"{text!r} is neither a number of lines nor all")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise StowageError(f"{text!r} is no number of seconds")
    return seconds


_JSON = Argument("--json", "print JSON instead of a table")
_MANIFEST = Argument("MANIFEST", "the declaration, a JSON file; - reads standard input", of=FILE)
_HOST = Argument(
    "--host",
    "address of the engine, unix://, tcp:// or ssh://; then the runtime of this host is left aside",
    takes="ADDRESS",
    default="",
)
_LOCK = Argument("--lock-timeout", "wait so long for another run", takes="SECONDS", default=60.0, read=_seconds)
_FOR = Argument("--for", "how long: 90s, 30m, 1h, 1d", takes="TIME", default=3600.0, read=parse_span, key="seconds")
_TAIL = Argument("--tail", "so many lines from the end, or all", "-n", takes="LINES", default="100", read=_tail)
_EARLIER = Argument("VERSION", "its number; without it the last one applied before", optional=True, read=_number)
_ONE = Argument("SCOPE", "a scope: what one playbook, or one stack, declares", of=SCOPE)
_ANY = Argument("SCOPE", "only this scope", of=SCOPE, optional=True)

COMMANDS = (
    Command(
        "status",
        "show scopes and objects as they were found last",
        (_ANY, _JSON),
        "Scopes come first: mode, version, and how they stand; then their objects with health, and what differs from "
        "the declaration.",
    ),
    Command(
        "plan",
        "show what apply would do, and do nothing",
        (_MANIFEST, Argument("--exit-code", "exit with 2 where there are changes"), _HOST, _LOCK, _JSON),
    ),
    Command(
        "apply",
        "make it so",
        (_MANIFEST, _HOST, _LOCK, _JSON),
        "Where the runtime keeps this engine, it stores the declaration, applies it and keeps it from then on. "
        "Otherwise the command itself does the work.",
    ),
    Command(
        "drift",
        "ask the engine now whether all is as declared",
        (_ANY, _JSON),
        "Exits with 2 where it is not.",
    ),
    Command("history", "list the versions that are kept", (_ANY, _JSON)),
    Command(
        "show",
        "show one version: who declared what, and what was done",
        (_ONE, Argument("VERSION", "its number; without it the current one", optional=True, read=_number), _JSON),
        "Values that may be secret are masked.",
    ),
    Command(
        "diff",
        "compare two versions of a scope",
        (
            Argument("SCOPE", "the scope; may be left out where there is but one", of=SCOPE, optional=True),
            Argument("FROM", "number of a version", read=_number),
            Argument("TO", "number of a version", read=_number),
            _JSON,
        ),
        "Values that may be secret are masked, with marks that differ where the values do.",
    ),
    Command(
        "rollback",
        "bring an earlier version back",
        (
            _ONE,
            _EARLIER,
            Argument("--check", "show what that would do, and do nothing"),
            _JSON,
        ),
        "The very images that it ran come back, even where their tags have moved since. "
        "It becomes a new version: going back once more undoes it.",
    ),
    Command(
        "pause",
        "leave a scope alone for a while",
        (
            Argument("SCOPE", "the scope; without it all", of=SCOPE, optional=True),
            _FOR,
            Argument("--reason", "why, for all who look", takes="TEXT", default=""),
            _JSON,
        ),
        "An hour where nothing else is said. What drifts meanwhile is told, and repaired when the pause ends.",
    ),
    Command(
        "resume",
        "end a pause, and try anew what was left alone after failures",
        (Argument("SCOPE", "the scope; without it all", of=SCOPE, optional=True), _JSON),
    ),
    Command(
        "events",
        "show what happened",
        (Argument("--follow", "and what happens from now on", short="-f"), _JSON),
    ),
    Command(
        "logs",
        "show the output of a container",
        (
            Argument("CONTAINER", "its name or id", of=CONTAINER),
            Argument("--follow", "and what it writes from now on", short="-f"),
            _TAIL,
            _JSON,
        ),
    ),
    Command(
        "doctor",
        "check engine, store, sockets, version and disk",
        (_JSON,),
        "Each with what to do about it; exits with 1 where anything is wrong.",
    ),
    Command(
        "prune",
        "remove what nothing uses and nobody declared",
        (
            Argument("--containers", "those that have stopped"),
            Argument("--images", "those without a name, or all that no container uses", takes="WHICH", choices=IMAGES),
            Argument("--networks", "those that no container is in"),
            Argument("--volumes", "the data of those without a name, or of all that no container mounts", takes="WHICH",
                     choices=VOLUMES),
            Argument("--build-cache", "records of builds"),
            Argument("--until", "only what has been out of use for so long: 168h, 7d", takes="TIME"),
            Argument("--label", "only what has this label; may be given several times", takes="KEY[=VALUE]", many=True),
            Argument("--without-label", "only what does not have this label", takes="KEY[=VALUE]", many=True),
            Argument("--dry-run", "show what would go, and do nothing"),
            _HOST,
            _LOCK,
            _JSON,
        ),
        "Only kinds that are named go. What is declared here stays, and so do images that a kept version needs.",
    ),
    Command(
        "serve",
        "be the runtime: keep this host as declared, until stopped",
        (Argument("--settings", "the settings", takes="FILE", default=SETTINGS, of=FILE),),
        "This is what the service runs.",
    ),
    Command(
        "completion", "print a completion script for a shell", (Argument("SHELL", "the shell", choices=SHELLS),)
    ),
    Command("man", "print the manual page", text="To read it: stowage man | man -l -"),
    Command(
        "complete",
        "print the words that complete an argument",
        (Argument("KIND", "of what", choices=(SCOPE, CONTAINER)),),
        hidden=True,
    ),
)  # fmt: skip


def find(name: str) -> Command:
    """The command of that name, which is one of the table."""
    return next(command for command in COMMANDS if command.name == name)


def shown() -> Tuple[Command, ...]:
    """The commands that people are told of."""
    return tuple(command for command in COMMANDS if not command.hidden)


def sentence(text: str) -> str:
    """A line of the table as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."
