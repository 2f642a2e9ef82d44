# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of servers and clients, and the moment before which a CA is too old."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from plugins.module_utils.provision.errors import ProvisionError
from plugins.plugin_utils.certificates.moments import parse_moment
from plugins.plugin_utils.certificates.names import ALWAYS, check_client, server_names


@pytest.mark.parametrize(
    ("known", "more", "found"),
    [
        (["docker-1"], [], ["docker-1"]),
        (["Docker-1.Example.COM.", "192.0.2.7"], [], ["192.0.2.7", "docker-1.example.com"]),
        (["web_1", "2001:DB8:0:0::1"], [], ["2001:db8::1", "web_1"]),
        (["an alias of mine", "", "fe80::1%eth0"], [], []),
        (["h"], ["*.example.com", "[2001:db8::2]"], ["*.example.com", "2001:db8::2", "h"]),
        (["h"], ["bücher.example"], ["h", "xn--bcher-kva.example"]),
        (["h"], ["h", "H"], ["h"]),
    ],
)
def test_names(known, more, found):
    assert server_names(known, more) == sorted({*ALWAYS, *found})


@pytest.mark.parametrize("name", ["a b", "", "-x", "a..b", "tcp://h", "h:2376", "*.*.x", "x" * 64, "/etc"])
def test_what_cannot_be_a_name(name):
    with pytest.raises(ProvisionError, match="neither a host name nor an address"):
        server_names([], [name])
    assert server_names([name], []) == sorted(ALWAYS)


@pytest.mark.parametrize("name", ["admin", "ci-2", "a.b@example.com", "_x"])
def test_clients(name):
    check_client(name)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a b", "-x", "x" * 65, "a\n"])
def test_what_cannot_be_a_client(name):
    with pytest.raises(ProvisionError, match="cannot be the name of a client"):
        check_client(name)


NOW = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        (" ", None),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=timezone.utc)),
        ("2026-11-30 14:00", datetime(2026, 11, 30, 14, tzinfo=timezone.utc)),
        ("2026-12-01T13:00:00+02:00", datetime(2026, 12, 1, 11, tzinfo=timezone.utc)),
    ],
)
def test_moments(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "told"), [("True", "has to be a date"), ("yes", "has to be a date"), ("2027-01-01", "lies ahead")]
)
def test_what_is_no_moment(text, told):
    with pytest.raises(ProvisionError, match=told):
        parse_moment(text, NOW)
