#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a host's container engine; the work is done by module_utils/provision/starting.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_service
short_description: See to it that the host's container engine runs and answers
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Asks the engine behind O(socket) for its version. When it answers, nothing is done.
  - When it does not, starts it through systemd, else through its init script, else directly as a process
    in the background, and waits until it answers.
  - One that is on its way up already is waited for. Where it does not answer within O(timeout), systemd stops it and
    starts it anew; without systemd the task fails, as a process that nobody hears may also listen elsewhere.
  - Restarts an engine that is not the one that is installed any more, as after an upgrade of its package. Containers
    run on through that where live-restore is on; those that could not are started again.
  - Under systemd the unit C(docker.service) is also enabled. In check mode a socket that systemd holds for an
    engine that is not running is left alone, as connecting to it would start the engine.
  - Installs nothing. The role P(stowage.docker.engine#role) does.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
  log:
    description: Where an engine that is started directly writes its log. It is appended to.
    type: path
    default: /var/log/docker.log
  timeout:
    description: How long an engine that was started may take to answer, in seconds.
    type: int
    default: 60
  current:
    description: Whether an engine is restarted that is not the one that is installed.
    type: bool
    default: true
attributes:
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Start the engine where it does not run
  stowage.docker.engine_service:

- name: Start the engine where it does not run, and leave one that runs as it is
  stowage.docker.engine_service:
    current: false

- name: Look without touching
  stowage.docker.engine_service:
  check_mode: true
  register: engine
  changed_when: false

- name: Say what was found
  ansible.builtin.debug:
    msg: "{{ engine.version if engine.running else 'no engine' }}"
"""

RETURN = r"""
running:
  description: Whether the engine answers now.
  returned: always
  type: bool
installed:
  description: Whether there is an engine on the host, running or not.
  returned: always
  type: bool
dockerd:
  description: Whether it is Docker's engine that is on the host; Podman may answer at its socket.
  returned: always
  type: bool
parts:
  description: What the role has set on this host, by the names of its parts, and would take back.
  returned: always
  type: list
  elements: str
  sample: [firewall, hardening]
started_by:
  description: How the engine was started, V(systemd), V(sysv) or V(direct).
  returned: when the engine was started
  type: str
version:
  description: The engine's version.
  returned: when the engine answers
  type: str
  sample: 26.1.5+dfsg1
plan:
  description: What was done, or would be, with its cause.
  returned: always
  type: list
  elements: str
  sample: ["RestartEngine docker (20.10.24+dfsg1 runs and 26.1.5+dfsg1 is installed; containers run on)"]
outdated:
  description: Whether the engine that answers is not the one that is installed, as O(current=false) lets that be.
  returned: always
  type: bool
api_version:
  description: The newest version of the Engine API that the engine speaks.
  returned: when the engine answers
  type: str
  sample: "1.45"
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.memory import parts
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Service
from ansible_collections.stowage.docker.plugins.module_utils.provision.starting import bring_up
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.running_engine import RunningEngine


def work(options: Dict[str, Any], check: bool) -> Outcome:
    service = Service(options["socket"], options["log"], options["timeout"])
    done = bring_up(service, RunningEngine(options["socket"]), Commands(), check, options["current"])
    facts = {**done.facts, "dockerd": service.installed(), "parts": parts(Files())}
    return Outcome(done.plan, facts=facts, warnings=done.warnings)


def main() -> None:
    spec: Dict[str, Any] = {
        "socket": {"type": "path", "default": "/var/run/docker.sock"},
        "log": {"type": "path", "default": "/var/log/docker.log"},
        "timeout": {"type": "int", "default": 60},
        "current": {"type": "bool", "default": True},
    }
    run(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
