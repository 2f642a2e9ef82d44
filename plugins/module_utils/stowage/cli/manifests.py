# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as people hand them to the command: a file, or what comes on standard input.

Knows JSON, bounds, and which paths of a manifest are relative to where the command was called. What a manifest means is
manifest/'s.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Mapping, Tuple

from ..errors import StowageError

MAX_MANIFEST = 64 << 20  # bytes; a manifest is text written by people and their tools
Document = Dict[str, Any]


def load_manifest(path: str) -> Document:
    """Read a manifest from a file, or from standard input for ``-``. Raises StowageError."""
    try:
        if path == "-":
            text = sys.stdin.read(MAX_MANIFEST + 1)
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read(MAX_MANIFEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        # An OSError's own text has its number and the path once more.
        raise StowageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(text) > MAX_MANIFEST:
        raise StowageError(f"{path}: larger than {MAX_MANIFEST >> 20} MiB")
    try:
        document = json.loads(text, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise StowageError(f"{path}: not a JSON document: {error}") from error
    if not isinstance(document, dict):
        raise StowageError(f"{path}: a manifest is a JSON object")
    return document


def _no_duplicates(pairs: List[Any]) -> Document:
    document: Document = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} is there twice")
        document[key] = value
    return document


def anchored(manifest: Document, folder: str) -> Document:
    """The manifest with absolute paths of contexts and archives, for who works in another folder than this one.

    Whatever is not as it should be stays so, for those to refuse who know manifests.
    """
    result = {**manifest, **_anchored_images(manifest, folder)}
    stacks = manifest.get("stacks")
    if isinstance(stacks, dict):
        result["stacks"] = {
            name: {**stack, **_anchored_images(stack, folder)} if isinstance(stack, dict) else stack
            for name, stack in stacks.items()
        }
    return result


def _anchored_images(section: Mapping[str, Any], folder: str) -> Document:
    images = section.get("images")
    if not isinstance(images, dict):
        return {}
    return {"images": {name: _anchored_image(image, folder) for name, image in images.items()}}


_PATHS: Tuple[Tuple[str, str], ...] = (("build", "context"), ("load", "path"))


def _anchored_image(image: Any, folder: str) -> Any:
    if not isinstance(image, dict):
        return image
    result = dict(image)
    for source, key in _PATHS:
        about = image.get(source)
        if not isinstance(about, dict) or about.get("remote_src") is not True:
            continue
        path = about.get(key)
        if isinstance(path, str) and path:
            result[source] = {**about, key: os.path.join(folder, path)}
    return result
