# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a certificate, and why one has to be made anew. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .issuing import BACKDATED, public_text
from .library import InvalidSignature, NameOID, hashes, x509

_END = b"-----END CERTIFICATE-----"
# What a renewal has to gain, or a certificate that is bounded by its CA's end would be made anew at every run.
_WORTHWHILE = timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """How long certificates are valid, and how long before its end one is made anew."""

    days: int
    renew_days: int


class Certificate:
    """One certificate, as far as anybody here asks."""

    def __init__(self, parsed: x509.Certificate) -> None:
        self.parsed = parsed
        self.fingerprint = parsed.fingerprint(hashes.SHA256()).hex()

    @property
    def name(self) -> str:
        """The common name of its subject."""
        found = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else self.parsed.subject.rfc4514_string()

    @property
    def begins(self) -> datetime:
        """Since when it is valid."""
        found = getattr(self.parsed, "not_valid_before_utc", None)  # cryptography 42
        return found or self.parsed.not_valid_before.replace(tzinfo=timezone.utc)

    @property
    def ends(self) -> datetime:
        """Until when."""
        found = getattr(self.parsed, "not_valid_after_utc", None)
        return found or self.parsed.not_valid_after.replace(tzinfo=timezone.utc)

    @property
    def made(self) -> datetime:
        """When it was made."""
        return self.begins + BACKDATED

    @property
    def public(self) -> bytes:
        """Its public key."""
        return public_text(self.parsed.public_key())

    @property
    def names(self) -> list[str]:
        """What a server with it may be reached by."""
        try:
            held = self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return []
        addresses = [str(address) for address in held.get_values_for_type(x509.IPAddress)]
        return sorted([*held.get_values_for_type(x509.DNSName), *addresses])

    @property
    def purposes(self) -> list[str]:
        """What it may be used for: SERVER, CLIENT, or an identifier that nothing here asks for."""
        try:
            held = self.parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return []
        return [one.dotted_string for one in held]

    @property
    def is_authority(self) -> bool:
        """Whether it may issue others."""
        try:
            return bool(self.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
        except x509.ExtensionNotFound:
            return False

    def issued_by(self, authority: Certificate) -> bool:
        """Tell whether that CA issued it: by name, and by its signature."""
        try:
            self.parsed.verify_directly_issued_by(authority.parsed)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


def read(text: bytes) -> Certificate | None:
    """Return the first certificate of a PEM text, or None where there is none that can be read."""
    found = read_all(text)
    return found[0] if found else None


def read_all(text: bytes) -> list[Certificate]:
    """Return all certificates of a PEM text in order; none where any of them is damaged."""
    parts = [part + _END for part in text.split(_END) if b"-----BEGIN CERTIFICATE-----" in part]
    try:
        return [Certificate(x509.load_pem_x509_certificate(part[part.index(b"-----BEGIN") :])) for part in parts]
    except ValueError:
        return []


def why_anew(
    text: bytes | None,
    public: bytes | None,
    authority: Certificate | None,
    purpose: str,
    names: Sequence[str],
    terms: Terms,
    now: datetime,
) -> str:
    """Say why a certificate has to be made anew, or "" where it is good.

    ``public`` is the key that it has to fit, None where there is none; ``authority`` None where it is still to be made.
    """
    if not text or not text.strip():
        return "is missing"
    held = read(text)
    if held is None:
        return "is damaged"
    if public is None or held.public != public:
        return "does not fit its key"
    if authority is None or not held.issued_by(authority):
        return "the CA that issued it is not the current one"
    if held.purposes != [purpose]:
        return "is for another purpose"
    if sorted(held.names) != sorted(names):
        return _difference(held.names, names)
    return _age(held, authority, terms, now)


def end_of(authority: Certificate, days: int, now: datetime) -> datetime:
    """Until when a certificate is valid that is made now: its CA's end bounds it."""
    return min(now + timedelta(days=days), authority.ends)


def remaining(ends: datetime, now: datetime) -> str:
    """Say how much time there is, in words."""
    left = ends - now
    if left < timedelta(0):
        return f"expired {_span(-left)} ago"
    return f"expires in {_span(left)}"


def _age(held: Certificate, authority: Certificate, terms: Terms, now: datetime) -> str:
    if held.begins > now:
        return f"is not valid before {held.begins:%Y-%m-%d %H:%M} UTC"
    if held.ends - now >= timedelta(days=terms.renew_days):
        return ""
    if held.ends > now and end_of(authority, terms.days, now) - held.ends < _WORTHWHILE:
        return ""
    return remaining(held.ends, now)


def _difference(held: Iterable[str], wanted: Iterable[str]) -> str:
    more = [f"+{name}" for name in sorted(set(wanted) - set(held))]
    less = [f"-{name}" for name in sorted(set(held) - set(wanted))]
    return "names " + " ".join(more + less)


def _span(time: timedelta) -> str:
    if time >= timedelta(days=2):
        return f"{time.days} days"
    return f"{int(time.total_seconds() // 3600)} hours"
