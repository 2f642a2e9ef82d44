# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is declared to the rules of our two chains, as ``iptables-save`` writes them. Pure.

- STOWAGE-USER, called by DOCKER-USER: forwarded packets. They carry the container's port by then, so it is the
  connection's original port that is asked for, and only of connections that the engine has redirected: what containers
  send out themselves, or to each other, passes. What others send to a container's own address is no way around it.
- STOWAGE-INPUT, called by INPUT: what a process of the host takes in, which is docker-proxy (IPv6 where the container
  has none, neighbours on the same bridge) or a container on the host's own network.

Both only return or drop, so that the host's other rules stay in force for what they let pass.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import ProvisionError

USER = "STOWAGE-USER"
INPUT = "STOWAGE-INPUT"
PROTOCOLS = ("tcp", "udp", "sctp")
FAMILIES = (4, 6)
# Which chain calls which, in the order in which they are put in place: what is called has to be there first.
JUMPS = (("DOCKER-USER", USER), ("FORWARD", "DOCKER-USER"), ("INPUT", INPUT))

# What leaves a chain before what follows is asked. A program that takes packets from a queue may let them in as well.
_PASSES = ("ACCEPT", "QUEUE", "NFQUEUE")

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Chains = Dict[str, List[str]]

_DIRECT = "-m conntrack ! --ctstate DNAT"  # not redirected by the engine
_INTERFACE = re.compile(r"[^\s/!+]{1,15}\+?")
_KEYS = ("port", "protocol", "sources", "interface")


@dataclass(frozen=True)
class Bridges:
    """The bridges of an engine that lets in whoever sends packets to a container's own address.

    All but the ``default`` network's are named br- and a number, unless somebody named them. ``others`` are interfaces
    that are named alike, and may be anybody's.
    """

    families: Tuple[int, ...] = (4,)
    default: str = "docker0"
    others: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Who may come in by one port, or one range of them; nobody else may."""

    first: int
    last: int
    protocol: str
    sources: Tuple[Network, ...]  # none: anybody where an interface is named, else nobody
    interface: str

    @property
    def port(self) -> str:
        """The port as iptables writes it."""
        return str(self.first) if self.first == self.last else f"{self.first}:{self.last}"


def parse_rules(declared: Sequence[Mapping[str, Any]]) -> List[Rule]:
    """Read what is declared. Raises ProvisionError with the path of what makes no sense."""
    rules: List[Rule] = []
    for number, options in enumerate(declared):
        rule = _parse_rule(f"rules[{number}]", options)
        for other, former in enumerate(rules):
            _refuse_overlap(f"rules[{number}].port", rule, f"rules[{other}]", former)
        rules.append(rule)
    return rules


def render_chains(rules: Sequence[Rule], family: int, bridges: Optional[Bridges] = None) -> Chains:
    """Return the rules of our two chains for IPv4 or IPv6; {} where nothing is declared."""
    if not rules:
        return {}
    established = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
    past = _close_containers(bridges) if bridges and family in bridges.families else []
    user = [established, *past, f"{_DIRECT} -j RETURN"]
    taken = ["-i lo -j RETURN", established]
    for protocol, port in dict.fromkeys((rule.protocol, rule.port) for rule in rules):
        forwarded = f"-p {protocol} -m conntrack --ctorigdstport {port} --ctdir ORIGINAL"
        delivered = f"-p {protocol} -m {protocol} --dport {port}"
        for allowed in _allowed(rules, protocol, port, family):
            user.append(f"{allowed}{forwarded} -j RETURN")
            taken.append(f"{allowed}{delivered} -j RETURN")
        user.append(f"{forwarded} -j DROP")
        taken.append(f"{delivered} -j DROP")
    return {USER: user, INPUT: taken}


def in_place(caller: str, called: str, chains: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a chain calls another before it lets anything in unseen.

    An engine that finds containers running when it starts (live-restore) puts its rules in front of a DOCKER-USER that
    is there, and leaves it there; others put theirs in front of everything. What only drops may stand before ours.
    """
    known: Dict[str, bool] = {}
    for rule in chains.get(caller, ()):
        if rule == f"-j {called}":
            return True
        if _lets_in(rule, chains, known, "RETURN"):
            return False
    return False


def _lets_in(rule: str, chains: Mapping[str, Sequence[str]], known: Dict[str, bool], *passes: str) -> bool:
    """Tell whether a packet may get past the rest of a chain by this rule, or by a chain that it calls.

    ``known`` is what is known of chains: some hosts have thousands, called from many places.
    """
    words = shlex.split(rule)
    for option, target in zip(words, words[1:]):
        if option == "-g" or (option == "-j" and target in (*_PASSES, *passes)):
            return True
        if option == "-j":
            # RETURN in there comes back here.
            if target not in known:
                known[target] = any(_lets_in(inner, chains, known) for inner in chains.get(target, ()))
            return known[target]
    return False


def render_restore(chains: Chains) -> str:
    """Return the text for ``iptables-restore --noflush``: it replaces our chains at once, and nothing else."""
    lines = ["*filter", *(f":{chain} - [0:0]" for chain in chains)]
    lines += [f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules]
    return "\n".join([*lines, "COMMIT", ""])


def _close_containers(bridges: Bridges) -> List[str]:
    """Return the rules by which containers' own addresses are reached from the host and from containers alone."""
    # docker+ is docker_gwbridge as well: what a swarm sends there from its ports is redirected.
    own = ["docker+", "br-+"] + [bridges.default] * (not bridges.default.startswith("docker"))
    return [
        *(f"-i {name} {_DIRECT} -j RETURN" for name in own),
        *(f"-o {name} {_DIRECT} -j RETURN" for name in bridges.others),
        *(f"-o {name} -m conntrack --ctstate NEW {_DIRECT} -j DROP" for name in own),
    ]


def _allowed(rules: Sequence[Rule], protocol: str, port: str, family: int) -> Iterator[str]:
    """Yield the conditions under which a port is open, each once."""
    seen = set()
    for rule in rules:
        if (rule.protocol, rule.port) != (protocol, port):
            continue
        way = f"-i {rule.interface} " if rule.interface else ""
        sources = [f"-s {source} " for source in rule.sources if source.version == family]
        for condition in [f"{source}{way}" for source in sources] or [way] * (not rule.sources and bool(way)):
            # The whole of the internet is no condition to iptables, and it does not write one.
            text = condition.replace("-s 0.0.0.0/0 ", "").replace("-s ::/0 ", "")
            if text not in seen:
                seen.add(text)
                yield text


def _parse_rule(path: str, options: Mapping[str, Any]) -> Rule:
    unknown = sorted(set(options) - set(_KEYS))
    if unknown:
        raise ProvisionError(f"{path}.{unknown[0]} is not known: a rule has {', '.join(_KEYS)}")
    first, last = _parse_port(f"{path}.port", options.get("port"))
    protocol = str(options.get("protocol") or "tcp")
    if protocol not in PROTOCOLS:
        raise ProvisionError(f"{path}.protocol: {protocol} is none of {', '.join(PROTOCOLS)}")
    interface = str(options.get("interface") or "")
    if interface and not _INTERFACE.fullmatch(interface):
        raise ProvisionError(f"{path}.interface: {interface} is not the name of an interface")
    sources = options.get("sources") or []
    if isinstance(sources, str) or not isinstance(sources, Sequence):
        raise ProvisionError(f"{path}.sources: a list of addresses or networks is needed, as in [10.0.0.0/8]")
    networks = [_parse_source(f"{path}.sources[{number}]", source) for number, source in enumerate(sources)]
    return Rule(first, last, protocol, tuple(dict.fromkeys(networks)), interface)


def _parse_port(path: str, port: Any) -> Tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})(?:[-:](\d{1,5}))?", str(port).strip())
    if port is None or found is None:
        raise ProvisionError(f"{path}: {port!r} is not a port (8080) or a range of ports (8000-8010)")
    first = int(found[1])
    last = int(found[2] or first)
    if not 1 <= first <= last <= 65535:
        raise ProvisionError(f"{path}: {port} is out of range, ports are 1 to 65535, the lower one first")
    return first, last


def _parse_source(path: str, source: Any) -> Network:
    try:
        network = ipaddress.ip_network(str(source).strip())
    except ValueError as error:
        raise ProvisionError(
            f"{path}: {error}; an address or a network is needed, as in 10.0.0.0/8 or fd00::/8"
        ) from None
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None:
        # No packet carries such an address: programs write IPv4's that way.
        raise ProvisionError(f"{path}: {source} stands for an IPv4 address: write that, as in 192.0.2.1")
    return network


def _refuse_overlap(path: str, rule: Rule, other_path: str, other: Rule) -> None:
    same = (rule.first, rule.last) == (other.first, other.last)
    if same or rule.protocol != other.protocol or rule.last < other.first or other.last < rule.first:
        return
    raise ProvisionError(
        f"{path}: {rule.port} and the {other.port} of {other_path} share ports; declare ranges that are equal or apart"
    )
