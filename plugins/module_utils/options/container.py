# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module container: compose's keys of a service, and docker_container's beside them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .common import CONNECTION, LOCK, OBJECT_SCOPE, REGISTRIES, WAITING, Spec, given
from .peer import RENAMED, translate_service

_STRINGS = {"type": "list", "elements": "str"}
_ITEMS = {"type": "list", "elements": "raw"}

# compose's keys; raw where compose has more than one syntax. Their values are checked by the runtime.
_COMPOSE: Spec = {
    "annotations": {"type": "raw"},
    "blkio_config": {"type": "dict"},
    "cap_add": _STRINGS,
    "cap_drop": _STRINGS,
    "cgroup": {"type": "str"},
    "cgroup_parent": {"type": "str"},
    "command": {"type": "raw"},
    "cpu_count": {"type": "int"},
    "cpu_percent": {"type": "float"},
    "cpu_period": {"type": "int"},
    "cpu_quota": {"type": "int"},
    "cpu_rt_period": {"type": "int"},
    "cpu_rt_runtime": {"type": "int"},
    "cpu_shares": {"type": "int"},
    "cpus": {"type": "float"},
    "cpuset": {"type": "str"},
    "deploy": {"type": "dict"},
    "device_cgroup_rules": _STRINGS,
    "devices": _ITEMS,
    "dns": _STRINGS,
    "dns_opt": _STRINGS,
    "dns_search": _STRINGS,
    "domainname": {"type": "str"},
    "entrypoint": {"type": "raw"},
    "environment": {"type": "raw"},
    "expose": _STRINGS,
    "external_links": _STRINGS,
    "extra_hosts": {"type": "raw"},
    "gpus": {"type": "raw"},
    "group_add": _STRINGS,
    "healthcheck": {"type": "dict"},
    "hostname": {"type": "str"},
    "image": {"type": "str"},
    "init": {"type": "bool"},
    "ipc": {"type": "str"},
    "isolation": {"type": "str"},
    "labels": {"type": "raw"},
    "links": _STRINGS,
    "logging": {"type": "dict"},
    "mac_address": {"type": "str"},
    "mem_limit": {"type": "str"},
    "mem_reservation": {"type": "str"},
    "mem_swappiness": {"type": "int"},
    "memswap_limit": {"type": "str"},
    "network_mode": {"type": "str"},
    "networks": {"type": "raw"},
    "oom_kill_disable": {"type": "bool"},
    "oom_score_adj": {"type": "int"},
    "pid": {"type": "str"},
    "pids_limit": {"type": "int"},
    "platform": {"type": "str"},
    "ports": _ITEMS,
    "post_start": {"type": "list", "elements": "dict"},
    "pre_stop": {"type": "list", "elements": "dict"},
    "privileged": {"type": "bool"},
    "pull_policy": {"type": "raw"},
    "read_only": {"type": "bool"},
    "restart": {"type": "str"},
    "runtime": {"type": "str"},
    "security_opt": _STRINGS,
    "shm_size": {"type": "str"},
    "stdin_open": {"type": "bool"},
    "stop_grace_period": {"type": "str"},
    "stop_signal": {"type": "str"},
    "storage_opt": {"type": "dict"},
    "sysctls": {"type": "raw"},
    "tmpfs": {"type": "raw"},
    "tty": {"type": "bool"},
    "ulimits": {"type": "raw"},
    "user": {"type": "str"},
    "userns_mode": {"type": "str"},
    "uts": {"type": "str"},
    "volumes": _ITEMS,
    "volumes_from": _STRINGS,
    "working_dir": {"type": "str"},
}

# docker_container's own forms, with no key of the same shape in compose.
_PEER: Spec = {
    "blkio_weight": {"type": "int"},
    "device_read_bps": {"type": "list", "elements": "dict"},
    "device_read_iops": {"type": "list", "elements": "dict"},
    "device_requests": {"type": "list", "elements": "dict"},
    "device_write_bps": {"type": "list", "elements": "dict"},
    "device_write_iops": {"type": "list", "elements": "dict"},
    "keep_volumes": {"type": "bool"},
    "log_driver": {"type": "str"},
    "log_options": {"type": "dict", "aliases": ["log_opt"]},
    "mounts": {"type": "list", "elements": "dict"},
    "restart_retries": {"type": "int"},
    "stop_timeout": {"type": "int"},
}

_OURS: Spec = {
    "recreate": {"type": "bool", "default": False},
    "remove_volumes": {"type": "bool"},
}

STATES = ("present", "started", "stopped", "restarted", "absent", "healthy")


def _with_aliases(spec: Spec) -> Spec:
    result: Spec = {}
    for key, option in spec.items():
        aliases = sorted(alias for alias, name in RENAMED.items() if name == key)
        result[key] = {**option, "aliases": aliases} if aliases else dict(option)
    return result


SPEC: Spec = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "default": "started", "choices": list(STATES)},
    **_with_aliases(_COMPOSE),
    **_PEER,
    **_OURS,
    **REGISTRIES,
    **OBJECT_SCOPE,
    **WAITING,
    **LOCK,
    **CONNECTION,
}


def manifest_of(params: Mapping[str, Any], problems: List[str]) -> Dict[str, Any]:
    """The manifest of this one container."""
    options = given({key: params.get(key) for key in (*_COMPOSE, *_PEER, *_OURS)})
    service = translate_service(options, "", problems)
    state = params["state"]
    service["state"] = "started" if state == "healthy" else state
    return {
        "scope": params["scope"],
        "prune": False,
        "wait": params["wait"] or state == "healthy",
        "wait_timeout": params["wait_timeout"],
        "monitor": params["monitor"],
        # There is no place in this module to declare one.
        "implicit_volumes": True,
        "registries": params.get("registries") or {},
        "containers": {params["name"]: service},
    }
