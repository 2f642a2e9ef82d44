# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out what was decided, one short method for each verb, and sees that each engine answers. Decides nothing."""

from __future__ import annotations

import time
from typing import Callable, Dict

from ..commands import Commands, last_lines
from ..errors import ProvisionError
from ..service import ask
from . import decide, texts
from .decide import Action
from .people import Account, Person

_WRITE = 'set -eu; umask 022; mkdir -p -- "${1%/*}"; cat >"$1.stowage"; mv -f -- "$1.stowage" "$1"'
_REMOVE = 'rm -f -- "$1"; rmdir -- "${1%/*}" 2>/dev/null || :'


class Hands:
    """Does one action after the other. ``timeout``: how long an engine may take to answer, in seconds."""

    def __init__(self, commands: Commands, timeout: float = 60.0) -> None:
        self._commands = commands
        self._timeout = timeout
        self._verbs: Dict[str, Callable[[Person, str], None]] = {
            decide.ALLOCATE: self._allocate,
            decide.LINGER: self._linger,
            decide.WRITE_UNIT: self._write_unit,
            decide.WRITE_CONTEXT: self._write_context,
            decide.ENABLE: self._enable,
            decide.START: self._start,
            decide.RESTART: self._restart,
            decide.STOP: self._stop,
            decide.REMOVE_UNIT: self._remove_unit,
            decide.REMOVE_CONTEXT: self._remove_context,
            decide.UNLINGER: self._unlinger,
            decide.FORGET: _nothing,
        }

    def do(self, action: Action) -> None:
        """Carry out one action. Raises ProvisionError with what the host said."""
        self._verbs[action.step.verb](action.person, action.value)

    def _allocate(self, person: Person, value: str) -> None:
        words = ["usermod"]
        words += [] if person.has_uids else ["--add-subuids", value]
        words += [] if person.has_gids else ["--add-subgids", value]
        self._commands.succeed(*words, person.name)

    def _linger(self, person: Person, _value: str) -> None:
        self._commands.succeed("loginctl", "enable-linger", person.name, timeout=60)

    def _unlinger(self, person: Person, _value: str) -> None:
        self._commands.succeed("loginctl", "disable-linger", person.name, timeout=60)

    def _write_unit(self, person: Person, value: str) -> None:
        self._write(person, f"{texts.UNITS}/{texts.UNIT}", value)
        self._manager(person, "daemon-reload")

    def _remove_unit(self, person: Person, _value: str) -> None:
        self._as(person).shell(_REMOVE, f"{person.home}/{texts.UNITS}/{texts.UNIT}")
        self._manager(person, "daemon-reload")

    def _write_context(self, person: Person, value: str) -> None:
        self._write(person, texts.context_path(), value)

    def _remove_context(self, person: Person, _value: str) -> None:
        self._as(person).shell(_REMOVE, f"{person.home}/{texts.context_path()}")

    def _enable(self, person: Person, _value: str) -> None:
        self._manager(person, "enable", texts.UNIT)

    def _start(self, person: Person, _value: str) -> None:
        # Too many failures of before are no reason not to try once more.
        self._manager(person, "reset-failed", texts.UNIT, check=False)
        self._bring_up(person, "start")

    def _restart(self, person: Person, _value: str) -> None:
        self._bring_up(person, "restart")

    def _stop(self, person: Person, _value: str) -> None:
        self._manager(person, "disable", "--now", texts.UNIT)

    def _bring_up(self, person: Person, verb: str) -> None:
        end = time.monotonic() + self._timeout
        try:
            self._manager(person, verb, texts.UNIT, seconds=self._timeout)
        except ProvisionError as error:
            raise ProvisionError(f"{error}\n{self._log(person)}") from error
        while ask(person.socket) is None:
            if time.monotonic() > end:
                said = f"was started and did not answer on {person.socket} within {self._timeout:g} s"
                raise ProvisionError(f"the engine of {person.name} {said}\n{self._log(person)}")
            time.sleep(0.2)

    def _log(self, person: Person) -> str:
        words = ("journalctl", "--no-pager", "-n", "15", "-o", "cat")
        done = self._commands.run(*words, f"_UID={person.uid}", f"_SYSTEMD_USER_UNIT={texts.UNIT}", timeout=30)
        return last_lines(done.said)

    def _manager(self, person: Person, *words: str, check: bool = True, seconds: float = 60) -> None:
        """Tell the user's own systemd; it is started where it does not run yet."""
        self._commands.succeed("systemctl", "start", f"user@{person.uid}.service", timeout=60)
        done = self._as(person).run("systemctl", "--user", *words, timeout=seconds)
        if done.code and check:
            raise ProvisionError(f"systemctl --user {words[0]} as {person.name}: {last_lines(done.output)}")

    def _write(self, person: Person, path: str, text: str) -> None:
        done = self._as(person).shell(_WRITE, f"{person.home}/{path}", text=text)
        if done.code:
            raise ProvisionError(f"{person.home}/{path} cannot be written as {person.name}: {last_lines(done.output)}")

    def _as(self, person: Person) -> Account:
        return Account(self._commands, person.name, person.uid, person.home)


def _nothing(_person: Person, _value: str) -> None:
    """Forget: memory is written at the end."""
