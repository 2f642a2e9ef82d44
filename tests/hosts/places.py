# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this package keeps what outlives a run: the user's key, host keys, control sockets, downloads.

One folder per user, outside the checkout, so that hosts and caches are shared by all checkouts.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache(*parts: str) -> Path:
    """Return a path below the package's cache folder; the folder that holds it exists, for this user only."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stowage-test"
    path = root.joinpath(*parts)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock that other processes of this user respect; waits for it."""
    with cache(f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
