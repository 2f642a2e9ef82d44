#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has an engine tidied regularly; the work is done by module_utils/provision/housekeeping.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_prune_timer
short_description: Have an engine tidied regularly, or not any more
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Writes a systemd timer that runs C(stowage prune), or without systemd an entry for cron, and takes it away again.
  - The command has to lie at C(/usr/local/lib/stowage-prune), where the role P(stowage.docker.engine#role) puts it by
    M(stowage.docker.runtime_file).
  - It is run by the Python that runs this module. One below C(/home) or C(/root), or in a folder for temporary files,
    is hidden from the timer, and C(/usr/bin/python3) runs it instead.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  prune:
    description: What may go, and when. Not set means no timer.
    type: dict
    suboptions:
      schedule:
        description:
          - When, as in C(systemd.time(7)). Without systemd V(hourly), V(daily), V(weekly) or V(monthly).
        type: str
        default: daily
      containers:
        description: See M(stowage.docker.engine_prune), as for all that follow.
        type: bool
        default: false
      images:
        description: Which images.
        type: str
        choices: [all, dangling, "false"]
        default: "false"
      networks:
        description: Whether networks.
        type: bool
        default: false
      volumes:
        description: Which volumes.
        type: str
        choices: [all, anonymous, "false"]
        default: "false"
      build_cache:
        description: Whether build cache.
        type: bool
        default: false
      filters:
        description: What narrows it.
        type: dict
        suboptions:
          until:
            description: How long out of use.
            type: str
          label:
            description: Labels that all of it has.
            type: list
            elements: str
          without_label:
            description: Labels that none of it has.
            type: list
            elements: str
  socket:
    description: The engine's socket.
    type: path
    default: /var/run/docker.sock
"""

EXAMPLES = r"""
- name: Have the command where the timer looks for it
  stowage.docker.runtime_file:
    path: /usr/local/lib/stowage-prune

- name: Tidy up once a week
  stowage.docker.engine_prune_timer:
    prune:
      schedule: weekly
      containers: true
      images: all
      filters: {until: 7d}

- name: Do not tidy up any more
  stowage.docker.engine_prune_timer:
"""

RETURN = r"""
plan:
  description: What is done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["WriteFile /etc/systemd/system/stowage-prune.timer (is missing)"]
command:
  description: What the timer runs; nothing where there is none.
  returned: success
  type: str
"""

import sys
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.provision import housekeeping
from ansible_collections.stowage.docker.plugins.module_utils.provision.commands import Commands
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.module_utils.provision.files import Files
from ansible_collections.stowage.docker.plugins.module_utils.provisioning import Outcome, run
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import StowageError
from ansible_collections.stowage.docker.plugins.module_utils.stowage.pruning.wanted import read_wanted

FILTERS = {
    "until": {"type": "str"},
    "label": {"type": "list", "elements": "str"},
    "without_label": {"type": "list", "elements": "str"},
}
PRUNE = {
    "schedule": {"type": "str", "default": "daily"},
    "containers": {"type": "bool", "default": False},
    "images": {"type": "str", "choices": ["all", "dangling", "false"], "default": "false"},
    "networks": {"type": "bool", "default": False},
    "volumes": {"type": "str", "choices": ["all", "anonymous", "false"], "default": "false"},
    "build_cache": {"type": "bool", "default": False},
    "filters": {"type": "dict", "options": FILTERS},
}
SPEC = {
    "prune": {"type": "dict", "options": PRUNE},
    "socket": {"type": "path", "default": "/var/run/docker.sock"},
}


def work(options: Dict[str, Any], check: bool, interpreter: str = sys.executable) -> Outcome:
    """Have the timer as it is declared, or plan it."""
    files, commands = Files(), Commands()
    schedule = schedule_of(options, interpreter, commands)
    observed = housekeeping.observe(files, commands)
    texts = housekeeping.texts_of(schedule, observed)
    housekeeping.check_schedule(schedule, observed, commands)
    steps = housekeeping.plan(texts, observed)
    if steps and not check:
        housekeeping.act(steps, texts, files, commands)
    before = "".join(text or "" for text in observed.texts.values())
    return Outcome(steps, before, "".join(texts.values()), {"command": schedule.command if texts else ""})


def schedule_of(options: Dict[str, Any], executable: str, commands: Commands) -> housekeeping.Schedule:
    """Return what options mean. Raises ProvisionError before anything is changed."""
    wanted = options["prune"]
    if not wanted:
        return housekeeping.Schedule()
    try:
        read_wanted(wanted)
    except StowageError as error:
        raise ProvisionError(f"engine_prune: {error}") from error
    interpreter = housekeeping.interpreter_of(executable, commands)
    return housekeeping.Schedule(wanted["schedule"], housekeeping.words_of(wanted), options["socket"], interpreter)


def main() -> None:
    run(AnsibleModule(argument_spec=SPEC, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
