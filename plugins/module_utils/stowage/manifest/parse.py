# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole document: which sections it has, and what must hold between them.

Knows how sections refer to each other (images named by containers, replicas, ports claimed twice).
Each section's own keys are known to the file of that section.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ..errors import DeclarationError, Problem
from ..model.desired import ABSENT, STOPPED, Container, Credentials, Desired, Image, Part, Policy
from ..service.ports import fixed_port, overlap
from .containers import parse_containers
from .images import implied_images, parse_images
from .networks import parse_networks
from .reader import Reader
from .stacks import parse_stack
from .volumes import parse_volumes

VERSION = 1
SECTIONS = ("registries", "images", "networks", "volumes", "containers")
SETTINGS = ("version", "scope", "prune", "wait", "wait_timeout", "monitor", "implicit_volumes")
SCOPE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")


def parse_manifest(document: Mapping[str, Any]) -> Tuple[Part, ...]:
    """Read a manifest of version 1: one part for each scope. Raises DeclarationError with every problem it has."""
    parts, problems = read_manifest(document)
    if problems:
        raise DeclarationError(problems)
    return parts


def read_manifest(document: Mapping[str, Any]) -> Tuple[Tuple[Part, ...], List[Problem]]:
    """What could be read, beside the problems of the rest. Where there are any, nothing may be done.

    Stacks are scopes of their own. A document of nothing but stacks declares no scope besides.
    """
    problems: List[Problem] = []
    reader = Reader(document, "$", problems)
    reader.only((*SECTIONS, *SETTINGS, "stacks"))
    version = reader.document.get("version", VERSION)
    if version != VERSION:
        reader.problem(f"version {version!r} is not known here; this runtime reads version {VERSION}", "version")
    registries = _parse_registries(reader.reader("registries"))
    parts: List[Part] = []
    if "stacks" not in reader.document or any(key in reader.document for key in ("scope", *SECTIONS[1:])):
        parts.append(_parse_scope(reader, registries))
    stacks = reader.reader("stacks")
    for name, _value in stacks.items():
        parts.append(parse_stack(name, stacks.reader(name), registries))
    _check_scopes(parts, stacks)
    _check_directories(parts, stacks)
    containers = tuple(container for part in parts for container in part.desired.containers)
    _check_ports(containers, problems)
    # Replicas share their declaration, and so what is wrong with it.
    return tuple(parts), list(dict.fromkeys(problems))


def _parse_scope(reader: Reader, registries: Mapping[str, Credentials]) -> Part:
    scope = reader.text("scope", "host")
    if not SCOPE.match(scope):
        reader.problem("a scope is 1 to 63 of: lower-case letters, digits, '_', '.', '-'", "scope")
    networks, network_names = parse_networks(reader.reader("networks"))
    volumes, volume_names = parse_volumes(reader.reader("volumes"))
    containers = parse_containers(reader.reader("containers"), network_names, volume_names)
    images = parse_images(reader.reader("images"))
    images += implied_images(containers, images, reader.problems)
    _check_images(containers, images, reader.problems)
    return Part(Desired(scope, registries, images, networks, volumes, containers), _parse_policy(reader))


def _check_scopes(parts: Sequence[Part], stacks: Reader) -> None:
    """Two declarations must not pull at one scope, nor at one container, network or volume."""
    scopes: Dict[str, None] = {}
    owners: Dict[Tuple[str, str], str] = {}
    for desired, _policy in parts:
        if desired.scope in scopes:
            stacks.problem(f"the scope {desired.scope} is declared twice", desired.scope)
        scopes[desired.scope] = None
        networks = [network for network in desired.networks if not network.external]
        volumes = [volume for volume in desired.volumes if not volume.external]
        for what, declared in (("container", desired.containers), ("network", networks), ("volume", volumes)):
            for entry in declared:
                owner = owners.setdefault((what, entry.name), desired.scope)
                if owner != desired.scope:
                    problem = f"the {what} {entry.name} is declared by the scope {owner} too"
                    stacks.problems.append(Problem(entry.path, problem))


def _check_directories(parts: Sequence[Part], stacks: Reader) -> None:
    """Each stack takes away what it brought and names no more: no two may have one directory, or one in the other's."""
    placed = [desired for desired, _policy in parts if desired.directory]
    for desired in placed:
        for other in placed:
            if other is not desired and f"{desired.directory}/".startswith(f"{other.directory}/"):
                stacks.problem(f"is in the directory of the stack {other.scope}", desired.scope, "directory")


def _parse_policy(reader: Reader) -> Policy:
    default = Policy()
    return Policy(
        prune=reader.flag("prune", default.prune),
        wait=reader.flag("wait", default.wait),
        wait_timeout=reader.seconds("wait_timeout", default.wait_timeout),
        monitor=reader.seconds("monitor", default.monitor),
        implicit_volumes=reader.flag("implicit_volumes", default.implicit_volumes),
    )


def _parse_registries(reader: Reader) -> Dict[str, Credentials]:
    registries: Dict[str, Credentials] = {}
    for host, _value in reader.items():
        entry = reader.reader(host)
        entry.only(("username", "password", "identity_token"))
        login = Credentials(entry.text("username"), entry.text("password"), entry.text("identity_token"))
        if not login.identity_token and not (login.username and login.password):
            entry.problem("needs username and password, or identity_token")
        registries[host] = login
    return registries


def _check_images(containers: Tuple[Container, ...], images: Tuple[Image, ...], problems: List[Problem]) -> None:
    """A container cannot be made from an image that shall go."""
    absent = {image.reference for image in images if image.state == ABSENT}
    for container in containers:
        name = container.definition.get("image")
        if name in absent and container.state != ABSENT:
            problems.append(Problem(f"{container.path}.image", f"the image {name} is declared absent"))


def _check_ports(containers: Tuple[Container, ...], problems: List[Problem]) -> None:
    """Two containers cannot hold one port of the host. An address of its own makes it another port."""
    holders: Dict[Tuple[int, str], List[Tuple[str, Container]]] = {}
    for container in containers:
        if container.state in (ABSENT, STOPPED):
            continue
        for index, entry in enumerate(container.definition.get("ports") or ()):
            port = fixed_port(entry)
            if port is None:
                continue
            host, published, protocol = port
            taken = holders.setdefault((published, protocol), [])
            for other_host, other in taken:
                if other is not container and overlap(host, other_host):
                    path = f"{container.path}.ports[{index}]"
                    problems.append(Problem(path, f"port {published}/{protocol} is published by {other.name} too"))
                    break
            taken.append((host, container))
