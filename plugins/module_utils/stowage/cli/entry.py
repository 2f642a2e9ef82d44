# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the command begins: which function a command line is for, and what becomes of an error.

What serves stays resident with all that it imported, so that is told apart before anything else is imported.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Optional, Sequence, TextIO

from ..errors import StowageError

SETTINGS = "/etc/stowage/runtime.json"


def main(arguments: Optional[Sequence[str]] = None, out: Optional[TextIO] = None, err: Optional[TextIO] = None) -> int:
    """Run one command. Exit code 0: well; 1: failed or refused; 2: changes or drift."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    err = err or sys.stderr
    settings = _settings_to_serve(words)
    if settings is not None:
        return _serve(settings, err)
    return _command(words, out or sys.stdout, err)


def _settings_to_serve(words: Sequence[str]) -> Optional[str]:
    """The path of the settings where this is a plain ``serve``; all else is the parser's."""
    if words[:1] != ["serve"]:
        return None
    if len(words) == 1:
        return SETTINGS
    if len(words) == 2 and words[1].startswith("--settings="):
        return words[1].partition("=")[2]
    return words[2] if len(words) == 3 and words[1] == "--settings" else None


def _serve(settings: str, err: TextIO) -> int:
    from ..agent.service import serve

    try:
        return serve(settings)
    except StowageError as error:
        err.write(f"stowage: {error}\n")
        return 1


def _command(words: Sequence[str], out: TextIO, err: TextIO) -> int:
    from ..client import Client
    from ..places import socket_folder
    from . import asking, ordering, pruning, texts
    from .arguments import parse_arguments
    from .console import FAILED, Console

    functions = {
        function.__name__: function
        for function in (
            *(asking.status, asking.drift, asking.history, asking.show, asking.diff, asking.events, asking.logs),
            *(asking.doctor, asking.complete),
            *(ordering.plan, ordering.apply, ordering.rollback, ordering.pause, ordering.resume),
            *(pruning.prune, texts.completion, texts.man),
        )
    }
    options = parse_arguments(words)
    if options.command == "serve":
        return _serve(options.settings, err)
    for stream in (out, err):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names and messages may be in any script
    console = Console(out, err, os.environ, as_json=options.json)
    try:
        code = functions[options.command](options, console, Client(socket_folder(os.environ)))
        out.flush()
    except StowageError as error:
        console.complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        console.complain("interrupted")
        return FAILED
    except OSError as error:
        _give_up(out, err, error)
        return FAILED
    return code


def _give_up(out: TextIO, err: TextIO, error: OSError) -> None:
    """Nobody takes the output any more. What is left of it would be tried once more when the process ends."""
    if not isinstance(error, BrokenPipeError):
        err.write(f"stowage: the output cannot be written: {error.strerror}\n")
    if out is sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
