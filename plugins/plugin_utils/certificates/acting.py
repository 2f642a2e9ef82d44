# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does in the CA's folder what was decided, one short function per operation. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import rotation
from .certificate import Certificate, Terms, end_of
from .deciding import ENCRYPT, FINISH, ISSUE, MAKE, PROTECT, TRUST, Operation, Wish
from .folder import CURRENT, FORMER, NEXT, Folder
from .holding import Held, Record
from .issuing import CLIENT, SERVER, accept_request, certificate_text, issue, key_text, make_authority, make_key


class Acting:
    """Carries out operations on one folder, which is locked meanwhile."""

    def __init__(self, folder: Folder, wish: Wish, now: datetime) -> None:
        self._folder = folder
        self._wish = wish
        self._now = now
        self._acts = {
            MAKE: lambda _: self._begin(),
            FINISH: lambda _: self._finish(),
            ENCRYPT: lambda _: folder.encrypt(),
            PROTECT: lambda _: folder.protect(),
            ISSUE: self._issue,
            TRUST: self._trust,
            rotation.BEGIN: lambda _: self._make(NEXT),
            rotation.SWITCH: lambda _: self._switch(),
            rotation.DROP: lambda _: folder.remove(f"{FORMER}.pem"),
        }

    def carry_out(self, operations: Iterable[Operation]) -> None:
        """Do all of them in order."""
        for operation in operations:
            self._acts[operation.act](operation)

    def _begin(self) -> None:
        self._folder.spare_repositories()
        self._make(CURRENT)

    def _make(self, name: str) -> None:
        key = make_key()
        self._folder.put_authority(name, key, Certificate(make_authority(key, self._wish.ca_days, self._now)))

    def _switch(self) -> None:
        """Let the next CA take over. From the first write on, ``Folder.hold`` sees that this was begun."""
        held = self._folder.hold()
        if held.current:
            self._folder.put_former(held.current, self._now)
        self._finish()

    def _finish(self) -> None:
        # The former one's key goes with this: nothing will be issued by it any more.
        self._folder.rename(f"{NEXT}-key.pem", f"{CURRENT}-key.pem")
        self._folder.rename(f"{NEXT}.pem", f"{CURRENT}.pem")

    def _issue(self, operation: Operation) -> None:
        # The key stays where it is good: whoever reads the folder at this moment finds a pair that fits.
        place = f"clients/{operation.client}"
        key = self._folder.client_key(operation.client)
        if key is None:
            key = make_key()
            self._folder.write(f"{place}/key.pem", key_text(key), 0o600)
        held = self._folder.hold()
        made = sign(self._folder, held, key.public_key(), operation.client, (), CLIENT, self._wish.terms, self._now)
        self._folder.write(f"{place}/cert.pem", certificate_text(made.parsed))

    def _trust(self, operation: Operation) -> None:
        self._folder.write(f"clients/{operation.client}/ca.pem", self._folder.bundle(self._folder.hold()))


def sign(
    folder: Folder,
    held: Held,
    public: Any,
    name: str,
    names: Iterable[str],
    purpose: str,
    terms: Terms,
    now: datetime,
) -> Certificate:
    """Return a certificate of the current CA."""
    if held.current is None:
        raise RuntimeError("there is no CA yet")
    key = folder.key_of(held.current)
    ends = end_of(held.current, terms.days, now)
    return Certificate(issue(held.current.parsed, key, public, name, names, purpose, ends, now))


def sign_request(
    folder: Folder, held: Held, request: str, host: str, names: Iterable[str], terms: Terms, now: datetime
) -> Certificate:
    """Return a server's certificate for whoever proves to have the request's key."""
    return sign(folder, held, accept_request(request, host), host, names, SERVER, terms, now)


def note_issued(folder: Folder, held: Held, host: str, until: datetime) -> None:
    """Remember that a host has a certificate until then, so that a rotation waits for it."""
    record = held.records.get(host, Record(host))
    folder.keep_record(replace(record, until=max(record.until, until)))


def note_in_force(folder: Folder, held: Held, host: str, trusts: frozenset[str], issuer: str) -> None:
    """Remember with what a host's engine runs."""
    record = held.records.get(host, Record(host))
    folder.keep_record(replace(record, trusts=trusts, issuer=issuer))


def forget(folder: Folder, record: Record | None) -> None:
    """Wait no more for a host's engine; the contexts there stay."""
    if record:
        folder.keep_record(Record(record.host, copies=record.copies))
