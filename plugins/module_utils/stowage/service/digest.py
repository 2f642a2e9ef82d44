# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity of what is not a container: hashes of request bodies and of all that goes into an image."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Mapping

# These say how to build, not what comes out; a context's path differs from machine to machine.
_NOT_CONTENT = ("context", "cache_from", "cache_to", "no_cache", "no_cache_filter", "pull")


def document_hash(document: Any) -> str:
    """``sha256:…`` of a JSON document, whatever the order of its keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def build_digest(options: Mapping[str, Any], files: str, builder: str, platform: str) -> str:
    """``sha256:…`` over the build options, the digest of the files, the builder and the platform."""
    shaping = {key: value for key, value in options.items() if key not in _NOT_CONTENT}
    return document_hash([shaping, files, builder, platform])
