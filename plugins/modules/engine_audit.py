#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a host against the CIS Docker Benchmark; the work is done by module_utils/provision/audit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_audit
short_description: Hold a host and its engine against the CIS Docker Benchmark
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Reports each recommendation of the sections host configuration (1), daemon configuration (2) and daemon
    configuration files (3) of the CIS Docker Benchmark 1.6 and 1.7, with what was found.
  - What counts is the engine that runs, not only its configuration file. Where that says what the engine has not read
    yet, as with O(stowage.docker.engine_config#module:restart=false), the check fails. Changes nothing.
  - Needs an engine that answers. In check mode a host without one is reported as such, with no findings.
  - In check mode failures are told by a warning and do not end the play, as tasks before would have changed the host.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
  waivers:
    description:
      - Checks that may fail, by their number, and the reason why. Where a check passes, its waiver says nothing.
      - A number that is not known is refused.
    type: dict
    default: {}
  usual_waivers:
    description:
      - Whether checks that no role can or should see to may fail. The page C(docs/security.md) lists them, with the
        reasons.
    type: bool
    default: true
  trusted_users:
    description: Users who may be in the engine's group (C(docker) unless it was told another), which makes them root.
    type: list
    elements: str
    default: []
  fail_on:
    description:
      - Which failures end the play. V(baseline) and V(cis) are the checks that this level of the role's
        O(stowage.docker.engine#role:main:engine_hardening) sees to.
    type: str
    choices: [none, baseline, cis, all]
    default: none
attributes:
  diff_mode:
    support: none
seealso:
  - module: stowage.docker.engine_hardening
"""

EXAMPLES = r"""
- name: Hold the host against the benchmark
  stowage.docker.engine_audit:
    trusted_users: [deploy]
    waivers:
      "2.9": containers of this host need devices, which a mapped root may not use
  register: audit

- name: Show it as a table
  ansible.builtin.debug:
    var: audit.table

- name: End the play where something fails that is not waived
  stowage.docker.engine_audit:
    fail_on: all
"""

RETURN = r"""
checks:
  description: A finding for each check.
  returned: when the engine answers
  type: list
  elements: dict
  contains:
    id:
      description: The number of the check.
      type: str
      sample: "2.13"
    level:
      description: The profile of the benchmark that it belongs to.
      type: int
      sample: 2
    title:
      description: How it should be.
      type: str
      sample: Logs of containers leave the host
    result:
      description: V(pass), V(fail), V(waived) or V(not applicable).
      type: str
      sample: fail
    why:
      description: What was found, and of a waived check the reason.
      type: str
      sample: "json-file: logs of containers stay on this host"
    remedy:
      description: What to do about it; empty where there is nothing to be done.
      type: str
      sample: set engine_log_driver to one that sends them away
    hardening:
      description: The level of hardening that sees to it, V(none) where none does.
      type: str
      sample: none
summary:
  description: How many checks have each result.
  returned: when the engine answers
  type: dict
  sample: {"fail": 1, "waived": 6, "pass": 40, "not applicable": 15}
failures:
  description: Numbers of the checks that fail and are not waived.
  returned: when the engine answers
  type: list
  elements: str
  sample: ["2.13"]
table:
  description: The findings as text, a line each.
  returned: when the engine answers
  type: list
  elements: str
plan:
  description: Always empty, as nothing is changed.
  returned: always
  type: list
  elements: str
"""

from typing import Any, Dict, Mapping, NoReturn, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.audit.judging import (
    FAIL_ON,
    check_waivers,
    count,
    failures,
    judge,
)
from ansible_collections.stowage.docker.plugins.module_utils.provision.audit.observing import observe_host
from ansible_collections.stowage.docker.plugins.module_utils.provision.audit.rendering import (
    render_failures,
    render_table,
)
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.stowage.engine.client import Engine
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import EngineError, NotFound


def ask(socket: str) -> Tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what the engine says of itself, and of its default bridge."""
    with Engine.connect(f"unix://{socket}") as engine:
        info = engine.system.info()
        try:
            return info, engine.networks.inspect("bridge")
        except NotFound:
            return info, {}


def audit(options: Dict[str, Any], waivers: Mapping[str, str]) -> Tuple[Dict[str, Any], str]:
    """Return the module's result, and the error that ends the play or "". Raises EngineError, ProvisionError."""
    info, bridge = ask(options["socket"])
    seen = observe_host(info, bridge, options["trusted_users"], Files(), Commands())
    findings = judge(seen, waivers, options["usual_waivers"])
    result = {
        "checks": [finding.document() for finding in findings],
        "summary": count(findings),
        "failures": [finding.check.id for finding in failures(findings, "all")],
        "table": render_table(findings),
    }
    failed = failures(findings, options["fail_on"])
    return result, render_failures(failed) if failed else ""


def run(module: AnsibleModule) -> NoReturn:
    """Hold the host against the benchmark, and end the module."""
    try:
        waivers = check_waivers(module.params["waivers"])
        result, error = audit(module.params, waivers)
    except EngineError as problem:
        if module.check_mode:
            module.exit_json(changed=False, plan=[], msg=f"there is no engine yet that could be looked at: {problem}")
        module.fail_json(msg=f"the engine does not answer on {module.params['socket']}: {problem}")
    except (ProvisionError, OSError) as problem:
        module.fail_json(msg=str(problem))
    if error and module.check_mode:
        module.warn(f"as the host is now, this would end the play: {error}")
    elif error:
        module.fail_json(msg=error, plan=[], **result)
    module.exit_json(changed=False, plan=[], **result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
            "waivers": {"type": "dict", "default": {}},
            "usual_waivers": {"type": "bool", "default": True},
            "trusted_users": {"type": "list", "elements": "str", "default": []},
            "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "none"},
        },
        supports_check_mode=True,
    )
    run(module)


if __name__ == "__main__":
    main()
