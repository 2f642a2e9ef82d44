# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs the runtime into one executable file, the command ``stowage``, for any host with Python 3.9."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plugins.plugin_utils.zipapp import pack_runtime


def main(target: str = "stowage") -> None:
    """Write the command to ``target``."""
    path = Path(target)
    path.write_bytes(pack_runtime())
    path.chmod(0o755)
    print(f"{path}: {path.stat().st_size >> 10} KiB; try ./{path} --help")


if __name__ == "__main__":
    main(*sys.argv[1:])
