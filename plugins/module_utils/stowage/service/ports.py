# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ports`` and ``expose``: short and long syntax, ranges, and two entries that want one host port.

Knows compose's port grammar (compose spec, "ports"). Canonical is the long syntax with one
container port per entry; ``published`` stays text since it may be a range to choose from.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..errors import Problem
from .shapes import BAD, choice, integer, kind_of, matching, name, record, refuse, scalar_text

HostPort = Tuple[str, int, str]  # address ("" for all of them), port, protocol
Claims = Dict[Tuple[str, str], List[Tuple[str, int, str]]]

_DOTTED = r"\d+\.\d+\.\d+\.\d+"
_PROTOCOLS = ("tcp", "udp", "sctp")
_WILDCARDS = ("", "0.0.0.0", "::")


def _span(text: str) -> Tuple[int, int]:
    """Return first and last port of ``80`` or ``80-90``."""
    low, dash, high = text.partition("-")
    high = high if dash else low
    if not (low + high).isdecimal() or not (low.isascii() and high.isascii() and low and high):
        raise ValueError(f"{text!r} is not a port or a range of ports")
    first, last = int(low), int(high)
    if not first <= last <= 65535:
        raise ValueError(f"{text!r} is not a range of ports up to 65535")
    return first, last


def _address(text: str) -> str:
    """Return a host address without its brackets; ValueError for what is none."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if bare and not re.fullmatch(_DOTTED, bare) and ":" not in bare:
        raise ValueError(f"{text!r} is not an IP address")
    if bare not in _WILDCARDS and bare != "127.0.0.1":
        import ipaddress

        try:
            ipaddress.ip_address(bare.partition("%")[0])
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address") from None
    return bare


def _short(text: str) -> List[Dict[str, Any]]:
    """Return the long entries of ``[[host_ip:][published]:]target[/protocol]``."""
    head, slash, protocol = text.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in _PROTOCOLS:
        raise ValueError(f"protocol must be one of {', '.join(_PROTOCOLS)}")
    head, _sep, target = head.rpartition(":")
    host, colon, published = head.rpartition(":")
    if not colon and re.fullmatch(_DOTTED, published):
        host, published = published, ""
    address = _address(host)
    first, last = _span(target)
    if first == 0:
        raise ValueError("port 0 cannot be a container's port")
    base: Dict[str, Any] = {"mode": "ingress"}
    if address:
        base["host_ip"] = address
    if not published:
        return [dict(base, target=port, protocol=protocol) for port in range(first, last + 1)]
    low, high = _span(published)
    if first == last:
        return [dict(base, target=first, published=published, protocol=protocol)]
    if high - low != last - first:
        raise ValueError("the ranges of host and container ports differ in length")
    return [
        dict(base, target=first + step, published=str(low + step), protocol=protocol) for step in range(high - low + 1)
    ]


def _published(value: Any, path: str, problems: List[Problem]) -> Any:
    text = None if isinstance(value, bool) else scalar_text(value)
    if text is None:
        return refuse(path, f"must be a port or a range of ports, not {kind_of(value)}", problems)
    try:
        return text if text == "" or _span(text) else BAD
    except ValueError as error:
        return refuse(path, str(error), problems)


def _host_ip(value: Any, path: str, problems: List[Problem]) -> Any:
    if not isinstance(value, str):
        return refuse(path, f"must be an IP address, not {kind_of(value)}", problems)
    try:
        return _address(value)
    except ValueError as error:
        return refuse(path, str(error), problems)


def _protocol(value: Any, path: str, problems: List[Problem]) -> Any:
    return choice(*_PROTOCOLS)(value.lower() if isinstance(value, str) else value, path, problems)


_long = record(
    {
        "name": name,
        "mode": choice("ingress", "host"),
        "host_ip": _host_ip,
        "target": integer(1, 65535),
        "published": _published,
        "protocol": _protocol,
        "app_protocol": name,
    },
    ("target",),
)


def ports(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return ``[{"mode", "host_ip"?, "target", "published"?, "protocol"}]``.

    Identical entries, and two that claim one port of one host address, are problems at the later one.
    """
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be a list, not {kind_of(value)}", problems)
    result: List[Dict[str, Any]] = []
    claims: Claims = {}
    before = len(problems)
    for position, item in enumerate(value):
        place = f"{path}[{position}]"
        for entry in _entries(item, place, problems):
            _claim(entry, place, claims, problems)
            result.append(entry)
    return BAD if len(problems) > before else result


def merged_ports(value: Any, path: str, problems: List[Problem]) -> Any:
    """The same for entries of several files: of those for one port the last counts, in the first's place."""
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be a list, not {kind_of(value)}", problems)
    found: Dict[Tuple[Any, ...], Tuple[Dict[str, Any], str]] = {}
    before = len(problems)
    for position, item in enumerate(value):
        place = f"{path}[{position}]"
        for entry in _entries(item, place, problems):
            port = (entry.get("host_ip"), entry.get("published"), entry["target"], entry["protocol"])
            found[port] = (entry, place)
    claims: Claims = {}
    for entry, place in found.values():
        _claim(entry, place, claims, problems)
    return BAD if len(problems) > before else [entry for entry, _place in found.values()]


def _entries(item: Any, place: str, problems: List[Problem]) -> List[Dict[str, Any]]:
    if isinstance(item, Mapping):
        entry = _long(item, place, problems)
        return [] if entry is BAD else [{"mode": "ingress", "protocol": "tcp", **entry}]
    text = None if isinstance(item, bool) else scalar_text(item)
    if text is None:
        refuse(place, f"must be a string, a number or a mapping, not {kind_of(item)}", problems)
        return []
    try:
        return _short(text)
    except ValueError as error:
        refuse(place, str(error), problems)
        return []


def _claim(
    entry: Mapping[str, Any],
    place: str,
    claims: Claims,
    problems: List[Problem],
) -> None:
    """Record which host port the entry takes; a range to choose from takes none for certain."""
    published = entry.get("published", "")
    address = entry.get("host_ip", "")
    taken = claims.setdefault((published, entry["protocol"]), [])
    for other, target, first in taken:
        same = (other, target) == (address, entry["target"])
        if same or (_is_fixed(published) and overlap(address, other)):
            what = f"host port {published}" if published else f"port {target}"
            refuse(place, f"{what}/{entry['protocol']} is published by {first} already", problems)
            return
    taken.append((address, entry["target"], place.rpartition(".")[2]))


def _is_fixed(published: str) -> bool:
    """Whether this names one port; of a range, and of 0, the engine takes one that is free."""
    return published.isdigit() and int(published) != 0


def fixed_port(entry: Mapping[str, Any]) -> Optional[HostPort]:
    """The host's port that a canonical entry takes for certain, if it names one."""
    published = entry.get("published", "")
    return (entry.get("host_ip", ""), int(published), entry["protocol"]) if _is_fixed(published) else None


def fixed_ports(service: Mapping[str, Any]) -> List[HostPort]:
    """All of a canonical service's."""
    return [port for port in map(fixed_port, service.get("ports", ())) if port is not None]


def overlap(one: str, other: str) -> bool:
    """Whether two host addresses cannot both be bound: equal, or a wildcard of the same family."""
    if one == other or "" in (one, other):
        return True
    if (":" in one) != (":" in other):
        return False
    return one in _WILDCARDS or other in _WILDCARDS


expose_entry = matching(
    r"\d{1,5}(-\d{1,5})?(/(tcp|udp|sctp))?", "a port or a range of ports such as 3000 or 8000-8010/udp"
)


def expand(entry: str) -> List[str]:
    """Return the Engine API's names of an exposed port or range: ``3000/tcp`` and so on."""
    span, _sep, protocol = entry.partition("/")
    first, last = _span(span)
    return [f"{port}/{protocol or 'tcp'}" for port in range(first, last + 1)]


def expose(value: Any, path: str, problems: List[Problem]) -> Any:
    """Return the list of exposed ports and ranges, as text."""
    if not isinstance(value, (list, tuple)):
        return refuse(path, f"must be a list, not {kind_of(value)}", problems)
    result: List[str] = []
    before = len(problems)
    for position, item in enumerate(value):
        entry = expose_entry(item, f"{path}[{position}]", problems)
        if entry is BAD:
            continue
        try:
            expand(entry)
        except ValueError as error:
            refuse(f"{path}[{position}]", str(error), problems)
            continue
        if entry in result:
            refuse(f"{path}[{position}]", "stands here twice", problems)
            continue
        result.append(entry)
    return BAD if len(problems) > before else result
