#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says who may reach published ports; the work is done by module_utils/provision/firewall."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_firewall
short_description: Say who may reach the ports that containers publish
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - A port that a container publishes is open to everybody who reaches the host, whatever the host's own firewall
    says, as the engine redirects packets before they get there. This module closes the ports that are named, but for
    those who may.
  - The rules are in chains of their own, called by the chain C(DOCKER-USER), which the engine keeps for this, and by
    C(INPUT), where a published port is served by a process of the host. Both are called before anything that lets
    packets in. All other rules are left alone.
  - With engines before 28, which let in what other hosts send to a container's own address, past its published ports,
    that is dropped as well, by IPv4 and where the engine filters IPv6. Newer ones do so themselves.
  - What containers send out themselves, or to each other on their networks, is never touched. Connections that are
    established stay.
  - The rules are kept over restarts of the host, the engine and the firewall. Rules that somebody flushed are seen as
    a difference and put back.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  rules:
    description:
      - The ports, and who may reach them. Several rules for one port add up.
      - An empty list takes everything back that the module has set.
    type: list
    elements: dict
    required: true
    suboptions:
      port:
        description: The port on the host, V(8080), or a range of them, V(8000-8010).
        type: str
        required: true
      protocol:
        description: The protocol.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      sources:
        description:
          - Addresses and networks, IPv4 and IPv6, that may reach the port. Empty means anybody who comes in by
            O(rules[].interface), and nobody where that is empty as well.
        type: list
        elements: str
        default: []
      interface:
        description: The interface that they have to come in by, V(eth1), or V(wg+) for all whose names begin so.
        type: str
        default: ""
  config:
    description:
      - Keys of C(daemon.json) that the engine is still to be told, so that a check of them all knows of it; V(null) for
        one that is to go.
    type: dict
    default: {}
notes:
  - Needs an engine that makes its rules by C(iptables), which is what engines do unless they are told otherwise.
  - Under systemd and with init scripts the rules come back after a boot. On a host without either they are set, and
    have to be set again after it was restarted.
"""

EXAMPLES = r"""
- name: Let the office and the monitoring in, and nobody else
  stowage.docker.engine_firewall:
    rules:
      - port: 8080
        sources: [192.0.2.0/24, "2001:db8:1::/48"]
      - port: 9323
        sources: [198.51.100.7]

- name: A port that is only for the private network, and one that is closed to all other hosts
  stowage.docker.engine_firewall:
    rules:
      - port: 5432
        interface: eth1
      - port: 53
        protocol: udp

- name: Take all rules back
  stowage.docker.engine_firewall:
    rules: []
"""

RETURN = r"""
plan:
  description: What was done, or would be done in check mode.
  returned: always
  type: list
  elements: str
  sample: ["FillChain STOWAGE-USER (IPv4) (2 rules added)"]
kept_by:
  description: What brings the rules back after restarts; V(none) on hosts without systemd and init scripts.
  returned: always
  type: str
  sample: stowage-firewall.service
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.firewall.acting import (
    remember,
    remove_rules,
    set_rules,
)
from ansible_collections.stowage.docker.plugins.module_utils.provision.firewall.keeping import keeper
from ansible_collections.stowage.docker.plugins.module_utils.provision.firewall.observing import observe_firewall
from ansible_collections.stowage.docker.plugins.module_utils.provision.firewall.planning import (
    plan_firewall,
    refuse_host,
    render_state,
    wanted_chains,
)
from ansible_collections.stowage.docker.plugins.module_utils.provision.firewall.rules import parse_rules
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Bring the rules to what is declared, or only tell what would be done."""
    files, commands = Files(), Commands()
    rules = parse_rules(options["rules"])
    found = observe_firewall(files, commands, options["config"])
    refuse_host(found, rules)
    plan = plan_firewall(rules, found)
    chains = wanted_chains(rules, found)
    if not check:
        if plan and rules:
            set_rules(chains, found, files, commands)
        elif plan:
            remove_rules(found, files, commands)
        remember(chains, found, files)
    by = keeper(found.manager)
    warnings = ["this host has no service manager: the rules have to be set again after it was restarted"]
    return Outcome(
        plan=plan,
        before=render_state(found.live),
        after=render_state(chains),
        facts={"kept_by": by or "none"},
        warnings=warnings if rules and not by else [],
    )


def main() -> None:
    rule = {
        "port": {"type": "str", "required": True},
        "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"], "default": "tcp"},
        "sources": {"type": "list", "elements": "str", "default": []},
        "interface": {"type": "str", "default": ""},
    }
    module = AnsibleModule(
        argument_spec={
            "rules": {"type": "list", "elements": "dict", "required": True, "options": rule},
            "config": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
