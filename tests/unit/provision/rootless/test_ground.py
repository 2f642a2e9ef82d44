# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host does not allow: each obstacle is seen, and told with what to do."""

from __future__ import annotations

import pytest

from provision.commands import Commands, Done
from provision.files import Files
from provision.rootless.ground import (
    Ground,
    kernel_obstacles,
    limits_warning,
    observe_ground,
    program_obstacles,
)
from provision.system import SYSTEMD, SYSV


class Answers(Commands):
    """Programs that answer from a table; those of a program of that name are there."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers

    def find(self, program):
        return self.answers.get(f"path of {program}")

    def run(self, *argv, text=None, timeout=None, environment=None):
        said = self.answers[" ".join(argv)]
        return Done(0, said, said)


LOGIND = "systemctl show --property=LoadState --value systemd-logind.service"


@pytest.fixture
def host(tmp_path):
    """A host as it should be, as a folder and a table; tests spoil it."""
    for path, text in (
        ("proc/sys/kernel/unprivileged_userns_clone", "1\n"),
        ("proc/sys/user/max_user_namespaces", "96365\n"),
        ("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n"),
        ("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
        ("usr/share/docker.io/contrib/dockerd-rootless.sh", ""),
        ("dev/net/tun", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    newuidmap = tmp_path / "newuidmap"
    newuidmap.touch()
    newuidmap.chmod(0o4755)
    answers = {
        LOGIND: "loaded\n",
        "path of newuidmap": str(newuidmap),
        "path of rootlesskit": "/usr/bin/rootlesskit",
        "path of slirp4netns": "/usr/bin/slirp4netns",
        "path of dockerd": "/usr/sbin/dockerd",
        "dockerd --version": "Docker version 26.1.5+dfsg1, build 411e817\n",
    }
    return tmp_path, answers


def look(host):
    return observe_ground(Files(str(host[0])), Answers(host[1]))


def test_nothing_stands_in_the_way_where_all_is_there(host):
    ground = look(host)
    assert kernel_obstacles(ground) + program_obstacles(ground) == []
    assert limits_warning(ground) == ""
    assert ground.version == "26.1.5+dfsg1"
    assert ground.script == "/usr/share/docker.io/contrib/dockerd-rootless.sh"


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("proc/sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces"),
        ("dev/net/tun", None, "modprobe tun"),
        ("run/systemd/system", None, "does not run"),
    ],
)
def test_what_the_kernel_or_init_does_not_allow(host, path, text, words):
    if text is not None:
        (host[0] / path).write_text(text)
    elif (host[0] / path).is_dir():
        (host[0] / path).rmdir()
    else:
        (host[0] / path).unlink()
    obstacles = kernel_obstacles(look(host))
    assert len(obstacles) == 1
    assert words in obstacles[0]


@pytest.mark.parametrize(
    ("profiles", "refused"),
    [("docker-default (enforce)\n", True), ("rootlesskit (unconfined)\n", False), (None, False)],
)
def test_apparmor_may_restrict_user_namespaces(host, profiles, refused):
    (host[0] / "proc/sys/kernel/apparmor_restrict_unprivileged_userns").write_text("1\n")
    if profiles is not None:
        (host[0] / "sys/kernel/security/apparmor").mkdir(parents=True)
        (host[0] / "sys/kernel/security/apparmor/profiles").write_text(profiles)
    assert any("AppArmor" in words for words in kernel_obstacles(look(host))) == refused


@pytest.mark.parametrize("state", ["masked", "not-found"])
def test_users_services_need_logind(host, state):
    host[1][LOGIND] = f"{state}\n"
    assert [state in words for words in kernel_obstacles(look(host))] == [True]


@pytest.mark.parametrize(
    ("program", "words"),
    [("newuidmap", "uidmap"), ("rootlesskit", "rootlesskit"), ("slirp4netns", "slirp4netns")],
)
def test_programs_that_are_missing(host, program, words):
    del host[1][f"path of {program}"]
    ground = look(host)
    assert kernel_obstacles(ground) == []
    assert [words in told for told in program_obstacles(ground)] == [True]


def test_newuidmap_without_its_powers(host):
    (host[0] / "newuidmap").chmod(0o755)
    assert "setuid" in program_obstacles(look(host))[0]


def test_no_engine_with_its_script(host):
    (host[0] / "usr/share/docker.io/contrib/dockerd-rootless.sh").unlink()
    assert "docker-ce-rootless-extras" in program_obstacles(look(host))[0]


def test_an_init_script_is_not_enough():
    assert "does not run" in kernel_obstacles(Ground(manager=SYSV))[0]
    assert kernel_obstacles(Ground(manager=SYSTEMD)) == []


def test_cgroups_of_version_1_are_a_warning():
    assert "no effect" in limits_warning(Ground(cgroups=1))
