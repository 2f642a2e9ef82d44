# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hashes by which docker compose tells whether a container, network or volume is as declared.

It knows the form in which docker compose 5.6 hashes a service, network or volume: which keys count, in which
order, and how they are written as JSON. The tables name the keys of each object in that order; what a table does
not name is no part of the hash (``x-`` keys, ``build``, ``depends_on``, ``scale`` …). It must not know how a
declaration is read, nor the other labels of compose.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Tuple

CONTAINER, SERVICE = "container:", "service:"
_NAMESPACES = ("network_mode", "ipc", "pid")
_JSON = json.JSONEncoder(ensure_ascii=False)
# JSON strings hold these as they are; Go writes them in a form that is safe inside HTML.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


class _Keys:
    """The keys of an object in their order, and the shapes of those values that are, or hold, such objects.

    A key that ends in ``!`` is always there: null, or an empty object where its value has a shape.
    """

    def __init__(self, keys: str, **shapes: Any) -> None:
        self.order = tuple(key.rstrip("!") for key in keys.split())
        self.always = frozenset(key[:-1] for key in keys.split() if key.endswith("!"))
        self.shapes = shapes


class _MapOf:
    """A map from names to objects of one shape."""

    def __init__(self, shape: _Keys) -> None:
        self.shape = shape


_Shape = Any  # _Keys or _MapOf; a list has the shape of its items

_HOOK = _Keys("command! user privileged working_dir environment")
_REFERENCE = _Keys("source target uid gid mode")
_DEVICE_REQUEST = _Keys("capabilities driver count device_ids options")
_LIMITS = _Keys("cpus memory pids")
_RESERVATIONS = _Keys(
    "cpus memory devices generic_resources",
    devices=_DEVICE_REQUEST,
    generic_resources=_Keys("discrete_resource_spec", discrete_resource_spec=_Keys("kind value")),
)
_UPDATE = _Keys("parallelism delay failure_action monitor max_failure_ratio order")
_RATE = _Keys("Path Rate")
_NESTED: Dict[str, _Shape] = {
    "blkio_config": _Keys(
        "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
        weight_device=_Keys("Path Weight"),
        device_read_bps=_RATE,
        device_read_iops=_RATE,
        device_write_bps=_RATE,
        device_write_iops=_RATE,
    ),
    "configs": _REFERENCE,
    "credential_spec": _Keys("config file registry"),
    "deploy": _Keys(
        "mode labels update_config rollback_config resources! restart_policy placement! endpoint_mode",
        update_config=_UPDATE,
        rollback_config=_UPDATE,
        resources=_Keys("limits reservations", limits=_LIMITS, reservations=_RESERVATIONS),
        restart_policy=_Keys("condition delay max_attempts window"),
        placement=_Keys("constraints preferences max_replicas_per_node", preferences=_Keys("spread")),
    ),
    "develop": _Keys("watch", watch=_Keys("path action target exec! include ignore initial_sync", exec=_HOOK)),
    "devices": _Keys("source target permissions"),
    "gpus": _DEVICE_REQUEST,
    "healthcheck": _Keys("test timeout interval retries start_period start_interval disable"),
    "logging": _Keys("driver options"),
    "models": _MapOf(_Keys("endpoint_var model_var")),
    "networks": _MapOf(
        _Keys(
            "aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address"
            " priority"
        )
    ),
    "ports": _Keys("name mode host_ip target published protocol app_protocol"),
    "post_start": _HOOK,
    "pre_stop": _HOOK,
    "provider": _Keys("type options"),
    "secrets": _REFERENCE,
    "ulimits": _MapOf(_Keys("soft hard")),
    "volumes": _Keys(
        "type source target read_only consistency bind volume tmpfs image",
        bind=_Keys("selinux propagation create_host_path recursive"),
        volume=_Keys("labels nocopy subpath"),
        tmpfs=_Keys("size mode"),
        image=_Keys("subpath"),
    ),
}
# A hook of this kind is a container of its own, and has an order of its own.
_PRE_START = _Keys(
    "annotations blkio_config cap_add cap_drop cgroup_parent cgroup cpu_count cpu_percent cpu_period cpu_quota"
    " cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command! configs credential_spec device_cgroup_rules devices"
    " dns dns_opt dns_search domainname entrypoint! environment extra_hosts group_add gpus hostname image init"
    " ipc isolation labels label_file logging mem_limit mem_reservation memswap_limit mem_swappiness mac_address models"
    " network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform privileged pull_policy"
    " pull_refresh_after read_only runtime secrets security_opt shm_size stop_grace_period stop_signal storage_opt"
    " sysctls tmpfs ulimits"
    " use_api_socket user userns_mode uts volumes volumes_from working_dir per_replica",
    **_NESTED,
)
_SERVICE = _Keys(
    "annotations attach develop blkio_config cap_add cap_drop cgroup_parent cgroup cpu_count cpu_percent cpu_period"
    " cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command! configs container_name credential_spec"
    " deploy device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint! provider environment"
    " expose external_links extra_hosts group_add gpus hostname healthcheck image init ipc isolation labels label_file"
    " links logging mem_limit mem_reservation memswap_limit mem_swappiness mac_address models network_mode networks"
    " oom_kill_disable oom_score_adj pid pids_limit platform ports privileged read_only restart runtime secrets"
    " security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits"
    " use_api_socket user userns_mode uts volumes volumes_from working_dir pre_start post_start pre_stop"
    " pull_refresh_after",
    pre_start=_PRE_START,
    **_NESTED,
)
_NETWORK = _Keys(
    "name driver driver_opts ipam! external internal attachable labels enable_ipv4 enable_ipv6",
    ipam=_Keys("driver config", config=_Keys("subnet gateway ip_range aux_addresses")),
)
_VOLUME = _Keys("name driver driver_opts external labels")


def service_hash(service: Mapping[str, Any], resolve: Optional[Callable[[str], str]] = None) -> str:
    """Return the config-hash of a service in the form that ``docker compose config --format json`` prints.

    One dollar is written where compose prints two.

    resolve returns the id of the container that stands for a service of the project: compose labels a container
    with the hash of what it was made from, in which names of services have become ids. Without it, the hash is
    the one that ``docker compose config --hash`` prints.
    """
    return _hash(service if resolve is None else _resolved(service, resolve), _SERVICE)


def network_hash(network: Mapping[str, Any]) -> str:
    """Return the config-hash of a network in the form that ``docker compose config --format json`` prints."""
    return _hash(network, _NETWORK)


def volume_hash(volume: Mapping[str, Any]) -> str:
    """Return the config-hash of a volume in the form that ``docker compose config --format json`` prints."""
    return _hash({**volume, "driver": volume.get("driver") or "local"}, _VOLUME)


def _resolved(service: Mapping[str, Any], resolve: Callable[[str], str]) -> Mapping[str, Any]:
    found = dict(service)
    for key in _NAMESPACES:
        mode = service.get(key) or ""
        if mode.startswith(SERVICE):
            found[key] = CONTAINER + resolve(mode[len(SERVICE) :])
    if service.get("volumes_from"):
        found["volumes_from"] = [_resolved_source(source, resolve) for source in service["volumes_from"]]
    return found


def _resolved_source(source: str, resolve: Callable[[str], str]) -> str:
    """What stands for an entry of volumes_from: compose loses the access mode behind the name."""
    if source.startswith(CONTAINER):
        return source[len(CONTAINER) :].partition(":")[0]
    return resolve(source.partition(":")[0])


def _hash(document: Mapping[str, Any], shape: _Keys) -> str:
    text = _text(document, shape).translate(_ESCAPED)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _text(value: Any, shape: _Shape) -> str:
    """Return the value as Go writes it in JSON, with the keys of all its objects in the order of their hash."""
    if isinstance(value, Mapping):
        if isinstance(shape, _Keys):
            return _braced(_members(value, shape))
        inner = shape.shape if isinstance(shape, _MapOf) else None
        return _braced((key, _text(value[key], inner)) for key in sorted(value))
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(item, shape) for item in value) + "]"
    return _number(value) if isinstance(value, float) else _JSON.encode(value)


def _members(value: Mapping[str, Any], shape: _Keys) -> Iterator[Tuple[str, str]]:
    for key in shape.order:
        inner = shape.shapes.get(key)
        if value.get(key) is not None:
            yield key, _text(value[key], inner)
        elif key in shape.always:
            yield key, "null" if inner is None else _text({}, inner)


def _braced(members: Iterable[Tuple[str, str]]) -> str:
    return "{" + ",".join(f"{_JSON.encode(key)}:{text}" for key, text in members) + "}"


def _number(value: float) -> str:
    """Write a fraction as Go does: with an exponent only below a millionth, and 2.0 as 2."""
    if abs(value) < 1e-6:
        return repr(value).replace("e-0", "e-")
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
