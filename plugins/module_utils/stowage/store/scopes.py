# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of one scope: ``current.json``, which says what holds, and a file for each version.

Knows the order of writing from which a reader always has the old version or the new one, and how to tell that a file is
not what was written last. ``7.new`` counts once ``current.json`` names its checksum, and becomes ``7.json`` then; so a
version above the current one is no leftover of a write, but tells that ``current.json`` is an old copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Mapping, Optional, Tuple, TypeVar

from .damaged import Damaged
from .files import Disk, is_folder, load_sealed, names, parse_sealed, render_sealed
from .versions import (
    Index,
    Standing,
    Version,
    parse_index,
    parse_version,
    render_index,
    render_version,
)

CURRENT = "current.json"
_NEXT = "current.new"
_NUMBERED = re.compile(r"([1-9][0-9]*)\.(json|new)\Z")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_LONGEST = 200  # bytes of a folder's name; the file systems' limit is 255, and names in damaged/ are longer
_TRIES = 100
_T = TypeVar("_T")


@dataclass(frozen=True)
class Look:
    """What is there: nothing, or a sound index and version, or damage with the file that is to blame."""

    index: Optional[Index] = None
    version: Optional[Version] = None
    damage: str = ""
    bad: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the scope exists."""
        return bool(self.damage) or self.version is not None


def folder_of(scope: str) -> str:
    """The name of a scope's folder: its own where that does no harm. No two scopes share one."""
    encoded = scope.encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in encoded)
    if name.startswith("."):
        name = f"%2e{name[1:]}"
    if len(name) > _LONGEST:
        return f"%%{hashlib.sha256(encoded).hexdigest()}"
    return name or "%"


def scope_of(folder: str) -> str:
    """The scope that a folder is for; its own name where that cannot be told."""
    encoded = re.sub(rb"%([0-9a-f]{2})", lambda found: bytes.fromhex(found.group(1).decode()), os.fsencode(folder))
    try:
        scope = encoded.decode("utf-8", "surrogatepass")
    except ValueError:
        return folder
    return scope if folder_of(scope) == folder else folder


def is_store(scopes: str) -> bool:
    """Whether the folder of all scopes is there, and no link leads to it from within the state directory."""
    engine = os.path.dirname(scopes)
    return all(map(is_folder, (os.path.dirname(engine), engine, scopes)))


class Scope:
    """One scope. What changes it is called by one at a time; what looks may be called at any time."""

    def __init__(self, disk: Disk, damaged: Damaged, scopes: str, folder: str) -> None:
        self.name = scope_of(folder)
        self._disk = disk
        self._damaged = damaged
        self._scopes = scopes
        self._folder = folder
        self._path = os.path.join(scopes, folder)
        self._current = os.path.join(self._path, CURRENT)

    def standing(self) -> Standing:
        """What is known of it."""
        look = self.look()
        if look.damage:
            pause = look.index.pause if look.index is not None and look.bad != CURRENT else None
            return Standing(self.name, None, self.damage(look), pause)
        if look.index is None:
            return Standing(self.name, None)
        return Standing(look.index.scope, look.version, pause=look.index.pause)

    def damage(self, look: Look) -> str:
        """Say what is wrong and what helps."""
        where = os.path.join(self._path, look.bad) if look.bad else self._path
        return (
            f"what was declared last for {self.name} is lost: {where}: {look.damage}; "
            "nothing is done for this scope until it is declared again: run its playbook"
        )

    def look(self) -> Look:
        """Look, with others at work: what was written in the middle of it is no damage."""
        return self._undisturbed(self.look_alone, lambda look: not look.damage)

    def look_alone(self) -> Look:
        """Look, with nobody else at work."""
        if not is_store(self._scopes) or not os.path.lexists(self._path):
            return Look()
        if not is_folder(self._path):
            return Look(damage="it is not a folder")
        index: Optional[Index] = None
        bad = CURRENT
        try:
            index = self._load_index()
            highest = max(self._numbers("json"), default=0)
            if highest > index.number:
                raise ValueError(f"it is an older one, for there is a version {highest}")
            bad = f"{index.number}.json"
            return Look(index, self._load_version(index.number, index.checksums[index.number]))
        except ValueError as error:
            return Look(index, damage=str(error), bad=bad) if os.path.lexists(self._path) else Look()
        except OSError as error:
            return Look(index, damage=f"it cannot be read: {error.strerror}", bad=bad)

    def versions(self) -> List[Version]:
        """Every version that can be read, newest first. Where the index is lost, those that are whole."""
        return self._undisturbed(self._versions)

    def next_number(self, look: Look) -> int:
        """A number above every number seen."""
        seen = [*self._numbers("json"), *self._numbers("new")]
        seen += [int(found.group(1)) for found in map(_NUMBERED.match, self._damaged.names(self._folder)) if found]
        if look.index is not None:
            seen.append(look.index.number)
        return max(seen, default=0) + 1

    def add(self, version: Version, look: Look) -> Version:
        """Make it the current version, and return it as it will be read. What is damaged goes out of its way."""
        version, content, checksum = _as_read(version)
        if not look.is_known or not is_folder(self._path):
            self._found(version, content, checksum)
            return version
        if look.index is None or look.bad == CURRENT:
            checksums, pause = self._adoptable(), None
        else:
            checksums, pause = dict(look.index.checksums), look.index.pause
            if look.damage:
                del checksums[look.index.number]
        checksums[version.number] = checksum
        self._replace(Index(version.scope, version.number, checksums, pause), (version.number, content), look)
        return version

    def rewrite(self, version: Version, index: Index) -> Version:
        """Replace the record of a version that the index names, and return it as it will be read."""
        version, content, checksum = _as_read(version)
        later = replace(index, checksums={**index.checksums, version.number: checksum})
        self._replace(later, (version.number, content), Look(index))
        return version

    def change(self, index: Index, look: Look) -> None:
        """Write another index of the versions that are there, or of fewer."""
        self._replace(index, None, look)

    def collect(self, index: Index, keep: int) -> Tuple[List[Version], List[Version]]:
        """Drop all but the newest versions; return those kept and those dropped, as far as they can be read."""
        newest = sorted(index.checksums, reverse=True)
        kept = [version for version in (self.load(number, index) for number in newest[:keep]) if version is not None]
        gone = [version for version in (self.load(number, index) for number in newest[keep:]) if version is not None]
        checksums = {number: index.checksums[number] for number in newest[:keep]}
        if newest[keep:]:
            self.change(replace(index, checksums=checksums), Look(index))
        for number in self._numbers("json"):
            if number not in checksums:
                self._disk.remove(os.path.join(self._path, f"{number}.json"))
        return kept, gone

    def load(self, number: int, index: Index) -> Optional[Version]:
        """A version that the index names, if it can be read."""
        return self._load(number, index.checksums)

    def forget(self) -> None:
        """Remove it with its history. It is gone at once."""
        gone = os.path.join(self._scopes, ".gone")
        self._disk.remove(gone)
        if os.path.lexists(self._path):
            self._disk.rename(self._path, gone)
            self._disk.sync(self._scopes)
            self._disk.remove(gone)
        self._damaged.forget(self._folder)

    def stamp(self) -> Tuple[object, ...]:
        """What every file looks like from outside."""
        found: List[object] = [self._folder]
        for name in names(self._path):
            with contextlib.suppress(OSError):  # it went meanwhile
                seen = os.lstat(os.path.join(self._path, name))
                found.append((name, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns))
        return tuple(found)

    def _found(self, version: Version, content: bytes, checksum: str) -> None:
        """Make the scope's folder: it has its name when all is in it."""
        index, _checksum = render_sealed(render_index(Index(version.scope, version.number, {version.number: checksum})))
        new = os.path.join(self._scopes, ".new")
        self._disk.remove(new)
        try:
            self._disk.make_folder(new)
            self._disk.write(os.path.join(new, f"{version.number}.json"), [content])
            self._disk.write(os.path.join(new, CURRENT), [index])
            self._disk.sync(new)
            self._damaged.take(self._path, self._folder)
            self._disk.rename(new, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                self._disk.remove(new)
            raise
        self._disk.sync(self._scopes)

    def _replace(self, index: Index, record: Optional[Tuple[int, bytes]], look: Look) -> None:
        """Write a version's record, if any, and an index that names it: with the index's name everything changes."""
        content, checksum = render_sealed(render_index(index))
        parse_index(parse_sealed(content)[0])
        self._settle(look)
        new_index = os.path.join(self._path, _NEXT)
        new_record = os.path.join(self._path, f"{record[0]}.new") if record is not None else ""
        try:
            if record is not None:
                self._disk.write(new_record, [record[1]])
            self._disk.write(new_index, [content], newer_than=_time_of(self._current))
            self._disk.sync(self._path)
            if look.damage:
                self._damaged.take(os.path.join(self._path, look.bad), self._folder, look.bad)
            self._disk.rename(new_index, self._current)
        except OSError:
            # A disk may fail to say that it did it.
            for path in filter(None, (new_index, new_record) if _checksum_of(self._current) != checksum else ()):
                with contextlib.suppress(OSError):
                    self._disk.remove(path)
            raise
        self._disk.sync(self._path)
        if record is not None:
            with contextlib.suppress(OSError):  # it is found under both names; the next change sees to it
                self._disk.rename(new_record, os.path.join(self._path, f"{record[0]}.json"))
                self._disk.sync(self._path)

    def _settle(self, look: Look) -> None:
        """Finish what a killed write began: give records that hold their names, and remove the others."""
        for number in self._numbers("new"):
            path = os.path.join(self._path, f"{number}.new")
            if look.index is not None and _checksum_of(path) == look.index.checksums.get(number):
                self._disk.rename(path, os.path.join(self._path, f"{number}.json"))
                self._disk.sync(self._path)
            else:
                self._disk.remove(path)

    def _undisturbed(self, read: Callable[[], _T], is_enough: Callable[[_T], bool] = lambda _found: False) -> _T:
        """Read until nobody wrote meanwhile, or until it is good enough all the same."""
        for _attempt in range(_TRIES):
            before = _checksum_of(self._current)
            found = read()
            if is_enough(found) or _checksum_of(self._current) == before:
                break
        return found

    def _versions(self) -> List[Version]:
        look = self.look_alone()
        if not look.is_known:
            return []
        checksums = self._adoptable() if look.index is None or look.bad == CURRENT else look.index.checksums
        found = (self._load(number, checksums) for number in sorted(checksums, reverse=True))
        return [version for version in found if version is not None]

    def _numbers(self, kind: str) -> List[int]:
        matches = (_NUMBERED.match(name) for name in names(self._path))
        return [int(found.group(1)) for found in matches if found and found.group(2) == kind]

    def _load_index(self) -> Index:
        document, _checksum = load_sealed(self._current)
        index = parse_index(document)
        if folder_of(index.scope) != self._folder:
            raise ValueError(f"it is of the scope {index.scope}")
        return index

    def _load(self, number: int, checksums: Mapping[int, str]) -> Optional[Version]:
        with contextlib.suppress(ValueError, KeyError):
            return self._load_version(number, checksums[number])
        return None

    def _load_version(self, number: int, checksum: str) -> Version:
        """Read a version under its name or, where its write was not finished, under the one it had until then."""
        for name in (f"{number}.new", f"{number}.json"):
            try:
                version, found = self._parse(os.path.join(self._path, name), number)
            except ValueError as error:
                problem = error
                continue
            if found == checksum:
                return version
            problem = ValueError("it is not what was written last")
        raise problem

    def _parse(self, path: str, number: int) -> Tuple[Version, str]:
        document, checksum = load_sealed(path)
        version = parse_version(document)
        if version.number != number or folder_of(version.scope) != self._folder:
            raise ValueError(f"it is version {version.number} of the scope {version.scope}")
        return version, checksum

    def _adoptable(self) -> Dict[int, str]:
        """The checksums of the versions that are whole, by their own word."""
        found = {}
        for number in self._numbers("json"):
            with contextlib.suppress(ValueError):
                found[number] = self._parse(os.path.join(self._path, f"{number}.json"), number)[1]
        return found


def _as_read(version: Version) -> Tuple[Version, bytes, str]:
    """What would be read once the content is written. Raises ValueError where that would be damage."""
    content, checksum = render_sealed(render_version(version))
    return parse_version(parse_sealed(content)[0]), content, checksum


def _checksum_of(path: str) -> str:
    with contextlib.suppress(ValueError):
        return load_sealed(path)[1]
    return ""


def _time_of(path: str) -> int:
    with contextlib.suppress(OSError):
        return os.lstat(path).st_mtime_ns
    return 0
