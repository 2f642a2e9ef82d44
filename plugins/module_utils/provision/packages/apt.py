# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives apt and dpkg by their own commands. What a transaction does apt itself says; decides nothing.

No python3-apt: a host need not have it, and the first task of a play would have to install it.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ..commands import Commands, Done
from ..errors import ProvisionError
from ..files import Files
from . import answers, repository, scratch
from .drivers import FetchError
from .gate import Gate
from .locks import Locks
from .model import Change, Choice, Offer, Package
from .scratch import LISTS

_ARCHIVES = "/var/cache/apt/archives"
_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", f"{LISTS}/lock", f"{_ARCHIVES}/lock")
# Nobody is there to answer; and what restarts services after an installation is the role's to decide.
_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "APT_LISTBUGS_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",
}
# A configuration file that somebody changed stays as it is.
_KEEP = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
_LOCKED = re.compile(
    r"^E: (Could not get lock .*|Unable to lock .*|Unable to acquire the dpkg frontend lock.*)", re.MULTILINE
)
_NO_ROOM = "E: You don't have enough free space in "
_UNFETCHED = "E: Failed to fetch "
_PARTS = "Dir::Etc::sourceparts="
_SPARE = 64 << 20  # bytes that an installation may need beside what its packages say


class Apt:
    """apt as the host is configured, or with options of ours on top of it."""

    def __init__(self, files: Files, commands: Commands, lock_timeout: float, options: Sequence[str] = ()) -> None:
        self._files = files
        self._commands = commands
        self._options = tuple(options)
        self._lock_timeout = lock_timeout
        self._fetches = True  # packages, into apt's own cache; those that were brought it takes from where they lie
        self._locks = Locks(files, _LOCKS, lock_timeout)

    @contextlib.contextmanager
    def of_sources(self, changes: List[repository.FileChange]) -> Iterator[Apt]:
        """Yield an apt that plans with source files as they would be, and lists that are nobody else's."""
        with scratch.lists_of_our_own(self._files, changes) as options:
            yield Apt(self._files, self._commands, self._lock_timeout, options)

    @contextlib.contextmanager
    def of_archive(self, offers: Sequence[Mapping[str, str]], folder: str) -> Iterator[Apt]:
        """Yield an apt that knows the packages that were brought and no others."""
        with scratch.archive_alone(self._files, offers, folder) as options:
            apt = Apt(self._files, self._commands, self._lock_timeout, options)
            apt._fetches = False
            done = apt.update()
            if done.code:
                raise ProvisionError(f"the archive cannot be read: {answers.complaints(done.output)}")
            yield apt

    def architecture(self) -> str:
        """Return the architecture that packages are installed for; the kernel's may be another one."""
        return self._commands.succeed("dpkg", "--print-architecture").strip()

    def installed(self) -> Dict[str, Package]:
        """Return all packages of the host by name."""
        return answers.parse_packages(self._query())

    def residues(self) -> List[str]:
        """Return the packages that are gone but for their configuration files."""
        return answers.parse_residues(self._query())

    def _query(self) -> str:
        return self._commands.succeed("dpkg-query", "--show", f"--showformat={answers.PACKAGES_FORMAT}")

    def automatic(self) -> Set[str]:
        """Return the packages that are there only because others need them."""
        return answers.parse_automatic(self._files.read("/var/lib/apt/extended_states") or "")

    def fetched(self) -> float:
        """Return when the lists were fetched, as far as it shows; 0 where there are none."""
        if not any(name.endswith("Release") for name in self._files.list(LISTS)):
            return 0.0
        return max(self._changed(path) for path in (LISTS, "/var/lib/apt/periodic/update-success-stamp"))

    def sources_changed(self) -> float:
        """Return when somebody changed where packages come from."""
        folder = "/etc/apt/sources.list.d"
        paths = ("/etc/apt/sources.list", *(f"{folder}/{name}" for name in self._files.list(folder)))
        return max(self._changed(path) for path in paths)

    def _changed(self, path: str) -> float:
        try:
            return os.stat(self._files.path(path)).st_mtime
        except OSError:
            return 0.0

    def update(self) -> Done:
        """Fetch the lists; the caller judges what came of it."""
        # Translations are half of what is fetched, and nobody reads them here. Those that are there stay.
        lean = () if self._options else ("-o", "Acquire::Languages=none", "-o", "APT::Get::List-Cleanup=false")
        done = self._update(*lean)
        if not self._options and not done.code:  # where nothing was new, apt leaves no trace of having looked
            os.utime(self._files.path(LISTS))
        return done

    def update_ours(self) -> Done:
        """Fetch the lists of the role's own source alone, and let nothing pass."""
        parts = next((word[len(_PARTS) :] for word in self._options if word.startswith(_PARTS)), repository.FOLDER)
        source = f"{parts}/{repository.SOURCE.rpartition('/')[2]}"
        lists = os.stat(self._files.path(LISTS))
        done = self._update(
            "-o", f"Dir::Etc::sourcelist={source}", "-o", f"{_PARTS}/dev/null",
            "-o", "APT::Get::List-Cleanup=0", "-o", "APT::Update::Error-Mode=any",
        )  # fmt: skip
        os.utime(self._files.path(LISTS), (lists.st_atime, lists.st_mtime))  # the others are no newer than they were
        return done

    def _update(self, *options: str) -> Done:
        done: List[Done] = []

        def act() -> Optional[str]:
            done.append(self._run("apt-get", "-q", *options, "update"))
            return _locked(done[-1])

        if self._options:  # lists of our own: nobody else locks them
            act()
        else:
            self._locks.retry(act)
        return done[-1]

    def offers(self, names: Iterable[str], release: str = "") -> Dict[str, Offer]:
        """Return what can be had of these packages; those that are nowhere are left out."""
        done = self._run("apt-cache", *_release(release), "policy", *sorted(names))
        if done.code:
            raise ProvisionError(f"apt-cache: {answers.complaints(done.output)}")
        return answers.parse_policy(done.said)

    def simulate(self, choice: Choice, release: str = "", purge: bool = False) -> List[Change]:
        """Return all that a transaction would do. Raises ProvisionError where apt finds no way."""
        done = self._run("apt-get", "-s", *self._transaction(choice, release, purge))
        if done.code:
            raise ProvisionError(f"apt cannot do it: {answers.complaints(done.output)}")
        return answers.parse_simulation(done.said)

    def begin(self, choice: Choice, release: str = "") -> Optional[Begun]:
        """Begin a transaction, up to its first change. Raises ProvisionError where apt finds no way.

        None where that cannot be: with packages that have to be brought yet, and on a disk that is too full, of which
        ``see_that_it_fits`` says more than apt.
        """
        if not self._fetches:
            return None
        begun: List[Begun] = []

        def start() -> Optional[str]:
            gate = Gate(self._files)
            argv = ("apt-get", *self._options, *self._applying(), *self._transaction(choice, release, purge=False))
            told = gate.begin(self._commands, argv, _ENVIRONMENT)
            begun.append(Begun(gate, answers.parse_announcement(told), waits=bool(told)))
            if told:
                return None
            done = gate.end()
            if done.code and (locked := _locked(done)):
                return locked
            if _NO_ROOM in done.output:
                begun.clear()
            elif done.code:
                error = FetchError if _UNFETCHED in done.output else ProvisionError
                raise error(f"apt cannot do it: {answers.complaints(done.output)}")
            return None

        self._locks.retry(start)
        return begun[-1] if begun else None

    def needless(self, choice: Choice) -> List[str]:
        """Return the packages that nobody needs any more once others are removed; not those nobody needs already."""
        unheld = ("-s", "-o", "APT::Ignore-Hold=true")
        before = self._run("apt-get", *unheld, "autoremove")
        after = self._run("apt-get", *unheld, "--auto-remove", *self._transaction(choice, "", purge=False))
        if after.code:
            raise ProvisionError(f"apt cannot do it: {answers.complaints(after.output)}")
        already = {change.name for change in answers.parse_simulation(before.said)} | set(choice.removals)
        return [change.name for change in answers.parse_simulation(after.said) if change.name not in already]

    def see_that_it_fits(self, changes: Sequence[Change], fetched: bool = False) -> None:
        """Raise ProvisionError where the disk has too little room for changes, whose packages may be ``fetched``."""
        wanted = [f"{change.name}={change.after}" for change in changes if change.after]
        if not wanted:
            return
        sizes = answers.parse_sizes(self._run("apt-cache", "show", *wanted).said)
        archives = sum(size["archive"] for size in sizes.values()) if self._fetches and not fetched else 0
        installed = sum(size["installed"] for size in sizes.values())
        shared = os.stat(self._files.path(_ARCHIVES)).st_dev == os.stat(self._files.path("/usr")).st_dev
        rooms = {"/usr": installed + (archives if shared else 0) + _SPARE}
        if not shared:
            rooms[_ARCHIVES] = archives
        for path, needed in rooms.items():
            room = os.statvfs(self._files.path(path))
            free = room.f_bfree * room.f_frsize
            if free < needed:
                raise ProvisionError(
                    f"the disk is too full: {path} has {free >> 20} MiB free, and the packages need {needed >> 20} MiB."
                    " Nothing was changed; make room and run again"
                )

    def act(self, choice: Choice, release: str = "", purge: bool = False, repair: bool = False) -> None:
        """Run one transaction. Raises ProvisionError with apt's own reason."""

        def transaction() -> Optional[str]:
            if repair:
                repaired = self._run("dpkg", "--force-confdef", "--force-confold", "--configure", "--pending")
                if busy := re.search(r"lock.* is locked by another process.*", repaired.output):
                    return busy.group(0)
            done = self._run("apt-get", *self._applying(), *self._transaction(choice, release, purge))
            if done.code and (locked := _locked(done)):
                return locked
            see_success(done)
            return None

        self._locks.retry(transaction)

    def _applying(self) -> Tuple[str, ...]:
        return ("-y", "-q", "-o", f"DPkg::Lock::Timeout={int(self._locks.left())}", *_KEEP)

    def _transaction(self, choice: Choice, release: str, purge: bool) -> List[str]:
        if not choice.requests:
            # Nothing else is taken along: what others installed by hand is theirs.
            return ["--allow-change-held-packages", "purge" if purge else "remove", *choice.removals]
        flags = [
            "--no-install-recommends", "--allow-downgrades", "--allow-change-held-packages", "--fix-broken",
            "-o", "APT::Ignore-Hold=true",  # of what is not named but needed; others' holds are refused by the plan
            *_release(release),
        ]  # fmt: skip
        asked = [f"{name}={version}" if version else name for name, version in choice.requests.items()]
        return [*flags, "install", *asked, *(f"{name}-" for name in choice.removals)]

    def hold(self, names: Sequence[str], held: bool) -> None:
        """Hold packages at their version, or let them go."""

        def act() -> Optional[str]:
            done = self._run("apt-mark", "hold" if held else "unhold", *names)
            if done.code and (locked := _locked(done)):
                return locked
            if done.code:
                raise ProvisionError(f"apt-mark: {answers.complaints(done.output)}")
            return None

        self._locks.retry(act)

    def _run(self, program: str, *words: str) -> Done:
        options = self._options if program.startswith("apt") else ()
        return self._commands.run(program, *options, *words, environment=_ENVIRONMENT)


class Begun:
    """A transaction that has said what it will do, and waits."""

    def __init__(self, gate: Gate, changes: Sequence[Change], waits: bool) -> None:
        self.changes = list(changes)
        self._waits = waits
        self._gate = gate

    def go(self) -> None:
        """Have it done, where there is anything to do. Raises ProvisionError with apt's own reason."""
        if self._waits:
            see_success(self._gate.go())

    def give_up(self) -> None:
        """Have nothing changed; nothing where it is done."""
        self._gate.give_up()


def see_success(done: Done) -> None:
    """Raise ProvisionError where apt failed."""
    if done.code:
        raise ProvisionError(f"apt-get ended with {done.code}: {answers.complaints(done.output)}")


def _release(release: str) -> Tuple[str, ...]:
    return ("-o", f"APT::Default-Release={release}") if release else ()


def _locked(done: Done) -> Optional[str]:
    """Return who was in the way, in apt's words."""
    found = _LOCKED.search(done.output)
    return found.group(1) if found else None


def is_stale(fetched: float, changed: float, valid: float) -> bool:
    """Tell whether lists are too old, or older than what they are made from. A time to come is no time."""
    now = time.time()
    return fetched < changed or not now - valid <= fetched <= now + 60
