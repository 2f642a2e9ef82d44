# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's users and groups, and how something is done with a user's rights. Decides nothing."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
from dataclasses import dataclass
from typing import FrozenSet, Iterator, Optional

from ..commands import Commands
from ..errors import ProvisionError


@dataclass(frozen=True)
class Account:
    """One user."""

    name: str
    uid: int
    gid: int
    home: str


class Accounts:
    """The users of this host."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def find(self, name: str) -> Optional[Account]:
        """Return a user, or None where there is none of that name."""
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            return None
        return Account(found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir)

    def members(self, group: str) -> Optional[FrozenSet[str]]:
        """Return who is in a group, or None where there is no such group."""
        try:
            return frozenset(grp.getgrnam(group).gr_mem)
        except KeyError:
            return None

    def join(self, user: str, group: str) -> None:
        """Put a user into a group. Raises ProvisionError."""
        self._commands.succeed("gpasswd", "-a", user, group)

    def leave(self, user: str, group: str) -> None:
        """Take a user out of a group. Raises ProvisionError."""
        self._commands.succeed("gpasswd", "-d", user, group)

    @contextlib.contextmanager
    def acting_as(self, account: Account) -> Iterator[None]:
        """Do what follows with a user's rights alone. Raises ProvisionError where this process may not."""
        own = os.geteuid()
        if own == account.uid:
            yield
            return
        if own != 0:
            raise ProvisionError(f"only root can set up the docker command of {account.name}: use become")
        groups, group = os.getgroups(), os.getegid()
        os.setgroups(os.getgrouplist(account.name, account.gid))
        os.setegid(account.gid)
        os.seteuid(account.uid)
        try:
            yield
        finally:
            os.seteuid(own)
            os.setegid(group)
            os.setgroups(groups)
