# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an engine what it holds. Decides nothing.

Four lists and one question for sizes; one object at a time is asked only about what may go.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Set, Tuple

from ..engine.client import Engine
from ..errors import NotFound
from . import stock
from .wanted import Wanted


def look_at(engine: Engine, wanted: Wanted, owners: stock.Owners, now: float) -> stock.Stock:
    """What the engine holds of the kinds that may go, and all containers, which say what is used."""
    sizes = _Sizes(engine, wanted)
    containers = [_container(engine, listed, sizes) for listed in engine.containers.list(all=True)]
    images: List[stock.Image] = []
    networks: List[stock.Network] = []
    volumes: List[stock.Volume] = []
    if wanted.images:
        used = {container.image_id for container in containers}
        images = [_image(engine, listed, sizes, wanted, used) for listed in engine.images.list(digests=True)]
    if wanted.networks:
        networks = [stock.read_network(listed) for listed in engine.networks.list() if stock.is_ordinary(listed)]
    if wanted.volumes:
        # One of a swarm's cluster is not this host's.
        listed_volumes = [volume for volume in engine.volumes.list() if volume.get("ClusterVolume") is None]
        volumes = [
            stock.read_volume(listed, sizes.volumes.get(str(listed.get("Name")), 0)) for listed in listed_volumes
        ]
    return stock.Stock(
        now,
        tuple(sorted(containers, key=lambda container: container.name)),
        tuple(sorted(images, key=lambda image: (not image.names, image.names, image.id))),
        tuple(sorted(networks, key=lambda network: network.name)),
        tuple(sorted(volumes, key=lambda volume: volume.name)),
        sizes.caches,
        owners,
    )


class _Sizes:
    """How large things are, by one question for the kinds that may go."""

    def __init__(self, engine: Engine, wanted: Wanted) -> None:
        kinds = {
            "container": wanted.containers,
            "image": bool(wanted.images),
            "volume": bool(wanted.volumes),
            "build-cache": wanted.build_cache,
        }
        types = [kind for kind, asked in kinds.items() if asked]
        found: Dict[str, Any] = engine.system.df(types) if types else {}
        self.containers = {str(c.get("Id")): int(c.get("SizeRw") or 0) for c in found.get("Containers") or ()}
        self.images: Dict[str, Tuple[int, int]] = {
            str(i.get("Id")): (int(i.get("Size") or 0), max(0, int(i.get("SharedSize") or 0)))
            for i in found.get("Images") or ()
        }
        self.volumes = {
            str(v.get("Name")): int((v.get("UsageData") or {}).get("Size") or 0) for v in found.get("Volumes") or ()
        }
        caches = [stock.read_cache(entry) for entry in found.get("BuildCache") or ()] if wanted.build_cache else []
        self.caches = tuple(sorted(caches, key=lambda cache: cache.id))


def _container(engine: Engine, listed: Mapping[str, Any], sizes: _Sizes) -> stock.Container:
    since = 0.0
    if listed.get("State") in ("exited", "dead"):
        try:
            state = engine.containers.inspect(str(listed.get("Id"))).get("State") or {}
            since = stock.moment(state.get("FinishedAt"))
        except NotFound:
            pass
    return stock.read_container(listed, sizes.containers.get(str(listed.get("Id")), 0), since)


def _image(engine: Engine, listed: Mapping[str, Any], sizes: _Sizes, wanted: Wanted, used: Set[str]) -> stock.Image:
    identity = str(listed.get("Id"))
    size, shared = sizes.images.get(identity, (int(listed.get("Size") or 0), 0))
    since, layers = 0.0, ()  # type: Tuple[float, Tuple[Tuple[str, int], ...]]
    may_go = identity not in used and (wanted.images == "all" or not stock.image_names(listed))
    try:
        if may_go and wanted.until:
            metadata = engine.images.inspect(identity).get("Metadata") or {}
            since = stock.moment(metadata.get("LastTagTime"))
        if shared:
            layers = _layers(engine, identity, shared)
    except NotFound:
        pass
    return stock.read_image(listed, size - shared, since, layers)


def _layers(engine: Engine, identity: str, shared: int) -> Tuple[Tuple[str, int], ...]:
    """The image's lowest layers, as many as it shares: each by the chain up to it, with its size.

    The history tells sizes in the same order as the layers, with steps of no size among them that made none.
    """
    chain: List[str] = (engine.images.inspect(identity).get("RootFS") or {}).get("Layers") or []
    sizes = [int(step.get("Size") or 0) for step in reversed(engine.images.history(identity))]
    sizes = [size for size in sizes if size] if len([size for size in sizes if size]) == len(chain) else sizes
    found: List[Tuple[str, int]] = []
    total = 0
    for index, size in enumerate(sizes[: len(chain)]):
        if total >= shared:
            break
        total += size
        found.append(("/".join(layer[-16:] for layer in chain[: index + 1]), size))
    return tuple(found)
