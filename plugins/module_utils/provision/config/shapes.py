# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a document fits the table of keys: a check of our own, since dockerd can check nothing before 23.0.

Pure. Problems name their path and the nearest key that there is; nothing here knows whose a key is.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

from . import keys
from .keys import KEYS, Key, Version

_SCHEMES = ("unix://", "tcp://", "fd://")
_SIZE = re.compile(r"\d+(\.\d+)?\s*([kmgtp]i?b?|b)?", re.IGNORECASE)
_RUNTIME_KEYS = {"path": "a text", "runtimeArgs": "a list of texts", "runtimeType": "a text", "options": "a dictionary"}
_ULIMITS = frozenset(
    "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split()
)

Problem = str


def problems(document: Mapping[str, Any], version: Version, root: str = "$") -> List[Problem]:
    """Return what is wrong with keys of daemon.json for an engine of that version; () stands for any."""
    return [problem for name, value in document.items() for problem in _of_key(name, value, version, root)]


def log_problems(document: Mapping[str, Any]) -> Dict[str, Problem]:
    """Return which options of the log driver in force it does not know, by their path."""
    driver = document.get("log-driver", keys.DEFAULT_LOG_DRIVER)
    options = document.get("log-opts")
    known = keys.log_options(driver) if isinstance(driver, str) else None
    if known is None or not isinstance(options, dict) or driver == "none":
        return {}
    return {
        f"log-opts/{name}": f"the log driver {driver} has no option {name}{nearest(name, known)}"
        for name in options
        if name not in known
    }


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint to the known name that is most like one that is not, or ""."""
    found = difflib.get_close_matches(name.replace("_", "-"), known, 1, 0.6)
    return f"; is {found[0]} meant?" if found else ""


def _of_key(name: str, value: Any, version: Version, root: str) -> Iterator[Problem]:
    path = f"{root}.{name}"
    key = KEYS.get(name)
    if key is None:
        if version < keys.UNKNOWN_FROM:
            yield f"{path}: daemon.json has no key {name}{nearest(name, list(KEYS))}"
        return
    if version and version < key.since:
        yield f"{path}: the engine knows {name} since {_text(key.since)}, and this is {_text(version)}"
        return
    if version and key.until and version >= key.until:
        yield f"{path}: the engine does not know {name} since {_text(key.until)} any more, and this is {_text(version)}"
        return
    for wrong in _CHECKS[key.shape](key, value):
        yield f"{path}{wrong}" if wrong.startswith((".", "[")) else f"{path}: {wrong}"


def _text(version: Version) -> str:
    return ".".join(map(str, version if len(version) > 1 else (*version, 0)))


# Each check yields what is wrong: "is …", or with a path of its own in front: ".nofile: …", "[0]: …".


def _is_text(key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield f"has to be a text, not {_kind(value)}"
    elif key.choices and value not in key.choices:
        yield f"has to be one of {', '.join(key.choices)}, not {value}"


def _is_flag(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield f"has to be true or false, not {_kind(value)}"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_key: Key, value: Any) -> Iterator[Problem]:
    if not _whole(value):
        yield f"has to be a whole number, not {_kind(value)}"


def _is_address(_key: Key, value: Any) -> Iterator[Problem]:
    yield from _by(ipaddress.ip_address, value, "an address")


def _is_network(_key: Key, value: Any) -> Iterator[Problem]:
    if isinstance(value, str) and "/" not in value:
        yield f"has to be an address and a prefix as in 172.17.0.1/16, not {value}"
        return
    yield from _by(ipaddress.ip_interface, value, "an address and a prefix as in 172.17.0.1/16")


def _is_path(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not value.startswith(("/", "unix:///")):
        yield f"has to be an absolute path, not {_shown(value)}"


def _is_endpoint(_key: Key, value: Any) -> Iterator[Problem]:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
        yield f"has to be an address and a port as in 127.0.0.1:9323, not {_shown(value)}"


def _is_size(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not _SIZE.fullmatch(value):
        yield f"has to be a size in quotes as in 64M, not {_shown(value)}"


def _is_anything(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield f"has to be a dictionary, not {_kind(value)}"


def _each(check: Callable[[Key, Any], Iterator[Problem]]) -> Callable[[Key, Any], Iterator[Problem]]:
    """A list of what the check accepts."""

    def of_list(key: Key, value: Any) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield f"has to be a list, not {_kind(value)}"
            return
        for index, item in enumerate(value):
            for wrong in check(key, item):
                yield f"[{index}]: {wrong}" if not wrong.startswith((".", "[")) else f"[{index}]{wrong}"

    return of_list


def _entries(check: Callable[[str, Any], Iterator[Problem]]) -> Callable[[Key, Any], Iterator[Problem]]:
    """A mapping of what the check accepts; it also gets the entry's name."""

    def of_mapping(_key: Key, value: Any) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield f"has to be a dictionary, not {_kind(value)}"
            return
        for name, item in value.items():
            for wrong in check(name, item):
                yield f".{name}: {wrong}"

    return of_mapping


def _assignment(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not value.partition("=")[0] or "=" not in value:
        yield f"has to be name=value, not {_shown(value)}"


def _host(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not value.startswith(_SCHEMES):
        yield f"has to begin with {', '.join(_SCHEMES[:-1])} or {_SCHEMES[-1]}, not be {_shown(value)}"


def _url(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^/\s?#]+/?[^\s?#]*", value):
        yield f"has to be a URL as in https://mirror.example.net, not {_shown(value)}"


def _pool(_key: Key, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict) or set(value) != {"base", "size"}:
        yield "has to be a dictionary of base and size"
        return
    try:
        base = ipaddress.ip_network(value["base"])
    except (ValueError, TypeError):
        yield f".base: has to be a network as in 10.200.0.0/16, not {_shown(value['base'])}"
        return
    size = value["size"]
    if not _whole(size) or not base.prefixlen <= size <= base.max_prefixlen:
        yield f".size: has to be a prefix between {base.prefixlen} and {base.max_prefixlen}, not {_shown(size)}"


def _text_entry(_name: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield f"has to be a text, not {_kind(value)}"


def _flag_entry(_name: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield f"has to be true or false, not {_kind(value)}"


def _runtime(name: str, value: Any) -> Iterator[Problem]:
    if name == "runc":
        yield "is the engine's own name for its own runtime; give yours another"
    elif not isinstance(value, dict) or not value:
        yield "has to be a dictionary with path, and where needed runtimeArgs"
    else:
        for unknown in set(value) - set(_RUNTIME_KEYS):
            yield f"has no {unknown}{nearest(unknown, list(_RUNTIME_KEYS))}"
        if not value.get("path") and not value.get("runtimeType"):
            yield "needs path or runtimeType"
        arguments = value.get("runtimeArgs", [])
        if not isinstance(arguments, list) or any(not isinstance(word, str) for word in arguments):
            yield "runtimeArgs has to be a list of texts"


def _ulimit(name: str, value: Any) -> Iterator[Problem]:
    if name not in _ULIMITS:
        yield f"is no limit{nearest(name, sorted(_ULIMITS))}"
        return
    bounds: Dict[str, Any] = value if isinstance(value, dict) else {}
    soft, hard = bounds.get("Soft"), bounds.get("Hard")
    if soft is None or hard is None or not _whole(soft) or not _whole(hard):
        yield "has to be a dictionary of Name, Soft and Hard, the latter two whole numbers"
    elif hard != -1 and (soft == -1 or soft > hard):
        yield f"the soft limit {soft} is above the hard one, {hard}"
    elif bounds.get("Name") != name:
        yield f"Name has to be {name} too"


def _network_option(_driver: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict) or any(not isinstance(text, str) for text in value.values()):
        yield "has to be a dictionary of texts"


def _by(parse: Callable[[str], Any], value: Any, what: str) -> Iterator[Problem]:
    try:
        if isinstance(value, str):
            parse(value)
            return
    except ValueError:
        pass
    yield f"has to be {what}, not {_shown(value)}"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "a dictionary")


def _shown(value: Any) -> str:
    # What is no text is not shown: it may be long, or have a password somewhere in it.
    return value if isinstance(value, str) and len(value) < 80 and "@" not in value else _kind(value)


_CHECKS: Dict[str, Callable[[Key, Any], Iterator[Problem]]] = {
    keys.TEXT: _is_text,
    keys.FLAG: _is_flag,
    keys.NUMBER: _is_number,
    keys.TEXTS: _each(_is_text),
    keys.ADDRESS: _is_address,
    keys.ADDRESSES: _each(_is_address),
    keys.NETWORK: _is_network,
    keys.PATH: _is_path,
    keys.ENDPOINT: _is_endpoint,
    keys.HOSTS: _each(_host),
    keys.URLS: _each(_url),
    keys.SIZE: _is_size,
    keys.POOLS: _each(_pool),
    keys.ANYTHING: _is_anything,
    keys.TEXT_MAP: _entries(_text_entry),
    keys.FLAG_MAP: _entries(_flag_entry),
    keys.RUNTIMES: _entries(_runtime),
    keys.ULIMITS: _entries(_ulimit),
    keys.NETWORK_OPTIONS: _entries(_network_option),
    keys.ASSIGNMENTS: _each(_assignment),
}
