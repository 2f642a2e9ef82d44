# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays this tree out as Ansible wants to find it: ``.cache/ansible_collections/stowage/docker``.

A copy rather than a link, because ansible-test follows no links out of a collection. Only what
changed is written, so that caches keyed by time stay valid; what is gone here goes there as well.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".cache" / "ansible_collections" / "stowage" / "docker"
LOCK = ROOT / ".cache" / "collection.lock"
# What tools leave inside the copy.
KEPT = (".git", "tests/output")


def tracked() -> set[Path]:
    """Return the tree's own files, relative: what git tracks or would; without git, all but what is hidden."""
    git = shutil.which("git")
    command = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = git and subprocess.run([git, "-C", ROOT, *command], capture_output=True, text=True, check=False)
    if listed and listed.returncode == 0:
        names = {Path(name) for name in listed.stdout.split("\0") if name}
    else:  # an unpacked archive, or somebody else's clone
        names = {path.relative_to(ROOT) for path in ROOT.rglob("*")}
        names = {name for name in names if "__pycache__" not in name.parts and name.parts[0] not in (".cache", ".git")}
    return {name for name in names if (ROOT / name).is_file()}


def copy(names: set[Path]) -> None:
    """Bring the copy to exactly these files."""
    for name in sorted(names):
        source, target = ROOT / name, TARGET / name
        if target.is_file() and same(source, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for path in sorted(TARGET.rglob("*"), reverse=True):
        name = path.relative_to(TARGET)
        if name.as_posix().startswith(KEPT) and name != Path(".gitignore"):
            continue
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in names:
            path.unlink()


def same(source: Path, target: Path) -> bool:
    """Tell whether size, time and mode agree; the copy keeps all three."""
    here, there = source.stat(), target.stat()
    return (here.st_size, int(here.st_mtime), here.st_mode) == (there.st_size, int(there.st_mtime), there.st_mode)


def main() -> int:
    """Lay out the tree and print where."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:  # targets run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy(tracked())
    print(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
