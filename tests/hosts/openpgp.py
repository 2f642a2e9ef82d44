# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes OpenPGP keys and signs text with them, as far as a repository of packages needs it (RFC 9580, version 4, RSA).

Test hosts need no gpg for it, and neither does the machine. Knows nothing of repositories.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_RSA, _SHA256 = 1, 8
_PUBLIC_KEY, _SIGNATURE, _USER_ID = 6, 2, 13


class Key:
    """A key of our own."""

    def __init__(self, name: str) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        self._made = int(time.time()) - 86400  # hosts' clocks may be behind
        numbers = self._private.public_key().public_numbers()
        self._body = struct.pack(">BIB", 4, self._made, _RSA) + _mpi(numbers.n) + _mpi(numbers.e)
        self._name = name.encode()

    @property
    def fingerprint(self) -> str:
        """Its fingerprint, in capital hexadecimal digits."""
        return hashlib.sha1(_hashed_key(self._body), usedforsecurity=False).hexdigest().upper()

    def public(self) -> bytes:
        """The public key with its name, signed by itself, binary."""
        named = _hashed_key(self._body) + b"\xb4" + struct.pack(">I", len(self._name)) + self._name
        flags = bytes([2, 27, 0x03])  # it may certify and sign
        signature = self._sign(0x13, named, flags)
        return _packet(_PUBLIC_KEY, self._body) + _packet(_USER_ID, self._name) + _packet(_SIGNATURE, signature)

    def clearsigned(self, text: str) -> str:
        """A text with its signature, as an InRelease file is."""
        lines = [line.rstrip() for line in text.rstrip("\n").split("\n")]
        signature = self._sign(0x01, "\r\n".join(lines).encode())
        body = base64.encodebytes(_packet(_SIGNATURE, signature)).decode()
        return (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
            + "\n".join(lines)
            + f"\n-----BEGIN PGP SIGNATURE-----\n\n{body}-----END PGP SIGNATURE-----\n"
        )

    def _sign(self, kind: int, content: bytes, more: bytes = b"") -> bytes:
        fingerprint = bytes.fromhex(self.fingerprint)
        hashed = bytes([5, 2]) + struct.pack(">I", self._made + 60) + more + bytes([22, 33, 4]) + fingerprint
        head = bytes([4, kind, _RSA, _SHA256]) + struct.pack(">H", len(hashed)) + hashed
        signed = content + head + b"\x04\xff" + struct.pack(">I", len(head))
        digest = hashlib.sha256(signed).digest()
        value = self._private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        issuer = bytes([9, 16]) + fingerprint[-8:]
        return head + struct.pack(">H", len(issuer)) + issuer + digest[:2] + _mpi(int.from_bytes(value, "big"))


def _hashed_key(body: bytes) -> bytes:
    return b"\x99" + struct.pack(">H", len(body)) + body


def _mpi(number: int) -> bytes:
    return struct.pack(">H", number.bit_length()) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + struct.pack(">I", len(body)) + body
