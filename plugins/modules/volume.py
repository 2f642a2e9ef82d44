#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Declare one volume
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Declares one volume, through the same planner as M(stowage.docker.host).
  - A volume's options cannot be changed. Where they differ from the declaration, the task fails and says what to
    do, unless O(recreate=true), which removes the volume with its data.
  - A volume that another scope owns is refused.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.options.object_scope
  - stowage.docker.attributes
  - stowage.docker.attributes.actiongroup_docker
options:
  name:
    description: The volume's name.
    type: str
    required: true
    aliases: [volume_name]
  state:
    description:
      - "V(present): there, as declared."
      - "V(absent): removed, B(with its data)."
    type: str
    default: present
    choices: [present, absent]
  driver:
    description: The driver. V(local) when not set.
    type: str
  driver_opts:
    description: Options of the driver.
    type: dict
    aliases: [driver_options]
  labels:
    description: Labels.
    type: dict
  recreate:
    description:
      - V(true) removes a volume whose options differ, B(with its data), and makes it anew. Containers that use it
        are made anew as well.
      - C(community.docker.docker_volume)'s V(options-changed) and V(never) mean V(true) and V(false).
    type: raw
    default: false
seealso:
  - module: stowage.docker.host
"""

EXAMPLES = r"""
- name: A volume on the host's disk
  stowage.docker.volume:
    name: data

- name: A volume on a server
  stowage.docker.volume:
    name: media
    driver_opts:
      type: nfs
      o: addr=192.0.2.7,ro
      device: ":/export/media"

- name: Remove a volume with its data
  stowage.docker.volume:
    name: data
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
volume:
  description: The volume as it is now. Empty with O(state=absent).
  returned: success
  type: dict
  contains:
    driver:
      description: Its driver.
      type: str
    mountpoint:
      description: Where it lies on the host.
      type: str
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("volume")


if __name__ == "__main__":
    main()
