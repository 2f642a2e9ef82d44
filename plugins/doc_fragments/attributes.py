# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module that declares something can do.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - The operations that C(--check) lists are those the next run carries out, pulls, builds and loads included.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in
        diff mode.
    support: full
    details:
      - The diff is the plan, one line per operation, each with its reason.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: linux
notes:
  - Where the role P(stowage.docker.runtime#role) put a runtime on the host, a task that runs as root hands its
    declaration to that, which stores it and keeps it from then on. A task that does not run as root, or comes from
    another version of the collection, goes without it, and says so in a warning.
"""

    # The same for the module that only asks.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in
        diff mode.
    support: N/A
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled or queried by the module has not changed in a relevant way.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: linux
"""

    # For modules that look after the host around the engine, and for those that put a file there.
    PROVISION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in
        diff mode.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: linux
"""

    ACTIONGROUP_DOCKER = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/stowage.docker.docker) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - stowage.docker.docker
"""
