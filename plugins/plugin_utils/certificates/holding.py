# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA's folder holds and what is known of the hosts, as values. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .certificate import Certificate

NEVER = datetime.min.replace(tzinfo=timezone.utc)
# Stands for a CA that is still to be made, among fingerprints.
NEW = "new"

Fingerprints = frozenset[str]
_NOBODY: Fingerprints = frozenset()


@dataclass(frozen=True)
class Client:
    """One client's folder."""

    name: str
    certificate: bytes | None = None
    public: bytes | None = None  # its key's public half; None where the key is missing or damaged
    trusts: Fingerprints = _NOBODY


@dataclass(frozen=True)
class Copy:
    """A client's certificate, brought to a host for contexts there."""

    trusts: Fingerprints
    issuer: str
    until: datetime


@dataclass(frozen=True)
class Record:
    """What is known of a host that has a certificate: with what its engine was seen to run."""

    host: str
    trusts: Fingerprints = _NOBODY
    issuer: str = ""
    until: datetime = NEVER  # when its last certificate ends
    copies: Mapping[str, Copy] = field(default_factory=dict)  # by client and user


@dataclass(frozen=True)
class Held:
    """A CA's folder as it was found."""

    current: Certificate | None = None  # issues
    next: Certificate | None = None  # is trusted already, and issues nothing yet
    former: Certificate | None = None  # is still trusted
    former_since: datetime | None = None  # when it issued last
    switching: bool = False  # a run was killed while the next one took over
    plain_keys: bool = False  # a passphrase is set, and a key is not encrypted
    exposed_keys: bool = False  # others can read a key
    clients: Mapping[str, Client] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)

    @property
    def trusted(self) -> Fingerprints:
        """The CAs that everybody is to trust."""
        return frozenset(one.fingerprint for one in (self.current, self.next, self.former) if one)
