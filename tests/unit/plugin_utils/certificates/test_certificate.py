# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate has to be made anew, and whether what is issued is accepted by the strictest reader there is."""

from __future__ import annotations

import base64
import contextlib
import ssl
from datetime import datetime, timezone

import pytest

pytest.importorskip("cryptography")

from cryptography import x509

from plugins.module_utils.provision.errors import ProvisionError
from plugins.plugin_utils.certificates.certificate import Certificate, Terms, read, read_all, remaining, why_anew
from plugins.plugin_utils.certificates.issuing import (
    CLIENT,
    SERVER,
    accept_request,
    certificate_text,
    issue,
    key_text,
    make_authority,
    make_key,
    public_text,
)

from .fleet import NOW, days, request_of

TERMS = Terms(397, 30)
END = NOW + days(397)
NAMES = ["127.0.0.1", "::1", "docker-1", "localhost"]


class Authority:
    def __init__(self, valid=3650, now=NOW):
        self.key = make_key()
        self.certificate = Certificate(make_authority(self.key, valid, now))

    def issue(self, key, names=NAMES, purpose=SERVER, ends=END, now=NOW):
        return Certificate(
            issue(self.certificate.parsed, self.key, key.public_key(), "docker-1", names, purpose, ends, now)
        )


@pytest.fixture(scope="module")
def ca():
    return Authority()


@pytest.fixture(scope="module")
def key():
    return make_key()


def why(ca, key, text, names=NAMES, purpose=SERVER, terms=TERMS, now=NOW):
    public = public_text(key.public_key()) if key else None
    return why_anew(text, public, ca.certificate, purpose, names, terms, now)


def text_of(certificate):
    return certificate_text(certificate.parsed)


def test_a_good_one_stays(ca, key):
    assert why(ca, key, text_of(ca.issue(key))) == ""


def test_reasons(ca, key):
    good = text_of(ca.issue(key))
    assert why(ca, key, None) == "is missing"
    assert why(ca, key, b"\n") == "is missing"
    assert why(ca, key, good[:300]) == "is damaged"
    assert why(ca, key, good.replace(b"MII", b"MIX")) == "is damaged"
    assert why(ca, None, good) == "does not fit its key"
    assert why(ca, make_key(), good) == "does not fit its key"
    assert why(Authority(), key, good) == "the CA that issued it is not the current one"
    assert why(ca, key, good, purpose=CLIENT) == "is for another purpose"
    assert why(ca, key, good, names=["docker-1", "docker-2"]) == "names +docker-2 -127.0.0.1 -::1 -localhost"
    assert why(ca, key, good, now=NOW - days(1)) == "is not valid before 2026-12-01 11:50 UTC"
    assert why(ca, key, good, now=NOW + days(385)) == "expires in 12 days"
    assert why(ca, key, good, now=NOW + days(396.5)) == "expires in 12 hours"
    assert why(ca, key, good, now=NOW + days(400)) == "expired 3 days ago"


def test_one_of_a_ca_with_the_same_name_is_not_of_this_ca(ca, key):
    other = Authority()
    forged = issue(ca.certificate.parsed, other.key, key.public_key(), "docker-1", NAMES, SERVER, NOW + days(90), NOW)
    assert "not the current one" in why(ca, key, certificate_text(forged))


def test_a_renewal_that_would_gain_nothing_is_not_made(key):
    ca = Authority(valid=20)
    held = text_of(ca.issue(key, ends=ca.certificate.ends))
    assert why(ca, key, held) == ""
    assert why(ca, key, text_of(ca.issue(key, ends=NOW + days(10)))) == "expires in 10 days"


def test_the_boundary_of_renewal(ca, key):
    held = text_of(ca.issue(key, ends=NOW + days(30)))
    assert why(ca, key, held) == ""
    assert why(ca, key, held, now=NOW + days(0.001)) == "expires in 29 days"


def test_serial_numbers_are_random(ca, key):
    numbers = {ca.issue(key).parsed.serial_number for _ in range(5)}
    assert len(numbers) == 5
    assert min(number.bit_length() for number in numbers) > 100


def test_what_is_in_them(ca, key):
    root, server = ca.certificate.parsed, ca.issue(key).parsed
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert root.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert Certificate(server).names == sorted(NAMES)
    issuer = server.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert issuer == root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert Certificate(server).begins < NOW
    assert Certificate(root).made == NOW


def shake_hands(server_side, client_side, name):
    """Both ends in memory; raises what either of them raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server_side.wrap_bio(to_server, to_client, server_side=True),
        client_side.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    for _ in range(6):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()


@pytest.fixture
def sides(tmp_path):
    def make(client=True):
        now = datetime.now(timezone.utc)
        own = Authority(now=now)
        found = []
        for purpose, names in ((SERVER, NAMES), (CLIENT, ())):
            key = make_key()
            made = own.issue(key, names, purpose, now + days(1), now)
            base = tmp_path / ("server" if purpose == SERVER else "client")
            base.with_suffix(".key").write_bytes(key_text(key))
            base.with_suffix(".pem").write_bytes(text_of(made))
            protocol = ssl.PROTOCOL_TLS_SERVER if purpose == SERVER else ssl.PROTOCOL_TLS_CLIENT
            context = ssl.SSLContext(protocol)
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            context.verify_mode = ssl.CERT_REQUIRED
            context.maximum_version = ssl.TLSVersion.TLSv1_2  # the client's certificate is part of the handshake
            context.load_verify_locations(cadata=text_of(own.certificate).decode())
            if purpose == SERVER or client:
                context.load_cert_chain(base.with_suffix(".pem"), base.with_suffix(".key"))
            found.append(context)
        return found

    return make


@pytest.mark.parametrize("name", ["docker-1", "127.0.0.1", "::1", "localhost"])
def test_the_strictest_reader_accepts_them(sides, name):
    shake_hands(*sides(), name)


def test_another_name_and_no_certificate_are_refused(sides):
    with pytest.raises(ssl.SSLCertVerificationError, match="docker-2"):
        shake_hands(*sides(), "docker-2")
    with pytest.raises(ssl.SSLError, match=r"(?i)peer did not return a certificate"):
        shake_hands(*sides(client=False), "docker-1")


def test_a_request_gives_its_public_key_and_nothing_else(key):
    assert public_text(accept_request(request_of(key), "h")) == public_text(key.public_key())


def test_a_request_that_its_key_did_not_sign(key):
    text = request_of(key)
    body = bytearray(base64.b64decode("".join(text.splitlines()[1:-1])))
    body[-1] ^= 1
    broken = base64.b64encode(bytes(body)).decode()
    with pytest.raises(ProvisionError, match="host-1"):
        accept_request(f"-----BEGIN CERTIFICATE REQUEST-----\n{broken}\n-----END CERTIFICATE REQUEST-----\n", "host-1")
    with pytest.raises(ProvisionError, match="cannot be read"):
        accept_request("nothing", "host-1")


def test_a_bundle(ca):
    other = Authority()
    both = text_of(ca.certificate) + b"a comment\n" + text_of(other.certificate)
    assert [one.fingerprint for one in read_all(both)] == [ca.certificate.fingerprint, other.certificate.fingerprint]
    assert read_all(both.replace(b"MII", b"MIX", 1)) == []
    assert read(b"") is None


def test_time_in_words():
    assert remaining(NOW + days(12.9), NOW) == "expires in 12 days"
    assert remaining(NOW + days(1.5), NOW) == "expires in 36 hours"
    assert remaining(NOW - days(3), NOW) == "expired 3 days ago"
