# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A build context: what is in it, its digest, and the tar made of it.

The digest covers paths, kinds, the executable bit, targets of links and content; owners, times and
the other mode bits are left out of the digest and of the tar alike, so that one digest is one tar.
Knows docker's rules for ignore files and for Dockerfiles outside the context.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import IO, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from . import ContentError
from .dockerignore import Ignore, read_patterns

IGNORE_FILE = ".dockerignore"
# The name, in the tar, of a Dockerfile that lies elsewhere or was written in the declaration.
FOREIGN_DOCKERFILE = ".dockerfile.stowage"
MAX_ENTRIES = 200_000
MAX_BYTES = 8 << 30
MAX_TEXT = 4 << 20  # of a Dockerfile or an ignore file
_BLOCK = 1 << 20

# Path in the context -> (kind, executable, link target). Kinds are tar's own letters.
_FILE, _LINK, _FOLDER = "0", "2", "5"
_Entry = Tuple[str, bool, str]


class Context:
    """One build context. ``dockerfile`` is the Dockerfile's path in the tar.

    Raises ContentError, from the constructor on, for a context that cannot be sent.
    """

    def __init__(self, directory: str, dockerfile: str = "", inline: Optional[str] = None) -> None:
        self.directory = os.path.realpath(directory)
        if not os.path.isdir(self.directory):
            raise ContentError(f"{directory}: the build context is no folder")
        self._added: Dict[str, bytes] = {}
        self._hashes: Dict[str, str] = {}
        self.dockerfile, ignore_file = self._find_dockerfile(dockerfile, inline)
        ignore_text = _read(ignore_file).decode("utf-8", "replace") if ignore_file else ""
        patterns = read_patterns(ignore_text)
        ignore = Ignore(patterns)
        # docker sends these two whatever the patterns say, and the engine drops them before the build.
        forced = [name for name in (IGNORE_FILE, self.dockerfile) if ignore.judge(name)[0]]
        self._entries = dict(self._walk(Ignore([*patterns, *("!" + _literal(name) for name in forced)])))
        self._unseen = {name for name in forced if name == IGNORE_FILE}
        if self.dockerfile in self._added:
            self._hide_dockerfile()
        elif self.dockerfile not in self._entries:
            raise ContentError(f"{os.path.join(self.directory, self.dockerfile)}: there is no such Dockerfile")

    @property
    def digest(self) -> str:
        """``sha256:…`` of everything a build can see."""
        total = hashlib.sha256(f"context 1\0{self.dockerfile}\0".encode("utf-8", "surrogateescape"))
        for path, (kind, executable, target) in sorted(self._entries.items()):
            if path in self._unseen:
                continue
            content = self._hash(path) if kind == _FILE else target
            record = "\0".join((path, kind, "x" if executable else "-", content))
            total.update(record.encode("utf-8", "surrogateescape") + b"\0\n")
        return "sha256:" + total.hexdigest()

    def pack(self, output: IO[bytes]) -> None:
        """Write the tar. Raises ContentError where a file is no longer what the digest was made of."""
        import tarfile

        with tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BLOCK) as tar:
            for path, (kind, executable, target) in sorted(self._entries.items()):
                member = tarfile.TarInfo(path)
                member.type = kind.encode()
                member.linkname = target
                member.mode = 0o777 if kind == _LINK else 0o755 if executable else 0o644
                if kind == _FILE:
                    self._pack_file(tar, member)
                else:
                    tar.addfile(member)

    def _pack_file(self, tar: Any, member: Any) -> None:
        if member.name in self._added:
            import io

            content = self._added[member.name]
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
            return
        path = os.path.join(self.directory, member.name)
        expected = self._hash(member.name)
        try:
            with open(path, "rb") as source:
                member.size = os.fstat(source.fileno()).st_size
                reader = _Hashing(source)
                tar.addfile(member, reader)
        except OSError as error:
            raise ContentError(f"{path}: {error.strerror or error}") from error
        if reader.hexdigest() != expected:
            raise ContentError(f"{path}: changed while the build context was read; run again")

    def _find_dockerfile(self, dockerfile: str, inline: Optional[str]) -> Tuple[str, str]:
        """``(name in the tar, path of the ignore file or "")``."""
        if inline is not None:
            self._added[FOREIGN_DOCKERFILE] = inline.encode()
            return FOREIGN_DOCKERFILE, self._ignore_file("")
        path = os.path.join(self.directory, dockerfile or "Dockerfile")
        if not dockerfile and not os.path.lexists(path) and os.path.lexists(os.path.join(self.directory, "dockerfile")):
            path = os.path.join(self.directory, "dockerfile")
        real = os.path.realpath(path)
        if not os.path.isfile(real):
            raise ContentError(f"{path}: there is no such Dockerfile")
        if os.path.commonpath([self.directory, real]) == self.directory:
            return os.path.relpath(real, self.directory), self._ignore_file(path)
        self._added[FOREIGN_DOCKERFILE] = _read(real)
        return FOREIGN_DOCKERFILE, self._ignore_file(path)

    def _ignore_file(self, dockerfile: str) -> str:
        """BuildKit's rule: the file beside the Dockerfile and named after it comes before the common one."""
        own = dockerfile + IGNORE_FILE
        if dockerfile and os.path.isfile(own):
            return own
        common = os.path.join(self.directory, IGNORE_FILE)
        return common if os.path.isfile(common) else ""

    def _hide_dockerfile(self) -> None:
        """Send a foreign Dockerfile so that no COPY sees it, the way docker's client does it."""
        self._entries[FOREIGN_DOCKERFILE] = (_FILE, False, "")
        present = IGNORE_FILE in self._entries
        own = _read(os.path.join(self.directory, IGNORE_FILE)) if present else IGNORE_FILE.encode()
        self._added[IGNORE_FILE] = own + b"\n" + FOREIGN_DOCKERFILE.encode() + b"\n"
        if not present:
            self._unseen.add(IGNORE_FILE)
        self._entries[IGNORE_FILE] = (_FILE, False, "")

    def _walk(self, ignore: Ignore) -> Iterator[Tuple[str, _Entry]]:
        waiting: List[Tuple[str, Sequence[bool]]] = [("", ())]
        counts = [0, 0]
        while waiting:
            folder, verdict = waiting.pop()
            for item in _scan(os.path.join(self.directory, folder)):
                path = f"{folder}/{item.name}" if folder else item.name
                ignored, matched = ignore.judge(path, verdict)
                if item.is_dir(follow_symlinks=False) and (not ignored or ignore.may_hold_kept(path)):
                    waiting.append((path, matched))
                if ignored:
                    continue
                entry = _entry(item)
                if entry is None:
                    continue
                yield from ((above, (_FOLDER, True, "")) for above in _folders(path))
                yield path, entry
                self._count(counts, item)

    def _count(self, counts: List[int], item: os.DirEntry[str]) -> None:
        counts[0] += 1
        counts[1] += item.stat(follow_symlinks=False).st_size if item.is_file(follow_symlinks=False) else 0
        if counts[0] > MAX_ENTRIES or counts[1] > MAX_BYTES:
            raise ContentError(
                f"{self.directory}: more than {MAX_ENTRIES} files or {MAX_BYTES >> 30} GiB; "
                f"leave out what the build does not need in {IGNORE_FILE}"
            )

    def _hash(self, path: str) -> str:
        known = self._hashes.get(path)
        if known is None:
            if path in self._added:
                known = hashlib.sha256(self._added[path]).hexdigest()
            else:
                known = _hash_file(os.path.join(self.directory, path))
            self._hashes[path] = known
        return known


class _Hashing:
    """A reader for tarfile that remembers the hash of what went through."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _entry(item: os.DirEntry[str]) -> Optional[_Entry]:
    mode = item.stat(follow_symlinks=False).st_mode
    if stat.S_ISREG(mode):
        return _FILE, bool(mode & stat.S_IXUSR), ""
    if stat.S_ISLNK(mode):
        return _LINK, True, os.readlink(item.path)
    if stat.S_ISDIR(mode):
        return _FOLDER, True, ""
    if stat.S_ISSOCK(mode):
        return None  # docker leaves sockets out as well
    raise ContentError(f"{item.path}: devices and pipes cannot be part of a build context; name it in {IGNORE_FILE}")


def _scan(folder: str) -> List[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return sorted(items, key=lambda item: item.name)
    except OSError as error:
        raise ContentError(f"{folder}: {error.strerror or error}") from error


def _folders(path: str) -> Iterator[str]:
    """The folders above a path: one that is ignored itself still has to exist for what is kept in it."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _literal(name: str) -> str:
    return "".join("\\" + character if character in "*?[]\\" else character for character in name)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as source:
            content = source.read(MAX_TEXT + 1)
    except OSError as error:
        raise ContentError(f"{path}: {error.strerror or error}") from error
    if len(content) > MAX_TEXT:
        raise ContentError(f"{path}: larger than {MAX_TEXT >> 20} MiB")
    return content


def _hash_file(path: str) -> str:
    result = hashlib.sha256()
    try:
        with open(path, "rb") as source:
            for block in iter(lambda: source.read(_BLOCK), b""):
                result.update(block)
    except OSError as error:
        raise ContentError(f"{path}: {error.strerror or error}") from error
    return result.hexdigest()


def context_of(options: Mapping[str, Any]) -> Context:
    """The context on this host that a canonical ``build`` section names. Raises ContentError."""
    return Context(str(options["context"]), str(options.get("dockerfile") or ""), options.get("dockerfile_inline"))


def dockerfile_in(options: Mapping[str, Any]) -> str:
    """Where the Dockerfile lies in a context that was packed elsewhere."""
    if options.get("dockerfile_inline") is not None:
        return FOREIGN_DOCKERFILE
    return str(options.get("dockerfile") or "Dockerfile")
