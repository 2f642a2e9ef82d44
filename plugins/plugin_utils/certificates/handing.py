# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands clients' certificates to hosts whose users have contexts with them, and remembers who got which."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ...module_utils.provision.errors import ProvisionError
from .certificate import read, read_all
from .folder import Folder
from .holding import Copy, Record

FILES = ("ca", "cert", "key")


@dataclass(frozen=True)
class Handed:
    """One client's files, and what is remembered of them."""

    texts: Mapping[str, str]  # {}: it is still to be made
    digests: Mapping[str, str]
    copy: Copy | None


def collect(folder: Folder, names: Iterable[str], expected: Iterable[str]) -> dict[str, Handed]:
    """Return clients' files. Raises ProvisionError where one is missing that nobody is going to make (``expected``)."""
    return {name: _collect(folder, name, name in expected) for name in sorted(set(names))}


def _collect(folder: Folder, name: str, expected: bool) -> Handed:
    found = {file: folder.read(f"clients/{name}/{file}.pem") for file in FILES}
    texts = {file: text.decode(errors="replace") for file, text in found.items() if text}
    certificate = read(found["cert"] or b"")
    if len(texts) < len(FILES) or certificate is None:
        if expected:
            return Handed({}, {}, None)
        raise ProvisionError(
            f"{folder.path}/clients/{name} has no certificate for contexts: name {name} among engine_tls_clients, "
            "and have the role run on a host with engine_tls"
        )
    trusts = read_all(found["ca"] or b"")
    # Of those that are trusted one is the issuer; both are by their fingerprints here.
    issuer = next((one.fingerprint for one in trusts if certificate.issued_by(one)), "")
    copy = Copy(frozenset(one.fingerprint for one in trusts), issuer, certificate.ends)
    digests = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in texts.items()}
    return Handed(texts, digests, copy)


def note_sending(folder: Folder, host: str, copies: Mapping[str, Copy]) -> None:
    """Remember copies that are about to be sent. Of those that are there already the former counts until it is done."""
    note_copies(folder, host, {**copies, **folder.records().get(host, Record(host)).copies})


def note_copies(folder: Folder, host: str, copies: Mapping[str, Copy]) -> None:
    """Remember which clients' certificates a host's users have now."""
    record = folder.records().get(host, Record(host))
    if dict(record.copies) != dict(copies):
        folder.keep_record(replace(record, copies=copies))
