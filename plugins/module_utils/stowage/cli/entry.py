# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``stowage``: the same runs as a playbook's, by hand, on the host itself.

Knows arguments, exit codes and where output goes. What is shown is render.py's and terminal.py's.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Dict, List, Optional, Sequence, TextIO

from .. import __version__
from ..converge import Listener
from ..errors import StowageError
from ..request import converge
from ..terminal import Progress, render_table

OK, FAILED, CHANGES = 0, 1, 2
MAX_MANIFEST = 64 << 20  # bytes; a manifest is text written by people and their tools


def main(arguments: Optional[Sequence[str]] = None, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """Run one command. Exit code 0: well; 1: failed or refused; 2: plan --exit-code found changes."""
    options = _parser().parse_args(arguments)
    if options.command == "completion":
        out.write(COMPLETION[options.shell])
        return OK
    try:
        return _run(options, out, err)
    except StowageError as error:
        if options.json:
            json.dump({"failed": True, "changed": False, "msg": str(error)}, out)
            out.write("\n")
        else:
            err.write(f"stowage: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        err.write("stowage: interrupted; the next run goes on from what the engine shows\n")
        return FAILED


def _run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    check = options.command == "plan"
    request = {
        "engine": {"host": options.host},
        "manifest": load_manifest(options.manifest),
        "check": check,
        "lock_timeout": options.lock_timeout,
        "by": f"stowage {options.command}",
    }
    progress = Progress(err, live=err.isatty() and not options.json)
    try:
        answer = converge(request, listener=Listener(progress=progress.step, detail=progress.detail))
    finally:
        progress.close()
    if answer["needed_files"]:
        raise StowageError("contexts and archives named here must lie on this host: set remote_src: true")
    if options.json:
        json.dump(answer, out)
        out.write("\n")
    else:
        out.write(render_table(answer, check=check))
    if answer["failed"]:
        return FAILED
    return CHANGES if check and options.exit_code and answer["changed"] else OK


def load_manifest(path: str) -> Dict[str, Any]:
    """Read a manifest from a file, or from standard input for ``-``. Raises StowageError."""
    try:
        if path == "-":
            text = sys.stdin.read(MAX_MANIFEST + 1)
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read(MAX_MANIFEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        # An OSError's own text has its number and the path once more.
        raise StowageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(text) > MAX_MANIFEST:
        raise StowageError(f"{path}: larger than {MAX_MANIFEST >> 20} MiB")
    try:
        document = json.loads(text, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise StowageError(f"{path}: not a JSON document: {error}") from error
    if not isinstance(document, dict):
        raise StowageError(f"{path}: a manifest is a JSON object")
    return document


def _no_duplicates(pairs: List[Any]) -> Dict[str, Any]:
    document: Dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} is there twice")
        document[key] = value
    return document


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stowage", description="Make a container engine hold what is declared.")
    parser.add_argument("--version", action="version", version=f"stowage {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (("plan", "show what apply would do, and do nothing"), ("apply", "make it so")):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument(
            "manifest", metavar="MANIFEST", help="the declaration, a JSON file; - reads standard input"
        )
        command.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
        command.add_argument(
            "--host", metavar="ADDRESS", default="", help="unix://, tcp:// or ssh:// address of the engine"
        )
        command.add_argument("--lock-timeout", type=float, default=60.0, metavar="SECONDS", help="wait for another run")
        command.set_defaults(exit_code=False)
        if name == "plan":
            command.add_argument("--exit-code", action="store_true", help="exit with 2 where there are changes")
    completion = commands.add_parser("completion", help="print a completion script for the shell")
    completion.add_argument("shell", choices=sorted(COMPLETION))
    return parser


COMPLETION = {
    "bash": """_stowage() {
    local word=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_CWORD},$word in
        1,*) COMPREPLY=($(compgen -W "plan apply completion --help --version" -- "$word")) ;;
        *,-*) COMPREPLY=($(compgen -W "--json --host --lock-timeout --exit-code --help" -- "$word")) ;;
        *) if [ "${COMP_WORDS[1]}" = completion ]; then COMPREPLY=($(compgen -W "bash zsh" -- "$word"))
           else COMPREPLY=($(compgen -f -- "$word")); fi ;;
    esac
}
complete -o filenames -F _stowage stowage
""",
    "zsh": """#compdef stowage
_arguments '1:command:(plan apply completion)' '--json[print JSON]' '--host[engine address]:address:' \\
    '--lock-timeout[wait for another run]:seconds:' '--exit-code[exit with 2 where there are changes]' '*:file:_files'
""",
}
