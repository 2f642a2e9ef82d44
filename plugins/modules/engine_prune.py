#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes what nothing uses and nobody declared; the work is done by module_utils/stowage/pruning."""

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_prune
short_description: Remove from an engine what nothing uses and nobody declared
version_added: 0.1.0
author:
  - The stowage authors (@stowage)
description:
  - Removes containers that stopped, images that no container uses, networks without containers, volumes that nothing
    mounts and build cache, each only where it is asked for.
  - What a declaration owns is never taken (the label C(io.stowage.scope), and compose projects whose stack is
    declared), nor are containers, networks and volumes that a kept version names, or images that a declaration
    names, that a kept version needs, or that were built by a declaration and still have their name.
  - Check mode tells exactly what would go and how much that is; the run after it removes that and nothing else.
extends_documentation_fragment:
  - stowage.docker.options
  - stowage.docker.options.lock
  - stowage.docker.attributes.provision
options:
  containers:
    description: Remove containers that stopped or were never started.
    type: bool
    default: false
  images:
    description:
      - V(dangling) removes images that have no name any more, V(all) also those with a name that no container uses.
    type: str
    choices: [all, dangling, "false"]
    default: "false"
  networks:
    description: Remove networks that no container is in, whether it runs or not.
    type: bool
    default: false
  volumes:
    description:
      - V(anonymous) removes volumes without a name of their own that no container mounts, V(all) also those with a
        name. Their data is gone then.
    type: str
    choices: [all, anonymous, "false"]
    default: "false"
  build_cache:
    description: Remove records of BuildKit's cache that are neither in use nor part of an image.
    type: bool
    default: false
  filters:
    description: What narrows all that.
    type: dict
    default: {}
    suboptions:
      until:
        description:
          - Only what has been out of use for so long, as V(168h), V(7d) or V(1w). For containers this counts from their
            end, for images from when they were made, or got their last name here as far as the engine tells,
            for build cache from its last use, for networks and volumes from when they were made. What the engine tells
            no time of stays.
        type: str
      label:
        description: Only objects with all of these labels, each V(key) or V(key=value).
        type: list
        elements: str
      without_label:
        description: Only objects with none of these labels.
        type: list
        elements: str
attributes:
  idempotent:
    description: A second run with the same options changes nothing, unless something went out of use meanwhile.
    support: full
"""

EXAMPLES = r"""
- name: See what could go
  stowage.docker.engine_prune:
    containers: true
    images: all
    networks: true
    build_cache: true
    filters:
      until: 7d
      without_label: [keep]
  check_mode: true
  register: tidy

- name: Tell how much that is
  ansible.builtin.debug:
    msg: "{{ tidy.bytes | ansible.builtin.human_readable }}, {{ tidy.summary }}"
"""

RETURN = r"""
plan:
  description: What is removed, or would be, each with its reason and size.
  returned: success
  type: list
  elements: str
  sample: ["RemoveImage shop/web:41 (not used, 12.4 MB)"]
removals:
  description: The same as data.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(container), V(image), V(network), V(volume) or V(cache).
      type: str
    id:
      description: Its id, of a volume its name.
      type: str
    name:
      description: Its name.
      type: str
    bytes:
      description: What it alone takes up.
      type: int
    cause:
      description: Why it goes.
      type: str
    status:
      description: V(planned), V(done), V(failed), or V(stayed) where somebody began to use it meanwhile.
      type: str
    message:
      description: What the engine said where it did not go.
      type: str
bytes:
  description: How much all of it takes up, layers included that only images share which go together.
  returned: success
  type: int
summary:
  description: How many of each kind.
  returned: success
  type: dict
  sample: {containers: 2, images: 5}
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.options.common import CONNECTION, LOCK, engine_of
from ansible_collections.stowage.docker.plugins.module_utils.stowage.errors import StowageError
from ansible_collections.stowage.docker.plugins.module_utils.stowage.pruning.tidying import tidy
from ansible_collections.stowage.docker.plugins.module_utils.stowage.pruning.wanted import read_wanted
from ansible_collections.stowage.docker.plugins.module_utils.stowage.request import connect

SPEC = {
    **CONNECTION,
    **LOCK,
    "containers": {"type": "bool", "default": False},
    "images": {"type": "str", "choices": ["all", "dangling", "false"], "default": "false"},
    "networks": {"type": "bool", "default": False},
    "volumes": {"type": "str", "choices": ["all", "anonymous", "false"], "default": "false"},
    "build_cache": {"type": "bool", "default": False},
    "filters": {
        "type": "dict",
        "default": {},
        "options": {
            "until": {"type": "str"},
            "label": {"type": "list", "elements": "str"},
            "without_label": {"type": "list", "elements": "str"},
        },
    },
}


def work(options: Dict[str, Any], check: bool) -> Dict[str, Any]:
    """Remove it, or tell what would go."""
    engine, address = connect(engine_of(options))
    with engine:
        return tidy(engine, address, read_wanted(options), check=check, lock_timeout=options["lock_timeout"])


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        answer = work(module.params, module.check_mode)
    except StowageError as error:
        module.fail_json(msg=str(error))
    for warning in answer.pop("warnings"):
        module.warn(warning)
    if module._diff:  # noqa: SLF001 - Ansible's own way of asking
        answer["diff"] = {"prepared": "".join(f"{line}\n" for line in answer["plan"])}
    if answer.pop("failed"):
        module.fail_json(**answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
