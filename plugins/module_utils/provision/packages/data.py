# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine's data on the disk: where it is, and its removal, which has no way back.

Looks twice before it removes: at the shape of the folder, and at what is mounted below it.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import List

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from .model import PODMAN

_DOCKER = "/var/lib/docker"
_CONTAINERD = "/var/lib/containerd"
_CONFIGURATION = "/etc/docker"
# What engines make in their folder at the first start. A folder with none of these belongs to somebody else.
_SIGNS = ("engine-id", "buildkit", "containers", "overlay2", "image", "volumes", "containerd", "network", "swarm")


def roots(files: Files, kind: str, with_containerd: bool) -> List[str]:
    """Return the folders that an engine keeps on this host. Raises ProvisionError where one looks like no engine's."""
    if kind == PODMAN:
        return [path for path in ("/var/lib/containers",) if not _is_empty(files, path)]
    known = (_DOCKER, *((_CONTAINERD,) if with_containerd else ()), _CONFIGURATION)
    found = [path for path in known if not _is_empty(files, path)]
    root = _configured(files)
    if root and root != _DOCKER and not _is_empty(files, root):
        if not set(files.list(root)) & set(_SIGNS):
            raise ProvisionError(
                f"data-root in {_CONFIGURATION}/daemon.json is {root}, which does not look like an engine's data:"
                " nothing was removed. Correct daemon.json, or remove the folder yourself"
            )
        found.insert(0, root)
    return found


def _configured(files: Files) -> str:
    try:
        document = json.loads(files.read(f"{_CONFIGURATION}/daemon.json") or "{}")
    except ValueError:
        return ""
    root = document.get("data-root") if isinstance(document, dict) else ""
    return os.path.normpath(root) if isinstance(root, str) and root.startswith("/") else ""


def _is_empty(files: Files, path: str) -> bool:
    """Tell whether there is nothing to remove: no folder, or a mount point that has nothing in it."""
    real = files.path(path)
    return not os.path.isdir(real) or (os.path.ismount(real) and not os.listdir(real))


def has_group(files: Files, name: str) -> bool:
    """Tell whether there is such a group."""
    return any(line.startswith(f"{name}:") for line in (files.read("/etc/group") or "").splitlines())


def remove(files: Files, commands: Commands, path: str) -> None:
    """Remove a folder with all that is in it; a mount point itself stays. Raises ProvisionError."""
    real = files.path(path)
    if not os.path.isdir(real):  # the packages' own scripts may have removed it
        return
    for mount in _mounts_below(files, real):
        done = commands.run("umount", mount)
        if done.code:
            raise ProvisionError(
                f"{path} was not removed: {mount} is mounted in it and cannot be let go: {done.output.strip()}"
            )
    try:
        if os.path.islink(real):
            real = os.path.realpath(real)
        if not os.path.ismount(real):
            shutil.rmtree(real)
            return
        for entry in os.scandir(real):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    except OSError as error:
        raise ProvisionError(f"{path} could not be removed: {error}") from error


def _mounts_below(files: Files, path: str) -> List[str]:
    """Return what is mounted below a folder, the innermost first."""
    text = files.read("/proc/self/mounts") or ""
    points = [line.split(" ")[1].encode().decode("unicode_escape") for line in text.splitlines() if " " in line]
    return sorted((point for point in points if point.startswith(f"{path.rstrip('/')}/")), key=len, reverse=True)
