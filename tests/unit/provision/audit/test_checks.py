# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check of the benchmark against hosts on which it passes, fails, and says nothing."""

from __future__ import annotations

import pytest

from provision.audit.judging import CHECKS
from provision.audit.model import FAIL, NOT_APPLICABLE, PASS, InForce, Seen
from provision.auditing import ABSENT, REFUSED, WATCHED, WORKS, Auditing
from provision.dockerd import Dockerd
from provision.files import Standing
from provision.protected import PROTECTED

BY_ID = {check.id: check for check in CHECKS}
REMAPPED = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=userns"], "DockerRootDir": "/var/lib/docker/9.9"}


def told(**settings):
    return {"dockerd": Dockerd(settings={name.replace("_", "-"): value for name, value in settings.items()})}


def info(**known):
    return {"info": known}


def secured(*options):
    return info(SecurityOptions=[f"name={option}" for option in options])


def waits(*keys):
    """What daemon.json says of these keys is another thing than what the engine read."""
    return {"in_force": InForce(pending=frozenset(keys))}


def bridge(icc):
    return {"bridge": {"Options": {"com.docker.network.bridge.enable_icc": icc}}}


CASES = [
    ("1.1.1", {"info": {"DockerRootDir": "/srv/d"}, "mounts": frozenset({"/srv/d"})}, PASS, "/srv/d is a file system"),
    ("1.1.1", {"info": REMAPPED, "mounts": frozenset({"/var/lib/docker"})}, PASS, "/var/lib/docker is a file system"),
    ("1.1.1", {"mounts": frozenset({"/"})}, FAIL, "shares a file system"),
    ("1.1.2", {}, PASS, "nobody"),
    ("1.1.2", {"members": ["ann"], "trusted": frozenset({"ann", "bob"})}, PASS, "ann"),
    ("1.1.2", {"members": ["ann", "eve"], "trusted": frozenset({"ann"})}, FAIL, "not declared: eve"),
    ("1.1.2", {**told(group="ops"), "members": ["ann"], "trusted": frozenset({"ann"})}, PASS, "in the group ops: ann"),
    ("1.1.2", {**told(group="ops"), **waits("group")}, FAIL, "not in force until"),
    ("1.2.1", {}, FAIL, "cannot be told"),
    ("1.2.2", {"package": "docker.io", "installed": "26", "offered": "26"}, PASS, "docker.io 26"),
    ("1.2.2", {"package": "docker.io", "installed": "26", "offered": "28"}, FAIL, "while 28 is offered"),
    ("1.2.2", info(ServerVersion="28.5"), FAIL, "28.5 of an unknown source"),
    ("2.1", secured("rootless"), PASS, "without root"),
    ("2.1", secured("seccomp,profile=builtin"), FAIL, "as root"),
    ("2.2", {"bridge": {"Name": "bridge"}}, FAIL, "icc is on"),
    # The bridge tells what is in force: icc of the file is not, before the engine is restarted.
    ("2.2", {**told(icc=False), **bridge("true")}, FAIL, "icc is on"),
    ("2.2", {**told(bridge="none"), **bridge("true")}, FAIL, "icc is on"),
    ("2.2", bridge("false"), PASS, "icc is off"),
    ("2.2", {}, PASS, "no default bridge"),
    ("2.3", {}, PASS, "info"),
    ("2.3", told(log_level="debug"), FAIL, "log-level is debug"),
    ("2.3", {**told(log_level="info"), **info(Debug=True)}, FAIL, "debug is on"),
    ("2.4", {}, PASS, "makes its rules"),
    ("2.3", {**told(log_level="info"), **waits("log-level")}, FAIL, "info, says daemon.json: not in force until"),
    ("2.3", {**told(log_level="info"), **waits("hosts", "debug")}, PASS, "info"),
    ("2.4", told(iptables=False), FAIL, "iptables is off"),
    ("2.4", waits("iptables"), FAIL, "not in force until the engine is restarted"),
    ("2.4", {"in_force": InForce(known=False)}, FAIL, "whether the engine read that"),
    ("2.4", {"dockerd": Dockerd({"iptables": ("false",)})}, FAIL, "iptables is off"),
    ("2.5", info(RegistryConfig={"InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128"]}), PASS, "none"),
    ("2.5", info(RegistryConfig={"InsecureRegistryCIDRs": ["10.0.0.0/8"]}), FAIL, "10.0.0.0/8"),
    ("2.5", info(RegistryConfig={"IndexConfigs": {"hub:5000": {"Secure": False}}}), FAIL, "hub:5000"),
    ("2.6", info(Driver="overlay2"), PASS, "overlay2"),
    ("2.6", info(Driver="aufs"), FAIL, "aufs"),
    ("2.7", {"dockerd": Dockerd({"host": ("fd://",)})}, NOT_APPLICABLE, "does not listen"),
    ("2.7", told(hosts=["unix:///run/d.sock", "tcp://0.0.0.0:2376"], tlsverify=True), PASS, "tcp://0.0.0.0:2376"),
    ("2.7", told(hosts=["tcp://0.0.0.0:2375"], tls=True), FAIL, "without a certificate"),
    # It listens for everybody, and was not restarted since somebody wrote that it is to ask for certificates.
    ("2.7", {**told(hosts=["tcp://0.0.0.0:2375"], tlsverify=True), **waits("tlsverify")}, FAIL, "not in force until"),
    ("2.7", waits("hosts"), FAIL, "does not listen on the network, says daemon.json: not in force until"),
    ("2.8", {}, FAIL, "limits of the daemon"),
    ("2.8", {**told(default_ulimits={"nofile": {"Soft": 1}}), **waits("default-ulimits")}, FAIL, "not in force until"),
    ("2.8", told(default_ulimits={"nofile": {"Soft": 1}}), PASS, "nofile"),
    ("2.9", secured("userns"), PASS, "nobody"),
    ("2.9", told(userns_remap="default"), FAIL, "root in containers is root here"),
    ("2.10", {}, PASS, "own"),
    ("2.10", told(cgroup_parent="/x"), FAIL, "/x"),
    ("2.10", waits("cgroup-parent"), FAIL, "not in force until"),
    ("2.11", told(storage_opts=["overlay2.size=1G"]), PASS, "not set"),
    ("2.11", told(storage_opts=["dm.basesize=20G"]), FAIL, "dm.basesize=20G"),
    ("2.11", waits("storage-opts"), FAIL, "not in force until"),
    ("2.12", info(Plugins={"Authorization": ["opa"]}), PASS, "opa"),
    ("2.12", info(Plugins={"Authorization": None}), FAIL, "everything"),
    ("2.13", info(LoggingDriver="syslog"), PASS, "syslog"),
    ("2.13", info(LoggingDriver="local"), FAIL, "local: logs"),
    ("2.14", secured("no-new-privileges"), PASS, "on"),
    ("2.14", told(no_new_privileges=True), FAIL, "off"),
    ("2.14", {**told(no_new_privileges=True), **info(ServerVersion="20.10.24")}, PASS, "on"),
    ("2.14", info(ServerVersion="20.10.24"), FAIL, "off"),
    (
        "2.14",
        {**told(no_new_privileges=True), **info(ServerVersion="20.10.24"), **waits("no-new-privileges")},
        FAIL,
        "not in force until",
    ),
    ("2.14", {**secured("no-new-privileges"), **waits("no-new-privileges")}, PASS, "on"),
    ("2.15", info(LiveRestoreEnabled=True), PASS, "on"),
    ("2.15", info(Swarm={"LocalNodeState": "active"}), NOT_APPLICABLE, "swarm"),
    ("2.15", info(Swarm={"LocalNodeState": "inactive"}), FAIL, "off"),
    ("2.16", told(userland_proxy=False), PASS, "off"),
    ("2.16", {}, FAIL, "on"),
    ("2.16", {**told(userland_proxy=False), **waits("userland-proxy")}, FAIL, "not in force until"),
    ("2.17", secured("seccomp,profile=default"), PASS, "profile default"),
    ("2.17", secured("seccomp,profile=unconfined"), FAIL, "every system call"),
    ("2.17", secured("userns"), FAIL, "no seccomp"),
    ("2.18", info(ExperimentalBuild=False), PASS, "off"),
    ("2.18", info(ExperimentalBuild=True), FAIL, "on"),
]


def cases_of_audit_rules():
    for check in WATCHED:
        there = {"watched": {check: ["/a", "/b"]}}
        yield check, {}, NOT_APPLICABLE, "no such file"
        yield check, {**there, "auditing": Auditing(ABSENT)}, FAIL, "no auditd"
        yield check, {**there, "auditing": Auditing(REFUSED)}, FAIL, "takes no audit rules"
        yield check, {**there, "auditing": Auditing(WORKS, ("-w /a -p wa",))}, FAIL, "not watched: /b"
        yield check, {**there, "auditing": Auditing(WORKS, ("-w /a -p wa", "-w /b -p rwxa"))}, PASS, "watched: /a, /b"


def cases_of_files():
    names = {
        "docker.service": ("3.1", "3.2"),
        "docker.socket": ("3.3", "3.4"),
        "/etc/docker": ("3.5", "3.6"),
        "registry certificates": ("3.7", "3.8"),
        "TLS CA certificate": ("3.9", "3.10"),
        "TLS certificate": ("3.11", "3.12"),
        "TLS key": ("3.13", "3.14"),
        "docker.sock": ("3.15", "3.16"),
        "daemon.json": ("3.17", "3.18"),
        "/etc/default/docker": ("3.19", "3.22"),
        "/etc/sysconfig/docker": ("3.21", "3.20"),
        "containerd.sock": ("3.23", "3.24"),
    }
    for name, (owner, mode) in names.items():
        right = PROTECTED[name]
        good = Standing(right.mode, right.owner, right.group, "file", 1)
        foreign = Standing(right.mode, "eve", right.group, "file", 1)
        loose = Standing(right.mode | 0o002, right.owner, right.group, "file", 1)
        yield owner, {}, NOT_APPLICABLE, "no such file"
        yield mode, {}, NOT_APPLICABLE, "no such file"
        yield owner, {"standings": {name: [("/f", good)]}}, PASS, "/f"
        yield mode, {"standings": {name: [("/f", good)]}}, PASS, "/f is 0"
        yield owner, {"standings": {name: [("/f", good), ("/g", foreign)]}}, FAIL, "/g is eve:"
        yield mode, {"standings": {name: [("/f", good), ("/g", loose)]}}, FAIL, "/g is 0"
    mine = Standing(0o660, "root", "ops", "other", 0)
    yield "3.15", {**told(group="ops"), "standings": {"docker.sock": [("/s", mine)]}}, PASS, "/s"
    yield "3.15", {"standings": {"docker.sock": [("/s", mine)]}}, FAIL, "/s is root:ops"


ALL = [*CASES, *cases_of_audit_rules(), *cases_of_files()]


@pytest.mark.parametrize(("check", "seen", "result", "why"), ALL, ids=[f"{case[0]} {case[2]}" for case in ALL])
def test_a_check_says_what_it_found(check, seen, result, why):
    found = BY_ID[check].judge(Seen(**seen))
    assert found.result == result
    assert why in found.why


def test_each_check_has_a_host_on_which_it_fails():
    assert {case[0] for case in ALL if case[2] == FAIL} == set(BY_ID)


def test_each_check_but_those_nobody_can_tell_has_a_host_on_which_it_passes():
    assert set(BY_ID) - {case[0] for case in ALL if case[2] == PASS} == {"1.2.1"}


def test_the_sections_are_whole_and_in_order():
    assert [check.id for check in CHECKS] == [
        *(f"1.1.{number}" for number in range(1, 19)),
        *("1.2.1", "1.2.2"),
        *(f"2.{number}" for number in range(1, 19)),
        *(f"3.{number}" for number in range(1, 25)),
    ]
