# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module rollback: which scope, and how far back."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .common import Spec

DO = "rollback"

SPEC: Spec = {"scope": {"type": "str", "required": True}, "version": {"type": "int"}}


def question_of(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The request's ``info``."""
    return {"scope": params["scope"], "number": params.get("version")}
