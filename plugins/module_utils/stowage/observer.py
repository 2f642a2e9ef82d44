# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the engine what there is, and says it in the model's words.

Knows the Engine API's answers and which of them a given declaration needs: four lists, one inspect
for each container that is declared, and the rest only where the lists leave a question open.
Decides nothing.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from .content.archive import read_archive
from .content.context import context_of
from .engine.client import Engine
from .errors import NotFound
from .model.desired import ABSENT, Desired, Image
from .model.observed import Observed, ObservedContainer, ObservedImage, ObservedNetwork, ObservedTree, ObservedVolume
from .parallel import run_all
from .service.digest import document_hash
from .service.labels import (
    COMPOSE_HASH,
    COMPOSE_HOOK,
    COMPOSE_ONE_OFF,
    COMPOSE_PREFIX,
    COMPOSE_PROJECT,
    KEPT_IMAGES,
    NEXT,
    PREFIX,
    SCOPE,
    SPEC,
)
from .sharing import Shared

Document = Mapping[str, Any]
Login = Callable[[str], Optional[Mapping[str, str]]]


def observe_host(engine: Engine, desired: Desired, login: Login) -> Observed:
    """Take the snapshot that planning this declaration needs. ``login`` finds a registry's credentials.

    Raises EngineError where the engine, or a registry that has to be asked, does not answer.
    """
    entries, images, networks, volumes = run_all(
        [
            lambda: engine.containers.list(all=True),
            engine.images.list,
            engine.networks.list,
            engine.volumes.list,
        ]
    )
    listed = {container_name(entry): entry for entry in entries}
    answers = _inspect_containers(engine, listed, desired, networks)
    # What went away between the list and the look is not there.
    listed = {name: entry for name, entry in listed.items() if answers.get(name, entry) is not None}
    inspected = {name: answer for name, answer in answers.items() if answer is not None}
    found_images, image_ids = _images(images)
    _inspect_images(engine, found_images, image_ids, inspected, desired)
    return Observed(
        api_version=engine.api_version,
        containers={
            name: _container(name, entry, inspected.get(name), _own_labels(entry, found_images))
            for name, entry in listed.items()
        },
        images=found_images,
        image_ids=image_ids,
        networks={entry["Name"]: _network(entry) for entry in _sorted(networks, "Name")},
        volumes={entry["Name"]: _volume(entry) for entry in _sorted(volumes, "Name")},
        registry_digests=_ask_registries(engine, desired, image_ids, found_images, login),
        content_digests=_hash_contexts(desired.images),
        archive_layers=_read_archives(desired.images),
    )


def anonymous(_reference: str) -> None:
    """Credentials for a look that asks no registry."""


def observe_trees(scopes: Iterable[Desired]) -> Dict[str, ObservedTree]:
    """The directories of the stacks on this machine, as far as something is declared there."""
    trees: Dict[str, ObservedTree] = {}
    for desired in scopes:
        if desired.directory:
            from .tree import Tree  # most declarations have no stacks

            tree = Tree(desired.directory)
            found = tree.observe([file.path for file in desired.files])
            trees[desired.directory] = ObservedTree(found, tree.placed(), tree.formers())
    return trees


def _sorted(entries: Iterable[Document], key: str) -> List[Document]:
    """In an order that stays: engines list what comes from a map as it comes, and plans go by the snapshot's order."""
    return sorted(entries, key=lambda entry: str(entry[key]))


def container_name(entry: Document) -> str:
    """The container's own name: links of others add names with a slash in them."""
    names = [str(name)[1:] for name in entry.get("Names") or ()]
    own = [name for name in names if "/" not in name]
    return (own or names or [str(entry["Id"])])[0]


# -- containers ----------------------------------------------------------------------------------


def _inspect_containers(
    engine: Engine, listed: Mapping[str, Document], desired: Desired, networks: Iterable[Document]
) -> Dict[str, Optional[Document]]:
    wanted: Set[str] = set()
    for container in desired.containers:
        if container.state != ABSENT:
            wanted.update((container.name, container.name + NEXT))
    remade = _networks_to_remake(desired, networks)
    if remade:
        wanted.update(name for name, entry in listed.items() if remade & set(_networks_of(entry)))
    names = [name for name in listed if name in wanted]
    shared = Shared()
    answers = run_all([_quiet(engine, str(listed[name]["Id"]), shared) for name in names])
    return dict(zip(names, answers))


def _quiet(engine: Engine, identity: str, shared: Shared) -> Callable[[], Optional[Document]]:
    """An inspect for which a container that went since the list was taken is no error."""

    def inspect() -> Optional[Document]:
        try:
            return shared.document(engine.containers.inspect(identity))
        except NotFound:
            return None

    return inspect


def _networks_to_remake(desired: Desired, networks: Iterable[Document]) -> Set[str]:
    """Networks that are not as last declared: who is on them must be known whole, to be put back."""
    specs = {entry["Name"]: (entry.get("Labels") or {}).get(SPEC) for entry in networks}
    return {
        network.name
        for network in desired.networks
        if not network.external and network.name in specs and specs[network.name] != document_hash(network.body)
    }


def _networks_of(entry: Document) -> Tuple[str, ...]:
    return tuple((entry.get("NetworkSettings") or {}).get("Networks") or ())


def _own_labels(entry: Document, images: Mapping[str, ObservedImage]) -> Mapping[str, str]:
    """A container's labels, without those of ours and of docker compose that it only has from its image.

    An image built here, or made of a container of ours by commit, hands its labels to whatever anybody
    starts from it. A container of ours has the hash of its own declaration besides; so has one of compose.
    """
    labels: Mapping[str, str] = entry.get("Labels") or {}
    image = images.get(str(entry.get("ImageID") or ""))
    if image is None:
        return labels
    if SCOPE in image.labels and labels.get(SPEC) == image.labels.get(SPEC):
        labels = {key: value for key, value in labels.items() if not key.startswith(PREFIX)}
    if COMPOSE_PROJECT in image.labels and all(labels.get(key) == image.labels.get(key) for key in _MADE_BY_COMPOSE):
        labels = {key: value for key, value in labels.items() if not key.startswith(COMPOSE_PREFIX)}
    return labels


# One of these is on every container that docker compose makes, and on no image that it builds.
_MADE_BY_COMPOSE = (COMPOSE_HASH, COMPOSE_ONE_OFF, COMPOSE_HOOK)


def _container(name: str, entry: Document, inspect: Optional[Document], labels: Mapping[str, str]) -> ObservedContainer:
    state = (inspect or {}).get("State") or {}
    published = _published(entry)
    return ObservedContainer(
        id=str(entry["Id"]),
        name=name,
        image_id=str((inspect or {}).get("Image") or entry.get("ImageID") or ""),
        labels=labels,
        status=str(state.get("Status") or entry.get("State") or ""),
        networks=_networks_of(entry),
        mounts=tuple(entry.get("Mounts") or ()),
        ports=tuple(port[:3] for port in published),
        targets=tuple(port[3] for port in published),
        addresses=_addresses(inspect or entry),
        inspect=inspect,
        health=_health(state) if inspect is not None else _listed_health(entry),
        exit_code=int(state.get("ExitCode") or 0),
    )


def _published(entry: Document) -> List[Tuple[str, int, str, int]]:
    """Address, port and protocol on the host and the port in the container, sorted: the engine lists them anyhow."""
    found = [
        (str(port.get("IP") or ""), int(port["PublicPort"]), str(port.get("Type") or "tcp"), int(port["PrivatePort"]))
        for port in entry.get("Ports") or ()
        if port.get("PublicPort")
    ]
    return sorted(found, key=lambda port: (port[1], port[2], port[0]))


def _addresses(document: Document) -> Dict[str, str]:
    networks = (document.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: str((endpoint or {}).get("IPAddress") or "") for name, endpoint in networks.items()}


def _listed_health(entry: Document) -> str:
    """What the list tells of health stands in the text of its status alone: ``Up 3 minutes (healthy)``."""
    found = re.search(r"\((?:health: )?(starting|healthy|unhealthy)\)\Z", str(entry.get("Status") or ""))
    return found.group(1) if found else ""


def _health(state: Document) -> str:
    status = str((state.get("Health") or {}).get("Status") or "")
    return "" if status == "none" else status


# -- images --------------------------------------------------------------------------------------


def _images(listed: Iterable[Document]) -> Tuple[Dict[str, ObservedImage], Dict[str, str]]:
    images: Dict[str, ObservedImage] = {}
    ids: Dict[str, str] = {}
    for entry in _sorted(listed, "Id"):
        named = [tag for tag in entry.get("RepoTags") or () if not tag.startswith("<none>")]
        tags = tuple(sorted(tag for tag in named if not tag.startswith(f"{KEPT_IMAGES}:")))
        digests = tuple(sorted(name for name in entry.get("RepoDigests") or () if not name.startswith("<none>")))
        image = ObservedImage(str(entry["Id"]), tags, digests, entry.get("Labels") or {}, kept=len(tags) < len(named))
        images[image.id] = image
        for name in (image.id, *tags, *digests):
            ids[name] = image.id
    return images, ids


def _inspect_images(
    engine: Engine,
    images: Dict[str, ObservedImage],
    ids: Mapping[str, str],
    inspected: Mapping[str, Document],
    desired: Desired,
) -> None:
    """Fill in the images whose own configuration the planner has to compare with."""
    wanted: Set[str] = set()
    for container in desired.containers:
        found = inspected.get(container.name)
        if not found or container.state_only:
            continue
        if ((found.get("Config") or {}).get("Labels") or {}).get(SPEC) != container.spec:
            wanted.add(str(found.get("Image")))
    for image in desired.images:
        if image.platform or image.load is not None or image.every:
            wanted.add(ids.get(image.reference, ""))
    names = sorted(wanted & set(images))
    for name, answer in zip(names, run_all([_inspector(engine, name) for name in names])):
        images[name] = replace(images[name], inspect=answer)


def _inspector(engine: Engine, identity: str) -> Callable[[], Document]:
    return lambda: engine.images.inspect(identity)


def _ask_registries(
    engine: Engine, desired: Desired, ids: Mapping[str, str], images: Mapping[str, ObservedImage], login: Login
) -> Dict[str, str]:
    """The digest each registry holds now, for what is pushed, or pulled always or when its time has come."""
    asked = [
        image
        for image in desired.images
        if image.state != ABSENT
        and (image.push or (image.pull == "always" and image.reference in ids))
        and not _is_fresh(image, images.get(ids.get(image.reference, "")))
    ]
    answers = run_all([_registry_digest(engine, image, login) for image in asked])
    return {image.reference: digest for image, digest in zip(asked, answers) if digest}


def _is_fresh(image: Image, found: Optional[ObservedImage]) -> bool:
    """Whether the image got its name less than ``every`` seconds ago (Metadata.LastTagTime, all API versions)."""
    if not image.every or found is None or found.inspect is None:
        return False
    tagged = str((found.inspect.get("Metadata") or {}).get("LastTagTime") or "")
    import calendar  # takes long to import, and few declarations ask for this

    try:
        # Go writes nanoseconds and a Z, which 3.9 does not read.
        since = calendar.timegm(time.strptime(tagged[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return False
    return time.time() - since < image.every


def _registry_digest(engine: Engine, image: Image, login: Login) -> Callable[[], str]:
    def ask() -> str:
        try:
            answer = engine.images.distribution(image.reference, login(image.reference))
        except NotFound:
            if not image.push:
                raise
            return ""  # the push is what will bring it there
        return str((answer.get("Descriptor") or {}).get("digest") or "")

    return ask


def _hash_contexts(images: Iterable[Image]) -> Dict[str, str]:
    digests: Dict[str, str] = {}
    for image in images:
        if image.build is not None and image.build.remote_src and image.state != ABSENT:
            digests[image.reference] = context_of(image.build.options).digest
    return digests


def _read_archives(images: Iterable[Image]) -> Dict[str, Tuple[str, ...]]:
    layers: Dict[str, Tuple[str, ...]] = {}
    for image in images:
        if image.load is not None and image.load.remote_src and image.state != ABSENT:
            layers[image.load.path] = read_archive(image.load.path).image(image.reference).layers
    return layers


# -- networks and volumes ------------------------------------------------------------------------


def _network(entry: Document) -> ObservedNetwork:
    return ObservedNetwork(str(entry["Id"]), str(entry["Name"]), entry.get("Labels") or {}, entry)


def _volume(entry: Document) -> ObservedVolume:
    return ObservedVolume(str(entry["Name"]), entry.get("Labels") or {}, entry)
