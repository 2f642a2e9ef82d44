#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: runtime_file
short_description: Put the command stowage on a host as one file
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Packs the runtime of this collection into one executable file, and puts it on the host. The same collection gives
    the same bytes, so nothing changes where the file is there already.
  - The role P(stowage.docker.runtime#role) does this and all that belongs to it; the module is for those who only want
    the command.
extends_documentation_fragment:
  - stowage.docker.attributes.provision
options:
  path:
    description: Where the file goes.
    type: path
    default: /usr/local/bin/stowage
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
  interpreter:
    description:
      - What runs it, as it stands behind C(#!). Needs Python 3.9 or newer.
      - With an absolute path, give C(-I), so that the environment of whoever runs it does not matter.
    type: str
    default: /usr/bin/env python3
attributes:
  diff_mode:
    details:
      - The diff tells the version, not the bytes.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
"""

EXAMPLES = r"""
- name: Have the command on the host
  stowage.docker.runtime_file:
    interpreter: /usr/bin/python3 -I
  become: true
"""

RETURN = r"""
path:
  description: Where the file is.
  returned: always
  type: str
version:
  description: The version of the runtime.
  returned: always
  type: str
digest:
  description: What identifies the sources it is made of; C(stowage status --json) tells the same of the one that runs.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stowage.docker.plugins.module_utils.options.runtime_file import SPEC


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    module.fail_json(msg="the file is packed on the controller: this module works through its action plugin alone")


if __name__ == "__main__":
    main()
