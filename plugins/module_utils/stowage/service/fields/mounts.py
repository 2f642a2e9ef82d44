# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything mounted into a container: ``volumes``, ``tmpfs``, ``volumes_from`` and what an image lists.

The engine has four places for mounts (HostConfig's Binds, Mounts and Tmpfs, and Config.Volumes). They
are compared as one set by target, so that it does not matter which of them a container was made with.

What goes where: a bind whose source may be made goes to Binds, since that is the one place where every
engine makes it; a volume that is relabelled goes there too, since Mounts knows no labels. The rest goes
to Mounts, and ``tmpfs`` to Tmpfs.
"""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

from .. import units
from ..mounts import clean
from ..references import same_container, source_of_volumes
from .base import Difference, Field, Filler, Service, State
from .kinds import Kind

_PROPAGATION = frozenset(("private", "rprivate", "shared", "rshared", "slave", "rslave"))
_RECURSIVE = {
    "disabled": "NonRecursive",
    "writable": "ReadOnlyNonRecursive",
    "readonly": "ReadOnlyForceRecursive",
}
_MARK = "com.docker.volume.anonymous"  # engines since 26 label such volumes so
# What changes nothing about the mount once it is there, or is the engine's default.
_WITHOUT_EFFECT = frozenset(("CreateMountpoint", "Propagation=rprivate"))


# A mount in the form that compares: type, source, read-only, options as ``name`` or ``name=value``.
Mount = Tuple[str, str, bool, FrozenSet[str]]


def _needs_mounts(entry: Mapping[str, Any]) -> bool:
    """Whether a canonical bind or volume says what Binds cannot."""
    bind = entry.get("bind") or {}
    if entry["type"] == "bind":
        plain = bind.get("create_host_path", True) and "recursive" not in bind
        return not plain or ":" in entry["source"] or ":" in entry["target"]
    return "selinux" not in bind


def _bind_text(entry: Mapping[str, Any], source: str) -> str:
    bind = entry.get("bind") or {}
    options = ["ro" if entry.get("read_only") else "rw"]
    options += [bind[key] for key in ("selinux", "propagation") if bind.get(key)]
    if (entry.get("volume") or {}).get("nocopy") and entry["type"] == "volume":
        options.append("nocopy")
    return f"{source}:{entry['target']}:{','.join(options)}"


def _mount_body(entry: Mapping[str, Any], source: str, creatable: bool) -> Dict[str, Any]:
    """Return the Engine API's Mount of a canonical volume."""
    kind = entry["type"]
    body: Dict[str, Any] = {"Type": kind, "Target": entry["target"]}
    if source:
        body["Source"] = source
    if entry.get("read_only"):
        body["ReadOnly"] = True
    if entry.get("consistency"):
        body["Consistency"] = entry["consistency"]
    section = entry.get(kind) or {}
    options: Dict[str, Any] = {}
    if kind == "bind":
        if section.get("propagation"):
            options["Propagation"] = section["propagation"]
        if section.get("recursive") in _RECURSIVE:
            options[_RECURSIVE[section["recursive"]]] = True
        if creatable and section.get("create_host_path", True):
            options["CreateMountpoint"] = True
    elif kind == "tmpfs":
        options = {name: int(section[key]) for key, name in (("size", "SizeBytes"), ("mode", "Mode")) if key in section}
    else:
        for key, name in (("nocopy", "NoCopy"), ("labels", "Labels"), ("subpath", "Subpath")):
            if section.get(key):
                options[name] = section[key]
    if options:
        body[f"{kind.capitalize()}Options"] = options
    return body


def _from_body(body: Mapping[str, Any]) -> Mount:
    options: Set[str] = set()
    kind = body.get("Type", "")
    for name, value in (body.get(f"{kind.capitalize()}Options") or {}).items():
        if name == "Labels":
            options.update(f"label {key}={value[key]}" for key in value or () if key != _MARK)
        elif name == "DriverConfig":
            options.update(f"driver {key}={value[key]}" for key in value or () if value[key])
        elif value is True:
            options.add(name)
        elif value:
            options.add(f"{name}={value}")
    source = body.get("Source") or ""
    if kind == "bind":
        source = clean(source)
    return (kind, source, bool(body.get("ReadOnly")), frozenset(options - _WITHOUT_EFFECT))


def _from_bind(text: str) -> Tuple[str, Mount]:
    source, _sep, rest = text.partition(":")
    target, _sep, flags = rest.partition(":")
    kind = "bind" if source.startswith("/") else "volume"
    options = set()
    read_only = False
    for flag in flags.split(","):
        if flag == "ro":
            read_only = True
        elif flag in ("z", "Z"):
            options.add(f"selinux={flag}")
        elif flag in _PROPAGATION:
            options.add(f"Propagation={flag}")
        elif flag == "nocopy" and kind == "volume":
            options.add("NoCopy")
    source = clean(source) if kind == "bind" else source
    return clean(target), (kind, source, read_only, frozenset(options - _WITHOUT_EFFECT))


def _from_tmpfs(flags: str) -> Mount:
    options = set()
    read_only = False
    for flag in filter(None, flags.split(",")):
        name, _sep, value = flag.partition("=")
        if flag == "ro":
            read_only = True
        elif name == "size":
            try:
                options.add(f"SizeBytes={units.parse_bytes(value)}")
            except ValueError:
                options.add(flag)  # a percentage, which only the kernel understands
        elif name == "mode":
            options.add(f"Mode={int(value, 8)}" if re.fullmatch("[0-7]+", value) else flag)
        elif flag != "rw":
            options.add(flag)
    return ("tmpfs", "", read_only, frozenset(options))


def _gather(config: Mapping[str, Any], host: Mapping[str, Any]) -> Dict[str, Mount]:
    """Return every mount that a create body, or an inspect answer, spells out, by target."""
    found: Dict[str, Mount] = {
        clean(target): ("volume", "", False, frozenset()) for target in config.get("Volumes") or ()
    }
    for target, flags in (host.get("Tmpfs") or {}).items():
        found[clean(target)] = _from_tmpfs(flags)
    for text in host.get("Binds") or ():
        target, mount = _from_bind(text)
        found[target] = mount
    for body in host.get("Mounts") or ():
        found[clean(body["Target"])] = _from_body(body)
    return found


def is_anonymous_name(volume: str) -> bool:
    """Whether the engine gave the name: 64 hexadecimal digits."""
    return len(volume) == 64 and not volume.strip("0123456789abcdef")


def _is_anonymous(mount: Mount) -> bool:
    return mount[0] == "volume" and (not mount[1] or is_anonymous_name(mount[1]))


def mount_host(service: Service, carry: Mapping[str, str], creatable: bool = True) -> Dict[str, Any]:
    """Return HostConfig's Binds, Mounts and Tmpfs; ``carry`` names anonymous volumes to mount again."""
    binds: List[str] = []
    mounts: List[Dict[str, Any]] = []
    left = dict(carry)
    for entry in service.get("volumes", ()):
        carried = left.pop(entry["target"], "")
        source = entry.get("source") or (carried if entry["type"] == "volume" else "")
        if entry["type"] in ("bind", "volume") and not _needs_mounts(entry) and source:
            binds.append(_bind_text(entry, source))
        else:
            mounts.append(_mount_body(entry, source, creatable))
    tmpfs = dict(_tmpfs_pair(spec) for spec in service.get("tmpfs", ()))
    for target, volume in left.items():
        if target not in tmpfs:
            mounts.append({"Type": "volume", "Source": volume, "Target": target})
    parts = {"Binds": binds, "Mounts": mounts, "Tmpfs": tmpfs}
    return {name: part for name, part in parts.items() if part}


def _tmpfs_pair(spec: str) -> Tuple[str, str]:
    target, _sep, flags = spec.partition(":")
    return target, flags


class Mounts(Field):
    """All mounts as one set by target. Anonymous volumes of the image never count as a difference."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        # Making a missing source is an option of Mounts from API 1.42.
        host = mount_host(filler.service, filler.carry, filler.api_version >= (1, 42))
        filler.body["HostConfig"].update(host)

    def compare(self, state: State) -> List[Difference]:
        service = state.service
        declared = "volumes" in service or "tmpfs" in service
        if not declared and not state.exact:
            return []
        want = _gather({}, mount_host(service, {})) if declared else {}
        have = _gather(state.config, state.host)
        found = []
        for target, mount in want.items():
            actual = have.get(target)
            if actual is None:
                found.append((target, "added"))
            elif mount != actual and not (_is_anonymous(mount) and _is_anonymous(actual) and mount[2:] == actual[2:]):
                found.append((target, "changed"))
        if state.exact:
            given = {clean(target) for target in (state.image or {}).get("Volumes") or ()}
            for target, actual in have.items():
                if target not in want and not (_is_anonymous(actual) and target in given):
                    found.append((target, "removed"))
        elif not state.same_spec:
            found += [(at, "removed") for at in have if at not in want and not _is_anonymous(have[at])]
        tmpfs = {clean(spec.partition(":")[0]) for spec in service.get("tmpfs", ())}
        tmpfs.update(map(clean, state.host.get("Tmpfs") or ()))
        return [
            Difference("tmpfs" if target in tmpfs else self.key, f"mount {target} {what}")
            for target, what in sorted(found)
        ]


def anonymous_volumes(
    inspect: Mapping[str, Any], service: Service, image_config: Optional[Mapping[str, Any]] = None
) -> Dict[str, str]:
    """Return ``{target: volume name}`` of the anonymous volumes that a replacement takes along.

    Left out are those whose target is declared as something else, and, where the new image's
    ``image_config`` is known, those that neither it nor the declaration lists any more.
    """
    declared = {entry["target"]: entry for entry in service.get("volumes", ())}
    taken = {clean(spec.partition(":")[0]) for spec in service.get("tmpfs", ())}
    own = _gather(inspect.get("Config") or {}, inspect.get("HostConfig") or {})
    listed = None if image_config is None else {clean(target) for target in image_config.get("Volumes") or ()}
    found: Dict[str, str] = {}
    for mount in inspect.get("Mounts") or ():
        target, volume = clean(mount.get("Destination", "")), mount.get("Name", "")
        # A volume that came by volumes_from is not among the container's own.
        if mount.get("Type") != "volume" or target not in own or not is_anonymous_name(volume):
            continue
        entry = declared.get(target)
        if target in taken or (entry is not None and (entry["type"] != "volume" or entry.get("source"))):
            continue
        if entry is not None or listed is None or target in listed:
            found[target] = volume
    return found


class VolumesFrom(Field):
    """VolumesFrom: containers by name or id, each with its mode."""

    __slots__ = ()

    def fill(self, filler: Filler) -> None:
        declared = filler.service.get("volumes_from")
        if declared is not None:
            pairs = map(source_of_volumes, declared)
            filler.body["HostConfig"]["VolumesFrom"] = [f"{filler.resolve(name)}:{mode}" for name, mode in pairs]

    def compare(self, state: State) -> List[Difference]:
        want = [source_of_volumes(entry) for entry in state.service.get("volumes_from", ())]
        if not want and state.same_spec:
            return []
        have = [source_of_volumes(entry) for entry in state.host.get("VolumesFrom") or ()]
        added = [one for one in want if not any(_same(one, other, state) for other in have)]
        removed = [other for other in have if not any(_same(one, other, state) for one in want)]
        return [Difference(self.key, f"volumes from {name} added") for name, _mode in added] + [
            Difference(self.key, f"volumes from {name} removed") for name, _mode in removed
        ]


def _same(declared: Tuple[str, str], actual: Tuple[str, str], state: State) -> bool:
    # No engine changes the mode of a container that is there, and docker compose loses it at create.
    same_mode = state.same_spec or declared[1] == actual[1]
    return same_mode and same_container(declared[0], actual[0], state.resolve)


FIELDS: Tuple[Field, ...] = (
    Mounts("volumes", "HostConfig.Mounts", Kind("mount")),
    VolumesFrom("volumes_from", "HostConfig.VolumesFrom", Kind("volumes from")),
)
