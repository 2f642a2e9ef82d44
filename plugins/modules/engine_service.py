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
  - Under systemd the unit C(docker.service) is also enabled. In check mode a socket that systemd holds for an
    engine that is not running is left alone, as connecting to it would start the engine.
  - Installs nothing. The role P(stowage.docker.engine#role) does.
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
attributes:
  check_mode:
    description: Can run in check mode and tell the changed status without changing the host.
    support: full
  diff_mode:
    description: Returns details on what has changed, or would change, in diff mode.
    support: none
  platform:
    description: The hosts that the module runs on.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: Start the engine where it does not run
  stowage.docker.engine_service:

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
started_by:
  description: How the engine was started, V(systemd), V(sysv) or V(direct).
  returned: when the engine was started
  type: str
version:
  description: The engine's version.
  returned: when the engine answers
  type: str
  sample: 26.1.5+dfsg1
api_version:
  description: The newest version of the Engine API that the engine speaks.
  returned: when the engine answers
  type: str
  sample: "1.45"
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Service, ServiceError


def bring_up(service: Service, check_mode: bool) -> Dict[str, Any]:
    """Start the engine unless it answers (or only say so), and return the module's result."""
    result: Dict[str, Any] = {"changed": False, "installed": service.installed()}
    engine = service.answer()
    if engine is None:
        result["changed"] = True
        if not check_mode:
            result["started_by"] = service.start()
            engine = service.answer()
    result["running"] = engine is not None
    if engine is not None:
        result.update(installed=True, version=engine.version, api_version=engine.api_version)
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
            "log": {"type": "path", "default": "/var/log/docker.log"},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    service = Service(module.params["socket"], module.params["log"], module.params["timeout"])
    try:
        module.exit_json(**bring_up(service, module.check_mode))
    except (ServiceError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
