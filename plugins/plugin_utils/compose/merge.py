# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges one document, or one service, over another: override files, ``extends`` and ``include``.

Knows what docker compose does key by key, as was found by asking it: mappings are merged, what a sequence does not
have yet is appended to it, all else replaces. The table names only what is otherwise, and where a short syntax
stands for a mapping or a sequence. That entries for one port or one target are one entry is known where they are
read. Merging changes the base and keeps every place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .located import Map, Seq, Tagged
from .places import Line, place_of, problem_at
from .problems import Problem, join_path

RESET = "!reset"


def _pairs(value: Any) -> Any:
    """``[A=1, B]`` as the mapping that it stands for; the last of a name counts."""
    if not isinstance(value, Seq) or not all(isinstance(item, str) for item in value):
        return value
    result = Map(file=value.file)
    for position, item in enumerate(value):
        key, equals, text = item.partition("=")
        result[key] = text if equals else None
        result.lines[key] = Line.of(place_of(value, position))
    return result


def _names(value: Any) -> Any:
    """``[a, b]`` as a mapping to nothing."""
    if not isinstance(value, Seq) or not all(isinstance(item, str) for item in value):
        return value
    lines: dict[str, int] = {item: Line.of(place_of(value, position)) for position, item in enumerate(value)}
    return Map(dict.fromkeys(value), value.file, lines)


def _dependencies(value: Any) -> Any:
    found = _names(value)
    if found is not value:
        for name in found:
            found[name] = Map({"condition": "service_started"}, *place_of(found, name)[:1])
            found[name].lines["condition"] = Line.of(place_of(found, name))
    return found


def _listed(value: Any) -> Any:
    """One bare value as a sequence."""
    return Seq([value]) if isinstance(value, str) else value


def _hosts(value: Any) -> Any:
    """A mapping of hosts to addresses as a sequence of ``host=address``."""
    if not isinstance(value, Map):
        return value
    result = Seq(file=value.file)
    for host, addresses in value.items():
        for address in addresses if isinstance(addresses, list) else [addresses]:
            result.append(f"{host}={address}")
            result.lines.append(Line.of(place_of(value, host)))
    return result


def _context(value: Any) -> Any:
    return Map({"context": value}) if isinstance(value, str) else value


def _all_devices(value: Any) -> Any:
    return Seq([Map({"count": "all"})]) if value == "all" else value


def _external(value: Any) -> Any:
    """An object whose name stands below ``external``, the old way, with its name where it stands today."""
    external = value.get("external") if isinstance(value, Map) else None
    if not isinstance(external, Map):
        return value
    result = copied(value)
    result["external"] = True
    if "name" in external and "name" not in result:
        result["name"] = external["name"]
        result.lines["name"] = Line.of(place_of(external, "name"))
    return result


def _by_subnet(base: Any, over: Any) -> Any:
    """Pools of addresses: what is said over them are all there are, each with what was said of its subnet."""
    if not isinstance(base, Seq) or not isinstance(over, Seq):
        return over
    known = {pool.get("subnet"): pool for pool in base if isinstance(pool, Map)}
    return Seq([_pool(known, pool) for pool in over], over.file, list(over.lines))


def _pool(known: Mapping[Any, Map], pool: Any) -> Any:
    if not isinstance(pool, Map) or pool.get("subnet") not in known:
        return pool
    result = copied(known[pool["subnet"]])
    merge(result, pool, _DEFAULT, "", [])
    return result


class Rule:
    """How the value of a key is merged: its short syntax, the rules below it, and whether it is replaced whole.

    ``joined`` makes one of the two values where nothing else does.
    """

    __slots__ = ("below", "joined", "lengthen", "replaces")

    def __init__(
        self,
        lengthen: Callable[[Any], Any] | None = None,
        below: Mapping[str, Rule] | None = None,
        *,
        replaces: Callable[[Any, Any], bool] | None = None,
        joined: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.lengthen = lengthen
        self.below = below or {}
        self.replaces = replaces
        self.joined = joined


def _always(_base: Any, _over: Any) -> bool:
    return True


def _other_driver(base: Any, over: Any) -> bool:
    """Options of a log belong to its driver."""
    drivers = [side.get("driver") if isinstance(side, dict) else None for side in (base, over)]
    return None not in drivers and drivers[0] != drivers[1]


def _other_kind(base: Any, over: Any) -> bool:
    return isinstance(base, dict) != isinstance(over, dict)


_WHOLE = Rule(replaces=_always)
_PAIRS = Rule(_pairs)
_LISTED = Rule(_listed)
_HOSTS = Rule(_hosts)
_ANY = "*"

SERVICE = Rule(
    below={
        "annotations": _PAIRS,
        "build": Rule(
            _context,
            {
                "additional_contexts": _PAIRS,
                "args": _PAIRS,
                "extra_hosts": _HOSTS,
                "labels": _PAIRS,
                "no_cache_filter": _LISTED,
                "ssh": _PAIRS,
            },
        ),
        "command": _WHOLE,
        "depends_on": Rule(_dependencies),
        "deploy": Rule(below={"labels": _PAIRS}),
        "dns": _LISTED,
        "dns_search": _LISTED,
        "entrypoint": _WHOLE,
        "env_file": _LISTED,
        "environment": _PAIRS,
        "extra_hosts": _HOSTS,
        "gpus": Rule(_all_devices),
        "healthcheck": Rule(below={"test": _WHOLE}),
        "label_file": _LISTED,
        "labels": _PAIRS,
        "logging": Rule(replaces=_other_driver),
        "networks": Rule(_names),
        "sysctls": _PAIRS,
        "tmpfs": _LISTED,
        "ulimits": Rule(below={_ANY: Rule(replaces=_other_kind)}),
    }
)
SERVICES = Rule(below={_ANY: SERVICE})
_LABELLED = Rule(below={_ANY: Rule(_external, {"labels": _PAIRS})})
_NETWORKS = Rule(
    below={
        _ANY: Rule(_external, {"labels": _PAIRS, "ipam": Rule(below={"config": Rule(joined=_by_subnet)})}),
    }
)
PROJECT = Rule(
    below={
        "services": SERVICES,
        "networks": _NETWORKS,
        "volumes": _LABELLED,
        "configs": _LABELLED,
        "secrets": _LABELLED,
    }
)
_DEFAULT = Rule()


def merge(base: Map, over: Map, rule: Rule, path: str, problems: list[Problem], *, keep: bool = False) -> None:
    """Merge ``over`` into ``base``. ``keep`` leaves its tags in place, for what it will be merged over next."""
    for key, value in over.items():
        place = place_of(over, key)
        below = rule.below.get(key) or rule.below.get(_ANY) or _DEFAULT
        if isinstance(value, Tagged):
            _apply(base, key, value, keep=keep)
        elif key not in base:
            base[key] = value if keep else untagged(value)
        elif value is None and below is not _WHOLE and rule is not _PAIRS:
            continue
        else:
            before = base[key]
            if isinstance(before, Tagged):
                before = None if before.tag == RESET else before.value
            base[key] = _joined(before, value, below, join_path(path, key), over, key, problems, keep=keep)
        if key in base:
            base.lines[key] = place[1] if place[0] == base.file else Line.of(place)


def _apply(base: Map, key: str, value: Tagged, *, keep: bool) -> None:
    if keep:
        base[key] = value
    elif value.tag == RESET:
        base.pop(key, None)
        base.lines.pop(key, None)
    else:
        base[key] = untagged(value.value)


def _joined(
    base: Any, over: Any, rule: Rule, path: str, holder: Map, key: str, problems: list[Problem], *, keep: bool
) -> Any:
    if base is None or (rule.replaces is not None and rule.replaces(base, over)):
        return over if keep else untagged(over)
    if rule.lengthen is not None:
        base, over = rule.lengthen(base), rule.lengthen(over)
    if rule.joined is not None:
        return rule.joined(base, over)
    if isinstance(base, Map) and isinstance(over, Map):
        merge(base, over, rule, path, problems, keep=keep)
        return base
    if isinstance(base, Seq) and isinstance(over, Seq):
        _append(base, over, keep=keep)
        return base
    if (isinstance(base, (Map, Seq)) or isinstance(over, (Map, Seq))) and not key.startswith("x-"):
        problems.append(problem_at(holder, key, path, f"{_kind(over)} cannot be merged with {_kind(base)}"))
        return base
    return over


def _append(base: Seq, over: Seq, *, keep: bool) -> None:
    for position, item in enumerate(over):
        value = item if keep else untagged(item)
        if value not in base and not (isinstance(item, Tagged) and item.tag == RESET):
            base.append(value)
            base.lines.append(Line.of(place_of(over, position)))


def _kind(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a single value"


def untagged(value: Any) -> Any:
    """Return the value without the tags in it: what is reset is not there."""
    if isinstance(value, Tagged):
        return None if value.tag == RESET else untagged(value.value)
    if isinstance(value, Map):
        for key, item in list(value.items()):
            if isinstance(item, Tagged) and item.tag == RESET:
                del value[key]
            elif isinstance(item, (Map, Seq, Tagged)):
                value[key] = untagged(item)
    elif isinstance(value, Seq):
        for position in range(len(value) - 1, -1, -1):
            item = value[position]
            if isinstance(item, Tagged) and item.tag == RESET:
                del value[position], value.lines[position]
            elif isinstance(item, (Map, Seq, Tagged)):
                value[position] = untagged(item)
    return value


def copied(value: Any) -> Any:
    """Return a copy that can be merged into."""
    if isinstance(value, Map):
        return Map({key: copied(item) for key, item in value.items()}, value.file, dict(value.lines))
    if isinstance(value, Seq):
        return Seq([copied(item) for item in value], value.file, list(value.lines))
    if isinstance(value, Tagged):
        return Tagged(value.tag, copied(value.value))
    return value
