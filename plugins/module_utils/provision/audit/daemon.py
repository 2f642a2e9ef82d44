# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section 2 of the benchmark: how the engine is configured. A table of checks, and what they judge by. Pure.

What the running engine tells of itself counts before what its file and its command line say; and what the file says
only where the engine goes by it (``goes_by``).
"""

from __future__ import annotations

from typing import List

from .model import BASELINE, CIS, FAIL, NOT_APPLICABLE, PASS, Check, Seen, Verdict, goes_by, verdict

_LOOPBACK = {"127.0.0.0/8", "::1/128"}
# Engines before it do not say whether they have it; seen on 20.10, which does not, and 26.1, which does.
_TELLS_OF_PRIVILEGES = 24
_LOCAL_LOGS = ("json-file", "local", "none")


def _rootless(seen: Seen) -> Verdict:
    return verdict(seen.secured_by("rootless"), "the engine runs without root", "the engine runs as root")


def _icc(seen: Seen) -> Verdict:
    if not seen.bridge:
        return Verdict(PASS, "there is no default bridge")
    off = (seen.bridge.get("Options") or {}).get("com.docker.network.bridge.enable_icc") == "false"
    return verdict(off, "icc is off", "icc is on: containers on the default bridge reach each other")


@goes_by("log-level")
def _log_level(seen: Seen) -> Verdict:
    level = str(seen.dockerd.told("log-level", "info"))
    debug = seen.info.get("Debug", seen.dockerd.is_on("debug", False))
    return verdict(level == "info" and not debug, "info", "debug is on" if debug else f"log-level is {level}")


@goes_by("iptables")
def _iptables(seen: Seen) -> Verdict:
    return verdict(seen.dockerd.is_on("iptables", True), "the engine makes its rules", "iptables is off")


def _registries(seen: Seen) -> Verdict:
    config = seen.info.get("RegistryConfig") or {}
    networks = sorted(set(config.get("InsecureRegistryCIDRs") or ()) - _LOOPBACK)
    names = sorted(name for name, index in (config.get("IndexConfigs") or {}).items() if not index.get("Secure", True))
    found = ", ".join(networks + names)
    return verdict(not found, "none", f"spoken to without TLS: {found}")


def _aufs(seen: Seen) -> Verdict:
    driver = str(seen.info.get("Driver", ""))
    return verdict(driver != "aufs", driver, "aufs")


@goes_by("hosts", "tlsverify")
def _tls(seen: Seen) -> Verdict:
    remote = [host for host in seen.dockerd.each("host") if not host.startswith(("unix://", "fd://", "npipe://"))]
    if not remote:
        return Verdict(NOT_APPLICABLE, "the engine does not listen on the network")
    found = ", ".join(remote)
    return verdict(
        seen.dockerd.is_on("tlsverify", False),
        f"{found}: by certificate only",
        f"{found}: without a certificate",
    )


@goes_by("default-ulimits")
def _ulimits(seen: Seen) -> Verdict:
    limits = ", ".join(seen.dockerd.each("default-ulimit"))
    return verdict(limits, limits, "containers have the limits of the daemon")


def _userns(seen: Seen) -> Verdict:
    return verdict(
        seen.secured_by("userns") or seen.secured_by("rootless"),
        "root in containers is nobody here",
        "root in containers is root here",
    )


@goes_by("cgroup-parent")
def _cgroup(seen: Seen) -> Verdict:
    parent = str(seen.dockerd.told("cgroup-parent", ""))
    return verdict(not parent, "the engine's own", f"cgroup-parent is {parent}")


@goes_by("storage-opts")
def _base_size(seen: Seen) -> Verdict:
    sizes = [option for option in seen.dockerd.each("storage-opt") if option.startswith("dm.basesize")]
    return verdict(not sizes, "not set", ", ".join(sizes))


def _authorization(seen: Seen) -> Verdict:
    plugins = (seen.info.get("Plugins") or {}).get("Authorization") or []
    return verdict(plugins, ", ".join(plugins), "who may speak to the engine may do everything")


def _remote_logs(seen: Seen) -> Verdict:
    driver = str(seen.info.get("LoggingDriver", ""))
    return verdict(driver not in _LOCAL_LOGS, driver, f"{driver}: logs of containers stay on this host")


def _privileges(seen: Seen) -> Verdict:
    if seen.major < _TELLS_OF_PRIVILEGES:
        return _privileges_told(seen)
    return _privileged(not seen.secured_by("no-new-privileges"))


@goes_by("no-new-privileges")
def _privileges_told(seen: Seen) -> Verdict:
    return _privileged(not seen.dockerd.is_on("no-new-privileges", False))


def _privileged(may_be: bool) -> Verdict:
    return verdict(not may_be, "no-new-privileges is on", "no-new-privileges is off")


def _live_restore(seen: Seen) -> Verdict:
    if seen.info.get("LiveRestoreEnabled"):
        return Verdict(PASS, "live-restore is on")
    if seen.in_swarm:
        return Verdict(NOT_APPLICABLE, "a swarm's nodes cannot have it")
    return Verdict(FAIL, "live-restore is off: containers stop with the engine")


@goes_by("userland-proxy")
def _proxy(seen: Seen) -> Verdict:
    return verdict(not seen.dockerd.is_on("userland-proxy", True), "userland-proxy is off", "userland-proxy is on")


def _seccomp(seen: Seen) -> Verdict:
    profile = next(
        (option.partition("profile=")[2] for option in seen.security if option.startswith("name=seccomp")), ""
    )
    if not profile:
        return Verdict(FAIL, "the engine has no seccomp")
    return verdict(profile != "unconfined", f"profile {profile}", "containers may make every system call")


def _experimental(seen: Seen) -> Verdict:
    return verdict(not seen.info.get("ExperimentalBuild"), "off", "experimental is on")


CHECKS: List[Check] = [
    Check(
        "2.1", 1, "The engine runs without root", "engine_rootless_users gives users engines of their own", _rootless
    ),
    Check(
        "2.2", 1, "Containers on the default bridge do not reach each other", "set engine_icc: false", _icc, BASELINE
    ),
    Check(
        "2.3",
        1,
        "The engine logs what matters, and no more",
        "set log-level to info, and debug off",
        _log_level,
        BASELINE,
    ),
    Check("2.4", 1, "The engine makes its firewall rules", "take iptables: false out", _iptables, BASELINE),
    Check(
        "2.5",
        1,
        "Registries are spoken to by TLS",
        "give their CA in engine_registry_certificates",
        _registries,
        CIS,
    ),
    Check("2.6", 1, "The storage driver is not aufs", "set engine_storage_driver: overlay2", _aufs, BASELINE),
    Check(
        "2.7",
        1,
        "Who comes by the network needs a certificate",
        "set engine_tls, or reach the engine by ssh",
        _tls,
        BASELINE,
    ),
    Check("2.8", 1, "Containers have limits", "set engine_default_ulimits", _ulimits),
    Check("2.9", 2, "Root in a container is not root on the host", "set engine_userns_remap: default", _userns, CIS),
    Check("2.10", 2, "Containers are in the engine's own cgroup", "take cgroup-parent out", _cgroup, BASELINE),
    Check(
        "2.11",
        2,
        "The base size of devices is the usual one",
        "take dm.basesize out of storage-opts",
        _base_size,
        BASELINE,
    ),
    Check("2.12", 2, "A plugin decides who may do what", "install one, and name it in engine_config", _authorization),
    Check(
        "2.13",
        2,
        "Logs of containers leave the host",
        "set engine_log_driver to one that sends them away",
        _remote_logs,
    ),
    Check("2.14", 1, "Containers cannot gain privileges", "set engine_no_new_privileges: true", _privileges, BASELINE),
    Check(
        "2.15",
        1,
        "Containers run on while the engine is restarted",
        "set engine_live_restore: true",
        _live_restore,
        BASELINE,
    ),
    Check("2.16", 1, "Published ports need no process of their own", "set engine_userland_proxy: false", _proxy, CIS),
    Check("2.17", 2, "Containers have a seccomp profile", "take seccomp-profile: unconfined out", _seccomp, BASELINE),
    Check("2.18", 1, "Experimental features are off", "take experimental out", _experimental, BASELINE),
]
