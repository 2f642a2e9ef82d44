# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps published ports open while the engine is restarted: containers run on with live-restore, its rules do not.

An engine that starts takes its rules for ports out and puts them in again, and in between new connections are
refused. Copies of them in chains of our own bridge that. They stand behind the engine's own, so they count only while
those are missing, and behind DOCKER-USER, so nobody gets in who could not before.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from typing import Iterator, List, Optional

from .commands import Commands, service_environment

CHAIN = "STOWAGE-KEEP"

_PROGRAMS = ("iptables", "ip6tables")
_LOOPBACK = {"iptables": "127.0.0.0/8", "ip6tables": "::1/128"}
_RULE = re.compile(r"-A DOCKER (?P<rest>.* -j (?P<target>DNAT|ACCEPT)\b.*)")


@contextlib.contextmanager
def ports_kept(commands: Commands, seconds: float) -> Iterator[None]:
    """Keep ports open for as long as this lasts, and no longer than so many seconds even if we are killed.

    A host whose rules cannot be read or copied gets along without.
    """
    kept = [program for program in _PROGRAMS if _lay(commands, program)]
    watch = _watch(kept, seconds) if kept else None
    try:
        yield
    finally:
        for program in kept:
            for words in lifting(program):
                commands.run(*words)
        if watch:
            # Its sleep as well.
            os.killpg(watch.pid, signal.SIGTERM)
            watch.wait()


def copied(program: str, saved: str) -> Optional[str]:
    """Return what iptables-restore is to add, from what iptables-save says; None where no port is published."""
    tables = {"nat": "DNAT", "filter": "ACCEPT"}
    found = {table: _rules(saved, table, target) for table, target in tables.items()}
    if not found["nat"]:
        return None
    jumps = {
        "nat": [
            f"-A PREROUTING -m addrtype --dst-type LOCAL -j {CHAIN}",
            f"-A OUTPUT ! -d {_LOOPBACK[program]} -m addrtype --dst-type LOCAL -j {CHAIN}",
        ],
        "filter": [f"-A FORWARD -j {CHAIN}"],
    }
    lines: List[str] = []
    for table, rules in found.items():
        lines += [f"*{table}", f":{CHAIN} - [0:0]", *(f"-A {CHAIN} {rule}" for rule in rules), *jumps[table], "COMMIT"]
    return "\n".join(lines) + "\n"


def lifting(program: str) -> List[List[str]]:
    """Return the commands that take all of it away."""
    local = ["-m", "addrtype", "--dst-type", "LOCAL", "-j", CHAIN]
    return [
        [program, "-w", "-t", "nat", "-D", "PREROUTING", *local],
        [program, "-w", "-t", "nat", "-D", "OUTPUT", "!", "-d", _LOOPBACK[program], *local],
        [program, "-w", "-t", "filter", "-D", "FORWARD", "-j", CHAIN],
        *([program, "-w", "-t", table, flag, CHAIN] for table in ("nat", "filter") for flag in ("-F", "-X")),
    ]


def _lay(commands: Commands, program: str) -> bool:
    if not all(commands.find(name) for name in (program, f"{program}-save", f"{program}-restore")):
        return False
    saved = commands.run(f"{program}-save", timeout=30)
    text = copied(program, saved.said) if saved.code == 0 else None
    if text is None:
        return False
    # What one of us left that was killed would stand there twice.
    for words in lifting(program):
        commands.run(*words)
    return commands.run(f"{program}-restore", "--noflush", "--wait", text=text, timeout=30).code == 0


def _watch(programs: List[str], seconds: float) -> subprocess.Popen[bytes]:
    """Have it taken away after a while by a process of its own."""
    script = "\n".join(" ".join(words) for program in programs for words in lifting(program))
    return subprocess.Popen(  # noqa: S603 - words of ours  # pylint: disable=ansible-bad-function
        ["/bin/sh", "-c", f"sleep {seconds:g}\n{script}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=service_environment(),
        start_new_session=True,
    )


def _rules(saved: str, table: str, target: str) -> List[str]:
    """Return the rules of the engine's chain in one table that lead to a target."""
    section = ""
    found: List[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            section = line[1:]
        rule = _RULE.match(line) if section == table else None
        if rule and rule["target"] == target:
            found.append(rule["rest"])
    return found
