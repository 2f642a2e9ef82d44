#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells of a host's engine; the work is done by module_utils/provision/inspection.py and upgrades.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_info
short_description: Tell how a host's container engine stands, and what became of its containers
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Tells versions in force, installed and offered, running containers with their health, swarm, disk and storage of the
    host's engine, all at once.
  - Holds that against an earlier look (O(compare_to)), and says what ran then and does not run as it did.
  - Changes nothing. Lists of packages are read as they are on the host, and not fetched. An engine that systemd would
    start at the first question is not asked.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
  usage:
    description:
      - Tell also what images, containers, volumes and build cache take up, and what of it nothing uses. This takes long
        on hosts with much data.
    type: bool
    default: false
  offered:
    description: Tell which versions the host's package lists offer.
    type: bool
    default: true
  compare_to:
    description:
      - What this module returned before; its differences from now are RV(differences).
    type: dict
  stopped:
    description:
      - With O(compare_to), whether containers were allowed to stop since. If not, and with live-restore, a container
        that was started anew is a difference.
    type: bool
    default: false
  wait:
    description:
      - With O(compare_to), how many seconds to wait for differences to go that may go by themselves, such as a health
        check that has not run yet.
    type: int
    default: 0
  log:
    description: How many lines of the end of the engine's log to return.
    type: int
    default: 0
  validate:
    description: Have the installed engine judge C(daemon.json), whether it is the one that runs or not.
    type: bool
    default: false
  bounds:
    description:
      - What is asked for before an upgrade; what is in the way of one is RV(problems).
    type: dict
    suboptions:
      stop_containers:
        description: Whether the restart may stop containers.
        type: bool
        default: false
      unhealthy:
        description: Whether containers may be unhealthy before the upgrade. They are not asked to be better after it.
        type: bool
        default: false
      free:
        description: Bytes that have to be free where the engine keeps its data.
        type: int
        default: 0
      no_return:
        description: Whether the installed version may be one that is not offered any more.
        type: bool
        default: false
      offered:
        description:
          - Versions of the engine's package that are offered, as M(stowage.docker.engine_packages) tells them;
            the host's own lists may be old. Empty where no other version is to come.
        type: list
        elements: str
        default: []
      returnable:
        description:
          - With O(bounds.offered), what M(stowage.docker.engine_packages) tells of that name. It counts instead of the
            host's own lists.
        type: dict
        default: {}
attributes:
  diff_mode:
    support: N/A
"""

EXAMPLES = r"""
- name: See how the engine stands
  stowage.docker.engine_info:
    usage: true
  register: engine

- name: Tell what could go
  ansible.builtin.debug:
    msg: "{{ engine.usage.images.unused_bytes | ansible.builtin.human_readable }} of images are not used"

- name: Restart the machine
  ansible.builtin.reboot:

- name: See that all runs again
  stowage.docker.engine_info:
    compare_to: "{{ engine }}"
    stopped: true
    wait: 120
  register: again
  failed_when: again.differences | length > 0
"""

RETURN = r"""
running:
  description: Whether the engine answers.
  returned: always
  type: bool
installed_version:
  description: The version of the engine that is installed, whether it runs or not; empty where there is none.
  returned: always
  type: str
  sample: 26.1.5+dfsg1
in_force:
  description: Whether the engine that runs is the one that is installed. If not, it waits for a restart.
  returned: always
  type: bool
packages:
  description: The engine's packages that are installed, with their versions.
  returned: always
  type: dict
  sample: {docker.io: 26.1.5+dfsg1-9}
held:
  description: Those of them that are held at their version.
  returned: always
  type: list
  elements: str
returnable:
  description:
    - Those of them whose version is still offered, so that it could be installed again. With O(compare_to), those of
      them that were installed then.
    - Where another version of the engine runs than is installed, the engine's package of that version alone, since all
      others follow it.
  returned: always
  type: dict
refused:
  description: Why the installed engine would not start with the configuration that is there; empty where it would.
  returned: always
  type: str
log:
  description: The end of the engine's log.
  returned: always
  type: list
  elements: str
offered:
  description: The versions of the engine's package that the host's lists offer, the newest first.
  returned: always
  type: list
  elements: dict
  sample: [{package: docker.io, version: 26.1.5+dfsg1-9, from: trixie/main}]
version:
  description: The version that runs.
  returned: when the engine answers
  type: str
api_version:
  description: The newest version of the Engine API that it speaks.
  returned: when the engine answers
  type: str
components:
  description: Versions of the engine's parts, by name.
  returned: when the engine answers
  type: dict
live_restore:
  description: Whether containers run on while the engine restarts.
  returned: when the engine answers
  type: bool
containers:
  description: The containers that run.
  returned: when the engine answers
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its id.
      type: str
    status:
      description: How it stands, V(running), V(paused) or V(restarting).
      type: str
    started_at:
      description: When it was started.
      type: str
    health:
      description: What its health check says, V(healthy), V(unhealthy), V(starting), or V(none) where it has none.
      type: str
    restarts:
      description: How often the engine restarted it.
      type: int
    restart_policy:
      description: When the engine restarts it.
      type: str
    removed_when_stopped:
      description: Whether the engine removes it when it stops.
      type: bool
    task:
      description: The id of the swarm's task that it is, or nothing.
      type: str
swarm:
  description: The host's part in a swarm.
  returned: when the engine answers
  type: dict
  contains:
    state:
      description: V(inactive), V(pending), V(active), V(locked) or V(error).
      type: str
    role:
      description: V(manager), V(worker), or nothing.
      type: str
    node_id:
      description: The id of this node.
      type: str
    address:
      description: Where other nodes reach it.
      type: str
    managers:
      description: The managers that this node knows, addresses by ids.
      type: dict
disk:
  description: The file system with the engine's data.
  returned: when the engine answers
  type: dict
  sample: {path: /var/lib/docker, free: 83886080, size: 268435456}
data_root:
  description: Where the engine keeps its data.
  returned: when the engine answers
  type: str
storage_driver:
  description: How it keeps images and containers.
  returned: when the engine answers
  type: str
cgroup_version:
  description: Which version of cgroups it uses.
  returned: when the engine answers
  type: int
runtimes:
  description: The runtimes that containers can be run by.
  returned: when the engine answers
  type: list
  elements: str
default_runtime:
  description: The one that is used where none is named.
  returned: when the engine answers
  type: str
usage:
  description:
    - What C(images), C(containers), C(volumes) and C(build_cache) take up, each C(count), C(bytes) and C(unused_bytes).
  returned: when O(usage) is set and the engine answers
  type: dict
differences:
  description: What ran at O(compare_to) and does not run as it did, in sentences.
  returned: when O(compare_to) is given
  type: list
  elements: str
to_start:
  description: Names of the containers that ran at O(compare_to), and do not run now.
  returned: when O(compare_to) is given
  type: list
  elements: str
problems:
  description: What is in the way of an upgrade, in sentences.
  returned: when O(bounds) is given
  type: list
  elements: str
"""

import time
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision import inspection, upgrades
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provision.service import Service
from ansible_collections.stowage.docker.plugins.module_utils.provision.system import observe_system
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.stowage.engine.client import Engine
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import StowageError

SPEC = {
    "socket": {"type": "path", "default": "/var/run/docker.sock"},
    "usage": {"type": "bool", "default": False},
    "offered": {"type": "bool", "default": True},
    "compare_to": {"type": "dict"},
    "stopped": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "log": {"type": "int", "default": 0},
    "validate": {"type": "bool", "default": False},
    "bounds": {
        "type": "dict",
        "options": {
            "stop_containers": {"type": "bool", "default": False},
            "unhealthy": {"type": "bool", "default": False},
            "free": {"type": "int", "default": 0},
            "no_return": {"type": "bool", "default": False},
            "offered": {"type": "list", "elements": "str", "default": []},
            "returnable": {"type": "dict", "default": {}},
        },
    },
}


def look(service: Service, usage: bool) -> Dict[str, Any]:
    """Ask the engine, where one answers."""
    if service.answer() is None:
        return {"running": False}
    try:
        with Engine.connect(f"unix://{service.socket_path}") as engine:
            return {"running": True, **inspection.observe_engine(engine, usage)}
    except StowageError as error:
        raise ProvisionError(f"the engine at {service.socket_path}: {error}") from error


def look_until_alike(service: Service, options: Dict[str, Any]) -> Dict[str, Any]:
    """Look again until all that may go by itself is gone, or the time is over."""
    before, stopped = options["compare_to"], options["stopped"]
    end = time.monotonic() + options["wait"]
    while True:
        found = look(service, options["usage"])
        left: List[Dict[str, Any]] = upgrades.differences(before, found, stopped)
        if not any(difference["pending"] for difference in left) or time.monotonic() >= end:
            to_start = upgrades.to_start(before, found)
            return {**found, "differences": upgrades.sentences(left), "to_start": to_start}
        time.sleep(0.5)


def work(options: Dict[str, Any], _check: bool) -> Outcome:
    commands, files = Commands(), Files()
    service = Service(options["socket"])
    system = observe_system(files, commands)
    facts = look_until_alike(service, options) if options["compare_to"] else look(service, options["usage"])
    installed = service.installed_version()
    packages = inspection.observe_packages(commands, system.packages)
    offered = inspection.observe_offered(commands, system.packages, packages.versions) if options["offered"] else []
    bounds = options["bounds"] or {}
    facts.update(
        installed_version=installed,
        in_force=facts["running"] and not service.outdated(facts["version"]),
        packages=packages.versions,
        held=list(packages.held),
        offered=[offer for offer in offered if offer["package"] in inspection.ENGINES],
        returnable=inspection.returnable(
            options["compare_to"] or {**facts, "packages": packages.versions},
            offered,
            bounds["returnable"] if bounds.get("offered") else None,
        ),
        refused=inspection.observe_refusal(files, commands) if options["validate"] else "",
        log=service.log(options["log"]).splitlines() if options["log"] else [],
    )
    if not options["usage"]:
        facts.pop("usage", None)
    if bounds:
        names = ("stop_containers", "unhealthy", "free", "no_return")
        allowed = upgrades.Bounds(**{name: bounds[name] for name in names}, moves=bool(bounds["offered"]))
        facts["problems"] = upgrades.problems(facts, allowed)
    return Outcome(plan=(), facts=facts)


def main() -> None:
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
