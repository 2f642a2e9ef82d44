# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the places that containers nobody declared have in a network, while that is made anew.

Their addresses and aliases are written down nowhere but in the network itself. Should a run end between
their leaving the old one and joining the new one, the next has to know them still. So each is kept on the
host meanwhile as the labels of an empty volume, ``<network>.<container's id>.next``: an object that holds
labels and does nothing. Knows these volumes; when a network is made anew is decided in networks.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ..model.desired import ABSENT
from ..model.observed import Observed, ObservedContainer
from ..model.operations import ConnectNetwork, CreateVolume, RemoveVolume
from ..service.endpoints import kept_endpoint
from ..service.labels import ENDPOINT, NETWORK, NEXT, REPLACES, SCOPE
from .world import World


@dataclass(frozen=True)
class Place:
    """What a volume keeps: an EndpointSettings of a container in a network."""

    volume: str
    network: str
    container_id: str
    endpoint: Mapping[str, Any]


def kept_places(observed: Observed, scope: str) -> Dict[Tuple[str, str], Place]:
    """By network and container id, the places an earlier run of this scope kept and did not give back."""
    places: Dict[Tuple[str, str], Place] = {}
    for name, volume in observed.volumes.items():
        labels = volume.labels
        if labels.get(SCOPE) != scope or ENDPOINT not in labels:
            continue
        try:
            endpoint = json.loads(labels[ENDPOINT])
        except ValueError:
            endpoint = {}
        place = Place(name, labels.get(NETWORK, ""), labels.get(REPLACES, ""), endpoint)
        places[place.network, place.container_id] = place
    return places


class Strangers:
    """The containers on one scope's networks that it does not describe."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.places = kept_places(world.observed, world.desired.scope)
        self._given_back: Dict[str, int] = {}

    def missing(self, network: str) -> Sequence[ObservedContainer]:
        """Those that an earlier run took off the network and did not put back."""
        by_id = {container.id: container for container in self.world.observed.containers.values()}
        kept = [by_id[place.container_id] for place in self.places.values() if self._is_in(place, network, by_id)]
        return [user for user in kept if self.world.is_stranger(user.name) and network not in user.networks]

    def endpoint(self, user: ObservedContainer, network: str) -> Mapping[str, Any]:
        """The place it has in the network, or had before an earlier run took it off."""
        place = self.places.get((network, user.id))
        if place is not None and network not in user.networks:
            return place.endpoint
        settings = ((user.inspect or {}).get("NetworkSettings") or {}).get("Networks") or {}
        return kept_endpoint(settings.get(network) or {}, user.id)

    def keep(self, user: ObservedContainer, network: str) -> Optional[int]:
        """The step after which the container may leave the network; None where nothing has to be kept."""
        if not self.world.is_stranger(user.name) or network not in user.networks:
            return None
        draft, name = self.world.draft, _volume_name(network, user.id)
        labels = {
            SCOPE: self.world.desired.scope,
            REPLACES: user.id,
            NETWORK: network,
            ENDPOINT: json.dumps(self.endpoint(user, network), sort_keys=True),
        }
        before = None
        if (network, user.id) in self.places:  # of a run long ago: it may have another place since
            before = draft.add(RemoveVolume(name, f"is not the place of {user.name} any more"))
        operation = CreateVolume(name, f"keeps the place of {user.name}", {"Name": name, "Labels": labels})
        return draft.add(operation, [before])

    def give_back(self, users: Sequence[ObservedContainer], network: str, back: Sequence[int]) -> None:
        """Once these steps have put all of them back, nothing need be kept any more."""
        for user in users:
            if not self.world.is_stranger(user.name):
                continue
            volume = _volume_name(network, user.id)
            self._given_back[volume] = self.world.draft.add(RemoveVolume(volume, f"{user.name} has its place"), back)

    def plan_leftovers(self) -> None:
        """Put back who is still off a network that needs nothing else, and drop what is kept for nobody."""
        # Those with addresses of their own first, before the engine gives one of them to somebody else.
        for (network, _identity), place in sorted(self.places.items(), key=lambda item: not _is_fixed(item[1])):
            if place.volume in self._given_back:
                continue
            back: Optional[int] = None
            for user in self.missing(network):
                # Another scope of the plan that describes it sees that it is off the network, and what it shall be.
                is_nobodys = self.world.is_nobodys(user.name)
                if user.id == place.container_id and is_nobodys and self._will_be_there(network):
                    back = self._put_back(user, place)
            self.world.draft.add(RemoveVolume(place.volume, "keeps a place that is not waited for any more"), [back])

    def _put_back(self, user: ObservedContainer, place: Place) -> int:
        world, network = self.world, place.network
        cause = f"was taken off {network} by a run that did not end"
        operation = ConnectNetwork(network, cause, container=user.name, endpoint=place.endpoint)
        step = world.draft.add(operation, [world.network_ready.get(network)])
        world.reconnected.add((network, user.name))
        if _is_fixed(place):
            world.network_ready[network] = step
        return step

    def _will_be_there(self, network: str) -> bool:
        if any(declared.name == network and declared.state == ABSENT for declared in self.world.desired.networks):
            return False
        return network in self.world.observed.networks or network in self.world.network_ready

    @staticmethod
    def _is_in(place: Place, network: str, by_id: Mapping[str, ObservedContainer]) -> bool:
        return place.network == network and place.container_id in by_id


def _is_fixed(place: Place) -> bool:
    return bool(place.endpoint.get("IPAMConfig"))


def _volume_name(network: str, identity: str) -> str:
    return f"{network}.{identity[:12]}{NEXT}"
