#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Declare one network
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Declares one network, through the same planner as M(stowage.docker.host).
  - A network cannot be changed. Where its options differ from the declaration, it is made anew, and its containers
    are connected again with the addresses and aliases they had.
  - A network that another scope owns is refused.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.object_scope
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description: The network's name.
    type: str
    required: true
    aliases: [network_name]
  state:
    description:
      - "V(present): there, as declared."
      - "V(absent): removed."
    type: str
    default: present
    choices: [present, absent]
  driver:
    description: The driver. V(bridge) when not set.
    type: str
  driver_opts:
    description: Options of the driver.
    type: dict
    aliases: [driver_options]
  attachable:
    description: Let containers connect to a network of a swarm.
    type: bool
  enable_ipv4:
    description: Give IPv4 addresses. Engine 28 (API 1.48) or newer.
    type: bool
  enable_ipv6:
    description: Give IPv6 addresses.
    type: bool
  internal:
    description: Let nothing in from outside, and nothing out.
    type: bool
  ingress:
    description: Make it the routing mesh of a swarm.
    type: bool
  ipam:
    description: How addresses are given.
    type: dict
    suboptions:
      driver:
        description: The driver for it. V(default) when not set.
        type: str
      options:
        description: Options of that driver.
        type: dict
      config:
        description: Pools of addresses.
        type: list
        elements: dict
        suboptions:
          subnet:
            description: The subnet, as in V(172.30.0.0/24).
            type: str
          ip_range:
            description: The part of it to give addresses from.
            type: str
            aliases: [iprange]
          gateway:
            description: The gateway's address.
            type: str
          aux_addresses:
            description: Addresses that are not given to containers, by name.
            type: dict
  ipam_config:
    description: C(community.docker.docker_network)'s form of O(ipam.config).
    type: list
    elements: dict
    suboptions:
      subnet:
        description: The subnet, as in V(172.30.0.0/24).
        type: str
      ip_range:
        description: The part of it to give addresses from.
        type: str
        aliases: [iprange]
      gateway:
        description: The gateway's address.
        type: str
      aux_addresses:
        description: Addresses that are not given to containers, by name.
        type: dict
  ipam_driver:
    description: C(community.docker.docker_network)'s form of O(ipam.driver).
    type: str
  ipam_driver_options:
    description: C(community.docker.docker_network)'s form of O(ipam.options).
    type: dict
  labels:
    description: Labels.
    type: dict
  network_scope:
    description: The engine's C(scope) of a network; O(scope) is its owner here.
    type: str
    choices: [local, global, swarm]
  config_only:
    description: Only hold a configuration for other networks.
    type: bool
  config_from:
    description: The network that holds the configuration for this one.
    type: str
seealso:
  - module: stowage.docker.host
  - module: stowage.docker.container
"""

EXAMPLES = r"""
- name: A network with the engine's defaults
  stowage.docker.network:
    name: edge

- name: A network with addresses of our own, without a way out
  stowage.docker.network:
    name: inner
    internal: true
    ipam:
      config:
        - subnet: 172.30.0.0/24
          gateway: 172.30.0.1
    labels:
      tier: data

- name: The words of community.docker.docker_network are understood
  stowage.docker.network:
    name: jumbo
    driver_options:
      com.docker.network.driver.mtu: "9000"
    ipam_config:
      - subnet: 172.31.0.0/24
        iprange: 172.31.0.128/25

- name: Remove a network
  stowage.docker.network:
    name: edge
    state: absent
"""

RETURN = r"""
plan:
  description: The operations, one line each, with what each waits for and its reason. Empty when nothing is to do.
  returned: success and failure after planning
  type: list
  elements: str
  sample:
    - "#1 PullImage valkey:8 (image is missing)"
    - "#2 CreateContainer cache <- #1 (container is missing)"
operations:
  description: The same operations, with what became of each.
  returned: success and failure after planning
  type: list
  elements: dict
  contains:
    number:
      description: The operation's number in the plan.
      type: int
    operation:
      description: What kind of operation it is, as in V(CreateContainer).
      type: str
    target:
      description: The object it is about.
      type: str
    cause:
      description: Why it is needed.
      type: str
    after:
      description: Numbers of the operations it waits for.
      type: list
      elements: int
    status:
      description: V(planned) in check mode, else V(done), V(failed), or V(skipped) because one before it failed.
      type: str
    seconds:
      description: How long it took.
      type: float
    message:
      description: What came of it. The engine's words where it failed.
      type: str
summary:
  description: How many operations of each kind the plan has.
  returned: success and failure after planning
  type: dict
  sample: {PullImage: 1, CreateContainer: 2}
failures:
  description: Each operation that failed.
  returned: success and failure after planning
  type: list
  elements: dict
  contains:
    operation:
      description: The operation, as it stands in the plan.
      type: str
    message:
      description: The engine's words.
      type: str
    log:
      description: The last lines of the log of the container it is about.
      type: list
      elements: str
    rolled_back:
      description: What was undone, so that what ran before runs again.
      type: list
      elements: str
problems:
  description: What is wrong with the declaration. Nothing was changed.
  returned: when the declaration is refused
  type: list
  elements: dict
  contains:
    path:
      description: Where it is, as in V($.containers.web.ports[0]).
      type: str
    message:
      description: What is wrong.
      type: str
network:
  description: The network as it is now. Empty with O(state=absent).
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
    driver:
      description: Its driver.
      type: str
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("network")


if __name__ == "__main__":
    main()
