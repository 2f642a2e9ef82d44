# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates by registry, as files in ``/etc/docker/certs.d``. Pure: says which files there are to be.

The engine reads them whenever it speaks to the registry, so nothing needs to be started anew.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple

from ..errors import ProvisionError

FOLDER = "/etc/docker/certs.d"

_REGISTRY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
_FILES = {
    "ca": ("ca.crt", 0o644, "CERTIFICATE"),
    "cert": ("client.cert", 0o644, "CERTIFICATE"),
    "key": ("client.key", 0o600, "PRIVATE KEY"),
}


class Content(NamedTuple):
    """What a file is to hold."""

    text: str
    mode: int


def wanted(certificates: Mapping[str, Any]) -> Dict[str, Content]:
    """Return the files for registries and their certificates (PEM); raises ProvisionError for what cannot be."""
    found: Dict[str, Content] = {}
    for registry, parts in certificates.items():
        path = f"$.registry_certificates.{registry}"
        if not _REGISTRY.fullmatch(registry):
            raise ProvisionError(f"{path}: a registry is a host, or a host and a port as in registry.example.net:5000")
        if not isinstance(parts, dict) or not parts:
            raise ProvisionError(f"{path}: has to be a dictionary of {', '.join(_FILES)}")
        for part, text in parts.items():
            if part not in _FILES:
                raise ProvisionError(f"{path}.{part}: there is no such part; there are {', '.join(_FILES)}")
            name, mode, kind = _FILES[part]
            if not isinstance(text, str) or "-----BEGIN" not in text or f"{kind}-----" not in text:
                raise ProvisionError(f"{path}.{part}: is no {kind.lower()} in PEM (-----BEGIN {kind}-----)")
            found[f"{FOLDER}/{registry}/{name}"] = Content(text if text.endswith("\n") else f"{text}\n", mode)
        if ("cert" in parts) != ("key" in parts):
            raise ProvisionError(f"{path}: a client certificate needs both cert and key")
    return found
