#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a host's container engine; the work is done by module_utils/provision/service.py."""

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

import contextlib
from typing import Any, Callable, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.continuity import Containers, start_again
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.memory import parts
from ansible_collections.stowage.docker.plugins.module_utils.provision.published import ports_kept
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Engine, Service
from ansible_collections.stowage.docker.plugins.module_utils.provision.steps import Step
from ansible_collections.stowage.docker.plugins.module_utils.running_engine import RunningEngine

Warn = Callable[[str], None]


def bring_up(
    service: Service, current: bool, check_mode: bool, containers: RunningEngine, warn: Warn
) -> Dict[str, Any]:
    """Have the engine run, and have it be the one that is installed (or only say so); return the module's result."""
    engine = service.answer()
    old = engine is not None and service.outdated(engine.version)
    step = _step(service, engine, old and current, containers)
    result: Dict[str, Any] = {"changed": step is not None, "plan": [str(step)] if step else []}
    if step and not check_mode:
        if engine is None:
            result["started_by"] = service.start()
        else:
            _restart(service, containers, warn)
        engine, old = service.answer(), False
    result.update(running=engine is not None, installed=engine is not None or service.installed(), outdated=old)
    result["parts"] = parts(Files())
    if engine is not None:
        result.update(version=engine.version, api_version=engine.api_version)
    return result


def _step(service: Service, engine: Optional[Engine], renew: bool, containers: RunningEngine) -> Optional[Step]:
    if engine is None:
        return Step("StartEngine", "docker", "does not answer")
    if not renew:
        return None
    installed = service.installed_version()
    cause = f"{engine.version} runs and {installed} is installed"
    if installed == engine.version:
        cause = f"another {installed} is installed than the one that runs"
    info = containers.info()
    if info.get("ContainersRunning"):
        keeps = info.get("LiveRestoreEnabled")
        cause += "; containers run on" if keeps else "; containers stop, and those that ran are started again"
    return Step("RestartEngine", "docker", cause)


def _restart(service: Service, containers: Containers, warn: Warn) -> None:
    ran: List[str] = containers.running()
    with ports_kept(Commands(), service.timeout + 120) if ran else contextlib.nullcontext():
        service.restart()
    for text in start_again(containers, ran):
        warn(text)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
            "log": {"type": "path", "default": "/var/log/docker.log"},
            "timeout": {"type": "int", "default": 60},
            "current": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    service = Service(options["socket"], options["log"], options["timeout"])
    containers = RunningEngine(options["socket"])
    try:
        module.exit_json(**bring_up(service, options["current"], module.check_mode, containers, module.warn))
    except (ProvisionError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
