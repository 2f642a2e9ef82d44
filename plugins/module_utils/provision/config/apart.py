# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of options travel apart from them: taken out on the controller, put back on the host. Pure.

Modules log their options on the host, and one that is not logged is masked wherever its text comes up, which for a
whole dictionary of settings would be everywhere. So what is secret leaves a placeholder, and goes by itself.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping

from .keys import SECRETS

_NAMES = {path.rpartition("/")[2] for path in SECRETS}
_PASSWORD = re.compile(r"://[^/@\s]+@")


def take(value: Any, secrets: Dict[str, str], name: str = "") -> Any:
    """Return a value with placeholders for what is secret in it, and note what each stands for."""
    if isinstance(value, dict):
        return {key: take(item, secrets, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [take(item, secrets) for item in value]
    if not isinstance(value, str) or not (name in _NAMES or _PASSWORD.search(value)):
        return value
    placeholder = f"<secret {len(secrets) + 1}>"
    secrets[placeholder] = value
    return placeholder


def put_back(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return a value as it was before its secrets were taken."""
    if isinstance(value, dict):
        return {name: put_back(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [put_back(item, secrets) for item in value]
    return secrets.get(value, value) if isinstance(value, str) else value
