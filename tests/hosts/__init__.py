# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test hosts: containers of the machine's own engine that run systemd, sshd and a nested engine.

The API: ``up``, ``get``, ``listed``, ``down``, ``down_all``, and Host with what it can do;
``python -m tests.hosts`` is the same by hand.
"""

from __future__ import annotations

from .host import Host, HostError
from .hosts import down, down_all, get, listed, up
from .layers import BARE_FLAVOURS, ENGINE_FLAVOURS, FLAVOURS

__all__ = [
    "BARE_FLAVOURS",
    "ENGINE_FLAVOURS",
    "FLAVOURS",
    "Host",
    "HostError",
    "down",
    "down_all",
    "get",
    "listed",
    "up",
]
