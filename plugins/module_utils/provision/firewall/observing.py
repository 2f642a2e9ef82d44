# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the firewall is on the host: live chains, files, whether the engine works by iptables. Decides nothing."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..commands import Commands
from ..dockerd import Dockerd, observe_dockerd
from ..errors import ProvisionError
from ..files import Files
from ..service import Service
from ..system import SYSTEMD, SYSV, observe_manager
from .keeping import PATHS, TOOLS, UNIT, Text
from .rules import Bridges

# Engines: since when they drop what is sent to a container's own address, and filter IPv6 unless told otherwise.
_CLOSED_SINCE = 28
_IP6TABLES_SINCE = 27
_OWN = re.compile("br-[0-9a-f]{12}")


@dataclass(frozen=True)
class Found:
    """One host, as far as our rules go."""

    manager: str
    live: Dict[int, Dict[str, List[str]]]  # chains of the table filter by family; a family that is not there is missing
    files: Dict[str, Text]  # those of ours that are there
    kept: bool  # what brings the rules back is enabled, and has run
    backend: str  # iptables, nftables, or "off" where the engine makes no rules
    tools: bool  # iptables is installed
    bridges: Optional[Bridges] = None  # where the engine lets in what is sent to a container's own address


def observe_firewall(files: Files, commands: Commands, config: Optional[Mapping[str, Any]] = None) -> Found:
    """Look at this host. Raises ProvisionError where iptables is there and cannot read its rules.

    ``config`` are keys of daemon.json that the engine is still to be told, None those that it is to lose.
    """
    manager = observe_manager(files)
    told = observe_dockerd(files)
    settings = {**told.settings, **(config or {})}
    dockerd = Dockerd(told.options, {key: value for key, value in settings.items() if value is not None})
    tools = commands.find(f"{TOOLS[4]}-save") is not None
    live = {}
    for family, tool in TOOLS.items():
        if tools and (family == 4 or files.standing("/proc/sys/net/ipv6")) and commands.find(f"{tool}-save"):
            live[family] = _observe_chains(commands, tool)
    return Found(
        manager,
        live,
        _observe_files(files),
        _observe_keeper(files, commands, manager),
        _backend(dockerd),
        tools,
        _observe_bridges(files, commands, dockerd),
    )


def parse_chains(text: str) -> Dict[str, List[str]]:
    """Return the rules of each chain in the output of ``iptables-save -t filter``."""
    chains: Dict[str, List[str]] = {}
    for line in text.splitlines():
        if line.startswith(":"):
            chains[line[1:].split()[0]] = []
        elif line.startswith("-A "):
            chain, _space, rule = line[3:].partition(" ")
            chains.setdefault(chain, []).append(rule)  # "" where it does nothing but count
    return chains


def same_rule(one: str, other: str) -> bool:
    """Tell whether two rules are the same. Versions of iptables differ in the order in which they write conditions."""
    return _words(one) == _words(other)


def _words(rule: str) -> Tuple[str, ...]:
    # A negation belongs to what follows it, a value to its option.
    words = shlex.split(rule.replace("! --", "!--").replace("ESTABLISHED,RELATED", "RELATED,ESTABLISHED"))
    pairs: List[str] = []
    for word in words:
        if word.startswith(("-", "!-")) or not pairs:
            pairs.append(word)
        else:
            pairs[-1] += f" {word}"
    return tuple(sorted(pairs))


def _observe_chains(commands: Commands, tool: str) -> Dict[str, List[str]]:
    done = commands.run(f"{tool}-save", "-t", "filter", timeout=30)
    if done.code:
        raise ProvisionError(f"{tool}-save cannot read the rules of this host: {done.output.strip()}")
    return parse_chains(done.said)


def _observe_bridges(files: Files, commands: Commands, dockerd: Dockerd) -> Optional[Bridges]:
    version = Service(files=files, commands=commands).installed_version().partition(".")[0]
    major = int(version) if version.isdigit() else 0
    if major >= _CLOSED_SINCE:
        return None
    families = (4, 6) if dockerd.is_on("ip6tables", major >= _IP6TABLES_SINCE) else (4,)
    others = sorted(
        name for name in files.list("/sys/class/net") if name.startswith("br-") and not _OWN.fullmatch(name)
    )
    return Bridges(families, str(dockerd.told("bridge") or Bridges.default), tuple(others))


def _observe_files(files: Files) -> Dict[str, Text]:
    found = {}
    for path in PATHS:
        standing = files.standing(path)
        if standing is not None:
            found[path] = Text(files.read(path) or "", standing.mode)
    return found


def _observe_keeper(files: Files, commands: Commands, manager: str) -> bool:
    if manager == SYSTEMD:
        done = commands.run("systemctl", "show", "-p", "ActiveState,UnitFileState", UNIT)
        state = dict(line.partition("=")[::2] for line in done.said.splitlines())
        return (state.get("ActiveState"), state.get("UnitFileState")) == ("active", "enabled")
    if manager == SYSV:
        return any(name.endswith("stowage-firewall") for name in files.list("/etc/rc2.d"))
    return True


def _backend(dockerd: Dockerd) -> str:
    """Tell how the engine filters, from what it was told: it may not run yet."""
    if not dockerd.is_on("iptables", True):
        return "off"
    return str(dockerd.told("firewall-backend", "") or "iptables")
