# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before anything is changed, and which source is meant where none was named."""

from __future__ import annotations

import pytest

from provision.errors import ProvisionError
from provision.packages import preflight
from provision.packages.catalogue import RECIPES
from provision.packages.model import Archive, Package, Wanted

from .test_repository import system

APT, DNF, NEITHER = system(), system("almalinux", "", "9.6", "dnf"), system("alpine", "", "3.22", "")


@pytest.mark.parametrize(
    ("host", "root", "platform", "message"),
    [
        (APT, True, "freebsd14", "works on Linux"),
        (APT, False, "linux", "become: true"),
        (NEITHER, True, "linux", "alpine 3.22 .amd64. has neither apt-get nor dnf"),
    ],
)
def test_hosts_that_are_refused(host, root, platform, message):
    with pytest.raises(ProvisionError, match=message):
        preflight.refuse_host(host, root, platform)


@pytest.mark.parametrize(
    ("wanted", "host", "message"),
    [
        (Wanted(kind="podman", source="docker"), APT, "has no Podman"),
        (Wanted(source="distro"), DNF, "engine_source: docker, or engine_kind: podman"),
        (Wanted(source="archive"), APT, "engine_archive"),
        (Wanted(source="docker", release="sid"), APT, "engine_release is for the distribution's packages"),
    ],
)
def test_what_does_not_go_together(wanted, host, message):
    with pytest.raises(ProvisionError, match=message):
        preflight.refuse(wanted, host)


@pytest.mark.parametrize(
    ("wanted", "installed", "programs", "host", "source"),
    [
        (Wanted(), (), (), APT, "distro"),
        (Wanted(), (), (), DNF, "docker"),
        (Wanted(), ("docker-ce",), ("dockerd",), APT, "docker"),
        (Wanted(), ("docker.io",), ("dockerd",), APT, "distro"),
        (Wanted(), (), ("dockerd",), APT, "other"),
        (Wanted(source="docker"), ("docker.io",), ("dockerd",), APT, "docker"),
        (Wanted(kind="podman"), (), (), DNF, "distro"),
        (Wanted(kind="podman"), (), ("podman",), APT, "other"),
        (Wanted(kind="podman"), ("docker.io",), ("dockerd",), APT, "distro"),
    ],
)
def test_the_source_that_is_meant(wanted, installed, programs, host, source):
    assert preflight.source_of(wanted, {name: Package("1") for name in installed}, programs, host) == source


@pytest.mark.parametrize(
    ("wanted", "source", "host", "recipe"),
    [
        (Wanted(), "distro", APT, ("apt", "distro")),
        (Wanted(), "docker", APT, ("apt", "docker")),
        (Wanted(), "docker", DNF, ("dnf", "docker")),
        (Wanted(), "other", DNF, ("dnf", "docker")),
        (Wanted(kind="podman"), "other", APT, ("apt", "podman")),
        (Wanted(kind="podman"), "distro", DNF, ("dnf", "podman")),
        (Wanted(archive=Archive([{"Package": "docker-ce"}])), "archive", APT, ("apt", "docker")),
        (Wanted(archive=Archive([{"Package": "docker.io"}])), "archive", APT, ("apt", "distro")),
    ],
)
def test_what_an_engine_is_made_of(wanted, source, host, recipe):
    assert preflight.recipe_of(wanted, source, host) is RECIPES[recipe]


def test_podmans_docker_beside_dockers():
    installed = {"docker-cli": Package("26")}
    with pytest.raises(ProvisionError, match="docker-cli has the command docker"):
        preflight.refuse_beside(Wanted(kind="podman"), "distro", installed, ("docker",))
    preflight.refuse_beside(Wanted(kind="podman", client=False), "distro", installed, ("docker",))


def test_a_version_of_an_engine_of_somebody_elses():
    with pytest.raises(ProvisionError, match="engine_version cannot be had"):
        preflight.refuse_beside(Wanted(version="28"), "other", {}, ("dockerd",))
