# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual page, made of the table of commands, so that it never says what is not so.

Knows man(7), and what is to be said of the command as a whole.
"""

from __future__ import annotations

from typing import List

from .. import __version__
from ..places import SOCKETS
from .commands import SUMMARY, Argument, Command, sentence, shown
from .entry import SETTINGS

_ABOUT = """\
A declaration says what containers, networks, volumes and images an engine shall hold.
stowage makes it so, and where its runtime is resident on the host, keeps it so:
what drifts is seen and repaired, and each version that was declared is kept to go back to.
Most commands talk to that runtime; plan and apply work without it too.
"""
_EXIT_CODES = (
    ("0", "Well."),
    ("1", "Failed or refused; a sentence tells why."),
    ("2", "There are changes (plan with --exit-code), something drifted (drift), or the arguments are wrong."),
)
_VARIABLES = (
    ("STOWAGE_SOCKETS", f"The folder of the runtime's sockets, instead of {SOCKETS}."),
    ("DOCKER_HOST", "The engine for plan and apply. Where the runtime keeps another one, it is left aside."),
    ("NO_COLOR", "Set to anything: no colours."),
)
_FILES = (
    (SETTINGS, "Settings of the runtime."),
    (f"{SOCKETS}/read.sock", "Answers questions, for root and the group stowage."),
    (f"{SOCKETS}/write.sock", "Takes orders, for root."),
    ("/var/lib/stowage", "What is declared, and the versions before."),
    ("/var/log/stowage/audit.jsonl", "What was done and found, a JSON object to a line."),
)
_EXAMPLES = (
    ("stowage status", "How does this host stand?"),
    ("stowage drift || logger -t stowage drifted", "Is anything not as declared?"),
    ("stowage pause shop --for 30m --reason 'moving a disk'", "Leave a stack alone."),
    ("stowage diff shop 3 4", "What changed?"),
    ("stowage rollback shop 3", "Back to what it was."),
)


def render_man() -> str:
    """The page as roff."""
    commands = shown()
    lines = [f'.TH STOWAGE 8 "" "stowage {__version__}"', ".nh", ".ad l", ".SH NAME", _text(f"stowage - {SUMMARY}")]
    lines += [".SH SYNOPSIS"]
    lines += [line for command in commands for line in (_synopsis(command), ".br")][:-1]
    lines += [".SH DESCRIPTION", _text(_ABOUT.rstrip()), ".SH COMMANDS"]
    for command in commands:
        lines += _command(command)
    for title, entries in (("EXIT STATUS", _EXIT_CODES), ("ENVIRONMENT", _VARIABLES), ("FILES", _FILES)):
        lines += [f".SH {title}"]
        lines += [line for name, text in entries for line in (".TP", f".B {_text(name)}", _text(text))]
    lines += [".SH EXAMPLES"]
    for call, text in _EXAMPLES:
        lines += [".TP", _text(text), f"\\fB{_text(call)}\\fR"]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> List[str]:
    lines = [".SS " + _text(command.name), _synopsis(command), ".PP", _text(sentence(command.help))]
    if command.text:
        lines.append(_text(command.text))
    for argument in command.arguments:
        lines += [".TP", _heading(argument), _text(sentence(argument.help))]
        if argument.is_option and argument.takes and argument.default not in (None, ""):
            lines.append(_text(f"Default: {_default(argument)}."))
        if argument.choices:
            lines.append(_text(f"One of: {', '.join(argument.choices)}."))
    return lines


def _default(argument: Argument) -> str:
    value = argument.default
    return f"{value:g} seconds" if isinstance(value, float) else str(value)


def _heading(argument: Argument) -> str:
    if not argument.is_option:
        return f"\\fI{_text(argument.name)}\\fR"
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in argument.names)
    return f"{names} \\fI{_text(argument.takes)}\\fR" if argument.takes else names


def _synopsis(command: Command) -> str:
    parts = [f"\\fBstowage {_text(command.name)}\\fR"]
    for argument in (*command.words, *command.options):
        optional = argument.is_option or argument.optional
        shown_as = _heading(argument).replace(", ", "|")
        parts.append(f"[{shown_as}]" if optional else shown_as)
    return " ".join(parts)


def _text(text: str) -> str:
    """Text as roff: no backslash, hyphen or leading dot means anything."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
