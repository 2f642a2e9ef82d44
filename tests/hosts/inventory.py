# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders test hosts as an Ansible inventory. Pure; reads nothing but the hosts it is given."""

from __future__ import annotations

import json
from collections.abc import Iterable

from .host import Host


def render(hosts: Iterable[Host]) -> str:
    """Return the inventory as YAML.

    Groups: ``engine`` and ``bare``, and one per flavour (``flavour_trixie_bare``).
    """
    hosts = list(hosts)
    lines = ["all:", "  hosts:" if hosts else "  hosts: {}"]
    groups: dict[str, list[str]] = {}
    for host in hosts:
        lines.append(f"    {host.name}:")
        # Scalars of JSON are scalars of YAML.
        lines += [f"      {key}: {json.dumps(value)}" for key, value in host.inventory_vars().items()]
        groups.setdefault("engine" if host.has_engine else "bare", []).append(host.name)
        groups.setdefault(f"flavour_{host.flavour.replace('-', '_')}", []).append(host.name)
    if groups:
        lines.append("  children:")
    for group, names in sorted(groups.items()):
        lines += [f"    {group}:", "      hosts:", *(f"        {name}: {{}}" for name in names)]
    return "\n".join(lines) + "\n"
