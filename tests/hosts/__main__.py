# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test hosts by hand: ``python -m tests.hosts --help``. Parses arguments and prints, no more."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence

from . import build, hosts, inventory, layers, machine
from .host import HostError
from .machine import MachineError
from .mirror import MirrorError, read_mirror
from .outer import OuterError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.act(options)
    except (HostError, MachineError, MirrorError, OuterError, build.BuildError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description="Test hosts in containers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="build the images of flavours (default: all)")
    command.add_argument("flavour", nargs="*", metavar="FLAVOUR", help=", ".join(layers.FLAVOURS))
    command.set_defaults(act=_build)
    command = commands.add_parser("up", help="start a host; one of that name that is up already is kept")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--flavour", choices=layers.FLAVOURS, required=True)
    command.set_defaults(act=_up)
    command = commands.add_parser("down", help="remove a host and its volumes")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("name", metavar="NAME", nargs="?")
    which.add_argument("--all", action="store_true", help="every test host, and their network")
    command.add_argument("--engine", action="store_true", help="stop the machine's engine too, if started here")
    command.set_defaults(act=_down)
    command = commands.add_parser("list", help="print name, flavour and address of each host")
    command.set_defaults(act=_list)
    command = commands.add_parser("inventory", help="print an Ansible inventory of the hosts that are up")
    command.add_argument("name", metavar="NAME", nargs="*", help="of these alone")
    command.set_defaults(act=_inventory)
    command = commands.add_parser("sources", help="print a suite's sources as apt on a host wants them")
    command.add_argument("suite", metavar="SUITE")
    command.set_defaults(act=_sources)
    command = commands.add_parser("exec", help="run a command on a host (with a terminal where there is one)")
    command.add_argument("name", metavar="NAME")
    command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    command.set_defaults(act=_exec)
    return parser


def _build(options: argparse.Namespace) -> int:
    if unknown := sorted(set(options.flavour) - set(layers.FLAVOURS)):
        raise HostError(f"no such flavour: {', '.join(unknown)}; there are {', '.join(layers.FLAVOURS)}")
    for flavour in options.flavour or layers.FLAVOURS:
        started = time.monotonic()
        print(f"{build.build(flavour)}  {time.monotonic() - started:.1f} s")
    return 0


def _up(options: argparse.Namespace) -> int:
    host = hosts.up(options.flavour, options.name)
    took = f"  up in {host.boot_seconds:.1f} s" if host.boot_seconds else "  was up"
    print(f"{host.name}  {host.flavour}  {host.address}{took}")
    return 0


def _down(options: argparse.Namespace) -> int:
    if options.all:
        removed = hosts.down_all()
    else:
        hosts.down(options.name)
        removed = [options.name]
    for name in removed:
        print(f"{name}  removed")
    if options.engine and machine.stop_engine():
        print("the machine's engine  stopped")
    return 0


def _list(_: argparse.Namespace) -> int:
    for host in hosts.listed():
        print(f"{host.name:20} {host.flavour:20} {host.address}")
    return 0


def _inventory(options: argparse.Namespace) -> int:
    shown = [host for host in hosts.listed() if not options.name or host.name in options.name]
    print(inventory.render(shown), end="")
    return 0


def _sources(options: argparse.Namespace) -> int:
    print(read_mirror().sources(options.suite), end="")
    return 0


def _exec(options: argparse.Namespace) -> int:
    host = hosts.get(options.name)
    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    terminal = ["-t"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    command = ["ssh", *terminal, *host.ssh_options(), f"{host.user}@{host.address}", shlex.join(words)]
    os.execvp(command[0], command)


if __name__ == "__main__":
    raise SystemExit(main())
