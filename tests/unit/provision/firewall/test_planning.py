# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is on a host to the steps of the firewall, as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provision.errors import ProvisionError
from provision.firewall.keeping import DROP_IN, INIT_SCRIPT, RULES, SCRIPT, UNIT_PATH, Text, wanted_files
from provision.firewall.observing import Found
from provision.firewall.planning import plan_firewall, refuse_host, render_state, wanted_chains
from provision.firewall.rules import INPUT, USER, Bridges, parse_rules
from provision.system import DIRECT, SYSTEMD, SYSV

DECLARED = parse_rules([{"port": 8080, "sources": ["10.0.0.0/8"]}])
ENGINE = {"INPUT": [], "FORWARD": ["-j DOCKER-USER"], "DOCKER-USER": ["-j RETURN"], "DOCKER": []}


def bare(manager=SYSTEMD, live=None):
    """A host with an engine, and nothing of ours."""
    chains = {4: dict(ENGINE), 6: {"INPUT": [], "FORWARD": []}} if live is None else live
    return Found(manager, chains, {}, kept=False, backend="iptables", tools=True)


def standing(found, rules=DECLARED):
    """The same host with all of it in place."""
    chains = wanted_chains(rules, found)
    live = {}
    for family, had in found.live.items():
        user = [f"-j {USER}", *had.get("DOCKER-USER", [])]
        forward = list(dict.fromkeys(["-j DOCKER-USER", *had["FORWARD"]]))
        jumps = {"INPUT": [f"-j {INPUT}", *had["INPUT"]], "FORWARD": forward, "DOCKER-USER": user}
        live[family] = {**had, **jumps, **chains[family]}
    files = {path: Text(text.content, text.mode) for path, text in wanted_files(chains, found.manager).items()}
    return replace(found, live=live, files=files, kept=True)


def steps(rules, found):
    return [str(step) for step in plan_firewall(rules, found)]


def test_everything_is_set_up():
    assert steps(DECLARED, bare()) == [
        f"WriteFile {RULES[4]} (is missing)",
        f"WriteFile {RULES[6]} (is missing)",
        f"WriteFile {SCRIPT} (is missing)",
        f"WriteFile {UNIT_PATH} (is missing)",
        f"WriteFile {DROP_IN} (is missing)",
        "Enable stowage-firewall.service (brings the rules back after restarts)",
        "FillChain STOWAGE-USER (IPv4) (is missing)",
        "FillChain STOWAGE-INPUT (IPv4) (is missing)",
        "AddJump DOCKER-USER -> STOWAGE-USER (IPv4) (is missing)",
        "AddJump INPUT -> STOWAGE-INPUT (IPv4) (is missing)",
        "FillChain STOWAGE-USER (IPv6) (is missing)",
        "FillChain STOWAGE-INPUT (IPv6) (is missing)",
        "AddJump DOCKER-USER -> STOWAGE-USER (IPv6) (is missing)",
        "AddJump FORWARD -> DOCKER-USER (IPv6) (is missing)",
        "AddJump INPUT -> STOWAGE-INPUT (IPv6) (is missing)",
    ]


@pytest.mark.parametrize("manager", [SYSTEMD, SYSV, DIRECT])
def test_what_is_in_place_is_left_alone(manager):
    assert steps(DECLARED, standing(bare(manager))) == []


@pytest.mark.parametrize(
    ("manager", "expected"),
    [(SYSV, [INIT_SCRIPT, f"Enable {INIT_SCRIPT}"]), (DIRECT, [SCRIPT])],
)
def test_other_service_managers_have_other_files(manager, expected):
    text = "\n".join(steps(DECLARED, bare(manager)))
    assert all(word in text for word in expected)
    assert UNIT_PATH not in text


def test_a_host_without_ipv6_gets_no_rules_for_it():
    assert not any("6" in step.split(" (")[-2:][0] for step in steps(DECLARED, bare(live={4: dict(ENGINE)})))


def test_an_empty_host_is_planned_for_in_both_families():
    nothing = Found(SYSTEMD, {}, {}, kept=False, backend="iptables", tools=False)
    assert "FillChain STOWAGE-USER (IPv6) (is missing)" in steps(DECLARED, nothing)


def flushed(found, *chains):
    live = {family: {**had, **{chain: [] for chain in chains}} for family, had in found.live.items()}
    return Found(found.manager, live, found.files, found.kept, found.backend, found.tools)


def test_flushed_rules_are_seen():
    found = flushed(standing(bare(live={4: dict(ENGINE)})), "INPUT", "FORWARD", "DOCKER-USER", USER)
    assert steps(DECLARED, found) == [
        "FillChain STOWAGE-USER (IPv4) (4 rules added)",
        "AddJump DOCKER-USER -> STOWAGE-USER (IPv4) (is missing)",
        "AddJump FORWARD -> DOCKER-USER (IPv4) (is missing)",
        "AddJump INPUT -> STOWAGE-INPUT (IPv4) (is missing)",
    ]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda rules: [*rules[:2], "-j ACCEPT", *rules[2:]], "1 rule removed"),
        (lambda rules: rules[:-1], "1 rule added"),
        (lambda rules: rules[:-2] + rules[:-3:-1], "order of rules"),
    ],
)
def test_rules_that_were_changed_by_hand_are_seen(change, cause):
    found = standing(bare(live={4: dict(ENGINE)}))
    found.live[4][USER] = change(found.live[4][USER])
    assert steps(DECLARED, found) == [f"FillChain STOWAGE-USER (IPv4) ({cause})"]


def test_a_version_that_writes_conditions_in_another_order_is_no_difference():
    found = standing(bare(live={4: dict(ENGINE)}))
    found.live[4][USER] = [
        rule.replace("--ctorigdstport 8080 --ctdir ORIGINAL", "--ctdir ORIGINAL --ctorigdstport 8080").replace(
            "RELATED,ESTABLISHED", "ESTABLISHED,RELATED"
        )
        for rule in found.live[4][USER]
    ]
    assert steps(DECLARED, found) == []


def test_a_file_that_was_changed_is_written_again():
    found = standing(bare(live={4: dict(ENGINE)}))
    found.files[SCRIPT] = Text("#!/bin/sh\n", 0o755)
    found.files[RULES[4]] = Text(found.files[RULES[4]].content, 0o600)
    assert steps(DECLARED, found) == [
        f"WriteFile {RULES[4]} (mode 0600 -> 0644)",
        f"WriteFile {SCRIPT} (differs)",
    ]


@pytest.mark.parametrize(
    ("forward", "late"),
    [
        (["-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-j DOCKER-USER"], True),
        (["-j DOCKER-FORWARD", "-j DOCKER-USER"], True),
        (["-j ts-forward", "-j DOCKER-USER"], True),
        (["-j ufw-before-forward", "-i wg0 -j DROP", "-j DOCKER-USER", "-j DOCKER-FORWARD"], False),
    ],
)
def test_a_jump_that_comes_too_late_is_seen(forward, late):
    others = {"DOCKER-FORWARD": ["-i docker0 -j ACCEPT"], "ts-forward": ["-o tailscale0 -j ACCEPT"]}
    found = standing(bare(live={4: {**ENGINE, **others}}))
    found.live[4]["FORWARD"] = forward
    expected = ["AddJump FORWARD -> DOCKER-USER (IPv4) (comes after what lets packets in)"]
    assert steps(DECLARED, found) == expected * late


def test_what_was_put_in_front_of_ours_is_seen():
    found = standing(bare(live={4: dict(ENGINE)}))
    found.live[4]["INPUT"].insert(0, "-p tcp -m tcp --dport 8080 -j ACCEPT")
    found.live[4]["DOCKER-USER"].insert(0, "-i eth0 -j ACCEPT")
    assert steps(DECLARED, found) == [
        "AddJump DOCKER-USER -> STOWAGE-USER (IPv4) (comes after what lets packets in)",
        "AddJump INPUT -> STOWAGE-INPUT (IPv4) (comes after what lets packets in)",
    ]


def test_an_engine_that_lets_packets_past_its_ports_gets_more_rules():
    old = replace(bare(), bridges=Bridges())
    assert steps(DECLARED, standing(old)) == []
    assert steps(DECLARED, replace(standing(old), bridges=None)) == [
        f"WriteFile {RULES[4]} (differs)",
        "FillChain STOWAGE-USER (IPv4) (4 rules removed)",
    ]


def test_an_empty_list_takes_ours_back_and_leaves_the_engines():
    assert steps([], standing(bare())) == [
        "RemoveJump DOCKER-USER -> STOWAGE-USER (IPv4) (no rules are declared)",
        "RemoveJump INPUT -> STOWAGE-INPUT (IPv4) (no rules are declared)",
        "RemoveChain STOWAGE-USER (IPv4) (no rules are declared)",
        "RemoveChain STOWAGE-INPUT (IPv4) (no rules are declared)",
        "RemoveJump DOCKER-USER -> STOWAGE-USER (IPv6) (no rules are declared)",
        "RemoveJump INPUT -> STOWAGE-INPUT (IPv6) (no rules are declared)",
        "RemoveJump FORWARD -> DOCKER-USER (IPv6) (the engine has none there)",
        "RemoveChain STOWAGE-USER (IPv6) (no rules are declared)",
        "RemoveChain STOWAGE-INPUT (IPv6) (no rules are declared)",
        "Disable stowage-firewall.service (no rules are declared)",
        f"RemoveFile {RULES[4]} (no rules are declared)",
        f"RemoveFile {RULES[6]} (no rules are declared)",
        f"RemoveFile {SCRIPT} (no rules are declared)",
        f"RemoveFile {UNIT_PATH} (no rules are declared)",
        f"RemoveFile {DROP_IN} (no rules are declared)",
    ]


def test_an_empty_list_on_a_host_without_anything_of_ours_is_nothing_to_do():
    assert steps([], bare()) == []


@pytest.mark.parametrize(("backend", "said"), [("nftables", "firewall-backend"), ("off", "iptables: false")])
def test_engines_that_do_not_pass_docker_user_are_refused(backend, said):
    found = Found(SYSTEMD, {}, {}, kept=False, backend=backend, tools=True)
    with pytest.raises(ProvisionError, match=said):
        refuse_host(found, DECLARED)
    refuse_host(found, [])


def test_the_state_is_told_by_chain_and_family():
    text = render_state(wanted_chains(DECLARED, bare()))
    assert text.startswith("STOWAGE-USER (IPv4)\n  -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN\n")
    assert text.count("(IPv6)\n") == 2
