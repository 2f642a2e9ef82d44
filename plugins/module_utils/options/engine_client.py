# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module engine_client: who may use the engine, and what their docker command knows."""

from __future__ import annotations

from .common import Spec

SPEC: Spec = {
    "users": {"type": "list", "elements": "str", "default": []},
    "proxies": {"type": "dict", "default": {}},
    "proxy_users": {"type": "list", "elements": "str", "default": ["root"]},
    "contexts": {"type": "dict", "default": {}},
    "context_users": {"type": "list", "elements": "str", "default": ["root"]},
    "ca": {"type": "path"},
    "clients": {"type": "list", "elements": "str", "default": []},
    "digests": {"type": "dict"},
    "files": {"type": "dict", "no_log": True},
}
