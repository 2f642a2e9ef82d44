# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lies on the host beside soak.py: the ways to spoil what is declared, and how it shows that each was repaired.

A scene says what is declared: ``containers`` by name with their ``memory``, ``networks`` and ``ports``; ``networks``
that may go, with their members; ``files`` by path with their ``text`` and the containers that read them. Knows
nothing of times.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calls import Engine  # type: ignore[import-not-found]  # lies beside this on the host

Document = dict[str, Any]
# How often each kind is chosen, as far as there is something left to choose.
WEIGHTS = {
    "removed": 4,
    "stopped": 2,
    "killed": 2,
    "paused": 2,
    "renamed": 2,
    "limits changed": 2,
    "disconnected": 2,
    "network removed": 2,
    "file changed": 1,
    "file removed": 1,
}


@dataclass(frozen=True)
class Spoil:
    """Something to spoil. ``touched`` are all the objects that come right again with it."""

    kind: str
    target: str
    touched: tuple[str, ...]


class Spoiler:
    """Spoils what a scene declares, and looks whether it is as declared again."""

    def __init__(self, scene: Document, chance: random.Random) -> None:
        self.scene = scene
        self.chance = chance
        self.engine = Engine()
        self._numbers = itertools.count(1)

    def choose(self, is_free: Callable[[str], bool]) -> Spoil | None:
        """Something of which nothing is being repaired, or was just now."""
        possible = {
            kind: free
            for kind in WEIGHTS
            if (free := [spoil for spoil in self._candidates(kind) if all(map(is_free, spoil.touched))])
        }
        if not possible:
            return None
        [kind] = self.chance.choices(list(possible), [WEIGHTS[kind] for kind in possible])
        return self.chance.choice(possible[kind])

    def _candidates(self, kind: str) -> list[Spoil]:
        if kind == "network removed":
            networks = self.scene["networks"].items()
            return [Spoil(kind, name, (f"network {name}", *members)) for name, members in networks]
        if kind.startswith("file"):
            return [Spoil(kind, path, (path, *file["readers"])) for path, file in self.scene["files"].items()]
        # What was renamed holds the port that its successor needs, and nobody told the runtime to remove it.
        return [
            Spoil(kind, name, (name,))
            for name, declared in self.scene["containers"].items()
            if kind != "renamed" or not declared["ports"]
        ]

    def spoil(self, spoil: Spoil) -> Callable[[], bool]:
        """Do it; how to ask whether it was repaired. Raises Refused."""
        if spoil.kind == "network removed":
            return self._remove_network(spoil.target, spoil.touched[1:])
        if spoil.kind.startswith("file"):
            return self._spoil_file(spoil)
        return self._spoil_container(spoil.kind, spoil.target)

    def _spoil_container(self, kind: str, name: str) -> Callable[[], bool]:
        declared, path, before = self.scene["containers"][name], f"/containers/{name}", self._inspect(name)
        if kind == "removed":
            self.engine.call("DELETE", f"{path}?force=1")
        elif kind == "stopped":
            self.engine.call("POST", f"{path}/stop?t=3")
        elif kind == "killed":
            self.engine.call("POST", f"{path}/kill")
        elif kind == "paused":
            self.engine.call("POST", f"{path}/pause")
        elif kind == "renamed":
            self.engine.call("POST", f"{path}/rename?name=astray-{next(self._numbers)}-{name}")
        elif kind == "limits changed":
            memory = declared["memory"] * 2
            self.engine.call("POST", f"{path}/update", {"Memory": memory, "MemorySwap": memory * 2})
        else:
            network = self.chance.choice(declared["networks"])
            self.engine.call("POST", f"/networks/{network}/disconnect", {"Container": name, "Force": True})
        return lambda: self._is_back(kind, name, before)

    def _is_back(self, kind: str, name: str, before: Document) -> bool:
        found = self._inspect(name)
        if kind in ("removed", "renamed") and found.get("Id") == before["Id"]:
            return False
        if kind in ("stopped", "killed") and found and found["State"]["StartedAt"] == before["State"]["StartedAt"]:
            return False
        return is_declared(found, self.scene["containers"][name])

    def _remove_network(self, network: str, members: Collection[str]) -> Callable[[], bool]:
        before = self._network(network)
        for container in before["Containers"]:
            self.engine.call("POST", f"/networks/{network}/disconnect", {"Container": container, "Force": True})
        self.engine.call("DELETE", f"/networks/{network}")

        def is_back() -> bool:
            found = self._network(network)
            return bool(found) and found["Id"] != before["Id"] and all(map(self.is_well, members))

        return is_back

    def _spoil_file(self, spoil: Spoil) -> Callable[[], bool]:
        path, declared = Path(spoil.target), self.scene["files"][spoil.target]
        if spoil.kind == "file removed":
            path.unlink()
        else:
            path.write_text("spoilt\n", encoding="utf-8")
        return lambda: path.exists() and path.read_text(encoding="utf-8") == declared["text"]

    def is_well(self, name: str) -> bool:
        """Whether a container is as declared."""
        return is_declared(self._inspect(name), self.scene["containers"][name])

    def clear_away(self) -> None:
        """Remove those that were renamed and have a successor: what is not declared, the runtime leaves alone."""
        listed = self.engine.call("GET", "/containers/json?all=1") or []
        names = {name.lstrip("/"): entry["Id"] for entry in listed for name in entry["Names"]}
        for name, identity in names.items():
            if name.startswith("astray-") and name.split("-", 2)[2] in names:
                self.engine.call("DELETE", f"/containers/{identity}?force=1")

    def _inspect(self, name: str) -> Document:
        return self.engine.call("GET", f"/containers/{name}/json") or {}

    def _network(self, name: str) -> Document:
        return self.engine.call("GET", f"/networks/{name}") or {}


def is_declared(found: Mapping[str, Any], declared: Mapping[str, Any]) -> bool:
    """Whether an inspected container runs, with its limit, on its networks and no others."""
    if not found:
        return False
    state, networks = found["State"], found["NetworkSettings"]["Networks"]
    return (
        state["Status"] == "running"
        and found["HostConfig"]["Memory"] == declared["memory"]
        and sorted(networks) == sorted(declared["networks"])
        and all(endpoint["EndpointID"] for endpoint in networks.values())
    )
