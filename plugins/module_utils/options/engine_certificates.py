# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module engine_certificates: the CA, how long things are valid, and whom they are for."""

from __future__ import annotations

from .common import Spec

SPEC: Spec = {
    "state": {"type": "str", "default": "present", "choices": ["present", "confirmed", "absent"]},
    "ca": {"type": "path", "required": True},
    "passphrase": {"type": "str", "default": "", "no_log": True},
    "ca_days": {"type": "int", "default": 3650},
    "days": {"type": "int", "default": 397},
    "renew_days": {"type": "int", "default": 30},
    "rotate_before": {"type": "str", "default": ""},
    "overlap_days": {"type": "int", "default": 7},
    "names": {"type": "list", "elements": "str", "default": []},
    "clients": {"type": "list", "elements": "str", "default": ["admin"]},
    "order": {"type": "dict"},
}
