# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages come and go, in which version: tables of what is wanted, there, and offered."""

from __future__ import annotations

import pytest

from provision.errors import ProvisionError
from provision.packages import choosing
from provision.packages.catalogue import RECIPES
from provision.packages.model import AUTO, DISTRO, DOCKER, LATEST, OTHER, Change, Choice, Offer, Package, Wanted

DEBIAN, CE, PODMAN = RECIPES["apt", "distro"], RECIPES["apt", "docker"], RECIPES["apt", "podman"]


def offers(**named):
    return {
        name.replace("_", "-").replace("docker-io", "docker.io").replace("containerd-io", "containerd.io"): Offer(
            versions[0], tuple(versions)
        )
        for name, versions in named.items()
    }


def there(**named):
    return {
        name.replace("_", "-").replace("docker-io", "docker.io").replace("containerd-io", "containerd.io"): (
            version if isinstance(version, Package) else Package(version)
        )
        for name, version in named.items()
    }


def decide(recipe, wanted, installed, offered, programs=(), source=DISTRO):
    lacks = choosing.lacking(recipe, wanted, installed, programs, source)
    return choosing.choose(recipe, wanted, installed, lacks, offered, source)


def settled(recipe, wanted, installed, programs=(), source=DISTRO):
    lacks = choosing.lacking(recipe, wanted, installed, programs, source)
    return choosing.is_settled(recipe, wanted, installed, lacks, source)


TRIXIE = offers(
    docker_io=["26.1.5-2", "26.1.5-1"], docker_cli=["26.1.5-2", "26.1.5-1"], docker_compose=["2.26.1-4"],
    docker_buildx=["0.13.1-3"], apparmor=["4.1"], containerd=["1.7"],
)  # fmt: skip
BOOKWORM = offers(docker_io=["20.10.24-1"], docker_compose=["1.29.2-3"], apparmor=["3.0"])
DOCKERS = offers(
    docker_ce=["5:28.5.2-1", "5:28.5.1-1", "5:27.5.1-1"], docker_ce_cli=["5:28.5.2-1", "5:28.5.1-1", "5:27.5.1-1"],
    containerd_io=["1.7.28-1"], docker_buildx_plugin=["0.29-1"], docker_compose_plugin=["2.40-1"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "wanted", "offered", "requests"),
    [
        (DEBIAN, Wanted(), TRIXIE, {"docker.io": "26.1.5-2", "docker-cli": "26.1.5-2", "apparmor": "4.1"}),
        (DEBIAN, Wanted(client=False), TRIXIE, {"docker.io": "26.1.5-2", "apparmor": "4.1"}),
        (DEBIAN, Wanted(), BOOKWORM, {"docker.io": "20.10.24-1", "apparmor": "3.0"}),
        (DEBIAN, Wanted(version="26.1.5-1", client=False), TRIXIE, {"docker.io": "26.1.5-1", "apparmor": "4.1"}),
        (DEBIAN, Wanted(client=False, compose=True), TRIXIE, {"docker.io": "26.1.5-2", "docker-compose": "2.26.1-4", "apparmor": "4.1"}),
        (CE, Wanted(), DOCKERS, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1"}),
        (CE, Wanted(version="28.5.1"), DOCKERS, {"docker-ce": "5:28.5.1-1", "docker-ce-cli": "5:28.5.1-1"}),
        (CE, Wanted(version="27"), DOCKERS, {"docker-ce": "5:27.5.1-1", "docker-ce-cli": "5:27.5.1-1"}),
        (CE, Wanted(compose=True, buildx=True, client=False), DOCKERS, {"docker-ce": "5:28.5.2-1", "docker-compose-plugin": "2.40-1", "docker-buildx-plugin": "0.29-1"}),
    ],
)  # fmt: skip
def test_an_empty_host(recipe, wanted, offered, requests):
    assert dict(decide(recipe, wanted, {}, offered).requests) == requests


CE_THERE = there(docker_ce="5:28.5.1-1", docker_ce_cli="5:28.5.1-1", containerd_io="1.7.27-1")
CE_NEXT = there(docker_ce="5:28.5.2-1", docker_ce_cli="5:28.5.2-1", containerd_io="1.7.28-1")
FORMER = {"docker-ce": "5:28.5.1-1", "docker-ce-cli": "5:28.5.1-1", "containerd.io": "1.7.27-1"}
OLD_CONTAINERD = {"containerd.io": "1.7.27-1"}


@pytest.mark.parametrize(
    ("wanted", "installed", "requests"),
    [
        (Wanted(version="28.5.2"), CE_THERE, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1"}),
        (Wanted(version=LATEST), CE_THERE, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1", "containerd.io": "1.7.28-1"}),
        (Wanted(version="27", allow_downgrade=True), CE_THERE, {"docker-ce": "5:27.5.1-1", "docker-ce-cli": "5:27.5.1-1"}),
        # What is added goes with what is there, not with the newest.
        (Wanted(), there(docker_ce="5:28.5.1-1"), {"docker-ce-cli": "5:28.5.1-1"}),
        # Parts that have drifted from each other are brought together by a version.
        (Wanted(version="28.5.2"), there(docker_ce="5:28.5.2-1", docker_ce_cli="5:27.5.1-1"), {"docker-ce-cli": "5:28.5.2-1"}),
        # A part that was left half installed is asked for again.
        (Wanted(), {**CE_THERE, "docker-ce-cli": Package("5:28.5.1-1", whole=False)}, {"docker-ce-cli": "5:28.5.1-1"}),
    ],
)  # fmt: skip
def test_a_host_that_has_an_engine(wanted, installed, requests):
    assert not settled(CE, wanted, installed, source=DOCKER)
    assert dict(decide(CE, wanted, installed, DOCKERS, source=DOCKER).requests) == requests


@pytest.mark.parametrize(
    ("wanted", "installed", "requests"),
    [
        # The way back of an upgrade, whatever it was to.
        (Wanted(version="28.5.2", versions=FORMER), CE_NEXT, FORMER),
        (Wanted(version="28.5.2", versions=FORMER), CE_THERE, {}),
        (Wanted(version="28.5.2", versions=FORMER), {**CE_THERE, "docker-ce": Package("5:28.5.2-1")}, {"docker-ce": "5:28.5.1-1"}),
        (Wanted(version="28.5.2", versions=FORMER), {**CE_THERE, "docker-ce": Package("5:28.5.1-1", whole=False)}, {"docker-ce": "5:28.5.1-1"}),
        # What was not named goes with the engine.
        (Wanted(version="28.5.2", versions={"docker-ce": "5:28.5.1-1"}), CE_NEXT, {"docker-ce": "5:28.5.1-1", "docker-ce-cli": "5:28.5.1-1"}),
        (Wanted(version="28.5.2", versions={"docker-ce": "5:28.5.1-1"}), CE_THERE, {}),
        (Wanted(version=LATEST, versions=OLD_CONTAINERD), CE_NEXT, OLD_CONTAINERD),
        (Wanted(version=LATEST, versions=OLD_CONTAINERD), {**CE_NEXT, "containerd.io": Package("1.7.27-1")}, {}),
        (Wanted(versions=OLD_CONTAINERD), {}, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1", **OLD_CONTAINERD}),
        (Wanted(versions={"docker-buildx-plugin": "0.28-1", "tini": "1"}), {}, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1"}),
        (Wanted(versions={"docker-ce-cli": "5:27.5.1-1"}), {}, {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:27.5.1-1"}),
        # What gives way is not asked for.
        (Wanted(versions={"runc": "1"}), there(runc="2"), {"docker-ce": "5:28.5.2-1", "docker-ce-cli": "5:28.5.2-1"}),
    ],
)  # fmt: skip
def test_versions_of_single_packages_win(wanted, installed, requests):
    assert dict(decide(CE, wanted, installed, DOCKERS, source=DOCKER).requests) == requests


def test_what_can_be_had_again():
    installed = {**there(docker_ce="5:27.5.1-1", docker_ce_cli="5:26.0-1"), "tini": Package("1")}
    assert choosing.returnable(installed, DOCKERS) == {"docker-ce": "5:27.5.1-1"}


PINNED = {"docker.io": Offer("", ("26.1.5-2", "26.1.5-1")), "docker-cli": Offer("", ("26.1.5-2", "26.1.5-1"))}


def test_what_pins_forbid_is_had_only_by_its_version():
    with pytest.raises(
        ProvisionError, match=r"docker.io cannot be had: this host's pins .*there are 26.1.5-2, 26.1.5-1"
    ):
        decide(DEBIAN, Wanted(), {}, PINNED)
    with pytest.raises(ProvisionError, match=r"runsc cannot be had: no package runsc .* pins"):
        decide(DEBIAN, Wanted(runtimes=("runsc",)), {}, {**TRIXIE, "runsc": Offer("", ("1",))})
    choice = decide(DEBIAN, Wanted(version="26.1.5"), {}, PINNED)
    assert dict(choice.requests) == {"docker.io": "26.1.5-2", "docker-cli": "26.1.5-2"}


@pytest.mark.parametrize("allow_downgrade", [False, True])
def test_an_engine_newer_than_all_that_is_offered_is_the_latest(allow_downgrade):
    offered = {"docker.io": Offer("27.0-1", ("26.1.5-2",))}
    wanted = Wanted(version=LATEST, client=False, allow_downgrade=allow_downgrade)
    assert dict(decide(DEBIAN, wanted, there(docker_io="27.0-1"), offered).requests) == {}


@pytest.mark.parametrize(
    ("wanted", "installed", "programs"),
    [
        (Wanted(), CE_THERE, ()),
        (Wanted(version="28.5.1"), CE_THERE, ()),
        (Wanted(version="28"), CE_THERE, ()),
        (Wanted(source=DOCKER), CE_THERE, ()),
        (Wanted(runtimes=("runsc",)), CE_THERE, ("runsc",)),
        # What is named for a package alone wins over the version of all.
        (Wanted(version="28.5.2", versions=FORMER), CE_THERE, ()),
    ],
)
def test_nothing_to_do_without_a_look_at_the_lists(wanted, installed, programs):
    assert settled(CE, wanted, installed, programs, DOCKER)


def test_the_client_that_is_inside_the_engine():
    assert settled(DEBIAN, Wanted(), there(docker_io="20.10.24-1"), ("docker",))
    assert not settled(DEBIAN, Wanted(), there(docker_io="26.1.5-1"))


def test_an_engine_of_somebody_elses_is_kept_and_has_no_enemies():
    wanted, installed = Wanted(), there(podman_docker="5.4", containerd_io="1.7")
    assert settled(DEBIAN, wanted, installed, ("dockerd", "docker"), OTHER)
    extra = decide(DEBIAN, Wanted(packages=("jq",)), installed, offers(jq=["1.7"]), ("dockerd", "docker"), OTHER)
    assert (dict(extra.requests), extra.removals) == ({"jq": "1.7"}, ())


@pytest.mark.parametrize(
    ("recipe", "installed", "removals"),
    [
        (CE, there(docker_io="26.1.5-1", docker_cli="26.1.5-1", runc="1.1", containerd="1.7"), {"docker.io", "docker-cli", "runc", "containerd"}),
        (CE, there(docker_compose="1.29.2-3"), set()),
        (CE, there(docker_compose="2.26.1-4", docker_buildx="0.13"), {"docker-compose", "docker-buildx"}),
        (DEBIAN, there(podman_docker="5.4"), {"podman-docker"}),
        (DEBIAN, there(docker_ce="5:20.10-1", containerd_io="1.6", docker_buildx_plugin="0.1"), {"docker-ce", "containerd.io", "docker-buildx-plugin"}),
        (PODMAN, there(docker_io="26.1.5-1"), set()),
    ],
)  # fmt: skip
def test_what_cannot_be_there_beside_it(recipe, installed, removals):
    assert set(choosing.conflicting(recipe, Wanted(), installed, DISTRO)) == removals


def test_what_cannot_be_there_beside_engines_without_root():
    installed = {**CE_THERE, "rootlesskit": Package("2.3")}
    assert choosing.conflicting(CE, Wanted(source=DOCKER), installed, DOCKER) == []
    offered = {
        **DOCKERS,
        **offers(
            docker_ce_rootless_extras=["5:28.5.1-1"],
            **{n: ["1"] for n in ("uidmap", "slirp4netns", "dbus_user_session")},
        ),
    }
    choice = decide(CE, Wanted(source=DOCKER, rootless=True), installed, offered, source=DOCKER)
    assert choice.removals == ("rootlesskit",)


def test_conflicts_alone_are_a_reason_where_a_source_was_named():
    installed = {**CE_THERE, "podman-docker": Package("5.4")}
    assert settled(CE, Wanted(source=AUTO), installed, source=DOCKER)
    assert not settled(CE, Wanted(source=DOCKER), installed, source=DOCKER)
    choice = decide(CE, Wanted(source=DOCKER), installed, DOCKERS, source=DOCKER)
    assert (dict(choice.requests), choice.removals) == ({}, ("podman-docker",))


@pytest.mark.parametrize(
    ("recipe", "wanted", "installed", "offered", "message"),
    [
        (CE, Wanted(version="29"), {}, DOCKERS, r"docker-ce cannot be had in version 29; what can be: 5:28.5.2-1, 5:28.5.1-1"),
        (CE, Wanted(), {}, {}, r"docker-ce cannot be had: no such package"),
        (CE, Wanted(version="27"), CE_THERE, DOCKERS, r"is older than what is installed \(docker-ce 5:28.5.1-1\).*engine_allow_downgrade"),
        # Another maker's package is older, whatever its epoch says.
        (CE, Wanted(version="27"), there(docker_io="28.5.2-1"), DOCKERS, r"is older than what is installed \(docker.io 28.5.2-1\)"),
        (DEBIAN, Wanted(compose=True), {}, BOOKWORM, r"compose cannot be had: no package docker-compose-v2 or docker-compose \(from 2 on\).*engine_source: docker"),
        (DEBIAN, Wanted(runtimes=("kata",)), {}, TRIXIE, r"kata cannot be had.*containerd-shim-kata-v2"),
        (DEBIAN, Wanted(packages=("nosuch",)), {}, TRIXIE, r"nosuch cannot be had"),
        (CE, Wanted(versions={"docker-ce": "5:29-1"}), CE_THERE, DOCKERS, r"docker-ce cannot be had in version 5:29-1; what can be"),
        (CE, Wanted(version="28.5.1"), {}, {**DOCKERS, **offers(docker_ce_cli=["5:28.5.2-1"])}, r"docker-ce-cli cannot be had in the engine's version 5:28.5.1-1"),
    ],
)  # fmt: skip
def test_what_cannot_be_had(recipe, wanted, installed, offered, message):
    with pytest.raises(ProvisionError, match=message):
        decide(recipe, wanted, installed, offered)


def test_rootless_takes_what_the_source_has():
    lacks = {
        lack.part: lack.required
        for lack in choosing.lacking(DEBIAN, Wanted(rootless=True), there(docker_io="26"), (), DISTRO)
    }
    needed = ("rootlesskit", "uidmap", "fuse-overlayfs")
    assert [lacks[name] for name in needed] == [True, True, False]


@pytest.mark.parametrize(
    ("recipe", "name", "version", "part"),
    [
        (DEBIAN, "docker-compose", "1.29.2-3", False),
        (DEBIAN, "docker-compose", "2.26.1-4", True),
        (DEBIAN, "docker.io", "20.10.24-1", True),
        (CE, "docker-ce-rootless-extras", "5:28.5.2-1", True),
    ],
)
def test_what_is_part_of_an_engine(recipe, name, version, part):
    assert choosing.is_part(recipe, name, version) is part


def test_podman_is_not_measured_by_dockers_versions():
    choice = decide(PODMAN, Wanted(kind="podman", client=False), there(docker_io="26"), offers(podman=["5.4-1"]))
    assert dict(choice.requests) == {"podman": "5.4-1"}


def test_podman_builds_by_itself():
    assert settled(PODMAN, Wanted(kind="podman", buildx=True), there(podman="5.4", podman_docker="5.4"))


CHOICE = Choice(
    {"docker-ce": "28-1"}, ("docker.io",), {"docker-ce": "is missing", "docker.io": "conflicts with docker-ce"}
)


def test_a_transaction_in_words():
    changes = [
        Change("docker-ce", None, "28-1"), Change("containerd.io", "1.6", "1.7"), Change("libx", "2", "1"),
        Change("docker.io", "26", None), Change("tini", "0.19", None),
    ]  # fmt: skip
    steps = choosing.steps_of(changes, CHOICE, CE, there(docker_io="26", containerd_io="1.6", libx="2"), {"tini"}, ())
    assert [str(step) for step in steps] == [
        "RemovePackage docker.io 26 (conflicts with docker-ce)",
        "RemovePackage tini 0.19 (gives way)",
        "InstallPackage docker-ce 28-1 (is missing)",
        "UpgradePackage containerd.io 1.6 -> 1.7 (is needed)",
        "DowngradePackage libx 2 -> 1 (is needed)",
    ]


@pytest.mark.parametrize(
    ("change", "installed", "message"),
    [
        (Change("kubelet", "1.30", None), there(kubelet="1.30"), "the host would lose kubelet"),
        (
            Change("libx", "1", "2"),
            there(libx=Package("1", held=True)),
            "libx would have to change, and somebody holds it",
        ),
    ],
)
def test_what_is_not_the_roles_to_do(change, installed, message):
    with pytest.raises(ProvisionError, match=message):
        choosing.steps_of([change], CHOICE, CE, installed, (), ())


def test_a_hold_of_ours_gives_way_and_somebody_elses_does_not():
    change, held = Change("containerd.io", "1.6", "1.7"), there(containerd_io=Package("1.6", held=True))
    assert len(choosing.steps_of([change], CHOICE, CE, held, (), ["containerd.io"])) == 1
    with pytest.raises(ProvisionError, match=r"containerd.io would have to change, and somebody holds it"):
        choosing.steps_of([change], CHOICE, CE, held, (), ())
