#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback
short_description: Bring back an earlier version of what is declared on a host
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Applies an earlier version of a scope again, with the very images it ran, even where their tags have moved or a
    registry has others by now, and with the files its stacks had.
  - Needs the runtime that the role P(stowage.docker.runtime#role) puts on a host, which keeps the versions, in the
    version of this collection, and root there.
  - What was brought back becomes a version of its own, and holds until something else is declared. A playbook that
    declares something else does that at its next run.
  - Fails before anything is changed where an image or a file of that version is not kept any more. Data in volumes
    stays as it is.
extends_documentation_fragment:
  - stowage.docker.attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(version). Without it, a second run goes on from where the first one led, and so back to where that
        began.
options:
  scope:
    description: The scope, for a stack its name.
    type: str
    required: true
  version:
    description:
      - The number of the version, as M(stowage.docker.runtime_info) and C(stowage history) tell it.
      - When not set, the newest version before the current one that was applied well and is not the same.
    type: int
seealso:
  - module: stowage.docker.runtime_info
"""

EXAMPLES = r"""
- name: Go back to what ran before
  stowage.docker.rollback:
    scope: shop
  become: true

- name: Go back to a known version
  stowage.docker.rollback:
    scope: shop
    version: 12
  become: true
"""

RETURN = r"""
scope:
  description: The scope.
  returned: success
  type: str
number:
  description: The number of the version that was brought back. What came of that is a version with a number of its
    own.
  returned: success
  type: int
plan:
  description: The operations, one line each.
  returned: success
  type: list
  elements: str
operations:
  description: The same as data, with C(number), C(operation), C(target), C(cause), C(after), C(status), C(seconds) and
    C(message).
  returned: success
  type: list
  elements: dict
summary:
  description: How many operations of each kind.
  returned: success
  type: dict
failures:
  description: What failed, with C(operation), C(message), C(log) and what was C(rolled_back).
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("rollback")


if __name__ == "__main__":
    main()
