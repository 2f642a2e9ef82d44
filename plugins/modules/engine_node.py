#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drains and returns a swarm's node; the work is done by module_utils/provision/nodes.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_node
short_description: Take the work from a node of a swarm, and give it work again
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Sets a node's availability, and waits until nothing of the swarm runs there any more (V(drain)), or until the
    managers hear of it (V(active)).
  - Runs on one of the swarm's managers, usually by C(delegate_to). The playbook
    C(stowage.docker.upgrade_engine) does this around an upgrade.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  node:
    description: The node, by id or by name.
    type: str
    required: true
  availability:
    description:
      - Whether the swarm gives it work. V(pause) leaves there what is there, and gives it no more.
    type: str
    choices: [active, pause, drain]
    required: true
  wait:
    description: Whether to wait until it is so.
    type: bool
    default: true
  timeout:
    description: How many seconds to wait at most.
    type: int
    default: 300
  socket:
    description: The socket of the manager's engine.
    type: path
    default: /var/run/docker.sock
"""

EXAMPLES = r"""
- name: Move all services away from a host
  stowage.docker.engine_node:
    node: "{{ inventory_hostname }}"
    availability: drain
  delegate_to: "{{ groups.managers | first }}"

- name: Give it work again
  stowage.docker.engine_node:
    node: "{{ inventory_hostname }}"
    availability: active
  delegate_to: "{{ groups.managers | first }}"
"""

RETURN = r"""
plan:
  description: What is done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["UpdateNode web1 (its availability is active, and is to be drain)"]
node:
  description: The node.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    name:
      description: Its name.
      type: str
    role:
      description: V(manager) or V(worker).
      type: str
    state:
      description: How the managers see it, V(ready) or V(down).
      type: str
    availability:
      description: What it was before.
      type: str
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision import nodes
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.stowage.engine.client import Engine
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import StowageError

SPEC = {
    "node": {"type": "str", "required": True},
    "availability": {"type": "str", "choices": list(nodes.AVAILABILITIES), "required": True},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 300},
    "socket": {"type": "path", "default": "/var/run/docker.sock"},
}


def work(options: Dict[str, Any], check: bool) -> Outcome:
    try:
        with Engine.connect(f"unix://{options['socket']}") as engine:
            return settle(engine.swarm, options, check)
    except StowageError as error:
        if "swarm manager" in str(error):
            raise ProvisionError("this host is no manager of a swarm: delegate the task to one") from error
        raise ProvisionError(f"the engine at {options['socket']}: {error}") from error


def settle(swarm: nodes.Swarm, options: Dict[str, Any], check: bool) -> Outcome:
    """Have the node as it is wanted, and wait until it shows."""
    node, wanted = nodes.find_node(swarm, options["node"]), options["availability"]
    identity, spec = node["ID"], node.get("Spec") or {}
    plan = nodes.plan_availability(node, wanted)
    if plan and not check:
        nodes.set_availability(swarm, identity, wanted)
    if options["wait"] and not check:
        if wanted == nodes.DRAIN:
            nodes.wait_until_empty(swarm, identity, options["timeout"])
        if wanted == nodes.ACTIVE:
            nodes.wait_until_ready(swarm, identity, options["timeout"])
    about = {
        "id": identity,
        "name": (node.get("Description") or {}).get("Hostname", ""),
        "role": spec.get("Role", ""),
        "state": nodes.state(node),
        "availability": spec.get("Availability", ""),
    }
    return Outcome(plan, f"availability: {about['availability']}\n", f"availability: {wanted}\n", {"node": about})


def main() -> None:
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
