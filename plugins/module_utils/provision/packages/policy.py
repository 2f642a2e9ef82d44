# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps packages from starting and stopping engines while they are installed, and puts back what was there.

The role starts the engine itself: configured first, and without parting it from its containers in an upgrade. Of other
services the host's own policy decides, as ever.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

from ..files import Files

_PATH = "/usr/sbin/policy-rc.d"
_KEPT = "/usr/sbin/policy-rc.d.stowage-kept"
_MARK = "# stowage.docker: while packages are installed"
_TEXT = f"""\
#!/bin/sh
{_MARK}
for word in "$@"; do
    case "$word" in docker | docker.* | containerd | containerd.* | podman | podman*.*) exit 101 ;; esac
done
[ ! -x {_KEPT} ] || exec {_KEPT} "$@"
exit 0
"""


@contextlib.contextmanager
def services_left_alone(files: Files) -> Iterator[None]:
    """Have a policy that lets nobody touch engines, and afterwards the former one, or none."""
    # Ours is there only where a run was killed; what it had put aside is then still aside.
    if files.standing(_PATH) and not _is_ours(files):
        os.replace(files.path(_PATH), files.path(_KEPT))
    files.write(_PATH, _TEXT, mode=0o755)
    try:
        yield
    finally:
        restore(files)


def restore(files: Files) -> None:
    """Take our policy away, where it is there, and bring back the one that it stood in for."""
    if _is_ours(files):
        files.remove(_PATH)
    if files.standing(_KEPT) and not files.standing(_PATH):
        os.replace(files.path(_KEPT), files.path(_PATH))


def is_left_over(files: Files) -> bool:
    """Tell whether a killed run left its policy behind."""
    return _is_ours(files)


def _is_ours(files: Files) -> bool:
    return _MARK in (files.read(_PATH) or "")
