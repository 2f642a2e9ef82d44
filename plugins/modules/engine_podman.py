#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has Podman answer as Docker would; the work is done by module_utils/provision/podman.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_podman
short_description: See to it that Podman's Docker-compatible socket answers
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Enables C(podman.socket), which speaks Docker's API, and makes O(socket) a link to it by a drop-in of the unit.
    Without systemd an API process is started that stays.
  - Another engine's socket is never replaced.
  - Installs nothing. The role P(stowage.docker.engine#role) does, with C(engine_kind) V(podman).
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  socket:
    description: Where Docker's clients look. V(/run/podman/podman.sock) is Podman's own, then nothing is linked.
    type: path
    default: /var/run/docker.sock
  timeout:
    description: How long Podman may take to answer, in seconds.
    type: int
    default: 60
attributes:
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Have Podman answer where Docker's clients look
  stowage.docker.engine_podman:

- name: Have it answer at its own socket alone
  stowage.docker.engine_podman:
    socket: /run/podman/podman.sock
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: ["EnableService podman.socket (is not started at boot)"]
running:
  description: Whether Podman answers now.
  returned: always
  type: bool
installed:
  description: Whether there is a Podman on the host.
  returned: always
  type: bool
version:
  description: Podman's version.
  returned: when it answers
  type: str
  sample: 5.4.2
api_version:
  description: The version of the Engine API that Podman says it speaks.
  returned: when it answers
  type: str
  sample: "1.41"
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.podman import have_socket
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Have the socket, or only plan it."""
    done = have_socket(options["socket"], check, options["timeout"])
    facts: Dict[str, Any] = {"running": done.engine is not None, "installed": done.installed}
    if done.engine is not None:
        facts.update(version=done.engine.version, api_version=done.engine.api_version)
    return Outcome(done.plan, facts=facts)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
