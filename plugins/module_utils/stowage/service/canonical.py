# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A compose service document, in any of its syntaxes, to its one canonical form.

Knows which keys there are and which reader each has. Canonical is what ``docker compose config
--format json`` prints for a service, except that null commands and ``x-`` extensions are left out.
Knows nothing of the engine, but refuses what no engine would take.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping

from ..errors import Problem
from . import deploy, devices, mounts, networks, ports, process
from .labels import PREFIX
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
    matching,
    name,
    number,
    refuse,
    refuse_key,
    size,
    strings,
    text,
)

_texts = list_of(text)
_unique = list_of(name, unique=True)
_one_or_more = list_of(name, single=True)
_count = integer(0)
_namespace = matching(
    r"host|private|shareable|none|(service|container):.+", "host, private, shareable, none, service:… or container:…"
)
_absolute = matching(r"/.*", "an absolute path in the container")


def _swap(value: Any, path: str, problems: List[Problem]) -> Any:
    """Bytes, or -1 for swap without a limit."""
    return size(-1)(value, path, problems)


def labels(*, again: bool = False) -> Reader:
    """Labels of a container, of which some are ours."""
    pairs = strings(again=again)

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        result = pairs(value, path, problems)
        for key in () if result is BAD else result:
            if key.startswith(PREFIX):
                return refuse(child(path, key), f"labels that begin with {PREFIX} are kept for book-keeping", problems)
        return result

    return read


def _build(value: Any, path: str, problems: List[Problem]) -> Any:
    """The section is read with the images; a bare text is its context."""
    if isinstance(value, str):
        return {"context": str.__str__(value)}
    return (
        dict(value)
        if isinstance(value, Mapping)
        else refuse(path, f"must be a string or a mapping, not {kind_of(value)}", problems)
    )


KEYS: Dict[str, Reader] = {
    "annotations": strings(),
    "attach": boolean,
    "blkio_config": devices.blkio_config,
    "build": _build,
    "cap_add": _unique,
    "cap_drop": _unique,
    "cgroup": choice("host", "private"),
    "cgroup_parent": text,
    "command": process.command,
    "container_name": matching(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", "a name that the engine takes"),
    "cpu_count": _count,
    "cpu_percent": number,
    "cpu_period": _count,
    "cpu_quota": integer(-1),
    "cpu_rt_period": _count,
    "cpu_rt_runtime": _count,
    "cpu_shares": _count,
    "cpus": number,
    "cpuset": matching(r"[\d,-]*", "a list of CPUs such as 0-2,4"),
    "depends_on": process.depends_on,
    "deploy": deploy.deploy,
    "device_cgroup_rules": list_of(devices.device_rule, unique=True),
    "devices": devices.devices,
    "dns": _one_or_more,
    "dns_opt": _unique,
    "dns_search": _one_or_more,
    "domainname": text,
    "entrypoint": process.command,
    "environment": process.environment,
    "expose": ports.expose,
    "external_links": _texts,
    "extra_hosts": process.extra_hosts,
    "gpus": devices.gpus,
    "group_add": _texts,
    "healthcheck": process.healthcheck,
    "hostname": text,
    "image": name,
    "init": boolean,
    "ipc": _namespace,
    "isolation": devices.isolation,
    "labels": labels(),
    "links": _unique,
    "logging": process.logging,
    "mac_address": networks.mac_address,
    "mem_limit": size(),
    "mem_reservation": size(),
    "mem_swappiness": matching(r"-1|\d\d?|100", "a number from -1 to 100"),
    "memswap_limit": _swap,
    "network_mode": name,
    "networks": networks.networks,
    "oom_kill_disable": boolean,
    "oom_score_adj": integer(-1000, 1000),
    "pid": matching(r"host|(service|container):.+", "host, service:… or container:…"),
    "pids_limit": integer(-1),
    "platform": name,
    "ports": ports.ports,
    "post_start": process.hooks,
    "pre_stop": process.hooks,
    "privileged": boolean,
    "pull_policy": process.pull_policy,
    "read_only": boolean,
    "restart": process.restart,
    "runtime": text,
    "scale": _count,
    "security_opt": _unique,
    "shm_size": size(),
    "stdin_open": boolean,
    "stop_grace_period": duration,
    "stop_signal": text,
    "storage_opt": strings(),
    "sysctls": strings(),
    "tmpfs": list_of(mounts.tmpfs_entry, single=True),
    "tty": boolean,
    "ulimits": devices.ulimits,
    "user": text,
    "userns_mode": text,
    "uts": choice("host"),
    "volumes": mounts.volumes,
    "volumes_from": _unique,
    "working_dir": _absolute,
}

# Keys of the compose specification that a declaration cannot use, and why.
REFUSED: Dict[str, str] = {
    "configs": "there are no top-level configs; mount a file",
    "credential_spec": "it is for Windows domains",
    "develop": "it watches files on a developer's machine",
    "env_file": "it is read where compose files are; use environment",
    "extends": "it is resolved where compose files are read",
    "label_file": "it is read where compose files are; use labels",
    "models": "the engine has no models",
    "pre_start": "it runs containers of its own; declare a stack",
    "profiles": "they choose services when compose files are read",
    "provider": "it names a plugin of the docker CLI",
    "pull_refresh_after": "use pull_policy",
    "secrets": "there are no top-level secrets; mount a file",
    "use_api_socket": "it hands out the credentials of the docker CLI",
}

# Where null, false and empty say more than leaving the key out.
_MEANT_WHEN_EMPTY = frozenset(("command", "entrypoint", "init", "attach", "scale", "oom_kill_disable"))
# What compose prints of a service of a stack though it is empty.
PRINTED_WHEN_EMPTY = frozenset(
    ("command", "entrypoint", "init", "attach", "scale", "blkio_config", "develop", "healthcheck", "logging")
)
# Of a stack, what a variable without a value leaves as if it were not there.
UNSET_WHEN_EMPTY = frozenset(
    "cpuset image ipc isolation mac_address network_mode pid platform restart uts working_dir".split()
)
# Sizes in which 0 is the same as leaving the key out.
_ZERO_IS_UNSET = frozenset(("mem_limit", "mem_reservation", "memswap_limit", "shm_size"))


def parse_service(
    document: Mapping[str, Any], path: str, problems: List[Problem], *, stack: bool = False
) -> Dict[str, Any]:
    """Return the canonical form of a compose service document; ``stack`` takes what needs a project around it too.

    Appends a Problem with its exact path (``path`` is the document's own) for every unknown key,
    wrong type and value that cannot be. Never raises for bad input and never stops at the first;
    what could not be read is missing from the result. Its own output comes back unchanged.
    """
    if stack:
        return parse_keys(
            document,
            path,
            problems,
            _stack_keys(),
            PRINTED_WHEN_EMPTY,
            UNSET_WHEN_EMPTY,
            _ZERO_IS_UNSET | {"mem_swappiness"},
        )
    return parse_keys(document, path, problems, KEYS, _MEANT_WHEN_EMPTY)


def parse_keys(
    document: Any,
    path: str,
    problems: List[Problem],
    readers: Mapping[str, Reader],
    kept: FrozenSet[str],
    unset: FrozenSet[str] = frozenset(),
    zero: FrozenSet[str] = _ZERO_IS_UNSET,
) -> Dict[str, Any]:
    """The same for a service that has just the keys of ``readers``.

    Of these ``kept`` are kept when they are empty, ``unset`` are taken for left out when they are an empty text, and
    ``zero`` when they are 0.
    """
    service: Dict[str, Any] = {}
    entries: Any = document
    if not isinstance(entries, Mapping):
        refuse(path, f"must be a mapping, not {kind_of(entries)}", problems)
        return service
    for key, value in entries.items():
        reader = readers.get(key)
        if reader is None:
            _unknown(key, value, path, problems, readers)
        elif value is not None and (value != "" or key not in unset):
            entry = reader(value, child(path, key), problems)
            if entry is BAD or (not entry and key not in kept):
                continue
            if entry != "0" or key not in zero:
                service[key] = entry
    _finish(service, path, problems)
    return service


def _stack_keys() -> Mapping[str, Reader]:
    if not _STACK:
        from . import stack  # most runs declare no stack

        _STACK.update(KEYS)
        _STACK.update(stack.KEYS, labels=labels(again=True))
    return _STACK


_STACK: Dict[str, Reader] = {}


def _unknown(key: Any, value: Any, path: str, problems: List[Problem], readers: Mapping[str, Reader]) -> None:
    if key in REFUSED:
        if value not in (None, [], {}, False):
            refuse(child(path, key), f"not supported here: {REFUSED[key]}", problems)
    elif not str(key).startswith("x-"):
        refuse_key(path, key, readers, problems)


def _finish(service: Dict[str, Any], path: str, problems: List[Problem]) -> None:
    """What concerns several keys at once."""
    networks.check_mode(service, path, problems)
    deploy.check_limits(service, path, problems)
    mounts.same_targets(service, path, problems)
    for position, option in enumerate(service.get("security_opt", ())):
        word, _sep, profile = option.replace("=", ":", 1).partition(":")
        if word == "seccomp" and profile not in ("unconfined", "builtin") and not profile.lstrip().startswith("{"):
            refuse(
                f"{path}.security_opt[{position}]",
                "seccomp takes unconfined, builtin or the profile itself as JSON, not a path",
                problems,
            )
    if service.get("uts") == "host" and service.get("hostname"):
        refuse(f"{path}.hostname", "cannot stand beside uts: host", problems)
