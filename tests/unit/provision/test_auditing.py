# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's audit: which rules there are to be, and which are there. Rules as in the first test were seen loaded."""

from __future__ import annotations

import pytest

from provision.auditing import (
    ABSENT,
    LOCKED,
    REFUSED,
    WATCHED,
    WORKS,
    Auditing,
    find_watched,
    observe_auditing,
    render_rules,
)
from provision.commands import Commands, Done
from provision.dockerd import Dockerd
from provision.files import Files

LISTED = "-w /usr/sbin/dockerd -p wa -k docker\n-a always,exit -S all -F dir=/etc/docker -F perm=wa -F key=docker\n"


class Auditctl(Commands):
    """auditctl, with an answer for each option."""

    def __init__(self, listed=(0, "No rules\n"), status="enabled 1\n", there=True):
        super().__init__()
        self.listed, self.status, self.there = listed, status, there

    def find(self, program):
        return "/usr/sbin/auditctl" if self.there else None

    def run(self, *argv, text=None, timeout=None, environment=None):
        code, said = self.listed if argv[1] == "-l" else (0, self.status)
        return Done(code, said, said)


def test_rules_name_what_is_there_and_where_a_daemon_could_be_put(tmp_path):
    files = Files(str(tmp_path))
    there = (
        "/usr/sbin/dockerd",
        "/etc/docker/daemon.json",
        "/usr/bin/runc",
        "/run/containerd/containerd.sock",
        "/srv/d/x",
    )
    for path in there:
        files.write(path, "")
    found = find_watched(files, Dockerd(settings={"data-root": "/srv/d"}))
    assert render_rules(found).splitlines()[1:] == [
        f"-a always,exit -F {kind}={path} -F perm=wa -F key=docker"
        for kind, path in (
            ("path", "/usr/bin/dockerd"),
            ("path", "/usr/sbin/dockerd"),
            ("path", "/run/containerd"),
            ("path", "/srv/d"),
            ("dir", "/etc/docker"),
            ("path", "/etc/docker/daemon.json"),
            ("path", "/usr/bin/runc"),
        )
    ]


def test_a_folder_under_two_names_is_watched_once(tmp_path):
    files = Files(str(tmp_path))
    files.write("/usr/lib/systemd/system/docker.service", "")
    (tmp_path / "lib").symlink_to("usr/lib")
    assert find_watched(files, Dockerd())["1.1.7"] == ["/lib/systemd/system/docker.service"]


def test_no_folder_that_containers_write_to_is_watched_with_all_below():
    assert [check for check, watched in WATCHED.items() if watched.below] == ["1.1.6"]


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        (Auditctl(there=False), ABSENT),
        (Auditctl(listed=(255, "Operation not permitted")), REFUSED),
        (Auditctl(), WORKS),
        (Auditctl(status="enabled 2\n"), LOCKED),
    ],
)
def test_the_state_of_auditing(commands, state):
    assert observe_auditing(commands).state == state


@pytest.mark.parametrize(
    ("path", "watched"),
    [
        ("/usr/sbin/dockerd", True),
        ("/etc/docker", True),
        ("/etc/docker/daemon.json", False),
        ("/usr/sbin/docker", False),
    ],
)
def test_a_path_is_watched_where_a_rule_names_it(path, watched):
    assert observe_auditing(Auditctl(listed=(0, LISTED))).watches(path) is watched
    assert not Auditing(WORKS).watches(path)


@pytest.mark.parametrize(
    ("rules", "watched"),
    [
        ("-w /d -p wa", True),
        ("-w /d -p rwxa -k docker", True),
        ("-w /d -k docker", True),  # as the benchmark writes it: every access
        ("-a always,exit -F path=/d -F perm=war -k docker", True),
        ("-a exit,always -S all -F dir=/d/ -F perm=wa -F key=docker", True),
        ("-a always,exit -S all -F path=/d", True),
        ("-w /d -p w", False),
        ("-w /d -p x", False),
        ("-a never,exit -F dir=/d -F key=noise", False),
        ("-a always,task -F path=/d", False),
        ("-a always,exclude -F path=/d", False),
        ("-a always,exit -F path=/d -F perm=x", False),
        ("-a always,exit -F path!=/d -F perm=wa", False),
        # What only some do, or only some calls, is not all that changes it.
        ("-a always,exit -F path=/d -F perm=wa -F auid>=1000", False),
        ("-a always,exit -F arch=b64 -S execve -F path=/d -F perm=wa", False),
        # The first rule that fits counts.
        ("-a never,exit -F dir=/d\n-w /d -p wa", False),
        ("-w /d -p wa\n-a never,exit -F dir=/d", True),
        ("-w /d -p x\n-w /d -p wa", True),
        ("-a", False),
    ],
)
def test_only_a_rule_that_sees_every_change_watches(rules, watched):
    assert Auditing(WORKS, tuple(rules.splitlines())).watches("/d") is watched
