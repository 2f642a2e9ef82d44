# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that imports ``cryptography``: where it is missing all else can be imported, and is told when used.

ansible-core depends on it, so it is missing nowhere but where plugins are only looked at.
"""

from __future__ import annotations

from typing import Any

from ...module_utils.provision.errors import ProvisionError

MISSING = ""

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
    from cryptography.x509.oid import NameOID
except ImportError as error:
    MISSING = str(error)
    nothing: Any = None
    x509 = InvalidSignature = hashes = serialization = nothing
    ec = ed448 = ed25519 = NameOID = nothing

__all__ = [
    "InvalidSignature",
    "NameOID",
    "ec",
    "ed448",
    "ed25519",
    "hashes",
    "need",
    "serialization",
    "x509",
]


def need() -> None:
    """Raise ProvisionError where there is no cryptography on the controller."""
    if MISSING:
        raise ProvisionError(f"the Python of ansible-playbook needs the package cryptography for this: {MISSING}")
