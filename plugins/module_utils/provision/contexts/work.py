# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the users of a host, and does what was planned for them. Decides nothing."""

from __future__ import annotations

import os
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set

from ..errors import ProvisionError
from ..files import Files
from ..memory import Memory
from .accounts import Account, Accounts
from .plan import CONFIG, GROUP, JOIN, LEAVE, REMOVE, WRITE, Home, Operation, Ours, Wish
from .store import Store

PART = "client"

Texts = Mapping[str, Mapping[str, str]]


class Users:
    """The users of one host."""

    def __init__(self, files: Files, accounts: Accounts) -> None:
        self._files = files
        self._accounts = accounts
        self._memory = Memory(files, PART)

    def ours(self) -> Ours:
        """Return what was set before."""
        found = self._memory.recall()
        return Ours(tuple(found.get("members", ())), found.get("proxies", {}), found.get("contexts", {}))

    def members(self) -> Optional[FrozenSet[str]]:
        """Return who is in the engine's group, or None where there is none."""
        return self._accounts.members(GROUP)

    def homes(self, wish: Wish, ours: Ours) -> Dict[str, Home]:
        """Look at all users who are asked for, and those something was set for.

        Raises ProvisionError where one who is asked for is missing.
        """
        configured = {*(wish.context_users if wish.contexts else ()), *(wish.proxy_users if wish.proxies else ())}
        missing = sorted(name for name in {*configured, *wish.members} if self._accounts.find(name) is None)
        if missing:
            raise ProvisionError(f"there is no user {', '.join(missing)} on this host: make the user first")
        homes = {}
        for name in sorted(configured | set(ours.proxies) | set(ours.contexts)):
            account = self._accounts.find(name)
            if account is None:
                continue  # gone, and all that was set with it
            names = {*wish.contexts, *ours.contexts.get(name, ())}
            homes[name] = self._home(account, names, needed=name in configured)
        return homes

    def act(self, operations: Sequence[Operation], wish: Wish, texts: Texts) -> None:
        """Do what was planned; ``texts`` has the files of each client."""
        for operation in operations:
            if operation.act == JOIN:
                self._accounts.join(operation.user, GROUP)
            elif operation.act == LEAVE:
                self._accounts.leave(operation.user, GROUP)
            else:
                self._write(operation, wish, texts)

    def remember(self, ours: Ours) -> None:
        """Keep what is ours from now on."""
        parts: Dict[str, Any] = {
            "members": sorted(ours.members),
            "proxies": {user: sorted(keys) for user, keys in ours.proxies.items() if keys},
            "contexts": {user: sorted(names) for user, names in ours.contexts.items() if names},
        }
        self._memory.keep({key: value for key, value in parts.items() if value})

    def _home(self, account: Account, names: Set[str], needed: bool) -> Home:
        if needed and not os.path.isdir(self._files.path(account.home)):
            raise ProvisionError(f"{account.name} has no home: {account.home} is not there")
        store = Store(self._files, account.home, account.name)
        with self._accounts.acting_as(account):
            return Home(store.config(), {name: store.context(name) for name in sorted(names)})

    def _write(self, operation: Operation, wish: Wish, texts: Texts) -> None:
        account = self._accounts.find(operation.user)
        if account is None:
            raise ProvisionError(f"the user {operation.user} has gone meanwhile")
        store = Store(self._files, account.home, account.name)
        with self._accounts.acting_as(account):
            if operation.act == CONFIG:
                store.put_config(dict(operation.config))
            elif operation.act == WRITE:
                client = wish.clients.get(operation.name, "")
                store.put_context(operation.name, wish.contexts[operation.name], texts[client] if client else {})
            elif operation.act == REMOVE:
                store.remove_context(operation.name)


def needed_clients(operations: Sequence[Operation], wish: Wish) -> List[str]:
    """Return the clients whose files have to be there for what is planned."""
    writes = [operation.name for operation in operations if operation.act == WRITE]
    return sorted({wish.clients[name] for name in writes if name in wish.clients})
