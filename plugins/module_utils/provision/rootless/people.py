# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user has of an engine without root. Observes, and decides nothing.

Files in the home are read by a process of the user's, with a bound on size and time: the user may have put anything
in their place.
"""

from __future__ import annotations

import pwd
from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ..commands import Commands, Done
from ..files import Files
from ..service import ask
from .ids import Range, owned, parse_ranges
from .texts import UNIT, UNITS, context_path

_READ = '[ -f "$1" ] && exec head -c 65536 -- "$1"'
_LIST = 'ls -A -- "$1" 2>/dev/null || :'
_LINGER = "/var/lib/systemd/linger"
_SECONDS = 30.0


@dataclass(frozen=True)
class Person:
    """A user as found."""

    name: str
    exists: bool = False
    uid: int = -1
    home: str = ""
    has_uids: bool = False
    has_gids: bool = False
    lingers: bool = False
    unit: Optional[str] = None  # the unit's text
    enabled: bool = False
    others: bool = False  # other units of the user's are started at boot as well
    context: Optional[str] = None
    version: str = ""  # of the engine that answers

    @property
    def socket(self) -> str:
        """Return where the engine of this user listens."""
        return f"/run/user/{self.uid}/docker.sock"

    @property
    def docker_host(self) -> str:
        """Return the same as clients are told it."""
        return f"unix://{self.socket}"


class Account:
    """Runs programs as one user."""

    def __init__(self, commands: Commands, name: str, uid: int, home: str) -> None:
        self._commands = commands
        self._name = name
        self._environment = {
            "HOME": home,
            "USER": name,
            "LOGNAME": name,
            "XDG_RUNTIME_DIR": f"/run/user/{uid}",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{uid}/bus",
        }

    def run(self, *argv: str, text: Optional[str] = None, timeout: float = _SECONDS) -> Done:
        """Run a program as the user."""
        words = ("runuser", "-u", self._name, "--", *argv)
        return self._commands.run(*words, text=text, timeout=timeout, environment=self._environment)

    def shell(self, script: str, *arguments: str, text: Optional[str] = None) -> Done:
        """Run a few lines of shell as the user."""
        return self.run("/bin/sh", "-c", script, "sh", *arguments, text=text)


def observe_person(name: str, files: Files, commands: Commands) -> Person:
    """Look at a user."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return Person(name)
    uid, home = entry.pw_uid, entry.pw_dir
    account = Account(commands, name, uid, home)
    wanted = account.shell(_LIST, f"{home}/{UNITS}/default.target.wants").said.split()
    person = Person(
        name,
        exists=True,
        uid=uid,
        home=home,
        has_uids=bool(owned(parse_ranges(files.read("/etc/subuid") or ""), name, uid)),
        has_gids=bool(owned(parse_ranges(files.read("/etc/subgid") or ""), name, uid)),
        lingers=files.standing(f"{_LINGER}/{name}") is not None,
        unit=_text(account, f"{home}/{UNITS}/{UNIT}"),
        enabled=UNIT in wanted,
        others=bool(set(wanted) - {UNIT}),
        context=_text(account, f"{home}/{context_path()}"),
    )
    answer = ask(person.socket)
    return person if answer is None else _with_version(person, answer.version)


def observe_ranges(files: Files) -> Tuple[Sequence[Range], Sequence[Range]]:
    """Return everybody's subordinate ids: of users, and of groups."""
    return parse_ranges(files.read("/etc/subuid") or ""), parse_ranges(files.read("/etc/subgid") or "")


def _text(account: Account, path: str) -> Optional[str]:
    done = account.shell(_READ, path)
    return done.said if done.code == 0 else None


def _with_version(person: Person, version: str) -> Person:
    return Person(**{**person.__dict__, "version": version})
