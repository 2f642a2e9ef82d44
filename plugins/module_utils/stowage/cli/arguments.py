# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the words of a command line to the values of a command's arguments, by argparse.

Knows how argparse wants the table. What it refuses ends the process with 2 and a usage, as everywhere.
"""

from __future__ import annotations

import argparse
from typing import Any, Callable, Dict, List, Sequence

from .. import __version__
from ..errors import StowageError
from .commands import COMMANDS, SUMMARY, Argument, Command, find, sentence, shown


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """The values by the names of ``Argument.into``, and the name of the command as ``command``."""
    return _parser().parse_args(_in_places(words))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stowage", description=sentence(SUMMARY), allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"stowage {__version__}")
    parser.set_defaults(json=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    known = shown()
    for command in COMMANDS:
        # A command without a help is not listed.
        listed: Dict[str, Any] = {"help": command.help} if command in known else {}
        text = f"{sentence(command.help)} {command.text}".strip()
        added = commands.add_parser(command.name, description=text, allow_abbrev=False, **listed)
        for argument in command.arguments:
            _add(added, argument)
    return parser


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    more: Dict[str, Any] = {"help": argument.help.replace("%", "%%"), "default": argument.default}
    if argument.is_switch:
        parser.add_argument(*argument.names, action="store_true", dest=argument.into, help=more["help"])
        return
    if argument.many:
        more["action"] = "append"
    if argument.choices:
        more["choices"] = argument.choices
    if argument.read:
        more["type"] = _reader(argument.read)
    if argument.is_option:
        parser.add_argument(*argument.names, dest=argument.into, metavar=argument.takes, **more)
    else:
        parser.add_argument(argument.into, metavar=argument.name, nargs="?" if argument.optional else None, **more)


def _reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return read(text)
        except StowageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def _in_places(words: Sequence[str]) -> List[str]:
    """Words in places before options: argparse of Python 3.9 takes no optional word after an option."""
    if not words or "--" in words or words[0] not in {command.name for command in COMMANDS}:
        return list(words)
    command = find(words[0])
    places: List[str] = []
    options: List[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word == "-" or not word.startswith("-"):
            places.append(word)
            continue
        options.append(word)
        if _awaits_value(command, word):
            options += [value for value in [next(rest, None)] if value is not None]
    return [words[0], *places, *options]


def _awaits_value(command: Command, word: str) -> bool:
    valued = {name for option in command.options if not option.is_switch for name in option.names}
    if word.startswith("--"):
        return word in valued
    # Short ones may stand together; what follows one that takes a value is the value.
    names = [f"-{letter}" for letter in word[1:]]
    return names[-1] in valued and valued.isdisjoint(names[:-1])
