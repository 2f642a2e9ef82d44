# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each scope of one engine was declared to be: now, and before.

Everything is on the disk before a call returns, and a reader finds the old record or the new one, never something
else. A record that cannot be relied on is told as damage, and never replaced by an older one: what that does not name
would seem to be declared no more. For the owner's eyes alone, since declarations hold secrets. Knows nothing of what
the manifests mean, and asks no engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple, Union

from ..errors import StowageError
from .blobs import Blobs
from .damaged import Damaged
from .files import Disk, hold, is_folder, names
from .scopes import Look, Scope, folder_of, is_store
from .versions import (
    OUTCOMES,
    KeptImage,
    Pause,
    Standing,
    Version,
    finished_alike,
    merged,
    says_nothing_new,
    without_logins,
)

__all__ = ["KeptImage", "Pause", "Standing", "Store", "Version", "state_directory"]


def state_directory(environ: Mapping[str, str]) -> str:
    """``/var/lib/stowage`` for root, the user's own state directory (XDG) for everybody else."""
    if os.geteuid() == 0:
        return "/var/lib/stowage"
    home = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "stowage")


class Store:
    """The declarations of one engine. Threads and processes may share the directory."""

    def __init__(self, directory: str, address: str, *, keep: int = 10) -> None:
        engine = hashlib.sha256(address.encode()).hexdigest()[:16]
        self._directory = os.path.abspath(directory)
        self._folder = os.path.join(self._directory, "engines", engine)
        self._scopes = os.path.join(self._folder, "scopes")
        self._keep = max(1, keep)
        self._disk = Disk()
        self._damaged = Damaged(self._disk, os.path.join(self._folder, "damaged"))
        self._blobs = Blobs(self._disk, os.path.join(self._folder, "blobs"))
        # Contents kept by this process for versions that are still to be declared.
        self._ahead: Set[str] = set()

    @property
    def on_write(self) -> Optional[Callable[[str, str], None]]:
        """Called "before" and "after" each change of the disk, with its path."""
        return self._disk.on_write

    @on_write.setter
    def on_write(self, hook: Optional[Callable[[str, str], None]]) -> None:
        self._disk.on_write = hook

    def standings(self) -> Dict[str, Standing]:
        """What is known of every scope."""
        found = (self._at(folder).standing() for folder in self._folders())
        return {standing.scope: standing for standing in found if standing.version is not None or standing.damage}

    def standing(self, scope: str) -> Standing:
        """What is known of one scope; neither version nor damage where that is nothing."""
        return replace(self._scope(scope).standing(), scope=scope)

    def declare(
        self,
        scope: str,
        manifest: Mapping[str, Any],
        *,
        by: str,
        now: float,
        whole: bool = True,
        files: Iterable[str] = (),
        images: Optional[Mapping[str, KeptImage]] = None,
    ) -> Version:
        """Store a declaration as the scope's next version, durably; where it says nothing new, return the current one.

        One that is not the ``whole`` of its scope adds to the current version's. ``images``, where given, are what its
        references are to stand for.
        """
        place = self._scope(scope)
        with _fit(scope):
            wanted = Version(scope, 0, without_logins(manifest), now, by, dict(images or {}), tuple(sorted(set(files))))
            version = _next(wanted, place.look(), whole)
            if not version.number:
                with self._changing():
                    look = place.look_alone()  # somebody else may have declared it meanwhile
                    version = _next(wanted, look, whole)
                    if not version.number:
                        version = place.add(replace(version, number=place.next_number(look)), look)
        self._ahead.difference_update(wanted.files)
        return version

    def finish(
        self,
        version: Version,
        *,
        outcome: str,
        now: float,
        message: str = "",
        plan: Iterable[str] = (),
        images: Optional[Mapping[str, KeptImage]] = None,
        seconds: float = 0.0,
    ) -> Version:
        """Note what came of a version. One that is not kept any more is not brought back by it."""
        if outcome not in OUTCOMES:
            raise StowageError(f"{outcome!r} is no outcome; there are {', '.join(OUTCOMES)}")
        place = self._scope(version.scope)
        finished = replace(
            version,
            outcome=outcome,
            message=message,
            plan=tuple(plan),
            images=dict(images or {}),
            seconds=seconds,
            finished_at=now,
        )
        kept = _kept(place, place.look(), version)
        if kept is None or finished_alike(kept, finished):
            return kept or finished
        with _fit(version.scope), self._changing():
            look = place.look_alone()
            if look.index is not None and _kept(place, look, version) is not None:
                return place.rewrite(finished, look.index)
        return finished

    def versions(self, scope: str) -> List[Version]:
        """Every version that is kept and can be read, newest first."""
        with self._reading():
            return self._scope(scope).versions()

    def version(self, scope: str, number: int) -> Version:
        """One version. Raises StowageError where there is none, and names those there are."""
        found = {version.number: version for version in self.versions(scope)}
        if number in found:
            return found[number]
        there_are = f"there are {', '.join(map(str, sorted(found)))}" if found else "there is none"
        raise StowageError(f"there is no version {number} of the scope {scope}; {there_are}")

    def forget(self, scope: str) -> None:
        """Drop a scope with its history."""
        if is_store(self._scopes):
            with self._changing():
                self._scope(scope).forget()

    def pause(self, scope: str, pause: Optional[Pause]) -> None:
        """Note that a scope is to be left alone for a while, or not any more."""
        place = self._scope(scope)
        if _is_news(place, scope, place.look(), pause):
            with _fit(scope), self._changing():
                look = place.look_alone()
                if _is_news(place, scope, look, pause) and look.index is not None:
                    place.change(replace(look.index, pause=pause), look)

    def keep_blob(self, digest: str, content: Union[str, bytes]) -> None:
        """Keep a content: bytes, or a path to copy them from."""
        self._ahead.add(digest)
        if self._blobs.path(digest) is None:
            with self._changing():
                self._make_folder(self._blobs.folder)
                self._blobs.keep(digest, content)

    def blob(self, digest: str) -> Optional[str]:
        """Where a content lies, if it is there and whole."""
        return self._blobs.path(digest)

    def blobs_for(self, digests: Iterable[str]) -> Dict[str, str]:
        """Where contents lie, of those that are there and whole."""
        found = {digest: self._blobs.path(digest) for digest in digests}
        return {digest: path for digest, path in found.items() if path is not None}

    def collect(self) -> Tuple[Version, ...]:
        """Drop the versions beyond those to keep, and the contents that no version needs; return the versions.

        What a damaged scope needs is not known, so that no content goes while there is one.
        """
        dropped: List[Version] = []
        needed = set(self._ahead)
        is_sound = True
        if not is_store(self._scopes):
            return ()
        with self._changing():
            for name in names(self._scopes):
                if name.startswith("."):  # a killed write left it
                    self._disk.remove(os.path.join(self._scopes, name))
            for place in map(self._at, self._folders()):
                look = place.look_alone()
                if look.index is None or look.damage:
                    is_sound = is_sound and not look.damage
                    continue
                kept, gone = place.collect(look.index, self._keep)
                dropped += gone
                needed.update(digest for version in kept for digest in version.files)
            if is_sound:
                self._blobs.collect(needed)
        return tuple(dropped)

    def stamp(self) -> Tuple[object, ...]:
        """Something that differs once anybody declared, forgot or paused anything, or damaged it."""
        with self._reading():
            return tuple(self._at(folder).stamp() for folder in self._folders())

    def _folders(self) -> List[str]:
        """The folders of all scopes; those being made or removed begin with a dot."""
        with self._reading():
            found = names(self._scopes) if is_store(self._scopes) else ()
            return [name for name in found if not name.startswith(".")]

    def _scope(self, scope: str) -> Scope:
        return self._at(folder_of(scope))

    def _at(self, folder: str) -> Scope:
        return Scope(self._disk, self._damaged, self._scopes, folder)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StowageError(f"cannot read {error.filename or self._folder}: {error.strerror}") from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Be the only one to change anything. What fails is put into words."""
        try:
            if not os.path.isdir(self._directory):
                os.makedirs(self._directory, mode=0o700, exist_ok=True)
                self._disk.sync(os.path.dirname(self._directory))
            self._disk.make_folder(os.path.dirname(self._folder))
            self._disk.make_folder(self._folder)
            with hold(self._folder):
                self._make_folder(self._scopes)
                yield
        except OSError as error:
            raise StowageError(f"cannot write {error.filename or self._folder}: {error.strerror}") from error

    def _make_folder(self, path: str) -> None:
        if os.path.lexists(path) and not is_folder(path):
            self._damaged.take(path, "", os.path.basename(path))
        self._disk.make_folder(path)


@contextlib.contextmanager
def _fit(scope: str) -> Iterator[None]:
    """Put into words that something cannot be written as JSON."""
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        raise StowageError(f"what is declared for the scope {scope} cannot be stored: {error}") from error


def _next(wanted: Version, look: Look, whole: bool) -> Version:
    """The current version where it says all that is wanted, else the next one, which has no number yet."""
    if not whole:
        before = look.version.manifest if look.version is not None else {}
        wanted = replace(wanted, manifest=merged(before, wanted.manifest))
    if look.version is not None and says_nothing_new(wanted, look.version):
        return look.version
    return wanted


def _kept(place: Scope, look: Look, version: Version) -> Optional[Version]:
    """The stored record of a version, if it is still that one."""
    if look.index is None or look.damage:
        return None
    kept = place.load(version.number, look.index)
    is_it = kept is not None and kept.declared_at == version.declared_at and kept.manifest == version.manifest
    return kept if is_it else None


def _is_news(place: Scope, scope: str, look: Look, pause: Optional[Pause]) -> bool:
    """Whether a pause is to be written. Raises StowageError where it cannot be kept."""
    if look.index is not None and not look.damage:
        return look.index.pause != pause
    if pause is None:
        return False
    raise StowageError(place.damage(look) if look.damage else f"nothing is declared for the scope {scope}")
