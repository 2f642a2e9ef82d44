# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section ``stacks``: whole compose projects, as ``docker compose config`` prints them with ``$`` for ``$$``.

Knows how a project becomes a scope: names of containers, the labels by which docker compose knows its own,
configs and secrets as mounts, and which of the project's files each service mounts. What the keys of a
service mean is the service layer's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ..errors import BadReference
from ..model.desired import (
    ABSENT,
    PRESENT,
    RESTARTED,
    STARTED,
    STOPPED,
    ComposeMark,
    Container,
    Credentials,
    Desired,
    File,
    Network,
    Part,
    Policy,
    Volume,
)
from ..reference import familiar
from ..service import labels as label
from ..service.canonical import parse_service
from ..service.compose import container_labels, hook_labels, network_labels, volume_labels
from ..service.digest import document_hash
from ..service.grants import CONFIGS, KEPT, SECRETS, grants, is_below, masks_for, mounts_for
from ..service.references import by_container
from ..service.spec import spec_hash
from .containers import check_references, check_unique
from .cycles import check_cycles
from .images import implied_images, parse_images
from .networks import parse_networks
from .reader import Reader
from .volumes import parse_volumes

STATES = {PRESENT: STARTED, STOPPED: STOPPED, RESTARTED: RESTARTED, ABSENT: ABSENT}
SERVICES, IMAGES, NETWORKS, VOLUMES, FILES = "services", "images", "networks", "volumes", "files"
DOCUMENT = (SERVICES, IMAGES, NETWORKS, VOLUMES, CONFIGS, SECRETS, FILES)
SETTINGS = (
    "directory", "config_files", "state", "left", "named_volumes", "prune", "recreate", "remove_volumes",
    "remove_images", "wait", "wait_timeout", "monitor",
)  # fmt: skip
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")  # compose spec, "name"
# Scopes that other declarations have unless they are told another.
TAKEN = ("host", "object")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_LONGEST_FILES = 100_000
_MOST = {"mode": 0o7777, "uid": 0xFFFFFFFE, "gid": 0xFFFFFFFE}


def parse_stack(name: str, reader: Reader, registries: Mapping[str, Credentials]) -> Part:
    """Read one stack; the scope has its name, which is also the name of the compose project."""
    reader.only((*DOCUMENT, *SETTINGS))
    if not NAME.match(name):
        reader.problem("a stack's name is 1 to 63 of: lower-case letters, digits, '_', '-'")
    if name in TAKEN:
        reader.problem(f"{name} is the name of another scope; give the stack another one")
    state = reader.text("state", PRESENT, tuple(STATES))
    directory = reader.text("directory")
    if directory and (not directory.startswith("/") or directory.rstrip("/") != directory):
        reader.problem("must be an absolute path without a slash at its end", "directory")
    policy = _parse_policy(reader, state)
    if state == ABSENT:
        return Part(Desired(name, registries, project=name, directory=directory), policy)
    files = _parse_files(reader)
    if files and not directory:
        reader.problem("files need a directory on the host", "directory")
    networks, network_names = _parse_networks(name, reader)
    volumes, volume_names = _parse_volumes(name, reader)
    stack = _Stack(name, reader, directory, files, network_names, volume_names)
    containers = stack.containers(STATES[state])
    images = parse_images(reader.reader(IMAGES))
    hooks = [hook for container in containers for hook in container.pre_start]
    images += implied_images([*containers, *hooks], images, reader.problems)
    return Part(
        Desired(
            name,
            registries,
            images,
            networks,
            volumes,
            containers,
            project=name,
            left=frozenset(stack.left),
            named_volumes=frozenset(str(key) for key in reader.sequence("named_volumes")),
            directory=directory,
            files=files,
        ),
        policy,
    )


def _parse_policy(reader: Reader, state: str) -> Policy:
    default = Policy()
    return Policy(
        prune=reader.flag("prune", default.prune) or state == ABSENT,
        wait=reader.flag("wait", default.wait),
        wait_timeout=reader.seconds("wait_timeout", default.wait_timeout),
        monitor=reader.seconds("monitor", default.monitor),
        remove_volumes=reader.flag("remove_volumes"),
        remove_images=reader.flag("remove_images"),
        one_offs=state == ABSENT,
    )


def _parse_networks(project: str, reader: Reader) -> Tuple[Tuple[Network, ...], Dict[str, str]]:
    section = reader.reader(NETWORKS)
    networks, names = parse_networks(section)
    keys = {name: key for key, name in names.items()}
    return tuple(
        _labelled(network, network_labels(project, keys[network.name], section.document[keys[network.name]]))
        for network in networks
    ), names


def _parse_volumes(project: str, reader: Reader) -> Tuple[Tuple[Volume, ...], Dict[str, str]]:
    section = reader.reader(VOLUMES)
    volumes, names = parse_volumes(section)
    keys = {name: key for key, name in names.items()}
    return tuple(
        _labelled(volume, volume_labels(project, keys[volume.name], section.document[keys[volume.name]]))
        for volume in volumes
    ), names


def _labelled(declared: Any, labels: Mapping[str, str]) -> Any:
    """The network or volume with docker compose's labels, unless it is somebody else's."""
    if declared.external:
        return declared
    return replace(declared, body={**declared.body, "Labels": {**declared.body.get("Labels", {}), **labels}})


def _parse_files(reader: Reader) -> Tuple[File, ...]:
    files: List[File] = []
    section = reader.reader(FILES)
    for path, _value in section.items():
        entry = section.reader(path)
        entry.only(("digest", "mode", "uid", "gid"))
        numbers = {key: entry.document.get(key) for key in ("mode", "uid", "gid")}
        digest = entry.text("digest")
        parts = path.split("/")
        if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
            entry.problem("must be a path below the stack's directory")
        if digest and not _DIGEST.match(digest):
            entry.problem("expected sha256: and 64 digits", "digest")
        for key, value in numbers.items():
            if value is None and key != "mode":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST[key]:
                entry.problem(f"expected a number from 0 to {_MOST[key]}", key)
                numbers[key] = 0
        files.append(File(path, digest, int(numbers["mode"] or 0), numbers["uid"], numbers["gid"]))
    if len(files) > _LONGEST_FILES:
        reader.problem(f"more than {_LONGEST_FILES} files", FILES)
    return tuple(files)


class _Stack:
    """The services of one stack, on the way to containers."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        directory: str,
        files: Sequence[File],
        networks: Mapping[str, str],
        volumes: Mapping[str, str],
    ) -> None:
        self.name = name
        self.reader = reader
        self.directory = directory
        self.files = {file.path: file for file in files}
        self.networks = networks
        self.volumes = volumes
        self.left = [str(key) for key in reader.sequence("left")]
        self.places: Dict[Tuple[str, str], str] = {}
        for kind in (CONFIGS, SECRETS):
            section = reader.reader(kind)
            for key, _value in section.items():
                entry = section.reader(key)
                entry.only(("path",))
                self.places[kind, key] = entry.text("path")

    def containers(self, state: str) -> Tuple[Container, ...]:
        """Every container of the services that this run is about."""
        section = self.reader.reader(SERVICES)
        entries = {key: section.reader(key) for key, _value in section.items() if key not in self.left}
        services = {key: self._parse_service(key, entry) for key, entry in entries.items()}
        hooks = {key: services[key].pop("pre_start", ()) for key in entries}
        granted = {key: frozenset(_own_mounts(services[key], entries[key].document)) for key in entries}
        names = {key: self._names(key, services[key], entry) for key, entry in entries.items()}
        check_unique(names, entries)
        check_cycles(services, entries)
        states = dict.fromkeys(entries, state)
        for key, entry in entries.items():
            check_references(entry, services[key], names, states)
        firsts = {key: min(own) for key, own in names.items() if own}
        services = {key: by_container(service, firsts) for key, service in services.items()}
        hooks = {key: self._hooks(key, hooks[key], firsts, entry) for key, entry in entries.items()}
        recreate = self.reader.flag("recreate")
        found: List[Container] = []
        for key, entry in entries.items():
            reads, content = self._content(services[key])
            spec = spec_hash(services[key], str(services[key].get("image") or ""))
            for number, name in enumerate(names[key], 1):
                mark = ComposeMark(entry.document, self._labels(key, entry.document, number), granted[key])
                found.append(
                    Container(
                        name,
                        key,
                        entry.path,
                        services[key],
                        spec,
                        state,
                        recreate=recreate,
                        compose=mark,
                        content=content,
                        reads=reads,
                        pre_start=hooks[key],
                    )
                )
        return tuple(found)

    def _parse_service(self, key: str, entry: Reader) -> Dict[str, Any]:
        service = parse_service(entry.document, entry.path, entry.problems, stack=True)
        if entry.document.get("build") is not None and self.reader.document.get(IMAGES):
            # How its image is come by stands with the images.
            service.pop("pull_policy", None)
        service.setdefault("image", f"{self.name}-{key}")
        self._place(service, entry)
        for hook in service.get("pre_start") or ():
            self._place(hook, entry)
            # It works on what the service will work on; its own mounts come first.
            taken = {mount["target"] for mount in hook.get("volumes") or ()}
            mounts = [mount for mount in service.get("volumes") or () if mount["target"] not in taken]
            hook["volumes"] = [*hook.get("volumes", ()), *mounts]
        return service

    def _place(self, service: Dict[str, Any], entry: Reader) -> None:
        """Replace what refers to the project by what it is on the host."""
        mounts = self._mounts(service, entry)
        for apart in (CONFIGS, SECRETS, "build", "profiles", "develop"):
            service.pop(apart, None)
        try:
            service["image"] = familiar(service["image"])
        except BadReference as error:
            entry.problem(str(error), "image")
        if isinstance(service.get("networks"), Mapping):
            service["networks"] = {self.networks.get(name, name): value for name, value in service["networks"].items()}
        for mount in service.get("volumes") or ():
            if mount.get("type") == "volume" and mount.get("source") in self.volumes:
                mount["source"] = self.volumes[mount["source"]]
        masks = masks_for(service, self.directory) if self.files else []
        if mounts or masks:
            service["volumes"] = [*service.get("volumes", ()), *mounts, *masks]

    def _hooks(
        self, key: str, hooks: Sequence[Mapping[str, Any]], firsts: Mapping[str, str], entry: Reader
    ) -> Tuple[Container, ...]:
        return tuple(
            Container(
                f"{self.name}-{key}-pre_start-{number}",
                key,
                f"{entry.path}.pre_start[{number - 1}]",
                hook,
                spec_hash(hook, str(hook.get("image") or "")),
                compose=ComposeMark(None, hook_labels(self.name, key, number - 1)),
                reads=self._content(hook)[0],
            )
            for number, hook in enumerate((by_container(hook, firsts) for hook in hooks), 1)
        )

    def _mounts(self, service: Mapping[str, Any], entry: Reader) -> List[Dict[str, Any]]:
        for grant in grants(service):
            plain = self.places.get((grant.kind, grant.source))
            on_host = plain is not None and plain.startswith("/")
            if on_host and not grant.is_plain:
                entry.problem(f"{grant.source} is a file of the host: it has the owner and mode it has", grant.kind)
            elif not on_host and (plain is None or grant.path(plain) not in self.files):
                entry.problem(f"{grant.source} is not among the {grant.kind} that were brought", grant.kind)
        return mounts_for(service, self.places, self.directory)

    def _names(self, key: str, service: Mapping[str, Any], entry: Reader) -> Tuple[str, ...]:
        """As docker compose names them: ``shop-web-1``, ``shop-web-2``, or the one name the service asks for."""
        replicas = service.get("scale", (service.get("deploy") or {}).get("replicas"))
        replicas = 1 if replicas is None else int(replicas)
        own = service.get("container_name")
        if own and replicas > 1:
            entry.problem(f"{replicas} replicas cannot share one name", "container_name")
        if own:
            return (str(own),) if replicas else ()
        return tuple(f"{self.name}-{key}-{number}" for number in range(1, replicas + 1))

    def _content(self, service: Mapping[str, Any]) -> Tuple[Tuple[str, ...], str]:
        """What of the stack's files the service mounts: the mounts' sources, and the hash of all that is in them."""
        below = f"{self.directory}/"
        reads = [
            str(mount["source"])
            for mount in service.get("volumes") or ()
            if mount.get("type") == "bind" and f"{mount.get('source')}/".startswith(below) and self.directory
        ]
        prefixes = [f"{source}/"[len(below) :] for source in reads]
        content = {
            path: [file.digest, file.mode, file.uid, file.gid]
            for path, file in self.files.items()
            # What works in a folder may have made it its own; and what is kept beside the project is masked.
            if file.digest and any(is_below(path, prefix) for prefix in prefixes)
        }
        return tuple(reads), document_hash(content) if content else ""

    def _labels(self, key: str, document: Mapping[str, Any], number: int) -> Dict[str, str]:
        return {
            **container_labels(self.name, key, document, number),
            label.COMPOSE_DIRECTORY: self.directory,
            label.COMPOSE_FILES: ",".join(str(path) for path in self.reader.sequence("config_files")),
        }


def _own_mounts(service: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Where mounts are that docker compose does without: configs and secrets in its own way, and masks."""
    yield from (grant.target for grant in grants(document))
    masks = (str(mount["target"]) for mount in service.get("volumes") or () if mount["type"] == "tmpfs")
    yield from (target for target in masks if target.endswith(f"/{KEPT}"))
