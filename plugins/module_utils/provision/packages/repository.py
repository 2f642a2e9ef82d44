# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's repository on a host: its source file, its key, and other files that name it too.

Decides which files have to look how; writes them, and puts them back. Whether it answers is the package manager's word.
"""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from ..errors import ProvisionError
from ..files import Files
from ..steps import Step
from ..system import APT, System, parse_os_release
from . import keys, listing
from .catalogue import REPOSITORIES
from .model import Wanted

LIST = "/etc/apt/sources.list"
FOLDER = "/etc/apt/sources.list.d"
SOURCE = f"{FOLDER}/stowage-docker.sources"
KEY = "/etc/apt/keyrings/stowage-docker.asc"
YUM_SOURCE = "/etc/yum.repos.d/stowage-docker.repo"
YUM_KEY = "/etc/pki/rpm-gpg/stowage-docker.asc"
OURS = (SOURCE, KEY, YUM_SOURCE, YUM_KEY)
_FETCH_SECONDS = 30
_KEY_BYTES = 1 << 20


@dataclass(frozen=True)
class FileChange:
    """What a file is to hold (None: it goes), and what it held."""

    path: str
    before: Optional[str]
    after: Optional[str]
    step: Step
    ours: bool = True  # others' files keep their mode and owners


@dataclass(frozen=True)
class Place:
    """Where in the repository a host's packages are."""

    address: str
    suite: str


def place_of(wanted: Wanted, system: System, os_release: Dict[str, str]) -> Place:
    """Return where a host's packages are. Raises ProvisionError for distributions that Docker does not build for."""
    distribution, suite = system.distribution, system.codename
    if distribution not in REPOSITORIES:
        # Derivatives say whose packages fit them.
        for base, name in (("ubuntu", "UBUNTU_CODENAME"), ("debian", "DEBIAN_CODENAME")):
            if base in system.like.split() and os_release.get(name):
                distribution, suite = base, os_release[name]
                break
        else:
            raise ProvisionError(
                f"Docker's repository has no packages for {system.name}: engine_source: docker works on Debian, Ubuntu,"
                " Raspberry Pi OS, Fedora, RHEL, CentOS, AlmaLinux, Rocky and Oracle Linux"
            )
    folder = REPOSITORIES[distribution][0]
    if system.packages == APT and not suite:
        raise ProvisionError(
            f"{system.name} has no release name, by which Docker's repository is ordered: use engine_source: distro"
        )
    return Place(f"{wanted.repository.rstrip('/')}/{folder}", suite)


def refuse_architecture(system: System, os_release: Dict[str, str], architecture: str) -> None:
    """Raise ProvisionError where Docker builds nothing for this processor."""
    base = system.distribution if system.distribution in REPOSITORIES else ""
    base = base or ("ubuntu" if os_release.get("UBUNTU_CODENAME") else "debian")
    known = REPOSITORIES[base][1]
    if architecture not in known:
        raise ProvisionError(
            f"Docker's repository has no packages for {architecture} on {system.distribution}, only for"
            f" {', '.join(known)}: use engine_source: distro"
        )


def observe_os_release(files: Files) -> Dict[str, str]:
    """Return what the distribution says of itself."""
    return parse_os_release(files.read("/etc/os-release") or files.read("/usr/lib/os-release") or "")


def source_text(wanted: Wanted, place: Place, architecture: str, key: str = KEY) -> str:
    """Return apt's source file."""
    components = "stable" if wanted.channel == "stable" else f"stable {wanted.channel}"
    return (
        "# Written by the role engine (engine_source: docker).\n"
        f"Types: deb\nURIs: {place.address}\nSuites: {place.suite}\nComponents: {components}\n"
        f"Architectures: {architecture}\nSigned-By: {key}\n"
    )


def yum_text(wanted: Wanted, place: Place) -> str:
    """Return dnf's source file; dnf puts in release and architecture itself."""
    channels = ["stable"] if wanted.channel == "stable" else ["stable", wanted.channel]
    return "# Written by the role engine (engine_source: docker).\n" + "\n".join(
        f"[stowage-docker-{channel}]\nname=Docker ({channel})\n"
        f"baseurl={place.address}/$releasever/$basearch/{channel}\n"
        f"enabled=1\ngpgcheck=1\ngpgkey=file://{YUM_KEY}\n"
        for channel in channels
    )


def plan_presence(files: Files, wanted: Wanted, place: Place, system: System, architecture: str) -> List[FileChange]:
    """Return the files that have to change for the repository to be a source of this host, the key first."""
    apt = system.packages == APT
    path, key_path = (SOURCE, KEY) if apt else (YUM_SOURCE, YUM_KEY)
    text = source_text(wanted, place, architecture) if apt else yum_text(wanted, place)
    changes = [_change(files, key_path, _key(files, wanted, place, key_path), "WriteFile", "the repository's key")]
    changes.append(_change(files, path, text, "WriteFile", "engine_source is docker"))
    if apt:
        changes += _plan_others(files, place)
    return [change for change in changes if change.before != change.after]


def plan_absence(files: Files) -> List[FileChange]:
    """Return the files of ours that are there, to be removed: the sources first, the keys then."""
    found = [(path, files.read(path)) for path in OURS]
    return [
        FileChange(path, text, None, Step("RemoveFile", path, "engine_source is not docker"))
        for path, text in found
        if text is not None
    ]


def plan_return(files: Files, changes: Sequence[FileChange], cause: str) -> List[FileChange]:
    """Switch on again what we have switched off, where with these changes nothing of ours stands for it any more."""
    if next((change.after for change in changes if change.path == SOURCE), files.read(SOURCE)) is not None:
        return []
    return [
        FileChange(path, text, on, Step("EnableSource", path, cause), ours=False)
        for path, text in _sources(files)
        if (on := listing.again(text)) != text
    ]


def _plan_others(files: Files, place: Place) -> List[FileChange]:
    """Switch off what names the same repository: apt refuses two entries that trust different keys."""
    cause = f"names {place.address} as well"
    return [
        FileChange(
            path, text, listing.without(path, text, place.address), Step("DisableSource", path, cause), ours=False
        )
        for path, text in _sources(files)
    ]


def _sources(files: Files) -> List[Tuple[str, str]]:
    """Return apt's source files but ours, with their text."""
    names = [name for name in files.list(FOLDER) if name.endswith((".list", ".sources"))]
    paths = [path for path in (LIST, *(f"{FOLDER}/{name}" for name in names)) if path != SOURCE]
    return [(path, text) for path in paths if (text := files.read(path)) is not None]


def _change(files: Files, path: str, text: str, verb: str, cause: str) -> FileChange:
    return FileChange(path, files.read(path), text, Step(verb, path, cause))


def _key(files: Files, wanted: Wanted, place: Place, path: str) -> str:
    """Return the key's text: the one that was given, the one that is there, or the repository's own."""
    allowed = list(wanted.fingerprints)
    if wanted.repository_key:
        text = keys.armored(wanted.repository_key)
        keys.see_that_it_is(text, allowed, "engine_repository_key")
        return text
    present = files.read(path)
    if present is not None and _is_trusted(present, allowed):
        return present
    address = f"{place.address}/gpg"
    text = keys.armored(fetch(address))
    keys.see_that_it_is(text, allowed, address)
    return text


def _is_trusted(text: str, allowed: List[str]) -> bool:
    try:
        keys.see_that_it_is(text, allowed, "")
    except ProvisionError:
        return False
    return True


def fetch(address: str) -> bytes:
    """Return what an address holds. Raises ProvisionError."""
    if not address.startswith(("http://", "https://", "file://")):
        raise ProvisionError(f"engine_repository has to be an http, https or file address: {address}")
    try:
        with urllib.request.build_opener().open(address, timeout=_FETCH_SECONDS) as answer:
            return bytes(answer.read(_KEY_BYTES))
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise ProvisionError(
            f"the repository's key {address} could not be fetched: {reason}. Check engine_repository, or name a file"
            " with the key in engine_repository_key"
        ) from error


def write(files: Files, changes: List[FileChange]) -> None:
    """Make files look as planned."""
    for change in changes:
        if change.after is None:
            files.remove(change.path)
        else:
            _put(files, change, change.after)


def put_back(files: Files, changes: List[FileChange]) -> None:
    """Make files look as before."""
    for change in reversed(changes):
        if change.before is None:
            files.remove(change.path)
        else:
            _put(files, change, change.before)


def _put(files: Files, change: FileChange, text: str) -> None:
    if change.ours:
        files.write(change.path, text)
    else:
        files.rewrite(change.path, text)


def overlaid(files: Files, changes: List[FileChange]) -> Tuple[str, Dict[str, str]]:
    """Return sources.list and the files of its folder as they would be: their text by name."""
    planned = {change.path: change.after for change in changes}

    def text_of(path: str) -> Optional[str]:
        return planned[path] if path in planned else files.read(path)

    paths = {f"{FOLDER}/{name}" for name in files.list(FOLDER) if name.endswith((".list", ".sources"))}
    paths |= {path for path in planned if path.startswith(f"{FOLDER}/")}
    texts = {path.rpartition("/")[2]: text for path in sorted(paths) if (text := text_of(path)) is not None}
    return text_of(LIST) or "", texts
