# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the runtime of a host is found, and what it says of itself there."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Mapping

SOCKETS = "/run/stowage"
ABOUT = "runtime.json"  # beside the sockets: engine, state, version and digest of the runtime that made it


def socket_folder(environ: Mapping[str, str]) -> str:
    """Where the runtime listens: STOWAGE_SOCKETS, or the usual folder."""
    return environ.get("STOWAGE_SOCKETS") or SOCKETS


def runtime_at(folder: str) -> Dict[str, str]:
    """What the runtime with these sockets says of itself; nothing where there is none."""
    try:
        with open(os.path.join(folder, ABOUT), encoding="utf-8") as file:
            about: Any = json.load(file)
        return {key: about[key] for key in ("engine", "state", "version", "digest")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
