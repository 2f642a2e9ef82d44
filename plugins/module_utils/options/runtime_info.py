# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module runtime_info: which scope to tell of."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .common import Spec

DO = "runtime"

SPEC: Spec = {"scope": {"type": "str"}}


def question_of(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The request's ``info``."""
    return {"scope": params.get("scope") or ""}
