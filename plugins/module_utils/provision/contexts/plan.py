# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done for the users of a host. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple
from urllib.parse import unquote

from ..errors import ProvisionError
from ..steps import Step
from .store import Context

GROUP = "docker"
# Our words for proxies, and those of config.json.
PROXY_KEYS = {"http": "httpProxy", "https": "httpsProxy", "ftp": "ftpProxy", "all": "allProxy", "no": "noProxy"}
# What YAML makes of the word no, where nobody quotes it.
_NO = "no"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]+")
# Many programs take an address without its scheme; and a password that nobody encoded may have any letter.
_PASSWORD = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[^:@]*:(?!//)(.+)@", re.IGNORECASE)
_SCHEMES = ("ssh://", "tcp://", "unix://")
_KEYS = frozenset({"host", "description", "client"})

JOIN = "join"
LEAVE = "leave"
CONFIG = "config"
WRITE = "write"
REMOVE = "remove"


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    members: Tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)  # by config.json's words
    proxy_users: Tuple[str, ...] = ()
    contexts: Mapping[str, Context] = field(default_factory=dict)
    clients: Mapping[str, str] = field(default_factory=dict)  # the client whose certificate a context has
    context_users: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Ours:
    """What this package set before."""

    members: Tuple[str, ...] = ()
    proxies: Mapping[str, Sequence[str]] = field(default_factory=dict)  # keys by user
    contexts: Mapping[str, Sequence[str]] = field(default_factory=dict)  # names by user


@dataclass(frozen=True)
class Home:
    """What one user has."""

    config: Mapping[str, Any] = field(default_factory=dict)
    contexts: Mapping[str, Optional[Context]] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One thing to do; ``act`` names it for whoever does it."""

    act: str
    step: Step
    user: str
    name: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


def parse_proxies(proxies: Mapping[str, Any]) -> Dict[str, str]:
    """Return proxies in config.json's words. Raises ProvisionError."""
    words = {_NO if str(key).lower() == "false" else str(key): value for key, value in proxies.items()}
    unknown = sorted(set(words) - set(PROXY_KEYS))
    if unknown:
        raise ProvisionError(f"proxies are {', '.join(PROXY_KEYS)}; there is no {', '.join(unknown)}")
    return {PROXY_KEYS[key]: _joined(value) for key, value in words.items() if value}


def passwords(proxies: Mapping[str, Any]) -> Set[str]:
    """Return the passwords in addresses of proxies, as they stand there and decoded."""
    found = (_PASSWORD.match(str(value)) for value in proxies.values())
    words = [match.group(1) for match in found if match]
    return {form for word in words for form in (word, unquote(word))}


def parse_contexts(contexts: Mapping[str, Any]) -> Tuple[Dict[str, Context], Dict[str, str]]:
    """Return contexts, and the client of each that has one. Raises ProvisionError for what docker would not take."""
    found, clients = {}, {}
    for name, about in contexts.items():
        if name == "default" or not _NAME.fullmatch(name):
            raise ProvisionError(
                f"{name!r} cannot be a context: letters, digits and _ . + - make one, and 'default' is docker's"
            )
        if not isinstance(about, Mapping) or set(about) - _KEYS or not about.get("host"):
            raise ProvisionError(
                f"the context {name} needs a host, and may have a description and a client, nothing else"
            )
        host, client = str(about["host"]), str(about.get("client") or "")
        if not host.startswith(_SCHEMES):
            raise ProvisionError(
                f"the host of the context {name} is {host!r}, and begins with none of {', '.join(_SCHEMES)}"
            )
        if client and not host.startswith("tcp://"):
            raise ProvisionError(f"the context {name} has a client's certificate, which only tcp:// has a use for")
        found[name] = Context(host, str(about.get("description") or ""))
        if client:
            clients[name] = client
    return found, clients


def plan(wish: Wish, ours: Ours, homes: Mapping[str, Home], members: Optional[FrozenSet[str]]) -> List[Operation]:
    """Return what is to be done. ``homes`` has those users who are there; ``members`` is None without the group."""
    operations = _group(wish, ours, members or frozenset())
    for user, home in sorted(homes.items()):
        operations += _writes(wish, user, home)
        # Before the context goes that it names: docker refuses to do anything for a config.json that names none.
        operations += _config(wish, ours, user, home)
        operations += _removals(wish, ours, user, home)
    return operations


def ours_after(wish: Wish, ours: Ours, operations: Sequence[Operation]) -> Ours:
    """Return what is ours once all is done. Who was in the group before is not."""
    joined = [operation.user for operation in operations if operation.act == JOIN]
    return Ours(
        tuple(dict.fromkeys([*(name for name in ours.members if name in wish.members), *joined])),
        {user: list(wish.proxies) for user in wish.proxy_users},
        {user: list(wish.contexts) for user in wish.context_users},
    )


def ours_meanwhile(before: Ours, after: Ours) -> Ours:
    """Return what may be ours while it is being done: a run that is killed leaves nothing that nobody remembers."""
    return Ours(
        tuple(dict.fromkeys([*before.members, *after.members])),
        _united(before.proxies, after.proxies),
        _united(before.contexts, after.contexts),
    )


def _united(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> Dict[str, List[str]]:
    return {user: list(dict.fromkeys([*one.get(user, ()), *other.get(user, ())])) for user in {*one, *other}}


def _group(wish: Wish, ours: Ours, members: FrozenSet[str]) -> List[Operation]:
    joins = [name for name in dict.fromkeys(wish.members) if name not in members]
    leaves = [name for name in ours.members if name not in wish.members and name in members]
    return [
        *(Operation(JOIN, Step("JoinGroup", f"{GROUP} {name}", "is not in it"), name) for name in joins),
        *(Operation(LEAVE, Step("LeaveGroup", f"{GROUP} {name}", "is not declared any more"), name) for name in leaves),
    ]


def _declared(wish: Wish, user: str) -> Mapping[str, Context]:
    return wish.contexts if user in wish.context_users else {}


def _writes(wish: Wish, user: str, home: Home) -> List[Operation]:
    causes = {name: _difference(home.contexts.get(name), wanted) for name, wanted in _declared(wish, user).items()}
    return [
        Operation(WRITE, Step("WriteContext", f"{name} of {user}", cause), user, name)
        for name, cause in causes.items()
        if cause
    ]


def _removals(wish: Wish, ours: Ours, user: str, home: Home) -> List[Operation]:
    return [
        Operation(REMOVE, Step("RemoveContext", f"{name} of {user}", "is not declared any more"), user, name)
        for name in ours.contexts.get(user, ())
        if name not in _declared(wish, user) and home.contexts.get(name)
    ]


def _difference(held: Optional[Context], wanted: Context) -> str:
    if held is None:
        return "is missing"
    if not held.known:
        return "says something else"
    if held.host != wanted.host:
        return f"host {held.host} -> {wanted.host}"
    if held.description != wanted.description:
        return f"description {held.description!r} -> {wanted.description!r}"
    return "its certificates differ" if dict(held.digests) != dict(wanted.digests) else ""


def _config(wish: Wish, ours: Ours, user: str, home: Home) -> List[Operation]:
    """Return the one change of config.json: its proxies, and no longer the name of a context that goes."""
    wanted = dict(wish.proxies) if user in wish.proxy_users else {}
    held = _default_proxies(home.config)
    set_keys = sorted(key for key, value in wanted.items() if held.get(key) != value)
    gone = sorted(key for key in ours.proxies.get(user, ()) if key not in wanted and key in held)
    current = home.config.get("currentContext")
    lost = current in ours.contexts.get(user, ()) and current not in _declared(wish, user)
    told = [*(f"+{key}" for key in set_keys), *(f"-{key}" for key in gone), *(["-currentContext"] if lost else [])]
    if not told:
        return []
    merged = {key: value for key, value in held.items() if key not in gone}
    document = _with_proxies(home.config, {**merged, **wanted})
    if lost:
        del document["currentContext"]
    return [Operation(CONFIG, Step("WriteConfig", f"config.json of {user}", " ".join(told)), user, config=document)]


def _default_proxies(config: Mapping[str, Any]) -> Mapping[str, Any]:
    proxies = config.get("proxies")
    default = proxies.get("default") if isinstance(proxies, Mapping) else None
    return default if isinstance(default, Mapping) else {}


def _with_proxies(config: Mapping[str, Any], default: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a config with these proxies for all engines; those for single engines stay."""
    found = config.get("proxies")
    proxies = dict(found) if isinstance(found, Mapping) else {}
    proxies.pop("default", None)
    if default:
        proxies["default"] = dict(default)
    document = dict(config)
    document.pop("proxies", None)
    if proxies:
        document["proxies"] = proxies
    return document


def _joined(value: Any) -> str:
    """Return one value; several names without a proxy are joined by commas."""
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
