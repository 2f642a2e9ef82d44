# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row of the table: where a value stands in the create body and in inspect, and how it compares.

Knows the rules every field follows; the rows themselves stand in the files beside this one. A row
whose value stands in several places, or depends on others, is a subclass with its own two methods.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional

from .kinds import Kind, Scalar, always, never

RECREATE = "recreate"  # only a new container has it
UPDATE = "update"  # POST /containers/{id}/update has it
NETWORK = "network"  # connecting and disconnecting has it


class _Engine:
    def __repr__(self) -> str:
        return "ENGINE"


ENGINE: Any = _Engine()  # the daemon chooses the default

Service = Mapping[str, Any]
Value = Callable[[Service], Any]


@dataclass(frozen=True)
class Difference:
    """One way in which a container is not as declared, and what mends it.

    ``update`` is a fragment of the body of ``POST /containers/{id}/update``. For a network,
    ``connected`` says that the container is on it now, and ``endpoint`` is the EndpointSettings to
    connect with, or None to leave it.
    """

    key: str
    cause: str
    change: str = RECREATE
    update: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""
    endpoint: Optional[Mapping[str, Any]] = None
    connected: bool = False


class State:
    """What one comparison looks at: the declaration, the container, its image, and what is known of both."""

    __slots__ = (
        "config",
        "declared_before",
        "exact",
        "host",
        "image",
        "inspect",
        "name",
        "resolve",
        "same_spec",
        "service",
    )

    def __init__(
        self,
        service: Service,
        inspect: Mapping[str, Any],
        image: Optional[Mapping[str, Any]],
        same_spec: bool,
        declared_before: Optional[FrozenSet[str]],
        resolve: Callable[[str], str],
        name: str,
    ) -> None:
        self.service = service
        self.inspect = inspect
        self.config: Mapping[str, Any] = inspect.get("Config") or {}
        self.host: Mapping[str, Any] = inspect.get("HostConfig") or {}
        self.image = image
        self.same_spec = same_spec
        self.declared_before = frozenset() if declared_before is None or same_spec else declared_before
        self.resolve = resolve
        self.name = name
        # Without the image, what it gave cannot be told from what was declared.
        self.exact = not same_spec and image is not None


class Filler:
    """What filling a create body needs beside the service."""

    __slots__ = ("api_version", "body", "carry", "name", "resolve", "service")

    def __init__(
        self,
        service: Service,
        name: str,
        api_version: Any,
        carry: Mapping[str, str],
        resolve: Callable[[str], str],
    ) -> None:
        self.service = service
        self.name = name
        self.api_version = api_version
        self.carry = carry
        self.resolve = resolve
        self.body: Dict[str, Any] = {"HostConfig": {}}


def of(key: str) -> Value:
    """Read the key as it is."""
    return lambda service: service.get(key)


def number_of(key: str) -> Value:
    """Read a size, which canonical services keep as text, as the number the API wants."""
    return lambda service: int(service[key]) if key in service else None


def undeclared(_service: Service) -> Any:
    """Nothing: for what no key asks for and a container made by hand may have."""
    return None


class Field:
    """A row: compose key, place in the API, kind of comparison, default, and what can change it.

    ``at`` is ``Config.X`` (top level of the create body) or ``HostConfig.X``. ``value`` gives the API's
    value of a service, or None where it is not declared. ``default`` is what an undeclared value is in
    inspect, or ENGINE. ``inherits`` marks what an image's Config of the same name contributes.
    ``discards`` marks what engines drop, with a mere warning, where the kernel cannot do it.
    ``reset`` is what the update call takes for "back to the default"; None where it knows no such thing.
    """

    __slots__ = ("attribute", "change", "default", "discards", "in_host", "inherits", "key", "kind", "reset", "value")

    def __init__(
        self,
        key: str,
        at: str,
        kind: Optional[Kind] = None,
        *,
        value: Optional[Value] = None,
        default: Any = None,
        change: str = RECREATE,
        inherits: bool = False,
        discards: bool = False,
        reset: Any = None,
    ) -> None:
        section, _sep, self.attribute = at.partition(".")
        self.in_host = section == "HostConfig"
        self.key = key
        self.kind = kind or Scalar(key)
        self.value = value or of(key)
        self.default = default
        self.change = change
        self.inherits = inherits
        self.discards = discards
        self.reset = reset

    def __repr__(self) -> str:
        return f"Field({self.key!r}, {'HostConfig' if self.in_host else 'Config'}.{self.attribute})"

    def fill(self, filler: Filler) -> None:
        """Put the declared value, if any, into the create body."""
        value = self.value(filler.service)
        if value is not None:
            (filler.body["HostConfig"] if self.in_host else filler.body)[self.attribute] = value

    def compare(self, state: State) -> List[Difference]:
        """Return how the container differs from the declaration in this field."""
        wanted = self.value(state.service)
        if wanted is None and state.same_spec and self.change is not UPDATE:
            return []
        actual = (state.host if self.in_host else state.config).get(self.attribute)
        if actual == wanted and not self.inherits:
            return []
        kind = self.kind
        have = kind.norm(actual)
        if wanted is None:
            if self.default is ENGINE:
                gone = bool(have) and self.key in state.declared_before
                return [Difference(self.key, f"{kind.plural} removed")] if gone else []
            if self.inherits and state.image is None:
                return []
            want = kind.norm(self.default)
        else:
            want = kind.norm(wanted)
        if self.inherits:
            given = kind.norm((state.image or {}).get(self.attribute))
            want = kind.merge(given, want) if wanted is not None else given or want
        if have == want:
            return []
        causes = kind.causes(want, have, self._extra(state))
        if not causes or (self.discards and not have and state.same_spec):
            return []
        change, update = self._mend(wanted, have)
        return [Difference(self.key, cause, change, update) for cause in causes]

    def _extra(self, state: State) -> Callable[[str], bool]:
        """Return whether an entry that nobody declared counts as a difference."""
        if state.same_spec or (self.inherits and state.image is None):
            return never
        if self.default is ENGINE:
            return lambda entry: f"{self.key}.{entry}" in state.declared_before
        return always

    def _mend(self, wanted: Any, have: Any) -> Any:
        if self.change is not UPDATE:
            return self.change, {}
        if wanted is None or not self.kind.norm(wanted):
            wanted = self.reset
        # A value the engine has dropped once it drops again: only a new container ends that.
        if wanted is None or (self.discards and not have):
            return RECREATE, {}
        return UPDATE, {self.attribute: wanted}
