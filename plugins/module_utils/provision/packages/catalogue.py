# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package is which part of an engine, by source. Tables only.

Names are told by what a host's lists offer, not by release: of a part's names the first is taken that can be had. So
backports, derivatives and the next release need no line of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Mapping, NamedTuple, Tuple

ENGINE, CLIENT, COMPOSE, BUILDX, CONTAINERD = "engine", "client", "compose", "buildx", "containerd"


class Name(NamedTuple):
    """A package's name, and the oldest version of it that is what is meant here."""

    package: str
    least: str = ""


@dataclass(frozen=True)
class Recipe:
    """One engine from one source."""

    engine: str
    parts: Mapping[str, Tuple[Name, ...]]  # of each part the names it may have, best first
    contained: Tuple[str, ...] = ()  # parts that are inside the engine's package where they have none of their own
    rootless: Tuple[str, ...] = ()  # all of them
    companions: Tuple[str, ...] = ()  # come with a new engine where they can be had: what it recommends and we need
    together: Tuple[str, ...] = ()  # of one version with the engine
    needs: Tuple[str, ...] = ()  # come with a new engine unasked, as it cannot be without them
    held: Tuple[str, ...] = ()  # an upgrade of these restarts something, or parts them from the engine
    conflicts: Tuple[Name, ...] = ()  # cannot be there beside it
    conflicts_rootless: Tuple[Name, ...] = ()  # nor these beside what engines without root need
    advice: Mapping[str, str] = field(default_factory=dict)  # by part: what to do where none of its names can be had


_CE = (
    "docker-ce", "docker-ce-cli", "docker-ce-rootless-extras", "containerd.io",
    "docker-buildx-plugin", "docker-compose-plugin", "docker-model-plugin",
)  # fmt: skip
_MOBY = ("moby-engine", "moby-cli", "moby-containerd", "moby-runc", "moby-buildx", "moby-compose")
_ROOTLESS = ("uidmap", "slirp4netns", "dbus-user-session", "fuse-overlayfs")
_ADVICE = {
    COMPOSE: "take engine_source: docker, or an archive (docker-compose 1.x, which some releases have, is another"
    " command)",
    BUILDX: "take engine_source: docker, or an archive",
    "runsc": "this distribution has no gVisor: name its package in engine_packages where a source of yours has it,"
    " or put runsc into /usr/local/bin",
    "kata": "this distribution has no Kata Containers: name their package in engine_packages where a source of yours"
    " has it, or install them by hand, so that containerd-shim-kata-v2 is found",
}
# With which the service containerd goes.
CONTAINERDS = ("containerd", "containerd.io")
# Proven by a program too: one that was put there by hand is as good.
PROGRAMS = {"crun": "crun", "runsc": "runsc", "kata": "containerd-shim-kata-v2"}
_RUNTIMES = {
    "crun": (Name("crun"),),
    "runsc": (Name("runsc"),),
    "kata": (Name("kata-containers"), Name("kata-runtime")),
}

_DEBIAN = Recipe(
    engine="docker.io",
    parts={
        ENGINE: (Name("docker.io"),),
        CLIENT: (Name("docker-cli"),),
        COMPOSE: (Name("docker-compose-v2"), Name("docker-compose", "2")),
        BUILDX: (Name("docker-buildx"),),
        CONTAINERD: (Name("containerd"),),
        **_RUNTIMES,
    },
    contained=(CLIENT,),
    rootless=(*_ROOTLESS, "rootlesskit"),
    companions=("apparmor", "ca-certificates"),
    together=("docker.io", "docker-cli"),
    needs=("containerd", "runc"),
    held=("docker.io", "docker-cli", "docker-compose-v2", "docker-compose", "docker-buildx", "containerd"),
    conflicts=tuple(Name(package) for package in (*_CE, *_MOBY, "podman-docker")),
    advice=_ADVICE,
)
_DOCKER_PARTS = {
    ENGINE: (Name("docker-ce"),),
    CLIENT: (Name("docker-ce-cli"),),
    COMPOSE: (Name("docker-compose-plugin"),),
    BUILDX: (Name("docker-buildx-plugin"),),
    CONTAINERD: (Name("containerd.io"),),
    **_RUNTIMES,
}
_CE_TOGETHER = ("docker-ce", "docker-ce-cli", "docker-ce-rootless-extras")
_DOCKER = Recipe(
    engine="docker-ce",
    parts=_DOCKER_PARTS,
    rootless=("docker-ce-rootless-extras", *_ROOTLESS),
    companions=("apparmor", "ca-certificates"),
    together=_CE_TOGETHER,
    needs=("containerd.io",),
    held=_CE,
    conflicts=(
        *(Name(package) for package in ("docker.io", "docker-cli", "docker-doc", "docker-compose-v2", "docker-buildx")),
        Name("docker-compose", "2"),
        *(Name(package) for package in ("podman-docker", "containerd", "runc", *_MOBY)),
    ),
    conflicts_rootless=(Name("rootlesskit"),),
    advice=_ADVICE,
)
_DOCKER_RPM = Recipe(
    engine="docker-ce",
    parts=_DOCKER_PARTS,
    rootless=("docker-ce-rootless-extras", "shadow-utils", "slirp4netns", "fuse-overlayfs"),
    together=_CE_TOGETHER,
    needs=("containerd.io",),
    held=_CE,
    conflicts=tuple(
        Name(package)
        for package in (
            "docker", "docker-client", "docker-client-latest", "docker-common", "docker-latest",
            "docker-latest-logrotate", "docker-logrotate", "docker-selinux", "docker-engine-selinux", "docker-engine",
            "docker-cli", "docker-compose", "docker-buildx", "podman-docker", "moby-engine", "moby-engine-nano",
            "runc", "containerd",
        )
    ),
    conflicts_rootless=(Name("rootlesskit"),),
    advice=_ADVICE,
)  # fmt: skip
# An engine of Docker's is not taken away for a command's name: see presence.refuse_beside.
_PODMAN = Recipe(
    engine="podman",
    parts={
        ENGINE: (Name("podman"),),
        CLIENT: (Name("podman-docker"),),
        COMPOSE: (Name("podman-compose"),),
        **_RUNTIMES,
    },
    rootless=_ROOTLESS,
    companions=("aardvark-dns", "nftables", "catatonit", "ca-certificates", "uidmap"),
    together=("podman", "podman-docker"),
    held=("podman", "podman-docker"),
    advice=_ADVICE,
)
_PODMAN_RPM = Recipe(
    engine="podman",
    parts=_PODMAN.parts,
    together=("podman", "podman-docker"),
    held=("podman", "podman-docker"),
    advice=_ADVICE,
)

RECIPES: Dict[Tuple[str, str], Recipe] = {
    ("apt", "distro"): _DEBIAN,
    ("apt", "docker"): _DOCKER,
    ("apt", "podman"): _PODMAN,
    ("dnf", "docker"): _DOCKER_RPM,
    ("dnf", "podman"): _PODMAN_RPM,
}

# Docker's packages by distribution: its folder in the repository, and the architectures that are there.
REPOSITORIES: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "debian": ("debian", ("amd64", "arm64", "armhf", "ppc64el")),
    "ubuntu": ("ubuntu", ("amd64", "arm64", "armhf", "s390x", "ppc64el")),
    "raspbian": ("raspbian", ("armhf",)),
    "fedora": ("fedora", ("x86_64", "aarch64", "ppc64le")),
    **dict.fromkeys(
        ("rhel", "centos", "almalinux", "rocky", "ol"), ("centos", ("x86_64", "aarch64", "ppc64le", "s390x"))
    ),
}
