# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about what a container may do: privileges, capabilities, namespaces, devices.

Knows how engines spell and extend these values: capabilities with and without CAP_, options with ``:``
and ``=``, and the label that privileged containers are given.
"""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ..deploy import within
from ..devices import is_cdi
from ..references import container_of, points_at, show_mode
from .base import ENGINE, Difference, Field, Filler, Service, State
from .kinds import Ordered, Scalar, Set, Table, always, never


def _capabilities(entries: Optional[Sequence[str]]) -> FrozenSet[str]:
    """Capabilities without CAP_, in capitals: engines keep them as they were sent."""
    names = (entry.upper() for entry in entries or ())
    return frozenset(name.removeprefix("CAP_") for name in names)


_UNCONFINED_PATHS = "systempaths=unconfined"


def _option(entry: str) -> str:
    """``word=value``: the colon is the old spelling, and no-new-privileges alone means true."""
    found = re.fullmatch(r"([^=:]+)[=:](.*)", entry, re.DOTALL)
    if found:
        return f"{found[1]}={found[2]}"
    return f"{entry}=true" if entry == "no-new-privileges" else entry


class SecurityOptions(Field):
    """SecurityOpt; ``systempaths=unconfined`` is the client's word for two empty lists of paths."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        declared = filler.service.get("security_opt")
        if declared is None:
            return
        host = filler.body["HostConfig"]
        kept = [entry for entry in declared if _option(entry) != _UNCONFINED_PATHS]
        host["SecurityOpt"] = kept
        if len(kept) < len(declared):
            host["MaskedPaths"] = host["ReadonlyPaths"] = []

    def compare(self, state: State) -> List[Difference]:
        declared = state.service.get("security_opt")
        if declared is None and state.same_spec:
            return []
        want = frozenset(map(_option, declared or ()))
        have = {_option(entry) for entry in state.host.get("SecurityOpt") or ()}
        masked = state.host.get("MaskedPaths")
        if masked == [] and not state.service.get("privileged"):
            have.add(_UNCONFINED_PATHS)
        elif masked is None:
            # Privileged containers have no masked paths anyway.
            have |= want & {_UNCONFINED_PATHS}
        if "label=disable" not in want:
            # Engines add it to privileged containers and to those in the host's pid or ipc namespace.
            have.discard("label=disable")
        causes = self.kind.causes(want, frozenset(have), never if state.same_spec else always)
        return [Difference(self.key, cause) for cause in causes]


def _show_option(entry: str) -> str:
    """A seccomp profile is a whole document: only its name is shown."""
    return "seccomp profile" if entry.startswith("seccomp={") else entry


class Namespace(Field):
    """A namespace mode, which may be that of another container."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        mode = filler.service.get(self.key)
        if mode is not None:
            other = container_of(mode)
            filler.body["HostConfig"][self.attribute] = f"container:{filler.resolve(other)}" if other else mode

    def compare(self, state: State) -> List[Difference]:
        mode = state.service.get(self.key)
        actual = state.host.get(self.attribute) or ""
        if mode is not None and points_at(mode, actual, state.resolve):
            return []
        return super().compare(state)


def _devices(service: Service) -> Optional[List[Dict[str, str]]]:
    declared = service.get("devices")
    if declared is None:
        return None
    return [
        {
            "PathOnHost": entry["source"],
            "PathInContainer": entry["target"],
            "CgroupPermissions": entry.get("permissions", "rwm"),
        }
        for entry in declared
        if not is_cdi(entry)
    ]


def _device_set(entries: Optional[List[Mapping[str, str]]]) -> FrozenSet[Tuple[str, str, str]]:
    return frozenset(
        (
            entry["PathOnHost"],
            entry.get("PathInContainer") or entry["PathOnHost"],
            "".join(sorted(entry.get("CgroupPermissions") or "rwm")),
        )
        for entry in entries or ()
    )


def _show_device(entry: Tuple[str, str, str]) -> str:
    return ":".join(entry)


def device_requests(service: Service) -> Optional[List[Dict[str, Any]]]:
    """DeviceRequests of ``gpus``, of reserved devices, and of devices named by CDI."""
    wanted = [(entry, ["gpu", *entry.get("capabilities", ())]) for entry in service.get("gpus", ())]
    reserved = within(service, "resources", "reservations", "devices") or ()
    wanted += [(entry, entry["capabilities"]) for entry in reserved]
    requests = []
    for entry, capabilities in wanted:
        ids = entry.get("device_ids")
        requests.append(
            {
                "Driver": entry.get("driver", ""),
                # compose's default: all there are.
                "Count": entry.get("count", 0 if ids else -1),
                "DeviceIDs": ids,
                "Capabilities": [list(dict.fromkeys(capabilities))],
                "Options": entry.get("options", {}),
            }
        )
    named = [entry["source"] for entry in service.get("devices", ()) if is_cdi(entry)]
    requests += [{"Driver": "cdi", "DeviceIDs": [device]} for device in named]
    return requests or None


def _request_set(entries: Optional[List[Mapping[str, Any]]]) -> FrozenSet[Any]:
    return frozenset(
        (
            entry.get("Driver") or "",
            entry.get("Count") or 0,
            tuple(entry.get("DeviceIDs") or ()),
            tuple(frozenset(group) for group in entry.get("Capabilities") or ()),
            tuple(sorted((entry.get("Options") or {}).items())),
        )
        for entry in entries or ()
    )


def _show_request(entry: Any) -> str:
    return ",".join(entry[2]) or "+".join(sorted({name for group in entry[3] for name in group}))


FIELDS: Tuple[Field, ...] = (
    Field("privileged", "HostConfig.Privileged", Scalar("privileged", bool)),
    Field("read_only", "HostConfig.ReadonlyRootfs", Scalar("read-only root", bool)),
    Field("cap_add", "HostConfig.CapAdd", Set("capability", _capabilities)),
    Field("cap_drop", "HostConfig.CapDrop", Set("dropped capability", _capabilities)),
    SecurityOptions("security_opt", "HostConfig.SecurityOpt", Set("security option", show=_show_option)),
    Field("userns_mode", "HostConfig.UsernsMode"),
    Field("uts", "HostConfig.UTSMode"),
    Namespace("pid", "HostConfig.PidMode", Scalar("pid namespace", show=show_mode)),
    Namespace("ipc", "HostConfig.IpcMode", Scalar("ipc namespace", show=show_mode), default=ENGINE),
    Field("cgroup", "HostConfig.CgroupnsMode", Scalar("cgroup namespace"), default=ENGINE),
    Field("cgroup_parent", "HostConfig.CgroupParent"),
    Field("devices", "HostConfig.Devices", Set("device", _device_set, _show_device), value=_devices),
    Field(
        "gpus",
        "HostConfig.DeviceRequests",
        Set("device request", _request_set, _show_request),
        value=device_requests,
    ),
    Field("device_cgroup_rules", "HostConfig.DeviceCgroupRules", Ordered("device rules")),
    Field("sysctls", "HostConfig.Sysctls", Table("sysctl")),
)
