# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP keys: whose they are, and their armor. The keys and their fingerprints are gpg's."""

from __future__ import annotations

import base64

import pytest

from provision.errors import ProvisionError
from provision.packages.keys import armored, fingerprints, see_that_it_is

ONE_IS = "E3D00735062C84677FCC636FF0357B18ADB851D3"
ONE = """\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaw3xzxYJKwYBBAHaRw8BAQdAkLKH6sLYg7+ngF6105U0rJdK1NquydfQM8+d
w4fck920FW9uZSA8b25lQGV4YW1wbGUubmV0PoiQBBMWCAA4FiEE49AHNQYshGd/
zGNv8DV7GK24UdMFAmsN8c8CGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
8DV7GK24UdPnhQD/XOHXJnqO0PyzSOs8Ndxw2rlGQShZDzOa42OhvclTyWABAIXj
mVfP7FhXGDA9Mfm1iAML87hwwm1wMpOxJA4MoJsL
=GpDU
-----END PGP PUBLIC KEY BLOCK-----
"""
TWO_IS = "327829D70BCD13D1910DA44AFEE627FEFA3FF105"
TWO = """\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaw3xzxYJKwYBBAHaRw8BAQdAX0+5GTC3S9sPlGMo0HOTaOvE4Hb7LNdPRjuf
FMuKwpC0FXR3byA8dHdvQGV4YW1wbGUubmV0PoiQBBMWCAA4FiEEMngp1wvNE9GR
DaRK/uYn/vo/8QUFAmsN8c8CGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
/uYn/vo/8QVlgQEAsIcG+21O4BPjV9+n8EcnVbKK6K4OEwEGc1P79RV/+p4BAMRy
NbWl2Va4f1j5bwGwFrq+pZzRWb/uiNy6DjYQ9wwN
=LS4c
-----END PGP PUBLIC KEY BLOCK-----
"""
BINARY = base64.b64decode("".join(ONE.split("\n\n")[1].split("\n=", maxsplit=1)[0].split("\n")))


def test_whose_a_key_is():
    assert fingerprints(ONE) == [ONE_IS]
    assert fingerprints(ONE + TWO) == [ONE_IS, TWO_IS]


def test_lines_of_the_armor_before_the_key():
    assert fingerprints(ONE.replace("BLOCK-----\n\n", "BLOCK-----\nVersion: 1\nComment: x=y\n\n", 1)) == [ONE_IS]


def test_a_binary_key_becomes_the_armor_that_gpg_makes():
    assert armored(BINARY) == ONE
    assert armored(ONE.encode()) == armored(ONE) == ONE
    assert armored(ONE.replace("\n", "\r\n")) == ONE


def test_packets_with_lengths_of_the_new_format():
    body = BINARY[2 : 2 + BINARY[1]]  # the first packet, a public key in the old format
    for head in (bytes([0xC6, len(body)]), bytes([0xC6, 0xFF, 0, 0, 0, len(body)])):
        assert fingerprints(armored(head + body)) == [ONE_IS]


@pytest.mark.parametrize(
    "allowed",
    [[ONE_IS], [ONE_IS.lower()], ["E3D0 0735 062C 8467 7FCC  636F F035 7B18 ADB8 51D3"], [TWO_IS, ONE_IS], []],
)
def test_a_key_that_was_named(allowed):
    see_that_it_is(ONE, allowed, "here")


@pytest.mark.parametrize(("text", "allowed"), [(ONE, [TWO_IS]), (ONE + TWO, [ONE_IS]), (ONE, [ONE_IS[-16:]])])
def test_a_key_that_was_not(text, allowed):
    with pytest.raises(ProvisionError, match=r"the key of here does not fit.*engine_repository_fingerprint"):
        see_that_it_is(text, allowed, "here")


@pytest.mark.parametrize(
    "text",
    ["", "<html>not found</html>", ONE.replace("mDME", "mD!E"), ONE.replace("mDME", "iDME"), ONE[:60] + ONE[-36:]],
)
def test_what_is_no_key(text):
    with pytest.raises(ProvisionError, match="key"):
        fingerprints(text)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x00\x01", b"\x99"])
def test_what_is_no_binary_key(content):
    with pytest.raises(ProvisionError, match="no OpenPGP public key"):
        armored(content)


def test_a_key_of_another_version():
    body = b"\6" + BINARY[3 : 2 + BINARY[1]]
    with pytest.raises(ProvisionError, match="version"):
        fingerprints(armored(bytes([0xC6, len(body)]) + body))
