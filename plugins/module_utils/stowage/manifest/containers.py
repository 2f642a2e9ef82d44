# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``containers``: canonical services, each spelled out as the containers it stands for.

Knows replicas, names and how one declaration refers to another. What the keys of a service mean is
the service layer's.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..errors import BadReference, Problem
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
    services: Dict[str, Dict[str, Any]] = {}
    for key, _value in reader.items():
        services[key] = _parse_service(reader.reader(key), networks, volumes)
    names = {key: _names(key, service, reader) for key, service in services.items()}
    _check_unique(names, reader)
    check_cycles(services, reader)
    for key, service in services.items():
        _check_references(reader.reader(key), service, names)
    return tuple(
        _container(reader.reader(key), key, name, service) for key, service in services.items() for name in names[key]
    )


def _parse_service(entry: Reader, networks: Mapping[str, str], volumes: Mapping[str, str]) -> Dict[str, Any]:
    document = {key: value for key, value in entry.document.items() if key not in OURS}
    if entry.text("state", STARTED, STATES) == ABSENT:
        # Only the name matters of what shall go; the rest may stay in place, unread.
        return {"container_name": document["container_name"]} if document.get("container_name") else {}
    service = parse_service(document, entry.path, entry.problems)
    if service.get("build") is not None:
        entry.problem("declare the build under images: and name that image here", "build")
    if not service.get("image"):
        entry.problem("needs an image")
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


def _names(key: str, service: Mapping[str, Any], reader: Reader) -> Tuple[str, ...]:
    """``web``, or ``web-1``, ``web-2`` … where a number of replicas is declared."""
    path = reader.reader(key).path
    replicas = service.get("scale", (service.get("deploy") or {}).get("replicas"))
    name = str(service.get("container_name") or key)
    check_name(name, path, "container", reader.problems)
    if replicas is None:
        return (name,)
    if service.get("container_name"):
        if replicas > 1:
            reader.problems.append(Problem(f"{path}.container_name", f"{replicas} replicas cannot share one name"))
        return (name,) if replicas else ()
    return tuple(f"{name}-{number}" for number in range(1, replicas + 1))


def _check_unique(names: Mapping[str, Tuple[str, ...]], reader: Reader) -> None:
    owner: Dict[str, str] = {}
    for key, own in names.items():
        for name in own:
            if name in owner:
                reader.problem(f"the name {name} is taken by {owner[name]} already", key)
            owner[name] = key


def _check_references(entry: Reader, service: Mapping[str, Any], names: Mapping[str, Tuple[str, ...]]) -> None:
    """Report each ``service:x``, link or depends_on that refers to nothing declared here."""
    for key, options in dependencies(service).items():
        if not names.get(key) and options.get("required", True):
            where = f"depends_on.{key}" if key in (service.get("depends_on") or {}) else ""
            entry.problem(f"refers to {key}, which is not declared", where)


def _container(entry: Reader, key: str, name: str, service: Mapping[str, Any]) -> Container:
    state = entry.text("state", STARTED, STATES)
    return Container(
        name=name,
        service=key,
        path=entry.path,
        definition=service,
        spec=spec_hash(service, str(service.get("image") or "")) if state != ABSENT else "",
        state=state,
        remove_volumes=entry.flag("remove_volumes"),
        recreate=entry.flag("recreate"),
    )
