# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives dnf and rpm, for Fedora and the EL family. Not run in CI: kept small, and told so in the README.

dnf has no simulation that could be read, so a plan names the packages that are asked for, and not what they need.
"""

from __future__ import annotations

import contextlib
import platform
import re
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set

from ..commands import Commands, Done
from ..errors import ProvisionError
from ..files import Files
from ..versions import compare, newest_first
from . import repository
from .answers import complaints
from .locks import Locks
from .model import Change, Choice, Offer, Package

_LOCKS = ("/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock", "/var/cache/dnf/metadata_lock.pid")
_INSTALLED = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n"
_OFFERED = "%{name}\\t%{epoch}:%{version}-%{release}\\n"


class Dnf:
    """dnf as the host is configured, or with options of ours on top of it."""

    def __init__(self, files: Files, commands: Commands, lock_timeout: float, options: Sequence[str] = ()) -> None:
        self._files = files
        self._commands = commands
        self._options = tuple(options)
        self._lock_timeout = lock_timeout
        self._locks = Locks(files, _LOCKS, lock_timeout)
        self._archive: Optional[str] = None
        self._offers: Sequence[Mapping[str, str]] = ()

    def architecture(self) -> str:
        """Return the architecture as rpm names it."""
        return platform.machine()

    def installed(self) -> Dict[str, Package]:
        """Return all packages of the host by name."""
        held = self._held()
        answer = self._commands.succeed("rpm", "--query", "--all", f"--queryformat={_INSTALLED}")
        return parse_packages(answer, held)

    def residues(self) -> List[str]:
        """Return nothing: rpm leaves no trace of a package."""
        return []

    def automatic(self) -> Set[str]:
        """Return nothing: dnf tells of no removals that were not asked for."""
        return set()

    def fetched(self) -> float:
        """Return 0: dnf sees to the age of its lists by itself, and that costs one question."""
        return 0.0

    def sources_changed(self) -> float:
        """Return 0, as for `fetched`."""
        return 0.0

    @contextlib.contextmanager
    def of_sources(self, changes: List[repository.FileChange]) -> Iterator[Dnf]:
        """Yield a dnf that knows the role's own repository before its file is there."""
        text = next((change.after for change in changes if change.path == repository.YUM_SOURCE), None) or ""
        found = re.findall(r"^\[(.+)\]$|^baseurl=(.+)$", text, re.MULTILINE)
        names, addresses = ([pair[side] for pair in found if pair[side]] for side in (0, 1))
        options = [f"--repofrompath={name},{address}" for name, address in zip(names, addresses)]
        yield Dnf(self._files, self._commands, self._lock_timeout, [*self._options, *options])

    @contextlib.contextmanager
    def of_archive(self, offers: Sequence[Mapping[str, str]], folder: str) -> Iterator[Dnf]:
        """Yield a dnf that knows the packages that were brought and no others."""
        dnf = Dnf(self._files, self._commands, self._lock_timeout, ["--disablerepo=*"])
        dnf._archive, dnf._offers = folder, offers
        yield dnf

    def update(self) -> Done:
        """Do nothing: dnf fetches what it needs."""
        return Done(0, "", "")

    def update_ours(self) -> Done:
        """See that the role's own repository answers."""
        return self._run(
            "--quiet", "--repo=stowage-docker-*", "--setopt=stowage-docker-*.skip_if_unavailable=0", "makecache"
        )

    def offers(self, names: Iterable[str], release: str = "") -> Dict[str, Offer]:
        """Return what can be had of these packages."""
        del release
        if self._archive is not None:
            return offers_of(f"{offer['Package']}\t{offer['Version']}\n" for offer in self._offers)
        done = self._run("--quiet", "repoquery", "--showduplicates", f"--queryformat={_OFFERED}", *sorted(names))
        if done.code:
            raise ProvisionError(f"dnf: {complaints(done.output)}")
        return offers_of(done.said.splitlines())

    def simulate(self, choice: Choice, release: str = "", purge: bool = False) -> List[Change]:
        """Return what is asked for: what it needs besides is known to dnf alone."""
        del release, purge
        before = {name: package.version for name, package in self.installed().items()}
        gone = [Change(name, before[name], None) for name in choice.removals if name in before]
        return [*gone, *(Change(name, before.get(name), version) for name, version in choice.requests.items())]

    def begin(self, choice: Choice, release: str = "") -> None:
        """Return None: dnf tells nobody what it is about to do, and waits for nobody."""
        del choice, release

    def needless(self, choice: Choice) -> List[str]:
        """Return nothing: what is not needed any more stays until somebody asks dnf to tidy up."""
        del choice
        return []

    def see_that_it_fits(self, changes: Sequence[Change], fetched: bool = False) -> None:
        """Do nothing: dnf looks at the disk before it begins."""

    def act(self, choice: Choice, release: str = "", purge: bool = False, repair: bool = False) -> None:
        """Run one transaction, from a swap where packages conflict."""
        del release, purge, repair
        self._locks.wait()
        if choice.removals:
            self._succeed("--assumeyes", "--noautoremove", "remove", *choice.removals)
        if choice.requests:
            before = self.installed()
            wanted = [self._named(name, version) for name, version in choice.requests.items()]
            self._succeed(
                "--assumeyes", "--setopt=install_weak_deps=False", "--disableplugin=versionlock",
                _verb(before, choice.requests), *wanted,
            )  # fmt: skip

    def _named(self, name: str, version: str) -> str:
        if self._archive is None:
            return f"{name}-{version}"
        offer = next(offer for offer in self._offers if (offer["Package"], offer["Version"]) == (name, version))
        return f"{self._archive}/{offer['Filename']}"

    def hold(self, names: Sequence[str], held: bool) -> None:
        """Hold packages at their version by dnf's plugin versionlock; where that is missing, nothing is held."""
        if self._run("--quiet", "versionlock", "add" if held else "delete", *names).code and held:
            raise ProvisionError(
                "packages cannot be held: install python3-dnf-plugin-versionlock (engine_packages), or set"
                " engine_hold: false"
            )

    def _held(self) -> List[str]:
        text = self._files.read("/etc/dnf/plugins/versionlock.list") or ""
        return re.findall(r"^(?:\d+:)?([A-Za-z][\w.+-]*?)-(?:\d+:)?\d", text, re.MULTILINE)

    def _run(self, *words: str) -> Done:
        return self._commands.run("dnf", *self._options, *words)

    def _succeed(self, *words: str) -> None:
        done = self._run(*words)
        if done.code:
            raise ProvisionError(f"dnf ended with {done.code}: {complaints(done.output)}")


def _verb(before: Mapping[str, Package], requests: Mapping[str, str]) -> str:
    """Return dnf's word for it: it installs nothing that is older than what is there."""
    older = [
        name for name, version in requests.items() if name in before and compare(version, before[name].version) < 0
    ]
    return "downgrade" if older and len(older) == len(requests) else "install"


def parse_packages(text: str, held: Sequence[str]) -> Dict[str, Package]:
    """Read rpm's answer."""
    pairs = (line.split("\t") for line in text.splitlines() if "\t" in line)
    return {name: Package(version, name in held) for name, version in pairs}


def offers_of(lines: Iterable[str]) -> Dict[str, Offer]:
    """Read dnf repoquery's answer: the newest is the candidate."""
    versions: Dict[str, List[str]] = {}
    for line in lines:
        name, tab, version = line.strip().partition("\t")
        if tab:
            versions.setdefault(name, []).append(version.removeprefix("0:"))
    ordered = {name: newest_first(found) for name, found in versions.items()}
    return {name: Offer(found[0], tuple(found)) for name, found in ordered.items()}
