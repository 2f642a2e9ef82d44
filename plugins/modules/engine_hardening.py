#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardens the files around an engine; the work is done by module_utils/provision/hardening.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_hardening
short_description: Set owners and modes of the engine's files, and have the kernel's audit watch them
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Sets owners and modes of the files that the CIS Docker Benchmark names (units, configuration, certificates and keys,
    sockets), where they are there and more open than they should be. A file that is stricter is left as it is.
  - With O(level=cis) it also writes audit rules for the engine's programs, folders and configuration and loads them,
    where C(auditd) is installed. Installs nothing.
  - Looks at the host again afterwards, and fails where something is not as it was set.
  - The engine's own settings are not this module's. The role P(stowage.docker.engine#role) sets both.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  level:
    description:
      - V(baseline) sets owners and modes, V(cis) audit rules as well.
      - V(none) takes the audit rules back, and gives files the owner and mode that they had before, unless that let
        others than root write to them, or read a private key.
    type: str
    choices: [none, baseline, cis]
    required: true
seealso:
  - module: stowage.docker.engine_audit
"""

EXAMPLES = r"""
- name: Harden the files around the engine
  stowage.docker.engine_hardening:
    level: cis

- name: Take it back
  stowage.docker.engine_hardening:
    level: none
"""

RETURN = r"""
plan:
  description: What was done, or would be done in check mode.
  returned: always
  type: list
  elements: str
  sample: ["ChangeFile /etc/docker/daemon.json root:root 0640 (is 0660)"]
auditing:
  description:
    - Whether the kernel's audit can be used here. V(absent) without auditd, V(refused) where the kernel takes no rules
      from this host, V(locked) where its rules cannot be changed before the next boot, and V(works).
  returned: always
  type: str
  sample: works
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.hardening import (
    LEVELS,
    harden,
    observe_hardening,
    plan_hardening,
    render_state,
    wanted_rules,
    wanted_standings,
    warnings,
)
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Bring the files to the level, or only tell what would be done."""
    files, commands, level = Files(), Commands(), options["level"]
    found = observe_hardening(files, commands)
    plan = plan_hardening(level, found)
    if not check:
        harden(level, found, files, commands)
    return Outcome(
        plan=plan,
        before=render_state(found, {}, found.rules),
        after=render_state(found, wanted_standings(level, found), wanted_rules(level, found)),
        facts={"auditing": found.auditing.state},
        warnings=warnings(level, found),
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={"level": {"type": "str", "choices": list(LEVELS), "required": True}},
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
