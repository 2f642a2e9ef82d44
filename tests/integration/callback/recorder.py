# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that keeps every task's result, whole, as one line of JSON in the file RECORDER_FILE names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Keep the results of all tasks
description: For tests, which read what a user of the results would get.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _keep(self, result: Any, **more: Any) -> None:
        # Whether a task failed is told by the method that is called, and not by the result for callbacks.
        entry = {"host": result.host.get_name(), "task": result.task.get_name(), "result": {**result.result, **more}}
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._keep(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._keep(result, failed=True)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._keep(result)
