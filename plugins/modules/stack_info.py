#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_info
short_description: Tell which stacks a host runs, how they are, and what drifted
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Lists the compose projects of a host, whether M(stowage.docker.stack) or C(docker compose) made them, with their
    services, replicas, health and published ports, and what would have to be done to get back to what was declared
    last.
  - Changes nothing.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.attributes.info
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description: Tell of this stack alone. Of all when not set.
    type: str
    aliases: [project_name]
  drift:
    description: Look for drift. V(false) only lists what is there.
    type: bool
    default: true
seealso:
  - module: stowage.docker.stack
  - module: stowage.docker.host_info
"""

EXAMPLES = r"""
- name: Look at the shop
  stowage.docker.stack_info:
    name: shop
  register: found

- name: Fail where it is not as it was declared
  ansible.builtin.assert:
    that: not found.stacks.shop.drift.drifted
    fail_msg: "{{ found.stacks.shop.drift.plan | join('\\n') }}"
"""

RETURN = r"""
stacks:
  description: The stacks by name.
  returned: success
  type: dict
  contains:
    scope:
      description: Its owner, which is its name. Empty for a project that docker compose made.
      type: str
    directory:
      description: Where its files lie on the host.
      type: str
    services:
      description:
        - "Its services by name, each with C(replicas), C(running), C(healthy), C(unhealthy), the published C(ports) and
          its C(containers) by name."
      type: dict
    networks:
      description: The names of its networks.
      type: list
      elements: str
    volumes:
      description: The names of its volumes.
      type: list
      elements: str
    drift:
      description: What would bring back what was declared last, with C(drifted), C(plan) and C(msg). Null where nothing
        was declared from here.
      type: dict
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("stack_info")


if __name__ == "__main__":
    main()
