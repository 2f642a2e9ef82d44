# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store to try things on, and what must be true of it afterwards."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

from stowage.store import KeptImage, Pause, Store

ADDRESS = "unix:///var/run/docker.sock"
CONTENT = b"listen 80;\n"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
PAUSE = Pause(until=2e9, by="stowage pause (root)", reason="backup", since=1e9)
IMAGES = {"app:1": KeptImage("sha256:" + "a" * 64, True)}


def open_store(base: Path, **options) -> Store:
    return Store(str(base / "state"), ADDRESS, **options)


def manifest(tag, scope="shop"):
    return {"version": 1, "scope": scope, "containers": {"web": {"image": f"app:{tag}", "environment": {"A": "ö"}}}}


def declare(store, tag, scope="shop", **options):
    return store.declare(scope, manifest(tag, scope), **{"by": "ansible", "now": 1e9 + tag, **options})


def finish(store, version, **options):
    settings = {"outcome": "done", "now": 2e9, "plan": ["+ container web"], "images": IMAGES, "seconds": 1.5}
    return store.finish(version, **{**settings, **options})


def folder_of(base: Path) -> Path:
    """The store's own folder."""
    [folder] = (base / "state" / "engines").iterdir()
    return folder


def shop_of(base: Path) -> Path:
    return folder_of(base) / "scopes" / "shop"


def records(base: Path) -> list[Path]:
    return sorted(path for path in base.rglob("*") if path.is_file() and not path.is_symlink())


class Killed(BaseException):
    """Stands for SIGKILL: nothing that expects errors sees it."""


def stopping_at(count, error=Killed):
    """A hook that stops at the given change of the disk, and the path where it did."""
    moments = itertools.count()
    seen = []

    def hook(phase, path):
        if next(moments) == count:
            seen.append((phase, path))
            raise error

    return hook, seen


def moments_of(store, act) -> int:
    """How many times the hook is called."""
    moments = itertools.count()
    store.on_write = lambda phase, path: next(moments)
    act(store)
    store.on_write = None
    return next(moments)
