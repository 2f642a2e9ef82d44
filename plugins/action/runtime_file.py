# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the command ``stowage``, packed here, on a host as one file.

Knows how the file is made and named; how a file gets to a host, with what mode and only where it differs, is copy's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ansible import constants
from ansible_collections.stowage.docker.plugins.module_utils.options.runtime_file import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.stowage import __version__
from ansible_collections.stowage.docker.plugins.plugin_utils.validated import ValidatedAction
from ansible_collections.stowage.docker.plugins.plugin_utils.zipapp import pack_runtime, runtime_digest


class ActionModule(ValidatedAction):
    """The controller's half of the module runtime_file; there is no other."""

    SPEC = SPEC

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if options["state"] == "absent":
            done = self._act("file", {"path": options["path"], "state": "absent"}, task_vars)
        else:
            done = self._put(options["path"], options["interpreter"], task_vars)
        kept = {key: done[key] for key in ("changed", "failed", "msg", "diff") if key in done}
        about = {"path": options["path"], "version": __version__, "digest": runtime_digest()}
        return {**kept, **about}

    def _put(self, path: str, interpreter: str, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(dir=constants.DEFAULT_LOCAL_TMP) as file:
            file.write(pack_runtime(interpreter=interpreter))
            file.flush()
            arguments = {"src": str(Path(file.name)), "dest": path, "mode": "0755", "owner": "root", "group": "root"}
            done = self._act("copy", arguments, task_vars)
        # Nobody reads the difference of two packed files.
        done["diff"] = [{"before": "", "after": f"stowage {__version__}\n"}] if done.get("changed") else []
        return done

    def _act(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What another of Ansible's own actions or modules does, in this task's name."""
        full = f"ansible.legacy.{name}"
        if not self._shared_loader_obj.action_loader.has_plugin(full):
            return dict(self._execute_module(full, arguments, task_vars=task_vars))
        task = self._task.copy()
        task.args = arguments
        action = self._shared_loader_obj.action_loader.get(
            full,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return dict(action.run(task_vars=task_vars))
