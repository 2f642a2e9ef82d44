# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of ``daemon.json``: what each looks like, which engines know it, and what it takes to put it in force.

One table; whatever depends on a key is asked here. Read off dockerd's own sources (``daemon/config``,
``daemon/reload.go``, ``cmd/dockerd/config*.go``) of 20.10 and 26.1, and its flags up to 29.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

Version = Tuple[int, ...]

# What a value has to look like; shapes.py knows how to check each.
TEXT = "text"
FLAG = "flag"
NUMBER = "number"
TEXTS = "texts"
ADDRESS = "address"
ADDRESSES = "addresses"
NETWORK = "network"
PATH = "path"
ENDPOINT = "endpoint"
HOSTS = "hosts"
URLS = "urls"
SIZE = "size"
POOLS = "pools"
ANYTHING = "anything"
# Mappings that are layered: each entry is somebody's.
TEXT_MAP = "text-map"
FLAG_MAP = "flag-map"
RUNTIMES = "runtimes"
ULIMITS = "ulimits"
NETWORK_OPTIONS = "network-options"
# Lists of name=value, layered by the name.
ASSIGNMENTS = "assignments"

MAPS = frozenset({TEXT_MAP, FLAG_MAP, RUNTIMES, ULIMITS, NETWORK_OPTIONS})
LAYERED = MAPS | {ASSIGNMENTS}

OLDEST: Version = (20, 10)
# From here on dockerd may know keys that are not in the table; its own check judges those.
UNKNOWN_FROM: Version = (30,)
VALIDATES_SINCE: Version = (23,)
PROXIES_SINCE: Version = (23,)

# How a running engine takes a key up.
RESTART = "restart"
# On SIGHUP. A key that is taken out of the file keeps its value in the running engine, but for RESETS.
RELOAD = "reload"
RESETS = "resets"


@dataclass(frozen=True)
class Key:
    """One key of ``daemon.json``."""

    name: str
    shape: str
    since: Version = OLDEST
    until: Optional[Version] = None  # the first version that refuses it
    takes: str = RESTART
    neutral: Any = None  # for RELOAD: the value that is as good as none, or None where there is no such value
    flags: Tuple[str, ...] = ()  # of dockerd, where they are not the name behind two hyphens
    choices: Tuple[str, ...] = ()
    # Made once, with the default bridge: an engine that finds containers running leaves the bridge as it is.
    bridge: bool = False
    # Containers and images of before are out of sight: they must not run on behind the engine's back.
    moves: bool = False
    content: bool = False  # names a file whose content is read when the engine starts


_TABLE = (
    # Logs
    Key("log-driver", TEXT),
    Key("log-opts", TEXT_MAP, flags=("--log-opt",)),
    Key("log-level", TEXT, flags=("--log-level", "-l"), choices=("debug", "info", "warn", "error", "fatal")),
    Key("log-format", TEXT, since=(24,), choices=("text", "json")),
    Key("raw-logs", FLAG),
    Key("debug", FLAG, takes=RELOAD, neutral=False, flags=("--debug", "-D")),
    # Where and how things are stored
    Key("data-root", PATH, moves=True, flags=("--data-root", "--graph", "-g")),
    Key("exec-root", PATH, moves=True),
    Key("storage-driver", TEXT, moves=True, flags=("--storage-driver", "-s")),
    Key("storage-opts", ASSIGNMENTS, flags=("--storage-opt",)),
    Key("userns-remap", TEXT, moves=True),
    # Images
    Key("registry-mirrors", URLS, takes=RELOAD, neutral=[], flags=("--registry-mirror",)),
    Key("insecure-registries", TEXTS, takes=RELOAD, neutral=[], flags=("--insecure-registry",)),
    Key("allow-nondistributable-artifacts", TEXTS, takes=RELOAD, neutral=[]),
    Key("max-concurrent-downloads", NUMBER, takes=RESETS),
    Key("max-concurrent-uploads", NUMBER, takes=RESETS),
    Key("max-download-attempts", NUMBER, takes=RESETS),
    Key("proxies", TEXT_MAP, since=PROXIES_SINCE, flags=("--http-proxy", "--https-proxy", "--no-proxy")),
    Key("builder", ANYTHING),
    Key("features", FLAG_MAP, takes=RESETS, flags=("--feature",)),
    # Networks
    Key("bridge", TEXT, bridge=True, flags=("--bridge", "-b")),
    Key("bip", NETWORK, bridge=True),
    Key("bip6", NETWORK, bridge=True, since=(28,)),
    Key("fixed-cidr", NETWORK, bridge=True),
    Key("fixed-cidr-v6", NETWORK, bridge=True),
    Key("default-gateway", ADDRESS, bridge=True),
    Key("default-gateway-v6", ADDRESS, bridge=True),
    Key("mtu", NUMBER, bridge=True),
    Key("ipv6", FLAG, bridge=True),
    Key("icc", FLAG, bridge=True),
    Key("ip", ADDRESS, bridge=True),
    Key("ip-masq", FLAG, bridge=True),
    Key("ip-forward", FLAG),
    Key("ip-forward-no-drop", FLAG, since=(28,)),
    Key("iptables", FLAG),
    Key("ip6tables", FLAG),
    Key("firewall-backend", TEXT, since=(29,), choices=("iptables", "nftables")),
    Key("bridge-accept-fwmark", TEXT, since=(29,)),
    Key("allow-direct-routing", FLAG, since=(28, 2)),
    Key("userland-proxy", FLAG),
    Key("userland-proxy-path", PATH),
    Key("default-address-pools", POOLS, flags=("--default-address-pool",)),
    Key("default-network-opts", NETWORK_OPTIONS, since=(24,), flags=("--default-network-opt",)),
    Key("network-control-plane-mtu", NUMBER),
    Key("dns", ADDRESSES),
    Key("dns-search", TEXTS),
    Key("dns-opts", TEXTS, flags=("--dns-opt",)),
    Key("host-gateway-ip", ADDRESS),
    Key("host-gateway-ips", ADDRESSES, since=(28,), flags=("--host-gateway-ip",)),
    # Containers
    Key("live-restore", FLAG, takes=RELOAD, neutral=False),
    Key("shutdown-timeout", NUMBER, takes=RELOAD, neutral=15),
    Key("runtimes", RUNTIMES, takes=RELOAD, neutral={}, flags=("--add-runtime",)),
    Key("default-runtime", TEXT, takes=RELOAD, neutral="runc"),
    Key("default-ulimits", ULIMITS, flags=("--default-ulimit",)),
    Key("default-shm-size", SIZE, takes=RELOAD, neutral="64M"),
    Key("default-ipc-mode", TEXT, takes=RELOAD, neutral="private", choices=("private", "shareable")),
    # What is neutral depends on the host's cgroups.
    Key("default-cgroupns-mode", TEXT, takes=RELOAD, choices=("host", "private")),
    Key("init", FLAG),
    Key("init-path", PATH),
    Key("cgroup-parent", TEXT),
    Key("exec-opts", ASSIGNMENTS, flags=("--exec-opt",)),
    Key("cpu-rt-period", NUMBER),
    Key("cpu-rt-runtime", NUMBER),
    Key("cdi-spec-dirs", TEXTS, since=(25,), flags=("--cdi-spec-dir",)),
    Key("node-generic-resources", TEXTS, flags=("--node-generic-resource",)),
    # Security
    Key("no-new-privileges", FLAG),
    Key("seccomp-profile", TEXT, content=True),
    Key("selinux-enabled", FLAG),
    Key("authorization-plugins", TEXTS, takes=RESETS, flags=("--authorization-plugin",)),
    # How it is reached
    Key("hosts", HOSTS, flags=("--host", "-H")),
    Key("group", TEXT, flags=("--group", "-G")),
    Key("tls", FLAG),
    Key("tlsverify", FLAG),
    Key("tlscacert", PATH, content=True),
    Key("tlscert", PATH, content=True),
    Key("tlskey", PATH, content=True),
    Key("api-cors-header", TEXT, until=(28,)),
    # Itself
    Key("labels", ASSIGNMENTS, takes=RELOAD, neutral=[], flags=("--label",)),
    Key("metrics-addr", ENDPOINT),
    Key("network-diagnostic-port", NUMBER, takes=RESETS),
    Key("experimental", FLAG),
    Key("pidfile", PATH, flags=("--pidfile", "-p")),
    Key("oom-score-adjust", NUMBER, until=(25,)),
    Key("containerd", PATH),
    Key("containerd-namespace", TEXT),
    Key("cri-containerd", FLAG),
    Key("swarm-default-advertise-addr", TEXT),
    Key("graph", PATH, until=(23,), moves=True),
    Key("cluster-store", TEXT, until=(23,)),
    Key("cluster-advertise", TEXT, until=(23,)),
    Key("cluster-store-opts", TEXT_MAP, until=(23,), flags=("--cluster-store-opt",)),
)

KEYS: Dict[str, Key] = {key.name: key for key in _TABLE}

# One entry of a key that the running engine takes up otherwise than the rest of it.
_SNAPSHOTTER = "features/containerd-snapshotter"

# Options that each log driver knows besides those that all know; a driver that is not here is a plugin.
_ALL_DRIVERS = ("mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress")
_LABELS = ("labels", "labels-regex", "env", "env-regex", "tag")
_FILE = ("max-size", "max-file", "compress")
LOG_OPTIONS: Dict[str, Tuple[str, ...]] = {
    "none": (),
    "json-file": (*_FILE, *_LABELS),
    "local": _FILE,
    "journald": _LABELS,
    "syslog": (
        *("syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert", "syslog-tls-cert"),
        *("syslog-tls-key", "syslog-tls-skip-verify"),
        *_LABELS,
    ),
    "fluentd": (
        *("fluentd-address", "fluentd-async", "fluentd-async-connect", "fluentd-async-reconnect-interval"),
        *("fluentd-buffer-limit", "fluentd-max-retries", "fluentd-request-ack", "fluentd-retry-wait"),
        *("fluentd-sub-second-precision", "fluentd-read-timeout", "fluentd-write-timeout"),
        *_LABELS,
    ),
    "gelf": (
        *("gelf-address", "gelf-compression-level", "gelf-compression-type", "gelf-tcp-max-reconnect"),
        "gelf-tcp-reconnect-delay",
        *_LABELS,
    ),
}
# What bounds the files of json-file where nobody says otherwise: without bounds one container fills the disk.
LOG_BOUNDS = {"max-size": "10m", "max-file": "3"}
DEFAULT_LOG_DRIVER = "json-file"
# Entries that let somebody in somewhere.
SECRETS = frozenset({"log-opts/splunk-token", "log-opts/logentries-token"})


def parse_version(text: str) -> Version:
    """Return the numbers of an engine's version, or its package's: ``5:26.1.5-1~debian`` is (26, 1, 5); () for none."""
    numbers = []
    for part in text.strip().rpartition(":")[2].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def at_least(version: Version, since: Version) -> bool:
    """Tell whether an engine is that new; one that is yet to be installed is taken to be new enough."""
    return not version or version >= since


def takes(path: str) -> str:
    """Tell how a running engine takes up what stands at a path (``mtu``, ``features/buildkit``)."""
    key = KEYS.get(path.partition("/")[0])
    return RESTART if key is None or path == _SNAPSHOTTER else key.takes


def moves(path: str) -> bool:
    """Tell whether a change there puts containers and images of before out of sight."""
    key = KEYS.get(path.partition("/")[0])
    return path == _SNAPSHOTTER or (key is not None and key.moves)


def flags_of(name: str) -> Tuple[str, ...]:
    """Return the flags of dockerd that mean the same as a key; with both it refuses to start."""
    key = KEYS.get(name)
    return (key.flags if key else ()) or (f"--{name}",)


def of_bridge(path: str) -> bool:
    """Tell whether a change there needs an engine that starts without running containers."""
    key = KEYS.get(path)
    return key is not None and key.bridge


def log_options(driver: str) -> Optional[Tuple[str, ...]]:
    """Return the options that a log driver knows; None where that is not known."""
    known = LOG_OPTIONS.get(driver)
    return None if known is None else (*known, *_ALL_DRIVERS)
