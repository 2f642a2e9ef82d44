#!/usr/bin/python
# Copyright: (c) 2026, The stowage authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: runtime_info
short_description: Tell how the runtime on a host finds what is declared there
version_added: 0.1.0
author: The stowage authors (@stowage)
description:
  - Asks the runtime that the role P(stowage.docker.runtime#role) put on a host for its status and its history.
  - Needs root on the host. RV(present) is V(false), and nothing fails, where no runtime answers a task of this
    collection. There may be none, the task may not run as root, or the runtime may be of another version, which a
    warning tells.
  - Changes nothing, and asks the engine nothing; what is told is what the runtime saw last, which events keep up to
    date.
extends_documentation_fragment:
  - stowage.docker.attributes.info
options:
  scope:
    description: Tell of this scope alone. Of all when not set. Fails where the scope is not declared on the host.
    type: str
seealso:
  - module: stowage.docker.rollback
  - module: stowage.docker.host_info
"""

EXAMPLES = r"""
- name: Ask the runtime
  stowage.docker.runtime_info:
  become: true
  register: runtime

- name: Fail where something is not as declared
  ansible.builtin.assert:
    that: item.value.state == 'as declared'
    fail_msg: "{{ item.key }} is {{ item.value.state }}: {{ item.value.message }}"
  loop: "{{ runtime.scopes | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
present:
  description: Whether a runtime keeps this host, and answers this collection.
  returned: success
  type: bool
version:
  description: Its version.
  returned: when a runtime answers
  type: str
digest:
  description: What identifies the sources it is made of, as RV(stowage.docker.runtime_file#module:digest) does.
  returned: when a runtime answers
  type: str
pid:
  description: The id of its process.
  returned: when a runtime answers
  type: int
running_since:
  description: Since when it runs, as a Unix time.
  returned: when a runtime answers
  type: float
now:
  description: The host's time, to compare the others with, as a Unix time.
  returned: when a runtime answers
  type: float
engine:
  description: Its engine, with C(address), C(reachable), C(version), C(api_version), C(message) and C(since).
  returned: when a runtime answers
  type: dict
scopes:
  description: What is known of each scope, by its name.
  returned: success
  type: dict
  contains:
    version:
      description: The number of the version that holds. None where the record is damaged or there is none.
      type: int
    by:
      description: Who declared it.
      type: str
    declared_at:
      description: When, as a Unix time.
      type: float
    outcome:
      description: What came of it, V(done), V(failed) or V(pending). Empty where its declaration is not stored.
      type: str
    mode:
      description: V(enforce), V(report) or V(paused).
      type: str
    until:
      description: When the pause ends, as a Unix time. None where there is no pause.
      type: float
    reason:
      description: Why it was paused.
      type: str
    state:
      description: V(as declared), V(drifted), V(repairing), V(failing), V(damaged) or V(unknown).
      type: str
    message:
      description: What an operator should know of that.
      type: str
    checked_at:
      description: When it was looked at last, as a Unix time. 0 where it never was.
      type: float
    drift:
      description: The operations that would bring it back, one line each.
      type: list
      elements: str
    objects:
      description: The declared objects, with C(kind), C(name), C(status), C(health), and in C(held) why one is left
        alone.
      type: list
      elements: dict
history:
  description: The kept versions of each scope, newest first, each with C(number), C(declared_at), C(by), C(outcome),
    C(message), C(seconds), C(operations) and C(current).
  returned: success
  type: dict
"""

from ansible_collections.stowage.docker.plugins.module_utils.bridge import run_module


def main() -> None:
    run_module("runtime_info")


if __name__ == "__main__":
    main()
