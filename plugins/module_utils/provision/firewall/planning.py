# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps bring a host's firewall to what is declared. Pure: no host is touched here."""

from __future__ import annotations

from typing import Dict, List, Sequence

from ..errors import ProvisionError
from ..steps import Step
from .keeping import Text, keeper, wanted_files
from .observing import Found, same_rule
from .rules import FAMILIES, INPUT, JUMPS, USER, Chains, Rule, in_place, render_chains

OURS = (USER, INPUT)


def wanted_chains(rules: Sequence[Rule], found: Found) -> Dict[int, Chains]:
    """Return our chains of each family that the host has; of both where there is no telling yet."""
    families = [family for family in FAMILIES if not found.tools or family in found.live]
    return {family: render_chains(rules, family, found.bridges) for family in families} if rules else {}


def refuse_host(found: Found, rules: Sequence[Rule]) -> None:
    """Raise ProvisionError where rules of ours would close nothing."""
    if not rules:
        return
    if found.backend == "nftables":
        raise ProvisionError(
            "the engine filters by nftables (firewall-backend in daemon.json): it has no chain DOCKER-USER there, and "
            "rules of ours would close nothing. Take firewall-backend out, or close the ports by a table of your own."
        )
    if found.backend == "off":
        raise ProvisionError(
            "the engine is told to make no rules (iptables: false in daemon.json): published ports do not pass "
            "DOCKER-USER there. Take iptables: false out, or take the firewall's rules out of the declaration."
        )


def plan_firewall(rules: Sequence[Rule], found: Found) -> List[Step]:
    """Return what is to be done, in order."""
    return _plan_rules(wanted_chains(rules, found), found) if rules else _plan_removal(found)


def _plan_rules(chains: Dict[int, Chains], found: Found) -> List[Step]:
    steps = []
    files = wanted_files(chains, found.manager)
    for path, text in files.items():
        if found.files.get(path) != text:
            steps.append(Step("WriteFile", path, _difference(found.files.get(path), text)))
    steps += [Step("RemoveFile", path, "is of no use here") for path in found.files if path not in files]
    by = keeper(found.manager)
    if by and not found.kept:
        steps.append(Step("Enable", by, "brings the rules back after restarts"))
    for family, wanted in chains.items():
        live = found.live.get(family, {})
        for chain, lines in wanted.items():
            if chain not in live:
                steps.append(Step("FillChain", f"{chain} (IPv{family})", "is missing"))
            elif not same_rules(live[chain], lines):
                steps.append(Step("FillChain", f"{chain} (IPv{family})", _changes(live[chain], lines)))
        steps += [
            Step("AddJump", f"{caller} -> {called} (IPv{family})", _lack(called, live.get(caller, [])))
            for caller, called in JUMPS
            if not in_place(caller, called, live)
        ]
    return steps


def _plan_removal(found: Found) -> List[Step]:
    cause = "no rules are declared"
    steps = []
    for family, live in found.live.items():
        steps += [
            Step("RemoveJump", f"{caller} -> {called} (IPv{family})", cause)
            for caller, called in JUMPS
            if called in OURS and f"-j {called}" in live.get(caller, [])
        ]
        if forsaken(live) and any(chain in live for chain in OURS):
            steps.append(Step("RemoveJump", f"FORWARD -> DOCKER-USER (IPv{family})", "the engine has none there"))
        steps += [Step("RemoveChain", f"{chain} (IPv{family})", cause) for chain in OURS if chain in live]
    if found.files:
        by = keeper(found.manager)
        if by:
            steps.append(Step("Disable", by, cause))
        steps += [Step("RemoveFile", path, cause) for path in found.files]
    return steps


def forsaken(live: Chains) -> bool:
    """Tell whether DOCKER-USER is there for our rules alone: an engine that filters has a chain DOCKER as well."""
    others = [rule for rule in live.get("DOCKER-USER", []) if rule not in (f"-j {USER}", "-j RETURN")]
    return "DOCKER-USER" in live and "DOCKER" not in live and not others


def same_rules(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two chains hold the same rules in the same order."""
    return len(one) == len(other) and all(map(same_rule, one, other))


def render_state(chains: Dict[int, Chains]) -> str:
    """Return our chains as text, for the diff."""
    return "".join(
        f"{chain} (IPv{family})\n" + "".join(f"  {rule}\n" for rule in live[chain])
        for family, live in chains.items()
        for chain in OURS
        if chain in live
    )


def _lack(called: str, rules: Sequence[str]) -> str:
    return "comes after what lets packets in" if f"-j {called}" in rules else "is missing"


def _difference(had: object, text: Text) -> str:
    if not isinstance(had, Text):
        return "is missing"
    return "differs" if had.content != text.content else f"mode {had.mode:04o} -> {text.mode:04o}"


def _changes(had: Sequence[str], wanted: Sequence[str]) -> str:
    added = [rule for rule in wanted if not any(same_rule(rule, other) for other in had)]
    removed = [rule for rule in had if not any(same_rule(rule, other) for other in wanted)]
    counts = [
        f"{len(rules)} rule{'s' * (len(rules) > 1)} {word}"
        for rules, word in ((added, "added"), (removed, "removed"))
        if rules
    ]
    return ", ".join(counts) or "order of rules"
