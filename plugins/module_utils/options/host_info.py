# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module host_info."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .common import CONNECTION, Spec

DO = "info"

SPEC: Spec = {
    "scope": {"type": "str"},
    "drift": {"type": "bool", "default": True},
    **CONNECTION,
}


def question_of(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The request's ``info``."""
    return {"scope": params.get("scope"), "drift": params["drift"]}
