# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine's data on the disk: where it is, and its removal, which has no way back.

Looks twice before it removes: at the shape of the folder, and at what is mounted below it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import List, Match

from ..commands import Commands
from ..errors import ProvisionError
from ..files import Files
from .model import PODMAN

_DOCKER = "/var/lib/docker"
_CONTAINERD = "/var/lib/containerd"
_CONFIGURATION = "/etc/docker"
_CONTAINERS = "/var/lib/containers"
# By their names nobody else's, whatever is in them.
_OWN = frozenset({_DOCKER, _CONTAINERD, _CONFIGURATION, _CONTAINERS})
# What engines make in their folder at the first start. A folder with none of these belongs to somebody else.
_SIGNS = ("engine-id", "buildkit", "containers", "overlay2", "image", "volumes", "containerd", "network", "swarm")
# What else they make there, in time. A folder that was chosen for them may have more in it, which is not theirs.
_MORE = (
    *("aufs", "btrfs", "devicemapper", "fuse-overlayfs", "overlay", "vfs", "zfs", "rootfs"),
    *("builder", "plugins", "runtimes", "tmp", "tmp-old", "trust"),
)
# With userns-remap all of it lies in a folder that is named by the first ids.
_REMAPPED = re.compile(r"\d+\.\d+")
# How the kernel lists blanks in names.
_ESCAPED = re.compile(r"\\([0-7]{3})")


def roots(files: Files, kind: str, with_containerd: bool) -> List[str]:
    """Return the folders that an engine keeps on this host. Raises ProvisionError where one looks like no engine's."""
    if kind == PODMAN:
        return [path for path in (_CONTAINERS,) if not _is_empty(files, path)]
    known = (_DOCKER, *((_CONTAINERD,) if with_containerd else ()), _CONFIGURATION)
    found = [path for path in known if not _is_empty(files, path)]
    root = _configured(files)
    if root and root != _DOCKER and not _is_empty(files, root):
        if not any(_is_sign(name) for name in files.list(root)):
            raise ProvisionError(
                f"data-root in {_CONFIGURATION}/daemon.json is {root}, which does not look like an engine's data:"
                " nothing was removed. Correct daemon.json, or remove the folder yourself"
            )
        # The last but for the configuration: a run that is killed in between finds it again by that.
        found.insert(len(found) - 1, root)
    return found


def left(files: Files, path: str) -> List[str]:
    """Return what is in an engine's folder and is not the engine's: it stays, and the folder with it."""
    # One of the names is every disk's.
    return [] if path in _OWN else [name for name in files.list(path) if not _is_made(name) and name != "lost+found"]


def _is_made(name: str) -> bool:
    return _is_sign(name) or name in _MORE


def _is_sign(name: str) -> bool:
    return name in _SIGNS or _REMAPPED.fullmatch(name) is not None


def _configured(files: Files) -> str:
    try:
        document = json.loads(files.read(f"{_CONFIGURATION}/daemon.json") or "{}")
    except ValueError:
        return ""
    root = document.get("data-root") if isinstance(document, dict) else ""
    return os.path.normpath(root) if isinstance(root, str) and root.startswith("/") else ""


def _is_empty(files: Files, path: str) -> bool:
    """Tell whether there is nothing to remove: no folder, or a mount point that has nothing in it."""
    real = os.path.realpath(files.path(path))
    return not os.path.isdir(real) or (_is_mount(real, _mounts(files)) and not os.listdir(real))


def has_group(files: Files, name: str) -> bool:
    """Tell whether there is such a group."""
    return any(line.startswith(f"{name}:") for line in (files.read("/etc/group") or "").splitlines())


def remove(files: Files, commands: Commands, path: str) -> None:
    """Remove a folder with all that is the engine's in it; a mount point itself stays. Raises ProvisionError."""
    real = os.path.realpath(files.path(path))
    if not os.path.isdir(real):  # the packages' own scripts may have removed it
        return
    mounts = _mounts(files)
    # What it is told by goes last.
    names = sorted((name for name in os.listdir(real) if path in _OWN or _is_made(name)), key=_is_sign)
    going = [os.path.join(real, name) for name in names]
    for mount in [mount for mount in mounts if any(mount == place or mount.startswith(f"{place}/") for place in going)]:
        done = commands.run("umount", mount)
        if done.code:
            raise ProvisionError(
                f"{path} was not removed: {mount} is mounted in it and cannot be let go: {done.output.strip()}"
            )
    try:
        for place in going:
            _remove(place)
        if not _is_mount(real, mounts) and not os.listdir(real):
            os.rmdir(real)
    except OSError as error:
        raise ProvisionError(f"{path} could not be removed: {error}") from error


def _remove(real: str) -> None:
    """Remove whatever this is."""
    if os.path.islink(real) or not os.path.isdir(real):
        os.unlink(real)
    else:
        shutil.rmtree(real)


def _is_mount(real: str, mounts: List[str]) -> bool:
    """Tell whether a folder is a mount point; where its own file system is mounted on it, only the list tells."""
    return real in mounts or os.path.ismount(real)


def _mounts(files: Files) -> List[str]:
    """Return all mount points, the innermost first."""
    text = files.read("/proc/self/mounts") or ""
    points = [_ESCAPED.sub(_plain, line.split(" ")[1]) for line in text.splitlines() if " " in line]
    return sorted(points, key=len, reverse=True)


def _plain(escape: Match[str]) -> str:
    return chr(int(escape[1], 8))
