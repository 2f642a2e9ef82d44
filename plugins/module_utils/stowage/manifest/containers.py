# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``containers``: canonical services, each spelled out as the containers it stands for.

Knows replicas, names and how one declaration refers to another. What the keys of a service mean is
the service layer's.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ..errors import BadReference
from ..model.desired import ABSENT, PRESENT, RESTARTED, STARTED, STOPPED, Container
from ..reference import familiar
from ..service.canonical import parse_service
from ..service.dependencies import dependencies
from ..service.spec import spec_hash
from .cycles import check_cycles
from .reader import Reader, check_name

STATES = (STARTED, PRESENT, STOPPED, RESTARTED, ABSENT)
OURS = ("state", "recreate", "remove_volumes")


def parse_containers(reader: Reader, networks: Mapping[str, str], volumes: Mapping[str, str]) -> Tuple[Container, ...]:
    """Every container declared. ``networks`` and ``volumes`` lead from a section's key to the real name."""
    entries = {key: reader.reader(key) for key, _value in reader.items()}
    states = {key: entry.text("state", STARTED, STATES) for key, entry in entries.items()}
    services = {key: _parse_service(entry, states[key], networks, volumes) for key, entry in entries.items()}
    names = {key: _names(key, services[key], entry) for key, entry in entries.items()}
    check_unique(names, entries)
    check_cycles(services, entries)
    for key, entry in entries.items():
        check_references(entry, services[key], names, states)
    containers: List[Container] = []
    for key, entry in entries.items():
        containers += _containers(entry, key, names[key], services[key], states[key])
    return tuple(containers)


def _parse_service(
    entry: Reader, state: str, networks: Mapping[str, str], volumes: Mapping[str, str]
) -> Dict[str, Any]:
    document = {key: value for key, value in entry.document.items() if key not in OURS}
    if state == ABSENT:
        # Only names and their number matter of what shall go; the rest may stay in place, unread.
        document = {key: document[key] for key in ("container_name", "scale", "deploy") if key in document}
        return parse_service(document, entry.path, entry.problems)
    if _is_state_only(entry):
        return {}
    service = parse_service(document, entry.path, entry.problems)
    if service.get("build") is not None:
        entry.problem("declare the build under images: and name that image here", "build")
    if not service.get("image"):
        entry.problem("must name an image", "image")
    else:
        try:
            service["image"] = familiar(service["image"])
        except BadReference as error:
            entry.problem(str(error), "image")
    if isinstance(service.get("networks"), Mapping):
        service["networks"] = {networks.get(key, key): value for key, value in service["networks"].items()}
    for mount in service.get("volumes") or ():
        if mount.get("type") == "volume" and mount.get("source") in volumes:
            mount["source"] = volumes[mount["source"]]
    return service


def _is_state_only(entry: Reader) -> bool:
    """Whether this is about the state of a container that is there already: no key says how to make one."""
    return "state" in entry.document and all(key in OURS for key in entry.document) and not entry.flag("recreate")


def _names(key: str, service: Mapping[str, Any], entry: Reader) -> Tuple[str, ...]:
    """``web``, or ``web-1``, ``web-2`` … where a number of replicas is declared."""
    replicas = service.get("scale", (service.get("deploy") or {}).get("replicas"))
    name = str(service.get("container_name") or key)
    check_name(name, entry.path, "container", entry.problems)
    if replicas is None:
        return (name,)
    if service.get("container_name"):
        if replicas > 1:
            entry.problem(f"{replicas} replicas cannot share one name", "container_name")
        return (name,) if replicas else ()
    return tuple(f"{name}-{number}" for number in range(1, replicas + 1))


def check_unique(names: Mapping[str, Tuple[str, ...]], entries: Mapping[str, Reader]) -> None:
    """Report each name that two services' containers would have."""
    owner: Dict[str, str] = {}
    for key, own in names.items():
        for name in own:
            if name in owner:
                entries[key].problem(f"the name {name} is taken by {owner[name]} already")
            owner[name] = key


def check_references(
    entry: Reader, service: Mapping[str, Any], names: Mapping[str, Tuple[str, ...]], states: Mapping[str, str]
) -> None:
    """Report each ``service:x``, link or depends_on that refers to nothing declared here, or to what shall go."""
    for key, options in dependencies(service).items():
        if not options.get("required", True) or (names.get(key) and states[key] != ABSENT):
            continue
        where = ("depends_on", key) if key in (service.get("depends_on") or {}) else ()
        entry.problem(f"refers to {key}, which is {'declared absent' if key in states else 'not declared'}", *where)


def _containers(
    entry: Reader, key: str, names: Sequence[str], service: Mapping[str, Any], state: str
) -> List[Container]:
    state_only = state != ABSENT and _is_state_only(entry)
    spec = spec_hash(service, str(service.get("image") or "")) if state != ABSENT and not state_only else ""
    remove_volumes, recreate = entry.flag("remove_volumes"), entry.flag("recreate")
    return [
        Container(name, key, entry.path, service, spec, state, remove_volumes, recreate, state_only) for name in names
    ]
