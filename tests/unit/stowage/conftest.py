# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from stowage import lock
from tests.unit.stowage.support.world import World


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A host with a lock of its own, and nothing declared yet."""
    # What a power cut leaves is tried at the store itself; waiting for a disk is most of such a test's time.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(lock, "FOLDERS", (str(tmp_path),))
    return World(tmp_path / "state")
