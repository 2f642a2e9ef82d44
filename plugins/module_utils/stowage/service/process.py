# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a container: commands, hooks, health checks, environment and who waits for whom.

Knows the short syntaxes of these keys. Commands and values may be secret: no message quotes one.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ..errors import Problem
from . import units
from .shapes import (
    BAD,
    Reader,
    boolean,
    child,
    choice,
    duration,
    integer,
    kind_of,
    list_of,
    name,
    record,
    refuse,
    scalar_text,
    strings,
    text,
)

environment = strings(absent=None)


def command(value: Any, path: str, problems: List[Problem]) -> Any:
    """A list of words, or a line that is split as a shell would split it."""
    if isinstance(value, str):
        import shlex

        try:
            return shlex.split(str.__str__(value))
        except ValueError:
            return refuse(path, "has a quotation that is not closed", problems)
    return list_of(text)(value, path, problems)


def test(value: Any, path: str, problems: List[Problem]) -> Any:
    """A health check's command: text for the shell, or a list that begins with CMD, CMD-SHELL or NONE."""
    if isinstance(value, str):
        return ["CMD-SHELL", str.__str__(value)]
    result = list_of(text)(value, path, problems)
    if result is BAD:
        return BAD
    if not result or result[0] not in ("CMD", "CMD-SHELL", "NONE"):
        return refuse(path, "must begin with CMD, CMD-SHELL or NONE", problems)
    if result[0] == "CMD-SHELL" and len(result) != 2:
        return refuse(path, "CMD-SHELL takes one command line", problems)
    return result


def _pause(value: Any, path: str, problems: List[Problem]) -> Any:
    """A duration of a health check: the engine takes 0 (its default) or at least 1 ms."""
    result = duration(value, path, problems)
    if result is not BAD and 0 < units.parse_duration(result) < 1_000_000:
        return refuse(path, "must be 0 or at least 1ms", problems)
    return result


_healthcheck = record(
    {
        "test": test,
        "interval": _pause,
        "timeout": _pause,
        "start_period": _pause,
        "start_interval": _pause,
        "retries": integer(0),
        "disable": boolean,
    },
    keep_zero=True,
)


def healthcheck(value: Any, path: str, problems: List[Problem]) -> Any:
    """The section; zeros say that the engine's default shall hold and not the image's, so they stay."""
    result = _healthcheck(value, path, problems)
    if result is not BAD and not result.get("disable"):
        result.pop("disable", None)
    return result


def _hook_command(value: Any, path: str, problems: List[Problem]) -> Any:
    result = command(value, path, problems)
    return result if result is BAD or result else refuse(path, "must not be empty", problems)


hooks = list_of(
    record(
        {
            "command": _hook_command,
            "user": text,
            "privileged": boolean,
            "working_dir": text,
            "environment": environment,
        },
        ("command",),
    )
)

_dependency = record(
    {
        "condition": choice("service_started", "service_healthy", "service_completed_successfully"),
        "restart": boolean,
        "required": boolean,
    },
    keep_zero=True,
)


def depends_on(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``{service: {"condition", "restart"?, "required"}}``."""
    if isinstance(value, (list, tuple)):
        names = list_of(name, unique=True)(value, path, problems)
        value = BAD if names is BAD else dict.fromkeys(names)
    if value is BAD:
        return BAD
    if not isinstance(value, Mapping):
        return refuse(path, f"must be a list or a mapping, not {kind_of(value)}", problems)
    result: Dict[str, Any] = {}
    for key, item in value.items():
        entry = _dependency({} if item is None else item, child(path, key), problems)
        if entry is not BAD:
            if not entry.get("restart"):
                entry.pop("restart", None)
            result[str(key)] = {"condition": "service_started", "required": True, **entry}
    return BAD if len(result) < len(value) else result


def restart(value: Any, path: str, problems: List[Problem]) -> Any:
    """``no``, ``always``, ``unless-stopped`` or ``on-failure[:attempts]``; YAML's bare no is taken too."""
    result = "no" if value is False else scalar_text(value)
    word, colon, attempts = (result or "").partition(":")
    if word == "on-failure" and (not colon or (attempts.isascii() and attempts.isdigit())):
        return result
    if word in ("no", "always", "unless-stopped") and not colon:
        return result
    return refuse(path, "must be no, always, unless-stopped or on-failure[:attempts]", problems)


def pull_policy(value: Any, path: str, problems: List[Problem]) -> Any:
    """``always``, ``never``, ``missing`` (or ``if_not_present``) or ``build``."""
    result = choice("always", "never", "missing", "if_not_present", "build")(value, path, problems)
    return "missing" if result == "if_not_present" else result


def extra_hosts(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return sorted ``host=address``; takes ``host:address`` and a mapping to one or more addresses."""
    pairs = all_extra_hosts(value, path, problems)
    return pairs if pairs is BAD else list(dict.fromkeys(pairs))


def all_extra_hosts(value: Any, path: str, problems: List[Problem]) -> Any:
    """The same, with what is there twice, as compose prints it."""
    pairs: List[str] = []
    before = len(problems)
    if isinstance(value, Mapping):
        for host, addresses in value.items():
            found = list_of(name, single=True)(addresses, child(path, host), problems)
            pairs.extend(f"{host}={_bare(address)}" for address in (() if found is BAD else found))
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            entry = text(item, f"{path}[{position}]", problems)
            if entry is BAD:
                continue
            separator = "=" if "=" in entry else ":"
            host, _sep, address = entry.partition(separator)
            if host and address:
                pairs.append(f"{host}={_bare(address)}")
            else:
                refuse(f"{path}[{position}]", "must be host=address or host:address", problems)
    else:
        return refuse(path, f"must be a list or a mapping, not {kind_of(value)}", problems)
    if len(problems) > before:
        return BAD
    return sorted(pairs, key=lambda pair: pair.partition("="))


def _bare(address: str) -> str:
    return address[1:-1] if address.startswith("[") and address.endswith("]") else address


_log_text: Reader = strings()
logging = record({"driver": name, "options": _log_text})


def environment_list(table: Mapping[str, Any]) -> List[str]:
    """Return a canonical environment as the list of ``NAME=value`` that the Engine API takes.

    A name alone takes a variable of the image away.
    """
    return [key if value is None else f"{key}={value}" for key, value in table.items()]
