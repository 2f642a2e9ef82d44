# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports the runtime's modules out of one squeezed text, on a host with Python 3.9 and nothing else.

Goes ahead of bootstrap.py in a parcel, and of launcher.py in the packed file (see zipapp.join_texts). What was
compiled is kept on the host, for its owner alone, since compiling takes longer than finding out that nothing is to do.
"""

# Imports cost time at every run, and some of these are seldom needed; pathlib alone takes longer than the rest.
# ruff: noqa: PLC0415, PTH103, PTH105, PTH108, PTH111, PTH116, PTH118, PTH119, PTH120, PTH208
from __future__ import annotations

import sys
from typing import Any, Callable

PACKAGE = "stowage"


class Runtime:
    """Finder and loader of the runtime's modules: compiled where they were kept, else from their sources."""

    def __init__(self, squeezed: Callable[[], bytes], digest: str) -> None:
        self._squeezed = squeezed
        self._digest = digest
        self._unpacked: dict[str, str] = {}
        self._path = _cache_path(digest)
        # Each module's code marshalled for itself: a run needs few of them.
        self._codes: dict[str, bytes] = _recall(self._path)
        self._kept = len(self._codes)
        self._rests = False
        self._put_away: frozenset[str] = frozenset()  # files whose code is kept, but not in memory

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG002
        """The interface of sys.meta_path."""
        if name.partition(".")[0] != PACKAGE:
            return None
        from importlib.machinery import ModuleSpec

        stem = name.replace(".", "/")
        for known in (lambda: self._codes, lambda: self._put_away, self._sources):
            for file in (stem + "/__init__.py", stem + ".py"):
                if file in known():
                    spec = ModuleSpec(name, self, origin=file, is_package=file.endswith("/__init__.py"))
                    spec.has_location = True  # so that modules have a __file__, and tracebacks a place
                    return spec
        return None

    def create_module(self, spec: Any) -> None:
        """The interface of loaders; an ordinary module will do."""

    def exec_module(self, module: Any) -> None:
        """The interface of loaders."""
        import marshal

        file = module.__spec__.origin
        known = self._codes.get(file) or (_recall(self._path).get(file) if self._rests else None)
        if known:
            code = marshal.loads(known)  # noqa: S302  our own, see _recall
        else:
            code = compile(self._sources()[file], file, "exec", dont_inherit=True)
            self._codes[file] = marshal.dumps(code)
        exec(code, module.__dict__)  # noqa: S102  the runtime, as it was sent
        if self._rests:
            self.rest()
        if module.__name__ == PACKAGE:
            module.DIGEST = self._digest

    def get_source(self, name: str) -> str:
        """What tracebacks quote."""
        return self._sources()[sys.modules[name].__spec__.origin]

    def keep(self) -> None:
        """Keep what was compiled in this run. That it cannot be kept is no error."""
        if self._rests or len(self._codes) == self._kept:
            return
        import marshal
        import os
        import tempfile
        import zlib

        content = marshal.dumps(self._codes)
        folder = os.path.dirname(self._path)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if not _is_ours(os.stat(folder)):
                return
            for old in os.listdir(folder):
                if old.startswith("code-") and old != os.path.basename(self._path):
                    os.unlink(os.path.join(folder, old))
            descriptor, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(zlib.crc32(content).to_bytes(4, "big") + content)
            os.replace(temporary, self._path)
        except OSError:
            pass

    def rest(self) -> None:
        """Hold nothing in memory: from now on little is imported, and may as well be read again for that."""
        self._rests = True
        self._put_away = self._put_away.union(self._codes)
        self._codes, self._unpacked = {}, {}

    def _sources(self) -> dict[str, str]:
        if not self._unpacked:
            import json
            import zlib

            self._unpacked = json.loads(zlib.decompress(self._squeezed()))
        return self._unpacked


def _cache_path(digest: str) -> str:
    import os

    folder = "/var/cache"
    if os.geteuid():
        folder = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return f"{folder}/{PACKAGE}/code-{sys.implementation.cache_tag}-{sys.hexversion:x}-{digest}"


def _recall(path: str) -> dict[str, bytes]:
    """What was kept, if it is whole and nobody else could have written it."""
    import os
    import zlib

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if not (_is_ours(os.fstat(descriptor)) and _is_ours(os.stat(os.path.dirname(path)))):
                return {}
            checksum, content = file.read(4), file.read()
        if zlib.crc32(content).to_bytes(4, "big") != checksum:
            return {}
        import marshal

        return dict(marshal.loads(content))  # noqa: S302  our own file, checked to be so
    except (OSError, ValueError, EOFError, TypeError):
        return {}


def _is_ours(status: Any) -> bool:
    import os

    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
