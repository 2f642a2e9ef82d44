# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that a service has only as part of a stack: what it takes of the project around it.

Knows configs, secrets, profiles, ``develop``, ``pre_start``, the full ``build`` section and the pull policies that
need a memory. Knows neither files nor top-level sections: paths come resolved, and whether a name exists is for
others to say.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping

from ..errors import Problem
from . import deploy, devices, mounts, networks, ports, process
from .shapes import (
    BAD,
    Reader,
    boolean,
    choice,
    duration,
    kind_of,
    list_of,
    name,
    record,
    refuse,
    scalar_text,
    size,
    strings,
    text,
)

_pairs = strings(again=True)
_variables = strings(absent=None, again=True)
_texts = list_of(text)
_text_or_list = list_of(text, single=True)
_HOURS = re.compile(r"every_([0-9]+[wdhms])+")
_POLICIES = ("always", "never", "missing", "if_not_present", "build", "refresh", "daily", "weekly")


def _once(reader: Reader) -> Reader:
    """A list in which what is repeated counts once: it may come from several files."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        entries = reader(value, path, problems)
        return entries if entries is BAD else list(dict.fromkeys(entries))

    return read


def _last(reader: Reader, key: str) -> Reader:
    """A list of entries of which, for each value of ``key``, the last counts, in the first's place."""

    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        entries = reader(value, path, problems)
        return entries if entries is BAD else list({entry[key]: entry for entry in entries}.values())

    return read


_set = _once(list_of(name))
_set_or_one = _once(list_of(name, single=True))


def pull_policy(value: Any, path: str, problems: List[Problem]) -> Any:
    """A word of ``pull_policy``, or ``every_<duration>``: pulled again when the last time is that long ago."""
    if isinstance(value, str) and _HOURS.fullmatch(value):
        return str.__str__(value)
    result = choice(*_POLICIES, "every_<duration>")(value, path, problems)
    if result == "every_<duration>":
        return refuse(path, "must be a duration such as every_12h", problems)
    return "missing" if result == "if_not_present" else result


def _mode(value: Any, path: str, problems: List[Problem]) -> Any:
    """A file's mode: a number as it is, text as octal; canonical is octal text as compose prints it."""
    if isinstance(value, str) and re.fullmatch("[0-7]{1,5}", value):
        return f"0{int(value, 8):o}"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
        return f"0{value:o}"
    return refuse(path, "must be a file mode such as 0400", problems)


def _owner(value: Any, path: str, problems: List[Problem]) -> Any:
    """A user's or group's number; names are the image's, which nobody has looked into yet."""
    result = text(value, path, problems)
    if result is BAD or not result or (result.isascii() and result.isdigit()):
        return result
    return refuse(path, "must be a number: names are not known outside of the container", problems)


_grant_record = record(
    {"source": name, "target": text, "uid": _owner, "gid": _owner, "mode": _mode},
    ("source",),
)


def _grants(folder: str) -> Reader:
    """``configs`` or ``secrets``; ``folder`` is where a target that is not written lies, or "" to leave it out."""

    def read_one(value: Any, path: str, problems: List[Problem]) -> Any:
        entry = _grant_record({"source": value} if isinstance(value, str) else value, path, problems)
        if entry is not BAD and folder and (isinstance(value, str) or value.get("target") is None):
            # The order of keys is that of compose.
            entry = {"source": entry["source"], "target": f"{folder}/{entry['source']}", **entry}
        return entry

    return _last_target(list_of(read_one), folder)


def _last_target(reader: Reader, folder: str) -> Reader:
    def read(value: Any, path: str, problems: List[Problem]) -> Any:
        entries = reader(value, path, problems)
        if entries is BAD:
            return BAD
        # compose takes no target, and one that is empty, for two.
        return list({entry.get("target", f"{folder}/{entry['source']}"): entry for entry in entries}.values())

    return read


def _extra(value: Any, path: str, problems: List[Problem]) -> Any:
    """A word, or a boolean as a word: ``provenance`` and ``sbom``."""
    result = scalar_text(value)
    return refuse(path, f"must be a string, not {kind_of(value)}", problems) if result is None else result


def _ssh(value: Any, path: str, problems: List[Problem]) -> Any:
    """The sockets and keys of an agent: ``default``, or ``name=path``."""
    pairs = strings()(value, path, problems)
    return pairs if pairs is BAD else [f"{key}={item}" if item else key for key, item in pairs.items()]


_build_record = record(
    {
        "context": text,
        "dockerfile": text,
        "dockerfile_inline": text,
        "entitlements": _texts,
        "args": _variables,
        "provenance": _extra,
        "sbom": _extra,
        "ssh": _ssh,
        "labels": _pairs,
        "cache_from": _texts,
        "cache_to": _texts,
        "no_cache": boolean,
        "no_cache_filter": _text_or_list,
        "additional_contexts": _pairs,
        "pull": boolean,
        "extra_hosts": process.all_extra_hosts,
        "isolation": text,
        "network": text,
        "target": text,
        "secrets": _grants(""),
        "shm_size": size(),
        "tags": _set,
        "ulimits": devices.printed_ulimits,
        "platforms": _texts,
        "privileged": boolean,
    }
)


def build(value: Any, path: str, problems: List[Problem]) -> Any:
    """The whole section; a bare text is its context."""
    section = _build_record({"context": value} if isinstance(value, str) else value, path, problems)
    if section is BAD:
        return BAD
    for key in [key for key, item in section.items() if not item or (key == "shm_size" and item == "0")]:
        del section[key]
    if "dockerfile" in section and "dockerfile_inline" in section:
        return refuse(f"{path}.dockerfile_inline", "cannot stand beside dockerfile", problems)
    if "dockerfile_inline" not in section:
        section.setdefault("dockerfile", "Dockerfile")
    return section


_exec = record(
    {
        "command": process.command,
        "user": text,
        "privileged": boolean,
        "working_dir": text,
        "environment": process.environment,
    }
)
_watch_record = record(
    {
        "path": name,
        "action": choice("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
        "target": text,
        "exec": _exec,
        "include": _text_or_list,
        "ignore": _text_or_list,
        "initial_sync": boolean,
    },
    ("path", "action"),
)


def _watch(value: Any, path: str, problems: List[Problem]) -> Any:
    entry = _watch_record(value, path, problems)
    if entry is BAD:
        return BAD
    if entry["action"].startswith("sync") and "target" not in entry:
        return refuse(path, f"target is missing, which {entry['action']} needs", problems)
    command = (value.get("exec") or {}).get("command")
    entry["exec"] = {"command": None if command is None else [], **entry.get("exec", {})}
    return entry


_develop = record({"watch": list_of(_watch)})


def _networks(value: Any, path: str, problems: List[Problem]) -> Any:
    entries = networks.networks(value, path, problems)
    for entry in () if entries is BAD else entries.values():
        for key in ("aliases", "link_local_ips"):
            if entry and key in entry:
                entry[key] = list(dict.fromkeys(entry[key]))
        if entry and not entry.get("driver_opts", True):
            del entry["driver_opts"]
    return entries


def _tmpfs(value: Any, path: str, problems: List[Problem]) -> Any:
    """Of entries that are alike up to the first value of an option the last counts."""
    entries = list_of(mounts.tmpfs_entry, single=True)(value, path, problems)
    return entries if entries is BAD else list({entry.partition("=")[0]: entry for entry in entries}.values())


def _logging(value: Any, path: str, problems: List[Problem]) -> Any:
    section = process.logging(value, path, problems)
    return section if section is BAD else {key: item for key, item in section.items() if item}


def _requests(entries: Any, written: Any, path: str, problems: List[Problem]) -> Any:
    """Requests for devices: those that say neither how many nor which want all."""
    if entries is BAD or not isinstance(written, (list, tuple)):
        return entries
    for position, (entry, item) in enumerate(zip(entries, written)):
        if item.get("count") in (0, "0"):
            return refuse(f"{path}[{position}].count", "must be all, or at least 1", problems)
        if "count" not in entry and not entry.get("device_ids"):
            entry["count"] = -1
    return entries


def _healthcheck(value: Any, path: str, problems: List[Problem]) -> Any:
    """The section; an empty test is none."""
    if isinstance(value, Mapping) and value.get("test") == []:
        value = {key: item for key, item in value.items() if key != "test"}
    return process.healthcheck(value, path, problems)


def _duration_text(value: Any, path: str, problems: List[Problem]) -> Any:
    """A duration as it is written, which is how compose prints this one."""
    return value if duration(value, path, problems) is not BAD else BAD


def _gpus(value: Any, path: str, problems: List[Problem]) -> Any:
    return _requests(devices.gpus(value, path, problems), value, path, problems)


def _deploy(value: Any, path: str, problems: List[Problem]) -> Any:
    """The section with what compose adds to it, and without the zeros that it leaves out."""
    section = deploy.deploy(value, path, problems)
    if section is BAD:
        return BAD
    for way in ("update_config", "rollback_config"):
        config = section.get(way, {})
        for key, zero in (("delay", "0s"), ("monitor", "0s"), ("max_failure_ratio", 0)):
            if config.get(key) == zero:
                del config[key]
    for part in section.get("resources", {}).values():
        if part.get("memory") == "0":
            del part["memory"]
    if section.get("restart_policy") is not None and value["restart_policy"].get("max_attempts") in (0, "0"):
        section["restart_policy"]["max_attempts"] = 0
    reservations = section.get("resources", {}).get("reservations", {})
    if "devices" in reservations:
        written = value["resources"]["reservations"]["devices"]
        _requests(reservations["devices"], written, f"{path}.resources.reservations.devices", problems)
    return {"resources": {}, "placement": {}, **{key: item for key, item in section.items() if item != ""}}


def pre_start(value: Any, path: str, problems: List[Problem]) -> Any:
    """Containers that run before the service's own: each is a service in small."""
    from . import canonical

    result: List[Dict[str, Any]] = []
    before = len(problems)
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be a list, not {kind_of(value)}", problems)
    readers = {key: reader for key, reader in {**canonical.KEYS, **KEYS}.items() if key in PRE_START}
    readers["per_replica"] = boolean
    readers["secrets"] = _grants("")
    for position, item in enumerate(value):
        place = f"{path}[{position}]"
        entry = canonical.parse_keys(
            item, place, problems, readers, canonical.PRINTED_WHEN_EMPTY, canonical.UNSET_WHEN_EMPTY
        )
        if isinstance(item, Mapping) and not entry.get("per_replica"):
            entry.pop("per_replica", None)
        result.append(entry)
    return BAD if len(problems) > before else result


# compose's schema, "container_spec": what a container is, without how it is kept.
PRE_START = frozenset(
    "annotations blkio_config cap_add cap_drop cgroup cgroup_parent command configs cpu_count cpu_percent cpu_shares"
    " cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset device_cgroup_rules devices dns dns_opt dns_search"
    " domainname entrypoint environment extra_hosts gpus group_add hostname image init ipc isolation labels logging"
    " mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode networks oom_kill_disable"
    " oom_score_adj pid pids_limit platform privileged pull_policy pull_refresh_after read_only runtime security_opt"
    " shm_size secrets sysctls stop_grace_period stop_signal storage_opt tmpfs ulimits user uts userns_mode volumes"
    " volumes_from working_dir".split()
)

KEYS: Dict[str, Reader] = {
    "annotations": _pairs,
    "build": build,
    "cap_add": _set,
    "cap_drop": _set,
    "configs": _grants(""),
    "deploy": _deploy,
    "develop": _develop,
    "devices": _last(list_of(devices.device_as_written), "target"),
    "dns": _set_or_one,
    "dns_opt": _set,
    "dns_search": _set_or_one,
    "environment": _variables,
    "expose": _once(list_of(ports.expose_entry)),
    "extra_hosts": process.all_extra_hosts,
    "gpus": _gpus,
    "healthcheck": _healthcheck,
    "label_file": _texts,
    "links": _set,
    "logging": _logging,
    "networks": _networks,
    "ports": ports.merged_ports,
    "pre_start": pre_start,
    "profiles": _set,
    "pull_policy": pull_policy,
    "pull_refresh_after": _duration_text,
    "secrets": _grants("/run/secrets"),
    "sysctls": _pairs,
    "tmpfs": _tmpfs,
    "ulimits": devices.printed_ulimits,
    "volumes": mounts.merged_volumes,
}
