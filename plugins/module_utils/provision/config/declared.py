# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's options to keys of ``daemon.json``. Pure; tables, and what only a little code can say.

Weakest first: what we suggest where nobody says anything, keys of others, hardening, options, TLS, the free dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..errors import ProvisionError
from . import keys
from .document import Document, flatten
from .keys import KEYS
from .shapes import nearest, problems

Options = Mapping[str, Any]

SYSTEMD_SOCKET = "fd://"

# Values for options that are not set. What each may break, and why it is in one and not in the other, is told in
# docs/engine-configuration.md; live-restore belongs to both, and depends on the host (see plan.py).
PROFILES: Dict[str, Document] = {
    "none": {},
    "baseline": {"icc": False, "log-level": "info", "no-new-privileges": True},
    "cis": {"icc": False, "log-level": "info", "no-new-privileges": True, "userland-proxy": False},
}
# What only hosts get that have nothing yet: what they had would be out of sight.
FRESH_PROFILES: Dict[str, Document] = {"cis": {"userns-remap": "default"}}

# Where each runtime lies unless it is found elsewhere; kata has an interface of its own to containerd.
RUNTIMES: Dict[str, str] = {"crun": "/usr/bin/crun", "runsc": "/usr/bin/runsc", "kata": "/usr/bin/kata-runtime"}
_KATA_TYPE = "io.containerd.kata.v2"
_TYPES_SINCE = (23,)


@dataclass(frozen=True)
class Facts:
    """What of the host has a say in which keys there are."""

    version: keys.Version = ()
    systemd: bool = True
    handed: bool = True  # systemd holds the socket and hands it over
    socket: str = "/var/run/docker.sock"
    held: bool = False  # there are images or containers
    remapped: Optional[str] = None  # userns-remap as it stands in daemon.json
    swarm: bool = False
    log_driver: str = keys.DEFAULT_LOG_DRIVER  # as it stands in daemon.json, unless we say otherwise
    bounded: bool = False  # others said how large logs may grow
    programs: Mapping[str, str] = field(default_factory=dict)  # where runtimes were found


@dataclass(frozen=True)
class Declared:
    """Values by path: what is declared, what is suggested, and the proxies that daemon.json of old has no key for."""

    declared: Document
    suggested: Document
    proxies: Mapping[str, str]
    warnings: Tuple[str, ...] = ()


def _texts(value: Any) -> Dict[str, str]:
    return {name: str(item).lower() if isinstance(item, bool) else str(item) for name, item in value.items()}


def _ulimits(value: Any) -> Document:
    limits: Document = {}
    for name, item in value.items():
        bounds = item if isinstance(item, dict) else {"soft": item, "hard": item}
        if unknown := set(bounds) - {"soft", "hard"}:
            raise ProvisionError(
                f"$.default_ulimits.{name}: has no {min(unknown)}; it is a number, or a dictionary of soft and hard"
            )
        hard = bounds.get("hard", bounds.get("soft"))
        limits[name] = {"Name": name, "Soft": _number(bounds.get("soft", hard)), "Hard": _number(hard)}
    return limits


def _pools(value: Any) -> List[Any]:
    return [{**pool, "size": _number(pool.get("size"))} if isinstance(pool, dict) else pool for pool in value]


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def _flags(value: Any) -> Document:
    words = {"true": True, "yes": True, "false": False, "no": False}
    return {name: words.get(item.lower(), item) if isinstance(item, str) else item for name, item in value.items()}


def _same(value: Any) -> Any:
    return value


# Options that are keys under another name, and what has to be done to their values.
_OPTIONS: Dict[str, Tuple[str, Callable[[Any], Any]]] = {
    "log_driver": ("log-driver", _same),
    "data_root": ("data-root", _same),
    "storage_driver": ("storage-driver", _same),
    "registry_mirrors": ("registry-mirrors", _same),
    "insecure_registries": ("insecure-registries", _same),
    "address_pools": ("default-address-pools", _pools),
    "bip": ("bip", _same),
    "dns": ("dns", _same),
    "dns_search": ("dns-search", _same),
    "dns_options": ("dns-opts", _same),
    "mtu": ("mtu", _same),
    "ipv6": ("ipv6", _same),
    "fixed_cidr_v6": ("fixed-cidr-v6", _same),
    "default_ulimits": ("default-ulimits", _ulimits),
    "userns_remap": ("userns-remap", _same),
    "metrics_address": ("metrics-addr", _same),
    "features": ("features", _flags),
    "default_runtime": ("default-runtime", _same),
    "debug": ("debug", _same),
    "labels": ("labels", _same),
    "icc": ("icc", _same),
    "userland_proxy": ("userland-proxy", _same),
    "no_new_privileges": ("no-new-privileges", _same),
    "seccomp_profile": ("seccomp-profile", _same),
    "hosts": ("hosts", _same),
}
# The option that a problem with a key is told of.
_NAMES = {key: option for option, (key, _convert) in _OPTIONS.items()}
_PROXIES = {"http": "http-proxy", "https": "https-proxy", "no": "no-proxy"}


def declare(options: Options, facts: Facts) -> Declared:
    """Return the keys that options stand for. Raises ProvisionError with everything that is wrong with them."""
    config = dict(options.get("config") or {})
    wrong = problems(config, facts.version, "$.config")
    document: Document = dict(PROFILES[options.get("hardening") or "none"])
    warnings = _only_fresh(options, facts, document)
    for option, (name, convert) in _OPTIONS.items():
        value = options.get(option)
        if value not in (None, "", [], {}) and not (option == "mtu" and value == 0):
            document[name] = convert(value)
    if options.get("log_options"):
        document["log-opts"] = _texts(options["log_options"])
    if options.get("cgroup_driver"):
        document["exec-opts"] = [f"native.cgroupdriver={options['cgroup_driver']}"]
    document.update(_runtimes(options, facts))
    proxies = _proxies(options)
    if proxies and keys.at_least(facts.version, keys.PROXIES_SINCE):
        document["proxies"] = proxies
    _tell(wrong, document, facts)
    _listen(options, facts, document, config)
    _restore(options, facts, document)
    document.update(_over(document, config))
    suggested = _suggested(options, facts, document)
    own = {} if "proxies" in document else proxies
    return Declared(flatten(document), flatten(suggested), own, tuple(warnings))


def _over(document: Mapping[str, Any], config: Document) -> Document:
    """Return the free dictionary over the rest: layered keys entry by entry, others as they are."""
    result: Document = {}
    for name, value in config.items():
        below = document.get(name)
        layered = name in KEYS and KEYS[name].shape in keys.MAPS
        result[name] = {**below, **value} if layered and isinstance(below, dict) else value
    return result


def _tell(wrong: List[str], document: Document, facts: Facts) -> None:
    """Raise what is wrong with the free dictionary and with options, the latter by the options' names."""
    for name, value in document.items():
        option = f"$.{_NAMES.get(name, name.replace('-', '_'))}"
        wrong += [problem.replace(f"$.{name}", option, 1) for problem in problems({name: value}, facts.version)]
    if wrong:
        raise ProvisionError("\n".join([*wrong, "Nothing was changed."]))


def _only_fresh(options: Options, facts: Facts, document: Document) -> List[str]:
    profile = options.get("hardening") or "none"
    asked = FRESH_PROFILES.get(profile, {})
    if not asked or options.get("userns_remap") or facts.remapped not in (None, *asked.values()):
        return []
    if not facts.held or facts.remapped:
        document.update(asked)
        return []
    kept = f"hardening {profile} leaves {', '.join(asked)} alone: this host has images or containers, and they would be"
    return [f"{kept} out of sight. Set the option yourself where you want that"]


def _runtimes(options: Options, facts: Facts) -> Document:
    names: Sequence[str] = options.get("runtimes") or []
    arguments: Mapping[str, Sequence[str]] = options.get("runtime_arguments") or {}
    for name in arguments:
        if name not in names:
            raise ProvisionError(f"$.runtime_arguments.{name}: runtimes does not name {name}{nearest(name, names)}")
    found: Document = {}
    for name in names:
        if name == "kata" and keys.at_least(facts.version, _TYPES_SINCE):
            found[name] = {"runtimeType": _KATA_TYPE}
            continue
        found[name] = {"path": facts.programs.get(name, RUNTIMES[name])}
        if arguments.get(name):
            found[name]["runtimeArgs"] = list(arguments[name])
    return {"runtimes": found} if found else {}


def _proxies(options: Options) -> Dict[str, str]:
    given = {name: value for name, value in (options.get("proxies") or {}).items() if value is not None}
    for name, value in given.items():
        if name not in _PROXIES:
            raise ProvisionError(f"$.proxies.{name}: there is no such proxy; there are {', '.join(_PROXIES)}")
        if not isinstance(value, str):
            raise ProvisionError(f"$.proxies.{name}: has to be a text; names behind no are separated by commas")
    return {_PROXIES[name]: value for name, value in given.items() if value}


def _listen(options: Options, facts: Facts, document: Document, config: Document) -> None:
    """Add where the engine listens for clients with a certificate, and see that we can still talk to it."""
    tls: Optional[Mapping[str, Any]] = options.get("tls")
    hosts = list(config["hosts"] if "hosts" in config else document.get("hosts", []))
    ours = (f"unix://{facts.socket}", f"unix://{facts.socket.replace('/var/run/', '/run/', 1)}")
    own = SYSTEMD_SOCKET if facts.handed else ours[0]
    if facts.handed and any(host in ours for host in hosts):
        # An engine that makes the socket itself takes systemd's away with it when it ends.
        hosts = list(dict.fromkeys(own if host in ours else host for host in hosts))
        document["hosts"] = hosts
        config.pop("hosts", None)
    if tls:
        address = f"[{tls['address']}]" if ":" in tls["address"] else tls["address"]
        remote = f"tcp://{address}:{tls['port']}"
        hosts = [*(hosts or [own]), *([] if remote in hosts else [remote])]
        document.update(
            {"tlsverify": True, "tlscacert": tls["ca"], "tlscert": tls["cert"], "tlskey": tls["key"], "hosts": hosts}
        )
        # The free dictionary goes before all else, and must not take this one away again.
        config.pop("hosts", None)
    if not hosts:
        return
    if not any(host in ours or (facts.systemd and host.startswith(SYSTEMD_SOCKET)) for host in hosts):
        raise ProvisionError(
            f"$.hosts: leaves out {own}, where this collection and the docker command talk to the engine. Add it"
        )
    if not facts.systemd and any(host.startswith(SYSTEMD_SOCKET) for host in hosts):
        raise ProvisionError(
            f"$.hosts: {SYSTEMD_SOCKET} is systemd's, and this host has none. Use unix://{facts.socket}"
        )


def _restore(options: Options, facts: Facts, document: Document) -> None:
    asked = options.get("live_restore") or "auto"
    if asked == "true" and facts.swarm:
        raise ProvisionError(
            "$.live_restore: this host is part of a swarm, and the engine allows no live-restore there. "
            "Leave it at auto, or say false"
        )
    if asked != "auto":
        document["live-restore"] = asked == "true"
    elif options.get("hardening", "none") != "none" and not facts.swarm:
        document["live-restore"] = True


def _suggested(options: Options, facts: Facts, document: Mapping[str, Any]) -> Document:
    found: Document = {}
    if facts.held and facts.remapped and "userns-remap" not in document:
        # Where it is ours: what it has would be out of sight.
        found["userns-remap"] = facts.remapped
    if (options.get("live_restore") or "auto") == "auto" and not facts.swarm:
        found["live-restore"] = True
    driver = document.get("log-driver", facts.log_driver)
    if options.get("log_options") is None and driver == keys.DEFAULT_LOG_DRIVER and not facts.bounded:
        found["log-opts"] = dict(keys.LOG_BOUNDS)
    return found
