# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module stack_info: which stacks to tell of."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .common import CONNECTION, Spec

DO = "stacks"

SPEC: Spec = {
    "name": {"type": "str", "aliases": ["project_name"]},
    "drift": {"type": "bool", "default": True},
    **CONNECTION,
}


def question_of(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The request's ``info``."""
    return {"name": params.get("name") or "", "drift": params["drift"]}
