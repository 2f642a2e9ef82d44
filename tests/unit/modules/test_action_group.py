# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that is told which engine is meant can be told so for a whole play."""

from __future__ import annotations

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[3]


def test_the_group_has_all_modules_that_take_a_connection():
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    modules = (ROOT / "plugins/modules").glob("*.py")
    assert groups["docker"] == sorted(m.stem for m in modules if "  - stowage.docker.options\n" in m.read_text())
