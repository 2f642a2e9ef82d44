#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives users an engine of their own; the work is done by module_utils/provision/rootless."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_rootless
short_description: Engines without root, one for each named user
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Gives each named user an engine that runs as that user (C(dockerd-rootless.sh)), kept by the user's own systemd,
    also while the user is not logged in.
  - Allocates subordinate ids where a user has none, lets the user's services linger, writes
    C(~/.config/systemd/user/docker.service) and a context C(rootless) for the C(docker) command, enables and starts.
    Restarts an engine where it runs another version than the one installed.
  - What a user has already (a unit by Docker's own set-up tool, subordinate ids, a context) stays as it is where it
    fits.
  - A user who is not named any more loses what the module set; images, containers and volumes of the user stay.
  - What the host does not allow is told before anything is changed. In check mode, programs may still be missing, as
    their packages may come before the next run, and so may users.
  - Installs nothing. The role P(stowage.docker.engine#role) does.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  users:
    description: The users who are to have an engine. An empty list takes back what the module set for others.
    type: list
    elements: str
    required: true
  restart:
    description: Whether an engine may be restarted, which ends its containers. Otherwise a warning tells that it waits.
    type: bool
    default: true
  timeout:
    description: How long an engine that was started may take to answer, in seconds.
    type: int
    default: 60
attributes:
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Give deploy an engine of its own
  stowage.docker.engine_rootless:
    users: [deploy]
  register: rootless

- name: Run a container there
  stowage.docker.container:
    docker_host: "{{ rootless.engines[0].docker_host }}"
    name: web
    image: nginx:1.27
    ports: ["8080:80"]

- name: Have none any more
  stowage.docker.engine_rootless:
    users: []
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: ["EnableLinger deploy (the engine would end with the user's last session)"]
engines:
  description: The engines of the users named, of those who exist.
  returned: always
  type: list
  elements: dict
  contains:
    user:
      description: Whose it is.
      type: str
    uid:
      description: The user's number.
      type: int
    socket:
      description: Where it listens.
      type: str
    docker_host:
      description: The same, for C(docker_host) or the variable C(DOCKER_HOST).
      type: str
      sample: unix:///run/user/1000/docker.sock
    context:
      description: The context of the C(docker) command that leads there, for C(docker context use).
      type: str
    version:
      description: The version of the engine that answers; empty where none does.
      type: str
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.rootless.use import have_engines
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Have the engines, or only plan them."""
    done = have_engines(options["users"], check, options["restart"], options["timeout"])
    return Outcome(done.plan, facts={"engines": done.engines}, warnings=done.warnings)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "users": {"type": "list", "elements": "str", "required": True},
            "restart": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
