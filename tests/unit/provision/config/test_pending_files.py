# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dockerd is asked to judge in a check, where certificates are still to come."""

from __future__ import annotations

import json

from provision.config.act import _without

TLS = {"tlsverify": True, "tlscacert": "/t/ca.pem", "tlscert": "/t/cert.pem", "tlskey": "/t/key.pem"}


def left(document, *missing):
    return json.loads(_without(json.dumps(document), set(missing)))


def test_what_names_a_missing_file_is_left_out():
    document = {"mtu": 1400, "seccomp-profile": "/t/profile.json"}
    assert left(document, "/t/profile.json") == {"mtu": 1400}
    assert left(document, "/t/another.json") == document


def test_a_port_is_not_judged_without_the_certificates_that_guard_it():
    document = {"mtu": 1400, "hosts": ["fd://", "tcp://0.0.0.0:2376"], **TLS}
    assert left(document, "/t/cert.pem") == {"mtu": 1400}
    assert left(document) == document
