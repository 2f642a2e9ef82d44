# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that keep published ports open, as the texts of iptables-save and iptables-restore."""

import pytest

from provision.commands import Done
from provision.published import copied, lifting, ports_kept

SAVED = """
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-USER -s 10.0.0.0/8 -j ACCEPT
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80
COMMIT
"""


def test_copies():
    assert copied("iptables", SAVED) == (
        "*nat\n:STOWAGE-KEEP - [0:0]\n"
        "-A STOWAGE-KEEP ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80\n"
        "-A PREROUTING -m addrtype --dst-type LOCAL -j STOWAGE-KEEP\n"
        "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j STOWAGE-KEEP\n"
        "COMMIT\n"
        "*filter\n:STOWAGE-KEEP - [0:0]\n"
        "-A STOWAGE-KEEP -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT\n"
        "-A FORWARD -j STOWAGE-KEEP\n"
        "COMMIT\n"
    )


@pytest.mark.parametrize("saved", ["", "*nat\n-A DOCKER -i docker0 -j RETURN\nCOMMIT\n"])
def test_nothing_published_nothing_copied(saved):
    assert copied("ip6tables", saved) is None


class Firewall:
    """Answers as iptables would; keeps what it was told."""

    def __init__(self, saved):
        self.saved = saved
        self.told = []

    def find(self, program):
        return program if program.startswith("iptables") else None

    def run(self, *argv, text=None, timeout=None):
        self.told.append((argv, text))
        return Done(0, self.saved, self.saved)


def test_they_are_laid_and_lifted():
    firewall = Firewall(SAVED)
    with ports_kept(firewall, 60):
        (restore, text) = firewall.told[-1]
        assert restore == ("iptables-restore", "--noflush", "--wait")
        assert text == copied("iptables", SAVED)
        firewall.told.clear()
    assert [list(argv) for argv, _text in firewall.told] == lifting("iptables")


def test_a_host_without_published_ports_is_left_alone():
    firewall = Firewall("")
    with ports_kept(firewall, 60):
        pass
    assert [argv for argv, _text in firewall.told] == [("iptables-save",)]
