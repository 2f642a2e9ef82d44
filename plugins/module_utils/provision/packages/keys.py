# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads OpenPGP public keys as far as it takes to tell whose they are: fingerprints, and the armor. Pure.

What a signature is worth is the package manager's to find out; this only sees that the key is the one that was named.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Iterator, List, Tuple, Union

from ..errors import ProvisionError

_BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_PUBLIC_KEY = 6


def armored(content: Union[bytes, str]) -> str:
    """Return a key as text, whatever form it came in. Raises ProvisionError where it is no public key."""
    text = content if isinstance(content, str) else content.decode("latin-1")
    if _BEGIN in text:
        return text.replace("\r\n", "\n").strip() + "\n"
    binary = content.encode("latin-1", "replace") if isinstance(content, str) else content
    _primary_keys(binary)
    body = base64.b64encode(binary).decode()
    lines = [body[place : place + 64] for place in range(0, len(body), 64)]
    check = base64.b64encode(_crc24(binary).to_bytes(3, "big")).decode()
    return "\n".join([_BEGIN, "", *lines, f"={check}", _END, ""])


def fingerprints(text: str) -> List[str]:
    """Return the fingerprints of all primary keys in an armored text. Raises ProvisionError."""
    found = []
    for block in text.split(_BEGIN)[1:]:
        # What stands before the empty line are the armor's own headers; a line with = is its checksum.
        lines = block.partition(_END)[0].replace("\r", "").split("\n")
        body = lines[lines.index("", 1) + 1 :] if "" in lines[1:] else lines[1:]
        data = "".join(line.strip() for line in body if not line.startswith("="))
        try:
            binary = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise ProvisionError("the repository's key is damaged: its armor holds no base64") from None
        found += [_fingerprint(key) for key in _primary_keys(binary)]
    if not found:
        raise ProvisionError("the repository's key is no OpenPGP public key")
    return found


def see_that_it_is(text: str, allowed: List[str], origin: str) -> None:
    """Raise ProvisionError unless every key in a text is one that was named. Nothing named: all are trusted."""
    found = fingerprints(text)
    named = {"".join(fingerprint.split()).upper() for fingerprint in allowed}
    strangers = [fingerprint for fingerprint in found if fingerprint not in named]
    if named and strangers:
        raise ProvisionError(
            f"the key of {origin} does not fit: its fingerprint is {', '.join(strangers)}, and"
            f" {' or '.join(sorted(named))} is what engine_repository_fingerprint trusts. Nothing was changed; find out"
            " which of them is right before you change either"
        )


def _primary_keys(binary: bytes) -> List[bytes]:
    keys = [body for tag, body in _packets(binary) if tag == _PUBLIC_KEY]
    if not keys:
        raise ProvisionError("the repository's key is no OpenPGP public key")
    return keys


def _packets(binary: bytes) -> Iterator[Tuple[int, bytes]]:
    """Walk through packets of both formats (RFC 9580, 4.2)."""
    place = 0
    while place < len(binary):
        try:
            head = binary[place]
            if not head & 0x80:
                break
            if head & 0x40:
                tag, (length, start) = head & 0x3F, _new_length(binary, place + 1)
            else:
                tag, size = head >> 2 & 0x0F, 1 << (head & 3)
                if size == 8:
                    break  # of unknown length, which keys never are
                length, start = int.from_bytes(binary[place + 1 : place + 1 + size], "big"), place + 1 + size
        except IndexError:
            break
        if start + length > len(binary):
            break  # cut off
        yield tag, binary[start : start + length]
        place = start + length


def _new_length(binary: bytes, place: int) -> Tuple[int, int]:
    first = binary[place]
    if first < 192:
        return first, place + 1
    if first < 224:
        return (first - 192 << 8) + binary[place + 1] + 192, place + 2
    return int.from_bytes(binary[place + 1 : place + 5], "big"), place + 5


def _fingerprint(body: bytes) -> str:
    if body[:1] != b"\4":
        raise ProvisionError("the repository's key is of a version that the role cannot tell the fingerprint of")
    # The fingerprint of a version 4 key is SHA-1 by definition.
    digest = hashlib.new("sha1", b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)
    return digest.hexdigest().upper()


def _crc24(binary: bytes) -> int:
    crc = 0xB704CE
    for byte in binary:
        crc ^= byte << 16
        for _bit in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc
