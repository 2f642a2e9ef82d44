# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnf, which no test host has: the words it is given, and what is read from its answers."""

from __future__ import annotations

import pytest

from provision.commands import Commands, Done
from provision.errors import ProvisionError
from provision.files import Files
from provision.packages import presence
from provision.packages.dnf import Dnf, offers_of, parse_packages
from provision.packages.model import Choice, Package, Wanted
from provision.packages.presence import provide

from .test_keys import ONE, ONE_IS

RPM = "docker-ce\t3:28.5.1-1.el9\nbash\t5.1.8-9.el9\n"


class Scripted(Commands):
    """Programs that answer from a table, by their first words."""

    def __init__(self, answers, programs=("dnf", "rpm")):
        super().__init__()
        self.answers = answers
        self.programs = programs
        self.asked = []

    def find(self, program):
        return f"/usr/bin/{program}" if program in self.programs else None

    def run(self, *argv, **_):
        words = " ".join(argv)
        self.asked.append(words)
        code, said = next((answer for start, answer in self.answers.items() if start in words), (0, ""))
        return Done(code, said, said)


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path))


def test_what_is_there(files):
    files.write(
        "/etc/dnf/plugins/versionlock.list", "# Added locks\n3:docker-ce-28.5.1-1.el9.*\ndocker-ce-cli-1:28.5.1-1.*\n"
    )
    dnf = Dnf(files, Scripted({"rpm": (0, RPM)}), 1)
    assert dnf.installed() == {"docker-ce": Package("3:28.5.1-1.el9", held=True), "bash": Package("5.1.8-9.el9")}
    assert parse_packages("", []) == {}


def test_what_can_be_had():
    found = offers_of(["docker-ce\t3:28.5.1-1.el9", "docker-ce\t3:28.5.2-1.el9", "runc\t0:1.3-1.el9", ""])
    assert found["docker-ce"].versions == ("3:28.5.2-1.el9", "3:28.5.1-1.el9")
    assert found["runc"].candidate == "1.3-1.el9"


@pytest.mark.parametrize(
    ("requests", "verb"),
    [
        ({"docker-ce": "3:28.5.2-1.el9", "docker-ce-cli": "1:28.5.2-1.el9"}, "install"),
        ({"docker-ce": "3:27.5.1-1.el9"}, "downgrade"),
    ],
)
def test_one_transaction(files, requests, verb):
    commands = Scripted({"rpm": (0, RPM)})
    Dnf(files, commands, 1).act(Choice(requests, ("podman-docker",), {}))
    changing = [words for words in commands.asked if words.startswith("dnf")]
    assert changing[0] == "dnf --assumeyes --noautoremove remove podman-docker"
    assert changing[1].split()[4:] == [verb, *(f"{name}-{version}" for name, version in requests.items())]


def test_why_it_failed(files):
    commands = Scripted({"rpm": (0, RPM), "dnf": (1, "Error: nothing provides x\n")})
    with pytest.raises(ProvisionError, match="nothing provides x"):
        Dnf(files, commands, 1).act(Choice({"docker-ce": "3:28.5.2-1.el9"}, (), {}))
    with pytest.raises(ProvisionError, match="versionlock"):
        Dnf(files, commands, 1).hold(["docker-ce"], held=True)


def test_packages_that_were_brought(files):
    commands = Scripted({"rpm": (0, RPM)})
    offers = [{"Package": "docker-ce", "Version": "3:28.5.2-1.el9", "Filename": "docker-ce.rpm"}]
    with Dnf(files, commands, 1).of_archive(offers, "/tmp/brought") as dnf:
        assert dnf.offers(["docker-ce"])["docker-ce"].candidate == "3:28.5.2-1.el9"
        dnf.act(Choice({"docker-ce": "3:28.5.2-1.el9"}, (), {}))
    assert commands.asked[-1].startswith("dnf --disablerepo=* --assumeyes")
    assert commands.asked[-1].endswith("install /tmp/brought/docker-ce.rpm")


def test_an_empty_host_of_the_el_family(files, monkeypatch):
    """The whole way, with programs that answer: the repository, the packages, the holds, and the same plan by both."""
    monkeypatch.setattr(presence.os, "geteuid", lambda: 0)
    files.write("/etc/os-release", 'ID="almalinux"\nVERSION_ID="9.6"\nID_LIKE="rhel centos fedora"\n')
    offered = "".join(f"{name}\t{version}\n" for name, version in (
        ("docker-ce", "3:28.5.2-1.el9"), ("docker-ce", "3:28.5.1-1.el9"),
        ("docker-ce-cli", "1:28.5.2-1.el9"), ("docker-ce-cli", "1:28.5.1-1.el9"),
    ))  # fmt: skip
    answers = {"rpm": (0, "podman-docker\t5.4-1.el9\n"), "repoquery": (0, offered)}
    wanted = Wanted(repository_key=ONE, fingerprints=(ONE_IS,), version="28.5.1")
    checking, acting = Scripted(answers), Scripted(answers)
    planned = [str(step) for step in provide(wanted, True, files, checking).plan]
    assert files.list("/etc") == ["os-release"]
    done = provide(wanted, False, files, acting)
    assert (
        [str(step) for step in done.plan]
        == planned
        == [
            "WriteFile /etc/pki/rpm-gpg/stowage-docker.asc (the repository's key)",
            "WriteFile /etc/yum.repos.d/stowage-docker.repo (engine_source is docker)",
            "RemovePackage podman-docker 5.4-1.el9 (conflicts with docker-ce)",
            "InstallPackage docker-ce 3:28.5.1-1.el9 (is missing)",
            "InstallPackage docker-ce-cli 1:28.5.1-1.el9 (is missing)",
            "HoldPackage docker-ce (engine_hold)",
            "HoldPackage docker-ce-cli (engine_hold)",
        ]
    )
    assert any("makecache" in words for words in acting.asked)
    assert acting.asked[-1] == "dnf --quiet versionlock add docker-ce docker-ce-cli"
    assert any(
        "--repofrompath=stowage-docker-stable,https://download.docker.com/linux/centos/" in words
        for words in checking.asked
    )
