# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes keys, CAs, and certificates of servers and clients. Decides nothing about when, and touches no file."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ...module_utils.provision.errors import ProvisionError
from .library import NameOID, ec, ed448, ed25519, hashes, serialization, x509

# A certificate is valid since a while before it was made, for hosts whose clock is a little behind.
BACKDATED = timedelta(minutes=10)
# What a certificate is for, as X.509 writes it.
SERVER = "1.3.6.1.5.5.7.3.1"
CLIENT = "1.3.6.1.5.5.7.3.2"
_NAME_LENGTH = 64  # what X.520 allows a common name
# What can sign. cryptography's own name for it changes between its releases.
PrivateKey = Any


def make_key() -> PrivateKey:
    """Return a new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_text(key: PrivateKey, passphrase: str = "") -> bytes:
    """Return a key as PEM, encrypted where there is a passphrase."""
    encryption: Any = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def certificate_text(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def public_text(key: Any) -> bytes:
    """Return a public key in the one form that equal keys have."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def make_authority(key: PrivateKey, days: int, now: datetime) -> x509.Certificate:
    """Return a CA of that key, with a name that no other one has."""
    subject = _name(f"stowage engines {now:%Y-%m-%d} {secrets.token_hex(4)}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, _digest(key))
    )


def issue(
    authority: x509.Certificate,
    authority_key: PrivateKey,
    public_key: Any,
    name: str,
    names: Iterable[str],
    purpose: str,
    ends: datetime,
    now: datetime,
) -> x509.Certificate:
    """Return a certificate for a key: ``names`` are what a server is reached by, ``purpose`` SERVER or CLIENT."""
    signer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(authority.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
    )
    alternatives = [alternative(entry) for entry in names]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(authority_key, _digest(authority_key))


def accept_request(text: str, host: str) -> Any:
    """Return the public key of a signing request, of which nothing else is taken over.

    Raises ProvisionError where whoever made it does not have the private key.
    """
    try:
        request = x509.load_pem_x509_csr(text.encode())
        genuine = request.is_signature_valid
    except ValueError as error:
        raise ProvisionError(f"the signing request of {host} cannot be read: {error}") from error
    if not genuine:
        raise ProvisionError(f"the signing request of {host} is not signed by its own key: nothing is issued for it")
    return request.public_key()


def alternative(name: str) -> x509.GeneralName:
    """Return a name or an address as certificates have it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:_NAME_LENGTH])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _digest(key: Any) -> hashes.SHA256 | None:
    """Return what a signature is made over; the Edwards curves have their own."""
    return None if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)) else hashes.SHA256()
