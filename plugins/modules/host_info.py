#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Tell what a host's engine holds, who owns it, and what drifted
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Lists the engine's containers, images, networks and volumes with their owners, and for each scope that
    M(stowage.docker.host) declared from this host, what would have to be done to get back to what was declared
    last.
  - Changes nothing.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.attributes.info
  - stowage.docker.attributes.actiongroup_docker
options:
  scope:
    description: Look for drift in this scope alone. In all scopes when not set.
    type: str
  drift:
    description: Look for drift. V(false) only lists what is there.
    type: bool
    default: true
seealso:
  - module: stowage.docker.host
"""

EXAMPLES = r"""
- name: Look at a host
  stowage.docker.host_info:
  register: found

- name: Fail where somebody changed what was declared
  ansible.builtin.assert:
    that: not item.value.drifted
    fail_msg: "{{ item.value.plan | join('\n') }}"
  loop: "{{ found.drift | dict2items }}"
  loop_control:
    label: "{{ item.key }}"

- name: List the containers that nobody declared
  ansible.builtin.debug:
    msg: "{{ found.containers | dict2items | selectattr('value.scope', 'equalto', '') | map(attribute='key') }}"
"""

RETURN = r"""
engine:
  description: The engine.
  returned: success
  type: dict
  contains:
    version:
      description: Its version.
      type: str
    api_version:
      description: The version of the API that is spoken with it.
      type: str
    os:
      description: The operating system.
      type: str
    architecture:
      description: The processor's architecture.
      type: str
    kernel:
      description: The kernel's version.
      type: str
    storage_driver:
      description: The storage driver.
      type: str
    root:
      description: The folder with its data.
      type: str
    runtimes:
      description: OCI runtimes it is set up with.
      type: list
      elements: str
    live_restore:
      description: Whether containers outlive a restart of the engine.
      type: bool
    swarm:
      description: Its state in a swarm, V(active) or V(inactive) for example.
      type: str
containers:
  description: All containers, by name.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    image:
      description: The id of its image.
      type: str
    status:
      description: As the engine has it, V(running) or V(exited) for example.
      type: str
    health:
      description: V(healthy), V(unhealthy), V(starting), or empty without a health check.
      type: str
    scope:
      description: Its owner.
      type: str
    networks:
      description: Networks it is connected to, with its address in each.
      type: dict
    ports:
      description: Published ports, each with C(host_ip), C(published), C(protocol) and the container's C(target).
      type: list
      elements: dict
images:
  description: All images, by id, with their C(tags) and C(digests).
  returned: success
  type: dict
networks:
  description: All networks, by name, with C(id) and C(driver).
  returned: success
  type: dict
volumes:
  description: All volumes, by name, with C(driver).
  returned: success
  type: dict
scopes:
  description: For each scope the names of its C(containers), C(networks) and C(volumes). The empty scope holds what
    was not made from here.
  returned: success
  type: dict
drift:
  description: For each scope what would bring back what was declared last.
  returned: when O(drift=true)
  type: dict
  contains:
    drifted:
      description: Whether there is anything to do.
      type: bool
    plan:
      description: The operations, one line each.
      type: list
      elements: str
    msg:
      description: Why no plan could be made, if so.
      type: str
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("host_info")


if __name__ == "__main__":
    main()
