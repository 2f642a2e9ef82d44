#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that containers run under a runtime; the work is done by module_utils/provision/runtimes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_runtime_proof
short_description: Prove that containers run under the engine's runtimes
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Runs a container under each runtime, and looks at the kernel that it saw. Under V(runc) and V(crun) that has to be
    the host's, under V(runsc) (gVisor) and V(kata) it must not be. Under others the container only has to run.
  - The image is made of the host's own C(uname), so no registry is needed. The container has no network. Neither stays.
  - A proof holds until the engine, the runtime's program or configuration, or the kernel is another one; until then
    nothing is run again.
  - Changes nothing that lasts, so it is never C(changed). In check mode it tells in RV(to_prove) what would be proven,
    and fails for nothing, as engine and runtimes may come before the next run.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  runtimes:
    description: The runtimes, by the names that the engine has for them.
    type: list
    elements: str
    required: true
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
attributes:
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: See that crun and gVisor run containers here
  stowage.docker.engine_runtime_proof:
    runtimes: [crun, runsc]
  register: proof

- name: Say which kernel containers see under gVisor
  ansible.builtin.debug:
    msg: "{{ proof.runtimes.runsc.kernel }}"
"""

RETURN = r"""
runtimes:
  description: What was proven, by runtime.
  returned: always
  type: dict
  sample: {"runsc": {"kernel": "Linux 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", "seconds": 0.9, "remembered": false}}
  contains:
    kernel:
      description: The kernel that a container saw, as C(uname -srv) says it.
      type: str
    seconds:
      description: How long the container took, from creating it to its end.
      type: float
    remembered:
      description: Whether this was proven before, and nothing was run now.
      type: bool
to_prove:
  description: The runtimes for which no proof held when the module began; in check mode they would be proven.
  returned: always
  type: list
  elements: str
host_kernel:
  description: The host's own kernel.
  returned: always
  type: str
"""

from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.memory import Memory
from ansible_collections.stowage.docker.plugins.module_utils.provision.runtimes import proof
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Service
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.stowage.engine.client import Engine
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import StowageError


def work(options: Dict[str, Any], check: bool) -> Outcome:
    """Prove, or tell what is to be proven."""
    names: List[str] = list(dict.fromkeys(options["runtimes"]))
    socket, commands, memory = options["socket"], Commands(), Memory(Files(), proof.PART)
    if check and Service(socket).answer() is None:
        return _outcome({}, names)
    with Engine.connect(f"unix://{socket}") as engine:
        try:
            registered = proof.observe(engine, names, commands)
            missing = [entry.name for entry in proof.to_prove(registered, proof.recall(memory))]
            return _outcome({} if check else proof.prove(engine, registered, memory, commands, StowageError), missing)
        except StowageError as error:
            raise ProvisionError(f"{error}: see that the engine runs (stowage.docker.engine_service)") from error
        except ProvisionError:
            if check:  # what is not registered yet may be before the next run
                return _outcome({}, names)
            raise


def _outcome(proven: Dict[str, proof.Proven], missing: List[str]) -> Outcome:
    shown = {name: dict(found.__dict__) for name, found in proven.items()}
    return Outcome([], facts={"runtimes": shown, "to_prove": missing, "host_kernel": proof.host_kernel()})


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "runtimes": {"type": "list", "elements": "str", "required": True},
            "socket": {"type": "path", "default": "/var/run/docker.sock"},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
