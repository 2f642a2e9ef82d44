# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses what cannot be had on a host, with the reason, before anything is changed.

Pure: looks at nothing but its arguments.
"""

from __future__ import annotations

from typing import Collection, Dict

from ..errors import ProvisionError
from ..system import APT, DNF, System
from .catalogue import RECIPES, Recipe
from .model import ARCHIVE, AUTO, DISTRO, DOCKER, OTHER, PODMAN, Package, Wanted


def refuse_host(system: System, is_root: bool, platform: str) -> None:
    """Raise ProvisionError for hosts on which packages cannot be had."""
    if not platform.startswith("linux"):
        raise ProvisionError(f"the role engine works on Linux, and this host is {platform}")
    if not is_root:
        raise ProvisionError("packages are installed by root: set become: true")
    if not system.packages:
        raise ProvisionError(
            f"{system.name} has neither apt-get nor dnf, and the role engine installs with these. An engine that you"
            " install yourself is used as it is (engine_source: auto)"
        )


def refuse(wanted: Wanted, system: System) -> None:
    """Raise ProvisionError for what no package can help with."""
    if wanted.kind == PODMAN and wanted.source == DOCKER:
        raise ProvisionError("Docker's repository has no Podman: use engine_source: distro")
    if wanted.source == DISTRO and system.packages == DNF and wanted.kind != PODMAN:
        raise ProvisionError(
            f"{system.name} has no engine of Docker's that the role supports: use engine_source: docker, or"
            " engine_kind: podman"
        )
    if wanted.source == ARCHIVE and wanted.archive is None:
        raise ProvisionError("engine_source: archive needs the folder with the packages in engine_archive")
    if wanted.release and wanted.source in (DOCKER, ARCHIVE):
        raise ProvisionError(f"engine_release is for the distribution's packages, and engine_source is {wanted.source}")


def source_of(wanted: Wanted, installed: Dict[str, Package], programs: Collection[str], system: System) -> str:
    """Return where packages come from: what was asked for, or where those come from that are there."""
    if wanted.source != AUTO:
        return wanted.source
    if wanted.kind == PODMAN:
        return OTHER if "podman" in programs and "podman" not in installed else DISTRO
    for engine, source in (("docker-ce", DOCKER), ("docker.io", DISTRO)):
        if engine in installed:
            return source
    if "dockerd" in programs:
        return OTHER
    return DISTRO if system.packages == APT else DOCKER


def recipe_of(wanted: Wanted, source: str, system: System) -> Recipe:
    """Return what an engine is made of there."""
    key = wanted.kind if wanted.kind == PODMAN else source
    if source == ARCHIVE and wanted.kind != PODMAN:
        names = {offer.get("Package") for offer in (wanted.archive.offers if wanted.archive else ())}
        key = DOCKER if "docker-ce" in names or system.packages == DNF else DISTRO
    if source == OTHER and wanted.kind != PODMAN:
        key = DISTRO if system.packages == APT else DOCKER
    return RECIPES[system.packages, key]


def refuse_beside(wanted: Wanted, source: str, installed: Dict[str, Package], programs: Collection[str]) -> None:
    """Raise ProvisionError where what is there and what is wanted get in each other's way."""
    if source == OTHER and wanted.version:
        raise ProvisionError(
            "the engine here came with no package of Docker's or the distribution's, so engine_version cannot be had:"
            " remove it, or name the engine_source that is to take its place"
        )
    if wanted.kind == PODMAN and wanted.client and "docker" in programs and "podman-docker" not in installed:
        owner = next((name for name in ("docker-ce-cli", "docker-cli", "docker.io") if name in installed), "")
        if owner:
            raise ProvisionError(
                f"{owner} has the command docker, so podman-docker cannot be installed beside it: set engine_client:"
                " false to have both engines, or remove Docker first (engine_state: absent, engine_kind: docker)"
            )
