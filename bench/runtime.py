# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""This collection's runtime as its action plugins send it. Knows the files it is made of, not what is asked of it."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BOOTSTRAP = ROOT / "plugins" / "plugin_utils" / "bootstrap.py"


@cache
def zipapp() -> Any:
    """Return the packer, from its file: it needs nothing of Ansible."""
    path = BOOTSTRAP.parent / "zipapp.py"
    spec = importlib.util.spec_from_file_location("zipapp", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def squeezed() -> Any:
    """Return the runtime, packed once: ``content`` and ``digest``."""
    return zipapp().squeeze_runtime()
