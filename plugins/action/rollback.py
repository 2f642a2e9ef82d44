# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of the module rollback."""

from __future__ import annotations

from ansible_collections.stowage.docker.plugins.plugin_utils.action import DeclaringAction


class ActionModule(DeclaringAction):
    """Sends the options of rollback to the runtime on the host and returns what it answers."""

    KIND = "rollback"
