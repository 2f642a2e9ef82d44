# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images, by the grammar of the distribution project (reference/regexp.go).

Pure text. A *familiar* name is the one people write and the engine lists: ``nginx:1``; the full
one spells out the registry: ``docker.io/library/nginx:1``.
"""

from __future__ import annotations

import re
from typing import Tuple

from .errors import StowageError

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*\Z")
_TAG = re.compile(r"[\w][\w.-]{0,127}\Z", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}\Z")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?\Z"
)
_LONGEST = 255
DEFAULT_REGISTRY = "docker.io"


class BadReference(StowageError):
    """The text is not the name of an image."""


def split(reference: str) -> Tuple[str, str, str, str]:
    """``(registry, path, tag, digest)``; tag and digest may be empty. Raises BadReference."""
    if re.fullmatch(r"[0-9a-f]{64}", reference):
        raise BadReference(f"{reference!r} looks like an image id; name the image instead")
    rest, _at, digest = reference.partition("@")
    if _at and not _DIGEST.match(digest):
        raise BadReference(f"{reference!r}: {digest!r} is no digest")
    slash = rest.rfind("/")
    colon = rest.rfind(":")
    tag = ""
    if colon > slash:
        rest, tag = rest[:colon], rest[colon + 1 :]
        if not _TAG.match(tag):
            raise BadReference(f"{reference!r}: {tag!r} is no tag")
    first, _slash, remainder = rest.partition("/")
    registry, path = DEFAULT_REGISTRY, rest
    if remainder and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        registry, path = first, remainder
        if not _HOST.match(registry):
            raise BadReference(f"{reference!r}: {registry!r} is no registry host")
    if registry in (DEFAULT_REGISTRY, "index.docker.io"):
        registry = DEFAULT_REGISTRY
        path = path[len("library/") :] if path.startswith("library/") and path.count("/") == 1 else path
    if not _PATH.match(path) or len(path) > _LONGEST:
        raise BadReference(f"{reference!r} is no image name (lower case, parts divided by '/', then ':tag')")
    return registry, path, tag, digest


def familiar(reference: str) -> str:
    """The name the engine lists: without the default registry, with ``:latest`` where no tag is."""
    registry, path, tag, digest = split(reference)
    name = path if registry == DEFAULT_REGISTRY else f"{registry}/{path}"
    if digest:
        return f"{name}@{digest}"
    return f"{name}:{tag or 'latest'}"


def repository(reference: str) -> str:
    """The familiar name without tag and digest: what the engine's RepoDigests begin with."""
    registry, path, _tag, _digest = split(reference)
    return path if registry == DEFAULT_REGISTRY else f"{registry}/{path}"
