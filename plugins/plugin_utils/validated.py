# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin that checks its options by the module's own specification before it does anything.

Knows Ansible's plugin interface, and little else: it is part of every run of the role engine.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase


class ValidatedAction(ActionBase):
    """Base of action plugins; ``SPEC`` is the argument spec that the plugin shares with its module."""

    SPEC: dict[str, Any] = {}  # noqa: RUF012 - given by the class that inherits it
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        checked = ArgumentSpecValidator(self.SPEC).validate(dict(self._task.args))
        if checked.error_messages:
            return {**result, "failed": True, "msg": "; ".join(checked.error_messages)}
        return {**result, **self.work(checked.validated_parameters, task_vars or {})}

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Do what the valid options ask for, and return what the task's result has of it."""
        raise NotImplementedError
