# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which networks to create, and which to make anew under the containers that use them.

The engine can change nothing about a network, so a change is: everybody off, remove, create,
everybody back on with the addresses and aliases they had.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from ..model.desired import ABSENT, Network
from ..model.observed import ObservedContainer, ObservedNetwork
from ..model.operations import ConnectNetwork, CreateNetwork, DisconnectNetwork, Operation, RemoveNetwork
from ..service.create import endpoints
from ..service.digest import document_hash
from ..service.labels import DECLARED, SCOPE, SPEC, own_labels
from .strangers import Strangers
from .world import World

# What a network has where its declaration says nothing; None: the engine's or driver's own choice.
_UNSET: Mapping[str, Any] = {
    "Internal": False,
    "Attachable": False,
    "Ingress": False,
    "ConfigOnly": False,
    "Options": {},
    "EnableIPv4": None,
    "EnableIPv6": None,
    "IPAM": None,
    "Scope": None,
    "ConfigFrom": None,
}


def plan_networks(worlds: Sequence[World]) -> None:
    """Add what brings every declared network about; absent ones are pruned at the plan's end."""
    for world in worlds:
        strangers = Strangers(world)
        for network in world.desired.networks:
            if network.state != ABSENT and not network.external:
                _plan_network(network, world, strangers)
        strangers.plan_leftovers()
    # What is external to one scope may be what another one makes.
    for world in worlds:
        for network in world.desired.networks:
            known = network.name in world.observed.networks or network.name in world.network_ready
            if network.state != ABSENT and network.external and not known:
                world.draft.refuse(network.path, f"the external network {network.name} is not on the host")


def _plan_network(network: Network, world: World, strangers: Strangers) -> None:
    found = world.observed.networks.get(network.name)
    if found is None:
        body = create_request(network, world.desired.scope)
        world.network_ready[network.name] = world.draft.add(CreateNetwork(network.name, "network is missing", body))
    elif not world.refuse_foreign(network.path, f"the network {network.name}", found.labels):
        _plan_present(network, found, world, strangers)


def create_request(network: Network, scope: str) -> Dict[str, Any]:
    """The create request with the labels by which the network is known as ours."""
    labels = {**network.body.get("Labels", {}), SCOPE: scope, SPEC: document_hash(network.body)}
    labels[DECLARED] = " ".join(sorted(network.body))
    return {**network.body, "Labels": labels}


def _plan_present(network: Network, found: ObservedNetwork, world: World, strangers: Strangers) -> None:
    owned = bool(world.owner(found.labels))
    causes = _differences(network, found, owned)
    if not causes:
        return
    if not owned:
        world.draft.refuse(
            network.path,
            f"the network {network.name} is there already, made by somebody else, and differs ({', '.join(causes)}); "
            "declare it as it is, declare it external, or remove it first",
        )
        return
    _recreate(network, found, ", ".join(causes), world, strangers)


def _differences(network: Network, found: ObservedNetwork, owned: bool) -> List[str]:
    wanted, have = network.body, found.inspect
    if found.labels.get(SPEC) == document_hash(wanted):
        return []  # nothing about a network can change after its creation
    declared_before = set(found.labels.get(DECLARED, "").split())
    causes: List[str] = []
    if wanted["Driver"] != have.get("Driver"):
        causes.append(f"driver {have.get('Driver')} -> {wanted['Driver']}")
    for key, default in _UNSET.items():
        if key not in wanted:
            # Drivers and plugins add options of their own; only what was declared once can be removed.
            changed = key in declared_before if default is None else (have.get(key) or default) != default
            causes += [f"{_words(key)} removed"] if changed and (key in declared_before or not owned) else []
        elif not _holds(key, wanted[key], have.get(key)):
            causes.append(f"{_words(key)} changed")
    if own_labels(have.get("Labels")) != own_labels(wanted.get("Labels")):
        causes.append("labels changed")
    return causes


def _words(key: str) -> str:
    return {"Options": "driver_opts", "IPAM": "ipam", "EnableIPv4": "enable_ipv4", "EnableIPv6": "enable_ipv6"}.get(
        key, key.lower()
    )


def _holds(key: str, wanted: Any, have: Any) -> bool:
    if key == "Options":
        return dict(wanted) == {name: value for name, value in (have or {}).items() if name in wanted}
    if key != "IPAM":
        return bool(wanted == (have if have is not None else _UNSET[key]))
    have = have or {}
    if wanted["Driver"] != have.get("Driver") or wanted.get("Options", {}) != (have.get("Options") or {}):
        return False
    pools = have.get("Config") or []
    return "Config" not in wanted or (
        len(pools) == len(wanted["Config"])
        and all(value == pool.get(name) for want, pool in zip(wanted["Config"], pools) for name, value in want.items())
    )


def _recreate(network: Network, found: ObservedNetwork, cause: str, world: World, strangers: Strangers) -> None:
    draft, name = world.draft, network.name
    why = f"network {name} is made anew"
    on = [user for user in world.users.get(name, ()) if user.name not in world.gone]
    users = [*on, *strangers.missing(name)]
    gone = [world.gone[user.name] for user in world.users.get(name, ()) if user.name in world.gone]
    kept = [strangers.keep(user, name) for user in on]
    # Nobody leaves before every place is kept: this far, a failure has changed nothing.
    off = [draft.add(DisconnectNetwork(name, why, container=user.name), kept) for user in on]
    removed = draft.add(RemoveNetwork(name, cause), [*off, *gone])
    created = draft.add(CreateNetwork(name, cause, create_request(network, world.desired.scope)), [removed])
    back: List[int] = []
    # Those with addresses of their own first, before the engine gives one of them to somebody else.
    fixed: List[int] = []
    wanted = [(user, _endpoint_after(user, name, world, strangers)) for user in users]
    for user, endpoint in sorted(wanted, key=lambda pair: not (pair[1] or {}).get("IPAMConfig")):
        if endpoint is not None:
            own = endpoint.get("IPAMConfig")
            connect = ConnectNetwork(name, why, container=user.name, endpoint=endpoint)
            back.append(draft.add(connect, [created] if own else [created, *fixed]))
            fixed += back[-1:] if own else []
        # What else is done to the container comes after this.
        world.back.setdefault(user.name, []).append(created if endpoint is None else back[-1])
    strangers.give_back(users, name, [created, *back])
    world.network_ready[name] = created
    world.reconnected.update((name, user.name) for user in users)
    draft.guard([*off, removed, created, *back], _restore(found, users, strangers))


def _endpoint_after(
    user: ObservedContainer, name: str, world: World, strangers: Strangers
) -> Optional[Mapping[str, Any]]:
    """As declared where it is declared, else as it was; None where the container leaves the network."""
    declared = world.plan.declared.get(user.name)
    if declared is None or declared.state_only:
        return strangers.endpoint(user, name)
    names = world.plan.worlds[user.name].container_name
    return endpoints(declared.definition, declared.service, world.observed.api_version, names).get(name)


def _restore(found: ObservedNetwork, users: List[ObservedContainer], strangers: Strangers) -> List[Operation]:
    cause, name = "the new network failed", found.name
    keys = (
        "Driver",
        "Options",
        "Internal",
        "Attachable",
        "Ingress",
        "EnableIPv4",
        "EnableIPv6",
        "IPAM",
        "Labels",
        "Scope",
        "ConfigOnly",
    )
    body = {"Name": name, **{key: found.inspect[key] for key in keys if key in found.inspect}}
    operations: List[Operation] = [DisconnectNetwork(name, cause, container=user.name) for user in users]
    operations += [RemoveNetwork(name, cause), CreateNetwork(name, cause, body)]
    places = [(user, strangers.endpoint(user, name)) for user in users]
    operations += [
        ConnectNetwork(name, cause, container=user.name, endpoint=endpoint)
        for user, endpoint in sorted(places, key=lambda pair: not pair[1].get("IPAMConfig"))
    ]
    return operations
