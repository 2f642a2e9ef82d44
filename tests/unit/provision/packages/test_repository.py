# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's repository on a host: where it is for each distribution, its files, and their way back."""

from __future__ import annotations

import pytest

from provision.errors import ProvisionError
from provision.files import Files
from provision.packages import repository
from provision.packages.model import Wanted
from provision.packages.repository import Place
from provision.system import System

from .test_keys import BINARY, ONE, ONE_IS, TWO_IS

MIRROR = "http://mirror.example/docker"


def system(distribution="debian", codename="trixie", version="13", packages="apt", like=""):
    return System(distribution, like, version, codename, "amd64", "x86_64", "systemd", packages, 2, contained=False)


@pytest.fixture
def files(tmp_path):
    found = Files(str(tmp_path))
    found.write("/etc/apt/sources.list", "deb http://deb.example/debian trixie main\n")
    return found


@pytest.mark.parametrize(
    ("host", "release", "address", "suite"),
    [
        (system(), {}, "debian", "trixie"),
        (system("ubuntu", "noble", "24.04"), {}, "ubuntu", "noble"),
        (system("linuxmint", "wilma", "22", like="ubuntu debian"), {"UBUNTU_CODENAME": "noble"}, "ubuntu", "noble"),
        (system("fedora", "", "43", "dnf"), {}, "fedora", ""),
        (system("rhel", "", "9.6", "dnf"), {}, "centos", ""),
        (system("almalinux", "", "10.0", "dnf"), {}, "centos", ""),
        (system("rocky", "", "9.6", "dnf"), {}, "centos", ""),
        (system("ol", "", "9.6", "dnf"), {}, "centos", ""),
    ],
)
def test_where_it_is(host, release, address, suite):
    assert repository.place_of(Wanted(repository=f"{MIRROR}/"), host, release) == Place(f"{MIRROR}/{address}", suite)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        (system("kali", "kali-rolling", "2026.1", like="debian"), "no packages for kali 2026.1"),
        (system("debian", "", ""), "no release name"),
        (system("opensuse-leap", "", "15.6", "dnf", like="suse"), "no packages for opensuse-leap"),
    ],
)
def test_where_it_is_not(host, message):
    with pytest.raises(ProvisionError, match=message):
        repository.place_of(Wanted(), host, {})


@pytest.mark.parametrize(
    ("host", "architecture"), [(system(), "riscv64"), (system(), "i386"), (system("fedora", packages="dnf"), "s390x")]
)
def test_an_architecture_that_it_does_not_have(host, architecture):
    with pytest.raises(ProvisionError, match=f"no packages for {architecture}"):
        repository.refuse_architecture(host, {}, architecture)


def test_the_source_of_apt():
    text = repository.source_text(Wanted(channel="test"), Place(f"{MIRROR}/debian", "trixie"), "arm64")
    assert text.splitlines()[1:] == [
        "Types: deb",
        f"URIs: {MIRROR}/debian",
        "Suites: trixie",
        "Components: stable test",
        "Architectures: arm64",
        "Signed-By: /etc/apt/keyrings/stowage-docker.asc",
    ]


def test_the_source_of_dnf():
    text = repository.yum_text(Wanted(channel="test"), Place(f"{MIRROR}/centos", ""))
    assert text.splitlines()[1:7] == [
        "[stowage-docker-stable]",
        "name=Docker (stable)",
        f"baseurl={MIRROR}/centos/$releasever/$basearch/stable",
        "enabled=1",
        "gpgcheck=1",
        "gpgkey=file:///etc/pki/rpm-gpg/stowage-docker.asc",
    ]
    assert text.count("baseurl=") == 2


PLACE = Place(f"{MIRROR}/debian", "trixie")


def plan(files, **options):
    wanted = Wanted(**{"repository": MIRROR, "repository_key": ONE, "fingerprints": (ONE_IS,), **options})
    return repository.plan_presence(files, wanted, PLACE, system(), "amd64")


def test_files_come_once_and_go_back(files):
    files.write("/etc/apt/sources.list.d/docker.list", f"deb [signed-by=/x] {MIRROR}/debian trixie stable\n")
    files.write("/etc/apt/sources.list.d/other.list", "deb http://other.example trixie main\n")
    changes = plan(files)
    assert [str(change.step) for change in changes] == [
        "WriteFile /etc/apt/keyrings/stowage-docker.asc (the repository's key)",
        "WriteFile /etc/apt/sources.list.d/stowage-docker.sources (engine_source is docker)",
        f"DisableSource /etc/apt/sources.list.d/docker.list (names {MIRROR}/debian as well)",
    ]
    main, parts = repository.overlaid(files, changes)
    assert main == "deb http://deb.example/debian trixie main\n"
    assert sorted(parts) == ["docker.list", "other.list", "stowage-docker.sources"]
    repository.write(files, changes)
    assert plan(files) == []
    assert repository.overlaid(files, []) == (main, parts)
    repository.put_back(files, changes)
    assert files.list("/etc/apt/keyrings") == []
    assert files.list("/etc/apt/sources.list.d") == ["docker.list", "other.list"]
    assert (files.read("/etc/apt/sources.list.d/docker.list") or "").startswith("deb ")


LISTED = "/etc/apt/sources.list.d/docker.list"


@pytest.fixture
def secret(files, tmp_path):
    """A source with a password, of somebody else's, behind a link."""
    files.write("/etc/secret.list", f"deb {MIRROR}/debian trixie stable\ndeb http://u:pw@other x y\n", mode=0o600)
    files.folder("/etc/apt/sources.list.d")
    (tmp_path / LISTED[1:]).symlink_to(tmp_path / "etc/secret.list")
    return files


def test_others_files_keep_their_mode_and_place(secret):
    changes = plan(secret)
    for act in (repository.write, repository.put_back):
        act(secret, changes)
        assert secret.standing(LISTED).kind == "link"
        assert secret.standing("/etc/secret.list").mode == 0o600


def test_what_we_switched_off_returns_once_nothing_of_ours_stands_for_it(secret):
    before = secret.read(LISTED)
    assert repository.plan_return(secret, plan(secret), "why") == []
    repository.write(secret, plan(secret))
    assert repository.plan_return(secret, [], "why") == []
    gone = repository.plan_absence(secret)
    back = repository.plan_return(secret, gone, "why")
    assert [str(change.step) for change in back] == [f"EnableSource {LISTED} (why)"]
    repository.write(secret, [*gone, *back])
    assert secret.read(LISTED) == before
    assert secret.standing("/etc/secret.list").mode == 0o600
    assert repository.plan_return(secret, [], "why") == []


def test_what_is_ours_goes(files):
    repository.write(files, plan(files))
    gone = repository.plan_absence(files)
    assert [change.path for change in gone] == [repository.SOURCE, repository.KEY]
    repository.write(files, gone)
    assert repository.plan_absence(files) == []


def test_the_key_that_is_there_is_not_fetched_again(files, monkeypatch):
    monkeypatch.setattr(repository, "fetch", lambda address: BINARY if address == f"{MIRROR}/debian/gpg" else b"")
    repository.write(files, plan(files, repository_key=""))
    assert files.read(repository.KEY) == ONE
    monkeypatch.setattr(repository, "fetch", None)
    assert plan(files, repository_key="") == []


def test_a_key_that_does_not_fit(files):
    with pytest.raises(ProvisionError, match="does not fit"):
        plan(files, fingerprints=(TWO_IS,))


def test_a_repository_that_cannot_be_reached(files):
    with pytest.raises(ProvisionError, match=r"file:.*/debian/gpg could not be fetched.*engine_repository_key"):
        repository.fetch(f"file://{files.path('/none')}/debian/gpg")
    with pytest.raises(ProvisionError, match="http, https or file"):
        repository.fetch("ftp://example/debian/gpg")
