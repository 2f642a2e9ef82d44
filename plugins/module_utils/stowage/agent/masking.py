# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a stored declaration may be shown: everything but values that may be secret.

Knows by which keys a manifest holds such values. Two that differ are shown as different, so that a comparison of
versions tells of a changed password without telling it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from typing import Any, Dict, List, Mapping

from ..secrets import MASK
from ..service.grants import KEPT, SECRETS

_HIDING = frozenset({"environment", "args", "driver_opts", "options", "password", "identity_token"})
_LOGIN = re.compile(r"//[^/@\s]+@")  # in a URL
# Anew for each process: the marks must not serve to try out passwords elsewhere.
_KEY = os.urandom(16)


def mask_manifest(value: Any) -> Any:
    """The same document with a mark in place of each value that may be secret."""
    if isinstance(value, Mapping):
        return {key: _hide(item) if _hides(key) else mask_manifest(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_manifest(item) for item in value]
    return _LOGIN.sub(f"//{MASK}@", value) if isinstance(value, str) else value


def _hides(key: str) -> bool:
    """Also what tells of the contents of a stack's secrets: a short one could be found by its digest."""
    return key in _HIDING or key.startswith(f"{KEPT}/{SECRETS}/")


def _hide(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hide(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide_pair(item) for item in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    mark = hmac.new(_KEY, str(value).encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:6]
    return f"{MASK} #{mark}"


def _hide_pair(item: Any) -> Any:
    """``NAME=value`` in a list keeps its name."""
    name, equals, value = str(item).partition("=")
    return f"{name}={_hide(value)}" if equals else item


def compare(before: Mapping[str, Any], after: Mapping[str, Any], names: List[str]) -> str:
    """A unified diff of two manifests, values that may be secret masked; empty where they do not differ."""
    import difflib  # seldom asked for

    texts = [json.dumps(mask_manifest(side), indent=2, sort_keys=True).splitlines() for side in (before, after)]
    return "\n".join(difflib.unified_diff(texts[0], texts[1], names[0], names[1], lineterm=""))


def shown(version: Any) -> Dict[str, Any]:
    """A version of the store as it may be shown."""
    return {
        "scope": version.scope,
        "number": version.number,
        "declared_at": version.declared_at,
        "by": version.by,
        "outcome": version.outcome,
        "message": version.message,
        "seconds": version.seconds,
        "plan": list(version.plan),
        "images": {reference: image.id for reference, image in version.images.items()},
        "manifest": mask_manifest(version.manifest),
    }
