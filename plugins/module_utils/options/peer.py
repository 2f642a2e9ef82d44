# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers in community.docker's words, turned into compose's.

Knows the options of docker_container (community.docker 5.4) and the compose key each means. Knows no
defaults and checks no values: what comes out is read by the runtime like any other service.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Tuple

from .common import refuse

# The same thing under another name.
RENAMED: Dict[str, str] = {
    "capabilities": "cap_add",
    "cgroupns_mode": "cgroup",
    "cpuset_cpus": "cpuset",
    "dns_opts": "dns_opt",
    "dns_search_domains": "dns_search",
    "dns_servers": "dns",
    "env": "environment",
    "etc_hosts": "extra_hosts",
    "exposed": "expose",
    "exposed_ports": "expose",
    "groups": "group_add",
    "interactive": "stdin_open",
    "ipc_mode": "ipc",
    "memory": "mem_limit",
    "memory_reservation": "mem_reservation",
    "memory_swap": "memswap_limit",
    "memory_swappiness": "mem_swappiness",
    "oom_killer": "oom_kill_disable",
    "pid_mode": "pid",
    "publish": "ports",
    "published_ports": "ports",
    "pull": "pull_policy",
    "restart_policy": "restart",
    "security_opts": "security_opt",
    "storage_opts": "storage_opt",
}

# Options of docker_container that are refused, and what to write instead.
REFUSED: Dict[str, str] = {
    "auto_remove": "a declared container is there until it is declared absent; use state: absent",
    "cleanup": "use state: absent",
    "command_handling": "command is always read as compose reads it",
    "comparisons": "every option that is set is compared, and every one that is not is left to the engine or the image",
    "container_default_behavior": "options that are not set are left to the engine",
    "cpuset_mems": "the compose specification has no such key",
    "default_host_ip": "write the address into ports, as in 127.0.0.1:8080:80",
    "detach": "containers always run in the background",
    "env_file": "use environment with a lookup",
    "force_kill": "use stop_signal: SIGKILL",
    "image_comparison": "the image that is declared is the image that runs",
    "image_label_mismatch": "labels of the image never count as a difference",
    "image_name_mismatch": "the image that is declared is the image that runs",
    "kernel_memory": "the engine no longer has it",
    "kill_signal": "use stop_signal",
    "networks_cli_compatible": "networks are always connected as the command line does it",
    "output_logs": "a failed container's last log lines are in the error",
    "paused": "a declared container runs or is stopped",
    "publish_all_ports": "name the ports in ports",
    "pull_check_mode_behavior": "check mode always tells what the next run does",
    "purge_networks": "networks that are not declared any more are always disconnected",
    "removal_wait_timeout": "removals are always waited for",
    "volume_driver": "declare the volume with its driver",
}

_DEVICE_LIMITS = ("device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops")
_MOUNT_FLAGS: Dict[str, Tuple[str, str]] = {
    # docker_container's suboption of mounts -> where compose has it
    "create_mountpoint": ("bind", "create_host_path"),
    "propagation": ("bind", "propagation"),
    "no_copy": ("volume", "nocopy"),
    "labels": ("volume", "labels"),
    "subpath": ("volume", "subpath"),
    "tmpfs_size": ("tmpfs", "size"),
    "tmpfs_mode": ("tmpfs", "mode"),
}
_MOUNT_KEYS = ("target", "source", "type", "read_only", "consistency")

Document = Dict[str, Any]
_Translation = Callable[[Document, Any, str, List[str]], None]


def translate_service(service: Mapping[str, Any], where: str, problems: List[str]) -> Document:
    """A service with compose's keys alone. ``where`` is put before each option named in a problem."""
    refuse(service, REFUSED, where, problems)
    result: Document = {}
    for key, value in service.items():
        if key in REFUSED:
            continue
        name = RENAMED.get(key, key)
        if key not in _TRANSLATIONS and name in result:
            problems.append(f"{where}{key}: is {name} under another name, and that is set too")
        elif key not in _TRANSLATIONS:
            result[name] = value
    for key, translate in _TRANSLATIONS.items():
        if service.get(key) is not None:
            translate(result, service[key], where + key, problems)
    for key, convert in _VALUES.items():
        if result.get(key) is not None:
            result[key] = convert(result[key])
    networks, mode = result.get("networks"), result.get("network_mode")
    if isinstance(networks, (dict, list)) and isinstance(mode, str) and mode in networks:
        del result["network_mode"]  # docker_container wants one of the networks there, too
    return result


def _logging(result: Document, value: Any, where: str, problems: List[str]) -> None:
    key = "driver" if where.endswith("log_driver") else "options"
    logging = result.setdefault("logging", {})
    if not isinstance(logging, dict) or key in logging:
        problems.append(f"{where}: logging is set too")
        return
    result["logging"] = {**logging, key: value}


def _stop_timeout(result: Document, value: Any, where: str, problems: List[str]) -> None:
    if "stop_grace_period" in result:
        problems.append(f"{where}: stop_grace_period is set too")
    result["stop_grace_period"] = f"{value}s"


def _restart_retries(result: Document, value: Any, where: str, problems: List[str]) -> None:
    if result.get("restart") != "on-failure":
        problems.append(f"{where}: belongs to restart: on-failure")
    result["restart"] = f"on-failure:{value}"


def _keep_volumes(result: Document, value: Any, where: str, problems: List[str]) -> None:
    if "remove_volumes" in result:
        problems.append(f"{where}: remove_volumes is set too")
    result["remove_volumes"] = not value


def _blkio(result: Document, value: Any, where: str, problems: List[str]) -> None:
    key = "weight" if where.endswith("blkio_weight") else where.rpartition(".")[2]
    settings = result.get("blkio_config") or {}
    if not isinstance(settings, dict) or key in settings:
        problems.append(f"{where}: blkio_config is set too")
        return
    result["blkio_config"] = {**settings, key: value}


def _device_requests(result: Document, value: Any, where: str, problems: List[str]) -> None:
    if result.get("deploy") is not None or not isinstance(value, list):
        problems.append(f"{where}: write it as deploy.resources.reservations.devices")
        return
    devices = []
    for index, request in enumerate(value):
        capabilities = request.get("capabilities") or [] if isinstance(request, dict) else None
        if capabilities is None or len(capabilities) > 1:
            problems.append(f"{where}[{index}]: one list of capabilities per device is what compose knows")
            continue
        device = {key: item for key, item in request.items() if item is not None and key != "capabilities"}
        if device.get("device_ids") and device.get("count") is not None:
            del device["count"]
        devices.append({**device, "capabilities": list(capabilities[0]) if capabilities else ["gpu"]})
    result["deploy"] = {"resources": {"reservations": {"devices": devices}}}


def _mounts(result: Document, value: Any, where: str, problems: List[str]) -> None:
    volumes = list(result.get("volumes") or ())
    for index, mount in enumerate(value if isinstance(value, list) else [value]):
        if not isinstance(mount, dict):
            problems.append(f"{where}[{index}]: must be a mapping")
            continue
        volumes.append(_mount(mount, f"{where}[{index}]", problems))
    result["volumes"] = volumes


def _mount(mount: Mapping[str, Any], where: str, problems: List[str]) -> Document:
    volume: Document = {"type": mount.get("type") or "volume"}
    for key, value in mount.items():
        if value is None or key == "type":
            continue
        if key in _MOUNT_KEYS:
            volume[key] = value
        elif key in _MOUNT_FLAGS:
            section, name = _MOUNT_FLAGS[key]
            # A subpath is an image's as well as a volume's.
            section = "image" if key == "subpath" and volume["type"] == "image" else section
            volume.setdefault(section, {})[name] = value
        elif key == "non_recursive":
            volume.setdefault("bind", {})["recursive"] = "disabled" if value else "enabled"
        else:
            problems.append(f"{where}.{key}: not supported: write the mount under volumes as compose has it")
    return volume


_TRANSLATIONS: Dict[str, _Translation] = {
    "log_driver": _logging,
    "log_options": _logging,
    "log_opt": _logging,
    "stop_timeout": _stop_timeout,
    "restart_retries": _restart_retries,
    "keep_volumes": _keep_volumes,
    "blkio_weight": _blkio,
    **dict.fromkeys(_DEVICE_LIMITS, _blkio),
    "device_requests": _device_requests,
    "mounts": _mounts,
}


def _restart(value: Any) -> Any:
    """YAML reads an unquoted no as false."""
    return "no" if value is False or str(value) in ("False", "false") else value


def _pull_policy(value: Any) -> Any:
    words = {"true": "always", "false": "missing", "not_present": "missing"}
    return words.get(str(value).lower(), value)


def _networks(value: Any) -> Any:
    """A list of mappings with a name each, as one mapping."""
    if not isinstance(value, list) or not any(isinstance(item, dict) for item in value):
        return value
    networks: Document = {}
    for item in value:
        if isinstance(item, dict) and item.get("name"):
            options = {key: option for key, option in item.items() if key != "name" and option is not None}
            networks[str(item["name"])] = options or None
        elif isinstance(item, str):
            networks[item] = None
        else:
            return value  # the runtime says what is wrong with it
    return networks


def _ulimits(value: Any) -> Any:
    """``nofile:1024:2048`` and ``nproc:5``, as the mapping compose has."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return value
    limits: Document = {}
    for item in value:
        name, _colon, rest = item.partition(":")
        soft, _colon, hard = rest.partition(":")
        try:
            limits[name] = {"soft": int(soft), "hard": int(hard)} if hard else int(soft)
        except ValueError:
            return value
    return limits


def _without_limit(value: Any) -> Any:
    return -1 if value == "unlimited" else value


def _healthcheck(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if item is not None and key != "test_cli_compatible"}


_VALUES: Dict[str, Callable[[Any], Any]] = {
    "restart": _restart,
    "pull_policy": _pull_policy,
    "networks": _networks,
    "ulimits": _ulimits,
    "memswap_limit": _without_limit,
    "healthcheck": _healthcheck,
}
