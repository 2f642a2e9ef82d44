# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about resources: memory, CPU, pids, block I/O, ulimits, shared memory, restart policy.

Most of these the engine changes in place (``ContainerUpdate`` of the Engine API). There zero means "as
it is", so that taking a limit away needs a new container wherever no ``reset`` is given.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Tuple

from .. import units
from ..deploy import within
from .base import ENGINE, RECREATE, UPDATE, Difference, Field, Service, State, number_of, undeclared
from .kinds import Scalar, Set, Table


def memory(service: Service) -> Optional[int]:
    """The memory limit in bytes: ``mem_limit``, or ``deploy.resources.limits.memory``."""
    limit = service.get("mem_limit") or within(service, "resources", "limits", "memory")
    return int(limit) if limit else None


def _reservation(service: Service) -> Optional[int]:
    amount = service.get("mem_reservation") or within(service, "resources", "reservations", "memory")
    return int(amount) if amount else None


def _nano_cpus(service: Service) -> Optional[int]:
    cpus = service.get("cpus") or within(service, "resources", "limits", "cpus")
    return round(cpus * 1_000_000_000) if cpus else None


def _pids(service: Service) -> Optional[int]:
    limit = service.get("pids_limit") or within(service, "resources", "limits", "pids")
    return int(limit) if limit else None


def _cents(value: Any) -> int:
    """NanoCpus in the steps the kernel is given: 10 µs of a period of 100 ms."""
    return round((value or 0) / 10_000)


def _show_cents(cents: int) -> str:
    return f"{cents / 100_000:g}"


def _positive(value: Any) -> int:
    """Null, 0 and -1 all stand for "no limit"."""
    return value if value and value > 0 else 0


def _swappiness(value: Any) -> Any:
    return None if value in (None, -1) else value


class Memory(Field):
    """Memory: the update call wants the swap limit along, or refuses to go above the old one."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        found = super().compare(state)
        wanted = memory(state.service)
        if not found or wanted is None:
            return found
        swap = int(state.service.get("memswap_limit", 0)) or 2 * wanted
        return [Difference(self.key, one.cause, one.change, {"Memory": wanted, "MemorySwap": swap}) for one in found]


class Swap(Field):
    """MemorySwap: undeclared, the engine makes it twice the memory; -1 also where swap is not accounted."""

    __slots__ = ()

    def compare(self, state: State) -> List[Difference]:
        wanted = self.value(state.service)
        limit = memory(state.service) or 0
        actual = state.host.get("MemorySwap") or 0
        declared = wanted is not None
        want = int(wanted) if wanted is not None else 2 * limit
        if actual == want or (not declared and limit != (state.host.get("Memory") or 0)):
            return []
        if not declared and actual == -1 and self.key not in state.declared_before:
            return []
        # Kernels without swap accounting keep -1, whatever was asked for.
        if actual == -1 and state.same_spec:
            return []
        cause = f"swap limit {_show_swap(actual)} -> {_show_swap(want)}" if want else "swap limit removed"
        update = {"Memory": limit, "MemorySwap": want} if limit else {"MemorySwap": want}
        return [Difference(self.key, cause, UPDATE if want else RECREATE, update if want else {})]


def _show_swap(size: int) -> str:
    return "unlimited" if size < 0 else units.render_bytes(size) if size else "none"


_CONDITIONS = {"none": "no", "any": "always"}


def restart_policy(service: Service) -> Optional[Dict[str, Any]]:
    """RestartPolicy: ``deploy.restart_policy``, whose default condition is any, or else ``restart``."""
    declared = service.get("restart")
    policy: Optional[Mapping[str, Any]] = within(service, "restart_policy")
    if policy is not None:
        condition = policy.get("condition", "any")
        name, attempts = _CONDITIONS.get(condition, condition), policy.get("max_attempts", 0)
    elif declared is not None:
        name, _sep, attempts = declared.partition(":")
    else:
        return None
    # Engines since 25 refuse a count beside any other policy.
    return {"Name": name, "MaximumRetryCount": int(attempts or 0) if name == "on-failure" else 0}


def _restart(value: Optional[Mapping[str, Any]]) -> Tuple[str, int]:
    value = value or {}
    name = value.get("Name") or "no"
    return name, (value.get("MaximumRetryCount") or 0) if name == "on-failure" else 0


def _show_restart(policy: Tuple[str, int]) -> str:
    return f"{policy[0]}:{policy[1]}" if policy[1] else policy[0]


def _ulimits(service: Service) -> Optional[List[Dict[str, Any]]]:
    declared = service.get("ulimits")
    if declared is None:
        return None
    return [
        {"Name": name, "Soft": limit.get("soft", 0), "Hard": limit.get("hard", 0)}
        if isinstance(limit, dict)
        else {"Name": name, "Soft": limit, "Hard": limit}
        for name, limit in declared.items()
    ]


def _limit_table(entries: Optional[List[Mapping[str, Any]]]) -> Dict[str, Any]:
    return {entry["Name"]: (entry.get("Soft", 0), entry.get("Hard", 0)) for entry in entries or ()}


def _per_device(key: str, name: str) -> Any:
    """``blkio_config``'s list as the API wants it: rates are numbers there."""

    def read(service: Service) -> Optional[List[Dict[str, Any]]]:
        entries = service.get("blkio_config", {}).get(key)
        return entries and [{"Path": entry["Path"], name: int(entry[name])} for entry in entries]

    return read


def _pairs(name: str) -> Any:
    def norm(entries: Optional[List[Mapping[str, Any]]]) -> FrozenSet[Tuple[str, int]]:
        return frozenset((entry["Path"], int(entry[name])) for entry in entries or ())

    return norm


def _blkio(key: str, attribute: str, name: str = "Rate") -> Field:
    noun = f"block I/O {key.replace('_', ' ')}"
    kind = Set(noun, _pairs(name), lambda pair: f"{pair[0]} {pair[1]}")
    return Field("blkio_config", f"HostConfig.{attribute}", kind, value=_per_device(key, name), discards=True)


def _bytes(noun: str) -> Scalar:
    return Scalar(noun, show=units.render_bytes)


FIELDS: Tuple[Field, ...] = (
    Memory("mem_limit", "HostConfig.Memory", _bytes("memory"), value=memory, change=UPDATE),
    Swap("memswap_limit", "HostConfig.MemorySwap", value=number_of("memswap_limit"), change=UPDATE),
    Field(
        "mem_reservation",
        "HostConfig.MemoryReservation",
        _bytes("memory reservation"),
        value=_reservation,
        change=UPDATE,
    ),
    Field(
        "mem_swappiness",
        "HostConfig.MemorySwappiness",
        Scalar("swappiness", _swappiness),
        value=number_of("mem_swappiness"),
        discards=True,
    ),
    Field("cpus", "HostConfig.NanoCpus", Scalar("cpus", _cents, _show_cents), value=_nano_cpus, change=UPDATE),
    Field("cpu_shares", "HostConfig.CpuShares", change=UPDATE),
    Field("cpu_period", "HostConfig.CpuPeriod", change=UPDATE),
    Field("cpu_quota", "HostConfig.CpuQuota", Scalar("cpu_quota", _positive), change=UPDATE, reset=-1),
    Field("cpu_rt_period", "HostConfig.CpuRealtimePeriod", change=UPDATE, discards=True),
    Field("cpu_rt_runtime", "HostConfig.CpuRealtimeRuntime", change=UPDATE, discards=True),
    Field("cpuset", "HostConfig.CpusetCpus", change=UPDATE),
    Field("cpu_count", "HostConfig.CpuCount", discards=True),
    Field("cpu_percent", "HostConfig.CpuPercent", discards=True),
    Field(
        "pids_limit",
        "HostConfig.PidsLimit",
        Scalar("pids limit", _positive),
        value=_pids,
        change=UPDATE,
        reset=-1,
    ),
    Field(
        "blkio_config",
        "HostConfig.BlkioWeight",
        Scalar("block I/O weight"),
        value=lambda service: service.get("blkio_config", {}).get("weight"),
        change=UPDATE,
        discards=True,
    ),
    _blkio("weight_device", "BlkioWeightDevice", "Weight"),
    _blkio("device_read_bps", "BlkioDeviceReadBps"),
    _blkio("device_write_bps", "BlkioDeviceWriteBps"),
    _blkio("device_read_iops", "BlkioDeviceReadIOps"),
    _blkio("device_write_iops", "BlkioDeviceWriteIOps"),
    Field("oom_kill_disable", "HostConfig.OomKillDisable", Scalar("oom_kill_disable", bool), discards=True),
    Field("oom_score_adj", "HostConfig.OomScoreAdj"),
    Field("shm_size", "HostConfig.ShmSize", _bytes("shm size"), value=number_of("shm_size"), default=ENGINE),
    Field("ulimits", "HostConfig.Ulimits", Table("ulimit", _limit_table), value=_ulimits, default=ENGINE),
    Field(
        "restart",
        "HostConfig.RestartPolicy",
        Scalar("restart policy", _restart, _show_restart),
        value=restart_policy,
        change=UPDATE,
        reset={"Name": "no", "MaximumRetryCount": 0},
    ),
    # No key asks for these; a container made by hand may have them.
    Field("restart", "HostConfig.AutoRemove", Scalar("auto-remove", bool), value=undeclared),
    Field("cpuset", "HostConfig.CpusetMems", Scalar("cpuset mems"), value=undeclared),
)
