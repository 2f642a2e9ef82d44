# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of engine_client: brings clients' certificates where contexts want them.

A host is told what the files look like, and gets them only where it has others: a key does not travel without need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.stowage.docker.plugins.module_utils.options.engine_client import SPEC
from ansible_collections.stowage.docker.plugins.module_utils.provision.contexts.plan import parse_contexts
from ansible_collections.stowage.docker.plugins.module_utils.provision.errors import ProvisionError
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates import handing
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.folder import Folder
from ansible_collections.stowage.docker.plugins.plugin_utils.certificates.holding import Copy
from ansible_collections.stowage.docker.plugins.plugin_utils.validated import ValidatedAction

MODULE = "stowage.docker.engine_client"


class ActionModule(ValidatedAction):
    """See the module of this name."""

    SPEC = SPEC

    def work(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._set_up(options, task_vars)
        except ProvisionError as error:
            return {"failed": True, "changed": False, "msg": str(error)}

    def _set_up(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        clients = sorted(set(parse_contexts(options["contexts"])[1].values()))
        check = bool(self._task.check_mode)
        if clients and not options["ca"]:
            raise ProvisionError(f"the client {', '.join(clients)} of contexts is one of a CA: name its folder (ca)")
        folder = self._folder(options["ca"], bool(clients), check)
        handed: dict[str, handing.Handed] = {}
        if folder and clients:
            with folder.locked():
                handed = handing.collect(folder, clients, options["clients"] if check else ())
        arguments = {key: value for key, value in options.items() if key not in ("ca", "files") and value is not None}
        arguments["digests"] = {name: dict(one.digests) for name, one in handed.items()}
        host, copies = str(task_vars.get("inventory_hostname") or "localhost"), self._copies(options, handed)
        answer = self._ask(arguments, task_vars)
        if folder and answer.get("needs"):
            # Remembered first: a rotation would not wait for copies that nobody knows of.
            with folder.locked():
                handing.note_sending(folder, host, copies)
            arguments["files"] = {name: dict(handed[name].texts) for name in answer["needs"]}
            answer = self._ask(arguments, task_vars)
        if folder and not check and not answer.get("failed") and not answer.get("unreachable"):
            with folder.locked():
                handing.note_copies(folder, host, copies)
        return answer

    def _folder(self, path: str | None, needed: bool, check: bool) -> Folder | None:
        """Return the CA's folder, where it is needed, or may know of this host."""
        if not path or not (needed or Path(path, "hosts").is_dir()):
            return None
        return Folder(path, writing=not check)

    def _copies(self, options: dict[str, Any], handed: dict[str, handing.Handed]) -> dict[str, Copy]:
        """Return what the host's users have once it is done, by client and user."""
        return {
            f"{client} of {user}": one.copy
            for client, one in handed.items()
            for user in options["context_users"]
            if one.copy
        }

    def _ask(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return dict(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
