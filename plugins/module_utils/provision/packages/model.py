# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that the parts of this package hand each other. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..steps import Step

# Where packages come from. OTHER is an engine that no package of ours brought; it is used as it is.
AUTO, DISTRO, DOCKER, ARCHIVE, OTHER = "auto", "distro", "docker", "archive", "other"
PODMAN = "podman"
LATEST = "latest"


@dataclass(frozen=True)
class Wanted:
    """What was asked for: the module's options."""

    kind: str = "docker"
    source: str = AUTO
    version: str = ""
    allow_downgrade: bool = False
    hold: bool = True
    release: str = ""
    channel: str = "stable"
    repository: str = "https://download.docker.com/linux"
    repository_key: str = ""  # its text, armored; "" fetches it
    fingerprints: Tuple[str, ...] = ()
    archive: Optional[Archive] = None
    client: bool = True
    compose: bool = False
    buildx: bool = False
    packages: Tuple[str, ...] = ()
    runtimes: Tuple[str, ...] = ()
    rootless: bool = False
    lock_timeout: float = 300
    cache_valid: float = 3600
    purge: bool = False
    stopped: bool = False  # an earlier task sees to it that nothing runs, which a check finds running still
    leave: Tuple[str, ...] = ()  # parts of the role that take back by themselves what they set
    versions: Mapping[str, str] = field(default_factory=dict)  # exact, of single packages that are there or come


@dataclass(frozen=True)
class Archive:
    """The packages that the controller can bring, and where those lie that it has brought."""

    offers: Sequence[Mapping[str, str]]  # each a package's control fields, with Filename, Size and SHA256
    folder: str = ""  # on the host; "" where nothing was brought yet


@dataclass(frozen=True)
class Package:
    """A package as the host has it."""

    version: str
    held: bool = False
    whole: bool = True  # not left half installed


@dataclass(frozen=True)
class Offer:
    """What can be had of a package: the version that would be taken, and all, newest first, with their releases."""

    candidate: str  # "" where the host's pins let none be taken; it may be one that is only installed
    versions: Tuple[str, ...]
    releases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What to ask of the package manager in one transaction."""

    requests: Mapping[str, str]  # package to version
    removals: Tuple[str, ...]
    causes: Mapping[str, str]  # by package, for people


@dataclass(frozen=True)
class Change:
    """What a transaction does to one package; None stands for not there."""

    name: str
    before: Optional[str]
    after: Optional[str]


@dataclass
class Result:
    """What was found, planned, and unless only checked done."""

    plan: List[Step]
    source: str
    before: Dict[str, str] = field(default_factory=dict)
    after: Dict[str, str] = field(default_factory=dict)
    packages: Dict[str, str] = field(default_factory=dict)
    offered: List[str] = field(default_factory=list)
    returnable: Dict[str, str] = field(default_factory=dict)  # what was there before and can be had again
    needed: List[str] = field(default_factory=list)  # files of the archive that have to be brought first
    warnings: List[str] = field(default_factory=list)
    parts: List[str] = field(default_factory=list)  # that have set something on this host before

    def facts(self) -> Dict[str, Any]:
        """Return what the module returns beside the plan."""
        return {
            "source": self.source,
            "packages": self.packages,
            "offered": self.offered,
            "returnable": self.returnable,
            "parts": self.parts,
        }
