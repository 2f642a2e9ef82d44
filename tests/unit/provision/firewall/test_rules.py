# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the firewall: what is declared, refused, and made of it for IPv4 and IPv6."""

from __future__ import annotations

import pytest

from provision.errors import ProvisionError
from provision.firewall.rules import INPUT, USER, Bridges, in_place, parse_rules, render_chains, render_restore

FORWARDED = "-m conntrack --ctorigdstport {port} --ctdir ORIGINAL"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{}], "rules[0].port: None is not a port"),
        ([{"port": 80}, {"port": 0}], "rules[1].port: 0 is out of range"),
        ([{"port": 65536}], "rules[0].port: 65536 is out of range"),
        ([{"port": "90-80"}], "rules[0].port: 90-80 is out of range"),
        ([{"port": "http"}], "rules[0].port: 'http' is not a port"),
        ([{"port": 80, "protocol": "icmp"}], "rules[0].protocol: icmp is none of tcp, udp, sctp"),
        ([{"port": 80, "sources": ["10.0.0.0/8", "10.0.0.1/8"]}], "rules[0].sources[1]: 10.0.0.1/8 has host bits set"),
        ([{"port": 80, "sources": ["office"]}], "rules[0].sources[0]: 'office' does not appear to be"),
        ([{"port": 80, "sources": ["10.0.0.0/33"]}], "rules[0].sources[0]: '10.0.0.0/33' does not appear to be"),
        (
            [{"port": 80, "sources": ["::ffff:192.0.2.1"]}],
            "rules[0].sources[0]: ::ffff:192.0.2.1 stands for an IPv4",
        ),
        ([{"port": 80, "sources": ["::ffff:0:0/96"]}], "rules[0].sources[0]: ::ffff:0:0/96 stands for an IPv4"),
        ([{"port": 80, "sources": "10.0.0.0/8"}], "rules[0].sources: a list"),
        ([{"port": 80, "interface": "eth0 -j ACCEPT"}], "rules[0].interface: eth0 -j ACCEPT is not the name"),
        ([{"port": 80, "source": []}], "rules[0].source is not known"),
        ([{"port": "80-90"}, {"port": 85}], "rules[1].port: 85 and the 80:90 of rules[0] share ports"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_path(rules, said):
    with pytest.raises(ProvisionError) as raised:
        parse_rules(rules)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize(
    ("rule", "family", "allowed"),
    [
        ({"sources": []}, 4, []),
        ({"sources": ["10.0.0.0/8", "192.0.2.1", "fd00::/8"]}, 4, ["-s 10.0.0.0/8 ", "-s 192.0.2.1/32 "]),
        ({"sources": ["10.0.0.0/8", "fd00:0::1"]}, 6, ["-s fd00::1/128 "]),
        ({"interface": "eth1"}, 4, ["-i eth1 "]),
        ({"interface": "wg+"}, 6, ["-i wg+ "]),
        ({"interface": "eth1", "sources": ["10.0.0.0/8"]}, 4, ["-s 10.0.0.0/8 -i eth1 "]),
        ({"interface": "eth1", "sources": ["10.0.0.0/8"]}, 6, []),
        ({"sources": ["0.0.0.0/0"]}, 4, [""]),
        ({"sources": ["::/0"]}, 6, [""]),
        ({"sources": ["10.0.0.0/8", "10.0.0.0/8"]}, 4, ["-s 10.0.0.0/8 "]),
    ],
)
def test_a_port_is_closed_but_for_those_who_are_named(rule, family, allowed):
    chains = render_chains(parse_rules([{"port": 8080, **rule}]), family)
    forwarded = "-p tcp " + FORWARDED.format(port=8080)
    assert chains[USER][2:] == [f"{who}{forwarded} -j RETURN" for who in allowed] + [f"{forwarded} -j DROP"]
    assert chains[INPUT][2:] == [f"{who}-p tcp -m tcp --dport 8080 -j RETURN" for who in allowed] + [
        "-p tcp -m tcp --dport 8080 -j DROP"
    ]


def test_established_connections_and_all_that_is_not_redirected_pass():
    chains = render_chains(parse_rules([{"port": 443}]), 4)
    assert chains[USER][:2] == [
        "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-m conntrack ! --ctstate DNAT -j RETURN",
    ]
    assert chains[INPUT][:2] == ["-i lo -j RETURN", "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"]


def test_a_containers_own_address_is_no_way_around_a_rule():
    rules = parse_rules([{"port": 443}])
    engine = Bridges(families=(4,), default="lab0", others=("br-lan",))
    past = render_chains(rules, 4, engine)[USER][1:-2]
    assert past == [
        "-i docker+ -m conntrack ! --ctstate DNAT -j RETURN",
        "-i br-+ -m conntrack ! --ctstate DNAT -j RETURN",
        "-i lab0 -m conntrack ! --ctstate DNAT -j RETURN",
        "-o br-lan -m conntrack ! --ctstate DNAT -j RETURN",
        "-o docker+ -m conntrack --ctstate NEW -m conntrack ! --ctstate DNAT -j DROP",
        "-o br-+ -m conntrack --ctstate NEW -m conntrack ! --ctstate DNAT -j DROP",
        "-o lab0 -m conntrack --ctstate NEW -m conntrack ! --ctstate DNAT -j DROP",
    ]
    assert render_chains(rules, 6, engine) == render_chains(rules, 6)
    assert len(render_chains(rules, 4, Bridges())[USER]) == len(render_chains(rules, 4)[USER]) + 4


FORWARD = ("FORWARD", "DOCKER-USER")
CHAINS = {
    "f2b-sshd": ["-s 192.0.2.1/32 -j REJECT --reject-with icmp-port-unreachable", "-j RETURN"],
    "DOCKER-ISOLATION-STAGE-1": ["-i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2", "-j RETURN"],
    "DOCKER-ISOLATION-STAGE-2": ["-o docker0 -j DROP", "-j RETURN"],
    "ts-input": ["-s 100.64.0.0/10 ! -i tailscale0 -j DROP", "-j ts-more"],
    "ts-more": ["-i tailscale0 -j ACCEPT"],
}


@pytest.mark.parametrize(
    ("jump", "before", "expected"),
    [
        (("INPUT", INPUT), [], True),
        (("INPUT", INPUT), ["-p tcp -m tcp --dport 8080 -j ACCEPT"], False),
        (("INPUT", INPUT), ["-p tcp -m multiport --dports 22 -j f2b-sshd"], True),
        (("INPUT", INPUT), ["-j ts-input"], False),
        (("INPUT", INPUT), ["-g f2b-sshd"], False),
        (("INPUT", INPUT), ["-j NFQUEUE --queue-num 1"], False),
        (("INPUT", INPUT), ["", '-m comment --comment "not -j ACCEPT" -j LOG', "-s 192.0.2.0/24 -j DROP"], True),
        (("DOCKER-USER", USER), ["-i eth0 -j ACCEPT"], False),
        (("DOCKER-USER", USER), ["-i tun0 -j RETURN"], False),
        (("DOCKER-USER", USER), ["-s 192.0.2.0/24 -j DROP"], True),
        (FORWARD, ["-j DOCKER-ISOLATION-STAGE-1"], True),
        (FORWARD, ["-j ts-input"], False),
        (FORWARD, ["-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"], False),
    ],
)
def test_nothing_may_let_packets_in_before_a_jump(jump, before, expected):
    caller, called = jump
    assert in_place(caller, called, {**CHAINS, caller: [*before, f"-j {called}"]}) is expected
    assert not in_place(caller, called, {**CHAINS, caller: before})


def test_rules_of_one_port_add_up_and_are_closed_by_one_drop():
    rules = parse_rules(
        [{"port": 80, "sources": ["10.0.0.0/8"]}, {"port": 53, "protocol": "udp"}, {"port": 80, "interface": "eth1"}]
    )
    assert [rule.rpartition(" -j ")[2] for rule in render_chains(rules, 4)[USER][2:]] == [
        *("RETURN", "RETURN", "DROP"),
        "DROP",
    ]
    assert "-p udp" in render_chains(rules, 4)[USER][-1]


def test_no_rules_are_no_chains():
    assert render_chains([], 4) == {}


def test_ranges_are_written_as_iptables_has_them():
    assert FORWARDED.format(port="8000:8010") in render_chains(parse_rules([{"port": "8000-8010"}]), 4)[USER][-1]


def test_the_text_replaces_our_chains_and_no_others():
    text = render_restore(render_chains(parse_rules([{"port": 80}]), 4))
    assert text.splitlines()[:3] == ["*filter", f":{USER} - [0:0]", f":{INPUT} - [0:0]"]
    assert {line.split()[1] for line in text.splitlines() if line.startswith("-A")} == {USER, INPUT}
    assert text.endswith("COMMIT\n")


def test_many_chains_that_call_each_other_take_no_time():
    many = {f"C{number}": [f"-j C{number + 1}"] * 2 for number in range(60)}
    assert in_place("FORWARD", USER, {**many, "FORWARD": ["-j C0", f"-j {USER}"]})
